from dataclasses import replace

import pytest

from bake_compiler.oci.platform import Platform
from bake_compiler.verify import Annotation, Level
from bake_compiler.verify.manifests.annotation import check_annotation
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.snapshots import snapshot_of
from tests.unit.verify.promises import error, found, lose, promise

KEY = "org.opencontainers.image.title"
ARM64 = Platform.parse("linux/arm64")


def wanted(level: Level, platform: Platform | None = None, value: str | None = "web") -> Annotation:
    return Annotation(level, platform, KEY, value)


def made(*, index: str = "", manifest: str = "", descriptor: str = "", only: str = "") -> Made:
    """An index of two platforms with this value at each level; of one platform only, if told so."""

    def said(value: str, platform: str) -> dict[str, str]:
        return {KEY: value} if value and only in {"", platform} else {}

    images = [
        replace(image_of(platform, annotations=said(manifest, platform)), annotations=said(descriptor, platform))
        for platform in ("linux/amd64", "linux/arm64")
    ]
    return index_of(*images, annotations={KEY: index} if index else {})


def codes(image: Made, *annotations: Annotation) -> list[tuple[str, str | None, str]]:
    promised = promise("linux/amd64", "linux/arm64", annotations=annotations)
    return found(check_annotation, promised, snapshot_of(image))


@pytest.mark.parametrize(
    ("level", "there"),
    [
        (Level.INDEX, made(index="web")),
        (Level.MANIFEST, made(manifest="web")),
        (Level.MANIFEST_DESCRIPTOR, made(descriptor="web")),
    ],
)
def test_an_annotation_at_its_level_is_right_and_at_no_other(level: Level, there: Made) -> None:
    assert codes(there, wanted(level)) == []
    assert codes(there, wanted(level, value=None)) == []
    for other in {Level.INDEX, Level.MANIFEST, Level.MANIFEST_DESCRIPTOR} - {level}:
        assert {code for _, _, code in codes(there, wanted(other))} == {"annotation"}


def test_an_index_without_its_annotation_is_wrong_as_a_whole() -> None:
    assert codes(made(), wanted(Level.INDEX)) == [error("annotation")]


@pytest.mark.parametrize("level", [Level.MANIFEST, Level.MANIFEST_DESCRIPTOR])
def test_a_manifest_without_its_annotation_is_wrong_on_its_platform(level: Level) -> None:
    there = made(manifest="web", descriptor="web", only="linux/amd64")

    assert codes(there, wanted(level)) == [error("annotation", "linux/arm64")]
    assert codes(there, wanted(level, Platform.parse("amd64"))) == []
    assert codes(there, wanted(level, ARM64)) == [error("annotation", "linux/arm64")]


@pytest.mark.parametrize("level", [Level.INDEX, Level.MANIFEST, Level.MANIFEST_DESCRIPTOR])
def test_an_annotation_of_another_value_is_wrong(level: Level) -> None:
    there = made(index="other", manifest="other", descriptor="other")

    assert codes(there, wanted(level, value=None)) == []
    assert {code for _, _, code in codes(there, wanted(level))} == {"annotation"}


def test_says_level_key_and_both_values() -> None:
    promised = promise("linux/amd64", "linux/arm64", annotations=(wanted(Level.INDEX),))

    (finding,) = check_annotation(promised, snapshot_of(made(index="other")))

    assert finding.message == f"index annotation {KEY} is 'other'; the models say 'web'"


def test_what_a_registry_does_not_show_is_not_asked_for() -> None:
    assert codes(made(), wanted(Level.INDEX_DESCRIPTOR)) == []


def test_a_manifest_that_could_not_be_read_is_not_judged() -> None:
    there = made()
    promised = promise("linux/amd64", "linux/arm64", annotations=(wanted(Level.MANIFEST),))
    snapshot = snapshot_of(there, lose(there.children[1].digest))

    assert found(check_annotation, promised, snapshot) == [error("annotation", "linux/amd64")]
