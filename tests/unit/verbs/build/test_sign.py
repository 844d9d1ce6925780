"""What is verified is signed by digest before any public tag moves; what can't be signed is not published."""

from pathlib import Path
from typing import Any

import pytest

from bake_compiler.cosign import KEYLESS, environment_of, said
from bake_compiler.errors import PreflightError
from bake_compiler.report import Report
from bake_compiler.report.events import Signing
from bake_compiler.runs.kept import last_run
from tests.fakes.cosign import FakeCosign
from tests.fakes.docker import AUTHOR
from tests.fakes.site import Site

NOBODY = dict.fromkeys(("hub", "web", "other"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    made.cosign, made.env["COSIGN_PASSWORD"] = FakeCosign(made.fake), "secret"
    return made


@pytest.fixture
def cosign(site: Site) -> FakeCosign:
    assert site.cosign
    return site.cosign


def run(site: Site, key: str = "cosign.key", **options: Any) -> Report:
    return site.run(sign=key, **options)


def test_every_image_is_signed_by_its_digest_once_all_are_verified_and_before_any_tag_moves(
    site: Site, cosign: FakeCosign
) -> None:
    when: list[dict[str, str | None]] = []
    cosign.listens = lambda: when.append(site.public)

    report = run(site)

    assert (report.exit_code, report.published) == (0, True)
    assert {(each.repository, each.digest) for each in cosign.signed} == {
        (image.name, image.digest) for image in report.images
    }
    assert when == [NOBODY] * 3
    assert None not in site.public.values()
    assert [event.images for event in site.told if isinstance(event, Signing)] == [3]


def test_no_word_of_a_command_is_a_secret(site: Site, cosign: FakeCosign) -> None:
    run(site)

    assert all("secret" not in word for command in cosign.commands for word in command.argv)
    assert {command.env["COSIGN_PASSWORD"] for command in cosign.commands} == {"secret"}
    assert "secret" not in "".join(path.read_text() for path in (site.root / ".bakec").rglob("*.json*"))


def test_what_is_signed_already_is_not_signed_again(site: Site, cosign: FakeCosign) -> None:
    run(site)

    report = run(site)

    assert (report.exit_code, report.published) == (0, True)
    assert len(cosign.signed) == 3


def test_an_image_that_can_not_be_signed_keeps_all_tags_where_they_are(site: Site, cosign: FakeCosign) -> None:
    cosign.refused = {"web": "UNAUTHORIZED: not you"}

    report = run(site)

    assert (report.exit_code, report.published) == (5, False)
    assert "no public tag was moved: web: 127.0.0.1:5000/web" in report.publish_error
    assert "could not be signed: UNAUTHORIZED: not you" in report.publish_error
    assert site.public == NOBODY

    cosign.refused = {}
    assert run(site).published
    assert len(cosign.signed) == 3


def test_a_signature_that_the_registry_does_not_show_is_none(site: Site, cosign: FakeCosign) -> None:
    cosign.forgets = True

    report = run(site)

    assert report.exit_code == 5
    assert "the registry shows no such signature" in report.publish_error
    assert site.public == NOBODY


def test_keyless_the_registry_must_show_a_new_signature(site: Site, cosign: FakeCosign) -> None:
    assert run(site, key=KEYLESS).published
    assert not any(word.startswith("--key") for command in cosign.commands for word in command.argv)

    cosign.forgets = True
    assert "shows no such signature" in run(site, key=KEYLESS).publish_error


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gone": True}, "'cosign' is not on PATH"),
        ({"wrong_key": "Error: decrypt: encrypted: decryption failed"}, "cosign.key: decrypt: encrypted: decryption"),
        ({"wrong_key": "no PEM"}, "cosign.key: no PEM"),
    ],
)
def test_without_cosign_or_with_a_wrong_key_nothing_is_built(
    site: Site, cosign: FakeCosign, wrong: dict[str, Any], words: str
) -> None:
    for name, value in wrong.items():
        setattr(cosign, name, value)

    with pytest.raises(PreflightError, match=words) as caught:
        run(site)

    assert caught.value.hint
    assert site.docker.baked == []


def test_only_what_is_published_is_signed(site: Site, cosign: FakeCosign) -> None:
    site.docker.plays = {"hub": [AUTHOR, AUTHOR]}
    assert run(site).exit_code == 4
    assert cosign.signed == []

    assert run(site, allow_partial=True).partial
    assert {each.repository for each in cosign.signed} == {"other"}


def test_a_run_that_is_resumed_remembers_that_it_signs(site: Site) -> None:
    run(site)

    assert last_run(site.root).options.sign == "cosign.key"


def test_an_interruption_while_images_are_signed_moves_no_tag(site: Site) -> None:
    site.lags = {"GET /referrers": 30}

    report = site.interrupted(15, sign="cosign.key")

    assert (report.exit_code, report.published) == (130, False)
    assert site.public == NOBODY


def test_cosign_sees_its_own_variables_and_a_key_in_one_and_no_others() -> None:
    environ = {
        "PATH": "/bin",
        "COSIGN_PASSWORD": "1",
        "COSIGN_REPOSITORY": "elsewhere",
        "SIGSTORE_ID_TOKEN": "2",
        "MY_KEY": "3",
        "OTHER_SECRET": "4",
    }

    assert environment_of(environ, "env://MY_KEY") == {
        "PATH": "/bin",
        "COSIGN_PASSWORD": "1",
        "SIGSTORE_ID_TOKEN": "2",
        "MY_KEY": "3",
    }
    assert "MY_KEY" not in environment_of(environ, "cosign.key")


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Signing artifact...\nError: signing [r.test/x@sha256:ab]: no such key\n", "no such key"),
        ("error during command execution: open x: \x1b[31mno such file\n\n", "open x:  [31mno such file"),
        ("", ""),
    ],
)
def test_the_last_words_of_cosign(text: str, last: str) -> None:
    assert said(text) == last
