import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference

DIGEST = Digest.of(b"")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("acme/web:1.0", "docker.io/acme/web:1.0"),
        ("index.docker.io/nginx", "docker.io/library/nginx"),
        ("localhost/web", "localhost/web"),
        ("localhost:5000/web:1.0", "localhost:5000/web:1.0"),
        ("[::1]:5000/web", "[::1]:5000/web"),
        ("ghcr.io/acme/a.b_c--d/e:V1.0-x_y", "ghcr.io/acme/a.b_c--d/e:V1.0-x_y"),
        (f"ghcr.io/acme/web@{DIGEST}", f"ghcr.io/acme/web@{DIGEST}"),
        (f"ghcr.io/acme/web:1@{DIGEST}", f"ghcr.io/acme/web:1@{DIGEST}"),
    ],
)
def test_resolves_short_names_as_docker_pull_does(text: str, full: str) -> None:
    assert str(Reference.parse(text)) == full


def test_never_assumes_latest() -> None:
    assert Reference.parse("nginx").tag == ""


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "repository"),
        ("Acme/web", "repository"),
        ("ghcr.io/", "repository"),
        ("ghcr.io/acme//web", "repository"),
        ("ghcr.io/../web", "repository"),
        ("ghcr.io/a?b=c", "repository"),
        ("ghcr.io/" + "a" * 256, "repository"),
        ("-ghcr.io/web", "registry host"),
        ("user:secret@ghcr.io/web", "repository|registry|digest|tag"),
        ("ghcr.io:70000/web", "registry host"),
        ("ghcr.io:x/web", "registry host"),
        ("x" * 64 + ".io/web", "registry host"),
        ("ghcr.io/web:", "tag"),
        ("ghcr.io/web:-x", "tag"),
        ("ghcr.io/web:" + "x" * 129, "tag"),
        ("ghcr.io/web:1\n", "tag"),
        ("ghcr.io/web@", "digest"),
        ("ghcr.io/web@sha256:0", "digest"),
    ],
)
def test_names_the_part_that_is_wrong(text: str, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        Reference.parse(text)


def test_goes_from_tag_to_digest_and_back() -> None:
    ref = Reference.parse("ghcr.io/acme/web:1.0")

    assert str(ref.at(DIGEST)) == f"ghcr.io/acme/web@{DIGEST}"
    assert ref.at(DIGEST).tagged("1.0") == ref


def test_refuses_to_take_a_bad_tag() -> None:
    with pytest.raises(ValueError, match="is not a tag"):
        Reference.parse("ghcr.io/acme/web").tagged("a b")
