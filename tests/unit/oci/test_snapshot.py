import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Index, Manifest
from bake_compiler.oci.snapshot import RawManifest
from tests.fakes.images import Made, encoded, image_of, index_of


def raw(media_type: str, content: bytes) -> RawManifest:
    return RawManifest(media_type, Digest.of(content), content)


def of(made: Made) -> RawManifest:
    return raw(made.media_type, made.content)


@pytest.mark.parametrize("docker", [False, True])
def test_reads_an_index_of_either_family(docker: bool) -> None:
    assert isinstance(of(index_of("linux/amd64", docker=docker)).parse(), Index)


@pytest.mark.parametrize("docker", [False, True])
def test_reads_a_manifest_of_either_family(docker: bool) -> None:
    assert isinstance(of(image_of("linux/amd64", docker=docker)).parse(), Manifest)


def test_an_oci_document_need_not_name_its_type() -> None:
    assert isinstance(raw(OCI_INDEX, encoded({"manifests": []})).parse(), Index)


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        (OCI_INDEX, b"not json"),
        (OCI_INDEX, b"[]"),
        (OCI_INDEX, b"\xff\xfe"),
        (OCI_INDEX, b"[" * 200_000),
        (OCI_INDEX, encoded({"manifests": [{}]})),
        (OCI_MANIFEST, encoded({"layers": []})),
        ("text/html", encoded({"manifests": []})),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", encoded({"fsLayers": []})),
    ],
)
def test_refuses_content_that_is_not_sound(media_type: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        raw(media_type, content).parse()


def test_refuses_content_that_calls_itself_something_else() -> None:
    content = encoded({"mediaType": DOCKER_LIST, "manifests": []})

    with pytest.raises(ValueError, match="calls itself"):
        raw(OCI_INDEX, content).parse()


@pytest.mark.parametrize("media_type", [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST])
def test_refuses_content_that_two_readers_would_read_differently(media_type: str) -> None:
    content = encoded({"manifests": [], "layers": [], "config": {}})

    with pytest.raises(ValueError, match="neither"):
        raw(media_type, content).parse()
