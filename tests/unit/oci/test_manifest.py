import pytest

from bake_compiler.oci.manifest import OCI_MANIFEST, Descriptor, ImageConfig, Index, Manifest
from bake_compiler.oci.platform import Platform
from tests.fakes.images import attestation_of, encoded, image_of, index_of


def entry(**members: object) -> Descriptor:
    base: dict[str, object] = {"mediaType": OCI_MANIFEST, "digest": "sha256:" + "0" * 64, "size": 1}
    return Descriptor.read(encoded(base | members))


def test_an_index_tells_images_and_attestations_apart() -> None:
    index = Index.read(index_of("linux/amd64", "linux/arm64", attested=True).content)

    assert [str(image.platform) for image in index.images] == ["linux/amd64", "linux/arm64"]
    assert [str(other.platform) for other in index.attestations] == ["unknown/unknown"] * 2


def test_an_artifact_type_makes_an_attestation() -> None:
    assert entry(artifactType="application/spdx+json").is_attestation


@pytest.mark.parametrize(
    "mark",
    [
        {"artifactType": "application/vnd.oci.image.config.v1+json"},
        {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ],
)
def test_what_engines_would_run_is_no_attestation(mark: dict[str, object]) -> None:
    assert not entry(platform={"os": "linux", "architecture": "arm64"}, **mark).is_attestation
    assert entry(platform={"os": "unknown", "architecture": "unknown"}, **mark).is_attestation


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_platform_of_nothing_is_not_known(nothing: object) -> None:
    platform = entry(platform={"os": nothing, "architecture": nothing, "variant": nothing}).platform

    assert platform is not None
    assert not platform.is_known


def test_an_unknown_platform_alone_makes_no_attestation() -> None:
    unmarked = attestation_of(image_of("linux/amd64"), annotated=False)

    assert not Index.read(index_of(unmarked).content).attestations


def test_an_entry_takes_the_normal_form_of_its_platform() -> None:
    described = entry(platform={"os": "linux", "architecture": "arm64", "variant": "v8"})

    assert described.platform == Platform.parse("arm64")


def test_null_stands_for_nothing_as_go_writes_it() -> None:
    config = {"mediaType": "x", "digest": "sha256:" + "0" * 64, "size": 1}
    manifest = Manifest.read(encoded({"config": config, "layers": None, "annotations": None}))

    assert manifest.layers == ()
    assert Index.read(encoded({"manifests": None})).manifests == ()
    assert ImageConfig.read(encoded({"os": "linux", "config": None})).config.labels == {}


def test_a_null_label_is_empty_as_go_reads_it() -> None:
    assert ImageConfig.read(encoded({"config": {"Labels": {"version": None}}})).config.labels == {"version": ""}


@pytest.mark.parametrize(("urls", "elsewhere"), [(["https://vendor.test/base"], True), ([], False), (None, False)])
def test_only_a_layer_that_says_where_it_is_may_be_kept_elsewhere(urls: object, elsewhere: object) -> None:
    layer = entry(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls=urls)

    assert layer.is_kept_elsewhere is elsewhere


@pytest.mark.parametrize("platform", [None, "linux/arm64"])
def test_a_platform_that_is_no_object_is_none(platform: object) -> None:
    assert entry(platform=platform).platform is None


def test_unknown_members_are_passed_over() -> None:
    assert ImageConfig.read(encoded({"os": "linux", "architecture": "arm64", "x": 1})).platform == (
        Platform.parse("arm64")
    )


@pytest.mark.parametrize(
    ("members", "place"),
    [({"digest": "sha256:0"}, "digest"), ({"size": -1}, "size"), ({"mediaType": None}, "mediaType")],
)
def test_a_bad_entry_is_named_by_its_place(members: dict[str, object], place: str) -> None:
    with pytest.raises(ValueError, match=f"^{place}: "):
        entry(**members)
