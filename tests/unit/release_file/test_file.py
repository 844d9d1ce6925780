import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.release_file import ReleaseFile, read_release_file, render_release_file
from tests.fakes.releases import release, released, releases

ONE = release(released("web", "1.0-rc1", "latest"), released("api"))


@given(releases)
def test_what_is_written_is_read_again(written: ReleaseFile) -> None:
    text = render_release_file(written)

    assert read_release_file(text.encode()) == written
    assert render_release_file(read_release_file(text.encode())) == text


@given(releases, st.randoms(use_true_random=False))
def test_the_same_release_in_any_order_has_the_same_bytes(written: ReleaseFile, chance: random.Random) -> None:
    document = json.loads(render_release_file(written))
    for shuffled in (
        document["images"],
        *(image[part] for image in document["images"] for part in ("bases", "platforms")),
    ):
        chance.shuffle(shuffled)

    again = read_release_file(json.dumps(dict(reversed(document.items()))).encode())

    assert render_release_file(again) == render_release_file(written)


@given(releases)
def test_all_in_it_is_sorted(written: ReleaseFile) -> None:
    document = json.loads(render_release_file(written))

    assert list(document) == sorted(document)
    names = [image["name"] for image in document["images"]]
    assert names == sorted(names)


def wrong(**changed: Any) -> bytes:
    document = json.loads(render_release_file(ONE))
    document["images"][1] |= {name: value for name, value in changed.items() if name in document["images"][1]}
    document |= {name: value for name, value in changed.items() if name not in document["images"][1]}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"digest": "sha256:1"}, "images.1.digest"),
        ({"tags": []}, "images.1.tags"),
        ({"tags": ["r.test/web"]}, "images.1.tags.0"),
        ({"tags": ["r.test/web:1", "r.test/web:1"]}, "r.test/web:1 is there twice"),
        ({"repository": "web\nevil: true"}, "images.1.repository"),
        ({"repository": "r.test/web:1"}, "images.1.repository"),
        ({"platforms": []}, "images.1.platforms"),
        ({"name": "api"}, "the image api is there twice"),
        ({"name": ""}, "images.1.name"),
        ({"images": []}, "images"),
        ({"schema": "bakec.release/9"}, "schema"),
    ],
)
def test_what_is_no_release_is_refused_with_its_place(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is asserted
        read_release_file(wrong(**changed))

    assert told in str(caught.value)


def test_what_a_newer_bakec_adds_is_no_mistake() -> None:
    assert read_release_file(wrong(signed_by="me")) == ONE
