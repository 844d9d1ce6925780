import pytest

from bake_compiler.oci.digest import Digest

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_of_bytes_is_their_sha256() -> None:
    assert str(Digest.of(b"")) == EMPTY


def test_matches_only_its_own_bytes() -> None:
    digest = Digest.parse(EMPTY)

    assert digest.matches(b"")
    assert not digest.matches(b"x")


def test_sha512_is_checked_by_its_own_algorithm() -> None:
    digest = Digest.of(b"x", "sha512")

    assert Digest.parse(str(digest)) == digest
    assert digest.matches(b"x")
    assert not digest.matches(b"y")


def test_short_form_has_twelve_digits() -> None:
    assert Digest.parse(EMPTY).short == "e3b0c44298fc"


@pytest.mark.parametrize(
    "text",
    ["", "sha256", "sha256:", EMPTY[:-1], EMPTY + "0", EMPTY.upper(), f"{EMPTY}\n", "md5:" + "0" * 32],
)
def test_refuses_what_is_no_digest(text: str) -> None:
    with pytest.raises(ValueError, match="is not a digest"):
        Digest.parse(text)
