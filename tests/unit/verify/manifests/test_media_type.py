import pytest

from bake_compiler.verify.manifests.media_type import check_media_type
from tests.fakes.images import Layer, artifact_of, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import BOTH, error, found

KNOWN = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
)
STRANGE = (
    "application/octet-stream",
    "application/vnd.oci.image.layer.v1.tar+bzip2",
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    "application/vnd.in-toto+json",
    "",
)


@pytest.mark.parametrize("media_type", KNOWN)
def test_layers_that_container_engines_unpack_are_right(media_type: str) -> None:
    snapshot = snapshot_of(index_of(image_of("linux/arm64", layers=(Layer(b"layer", media_type),))))

    assert found(check_media_type, BOTH, snapshot) == []


@pytest.mark.parametrize("docker", [False, True])
def test_images_and_attestations_as_buildx_writes_them_are_right(docker: bool) -> None:
    made = index_of(image_of("linux/amd64", docker=docker), attested=True, docker=docker)

    assert found(check_media_type, BOTH, snapshot_of(made)) == []


def test_an_artifact_in_the_index_may_hold_anything() -> None:
    image = image_of("linux/amd64")

    assert found(check_media_type, BOTH, snapshot_of(index_of(image, artifact_of(image)))) == []


@pytest.mark.parametrize("media_type", STRANGE)
def test_a_layer_of_a_type_that_no_engine_unpacks_is_wrong_and_named(media_type: str) -> None:
    snapshot = snapshot_of(index_of("linux/amd64", image_of("linux/arm64", layers=(Layer(b"layer", media_type),))))

    assert found(check_media_type, BOTH, snapshot) == [error("media-type", "linux/arm64")]
    assert repr(media_type) in check_media_type(BOTH, snapshot)[0].message


def test_layers_of_one_strange_type_are_one_finding() -> None:
    layers = tuple(Layer(content, "application/x") for content in (b"one", b"two"))

    assert found(check_media_type, BOTH, snapshot_of(index_of(image_of("linux/arm64", layers=layers)))) == [
        error("media-type", "linux/arm64")
    ]


def test_a_config_that_is_not_of_an_image_is_wrong() -> None:
    helm = image_of("linux/amd64", config_type="application/vnd.cncf.helm.config.v1+json")

    assert found(check_media_type, BOTH, snapshot_of(index_of(helm))) == [error("media-type", "linux/amd64")]
