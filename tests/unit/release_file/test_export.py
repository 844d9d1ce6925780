import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bake_compiler.cli.release import PinFormat
from bake_compiler.errors import UsageError
from bake_compiler.release_file.export import FORMATS, export_release, quoted, variable_of
from tests.fakes.releases import release, released
from tests.fakes.reports import HOSTILE

ONE = release(released("web-ui"), released("api"))


@given(st.text() | st.sampled_from([text for text in HOSTILE if text.isascii() or "\ud800" not in text]))
@example("\x85\u2028\u2029\x7f\ufeff\uffff")
@example('"\\: #{}[]&*!|>%@`')
def test_any_text_stays_one_quoted_line_that_says_the_same(text: str) -> None:
    written = quoted(text)

    assert json.loads(written) == text
    assert written.splitlines() == [written]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", written)


@given(st.text(min_size=1))
def test_any_name_gives_a_valid_variable(name: str) -> None:
    assert re.fullmatch(r"[A-Z_][A-Z0-9_]*_IMAGE", variable_of(name))


@pytest.mark.parametrize("form", FORMATS)
def test_every_image_is_pinned_by_its_digest(form: str) -> None:
    text = export_release(ONE, form)

    assert all(str(image.digest) in text for image in ONE.images)
    assert all(image.repository in text for image in ONE.images)


def test_variables_of_the_same_name_are_refused() -> None:
    with pytest.raises(UsageError, match="a-b and a_b would both be A_B_IMAGE"):
        export_release(release(released("a-b"), released("a_b")), "env")


def test_two_images_of_one_repository_are_not_pinned_by_it() -> None:
    """Kustomize would give both the digest of the last one."""
    dev = released("web-dev").model_copy(update={"repository": "r.test/acme/web"})

    text = export_release(release(released("web"), dev), "kustomize")

    assert '- name: "r.test/acme/web"' not in text
    assert text.count('newName: "r.test/acme/web"') == 2


def test_the_command_line_offers_all_formats() -> None:
    assert [str(form) for form in PinFormat] == list(FORMATS)
