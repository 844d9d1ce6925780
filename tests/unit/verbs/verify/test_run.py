"""A verification from end to end, in the fake registry: what no single check can see."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX, OCI_MANIFEST
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.report import Report
from bake_compiler.report.formats.console import print_matrix
from bake_compiler.report.formats.json import render_json
from bake_compiler.report.formats.plain import render_plain
from bake_compiler.verbs.verify.readers import LayerReaders
from bake_compiler.verbs.verify.run import Verification, named_subjects
from tests.fakes.binaries import elf
from tests.fakes.clock import FakeClock
from tests.fakes.images import Layer, Made, attestation_of, encoded, image_of, index_of, statement_of
from tests.fakes.registry import FakeRegistry
from tests.gallery.layers import TAR, ZSTD, layer_of

FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
AT = Reference.parse("registry.test/acme/web:1.0")
AMD, ARM = (layer_of({"app": elf(name)}) for name in ("amd64", "arm64"))

Verify = Callable[..., Report]


def image(platform: str, *layers: Layer) -> Made:
    """An image that starts /app."""
    return image_of(platform, layers=layers, run={"Entrypoint": ["/app"]})


GOOD = image("linux/amd64", AMD), image("linux/arm64", ARM)


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Pushes an image and verifies it, its layers too, each time with what earlier times have kept."""

    def run(made: Made, *platforms: str, fake: FakeRegistry | None = None) -> Report:
        fake = fake or FakeRegistry()
        fake.push(AT.repository, AT.tag, made)

        async def work() -> Report:
            registry = Registry(fake, retry=FakeClock().retry())
            subjects = named_subjects([AT], tuple(map(Platform.parse, platforms)))
            return await Verification(registry, LayerReaders(registry, tmp_path)).run(subjects)

        return asyncio.run(work())

    return run


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.images[0].errors}


def restated(made: Made, **layer: Any) -> Made:
    """The same image, whose manifest says something else of its first layer."""
    stated = json.loads(made.content)
    stated["layers"][0] |= layer
    return replace(made, content=encoded(stated))


def listed(*entries: dict[str, Any], children: tuple[Made, ...]) -> Made:
    content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return Made(OCI_INDEX, encoded(content), children=children)


def test_what_is_right_is_verified(verify: Verify) -> None:
    report = verify(index_of(*GOOD), "amd64", "arm64")

    assert (report.exit_code, codes(report)) == (0, set())
    assert [platform.binaries for platform in report.images[0].platforms] == [{"x86_64": 1}, {"aarch64": 1}]


def test_an_index_of_nothing_is_not_verified_when_no_platform_is_named(verify: Verify) -> None:
    assert verify(index_of()).exit_code == 6


def test_a_platform_that_is_named_twice_is_one(verify: Verify) -> None:
    report = verify(GOOD[0], "amd64", "linux/x86_64")

    assert (report.exit_code, len(report.cells)) == (0, 1)


@pytest.mark.parametrize(
    "entry",
    [
        {"artifactType": "application/vnd.example"},
        {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        {"platform": {"os": "Linux", "architecture": "ARM64"}},
        {"platform": {"os": "linux", "architecture": "aarch64"}},
    ],
)
def test_a_wrong_image_can_not_hide_before_the_right_one(entry: dict[str, Any], verify: Verify) -> None:
    wrong = image("linux/arm64", AMD)
    made = listed(wrong.entry | entry, *(each.entry for each in GOOD), children=(wrong, *GOOD))

    assert {"entrypoint", "machine", "platform-duplicate"} <= codes(verify(made, "amd64", "arm64"))


def test_a_layer_of_linux_that_claims_to_be_kept_elsewhere_is_read_all_the_same(verify: Verify) -> None:
    report = verify(index_of(image("linux/arm64", replace(AMD, media_type=FOREIGN))), "arm64")

    assert {"entrypoint", "machine"} <= codes(report)


def test_a_layer_of_linux_that_is_kept_elsewhere_is_not_ok(verify: Verify) -> None:
    report = verify(index_of(image("linux/arm64", replace(AMD, media_type=FOREIGN, elsewhere=True))), "arm64")

    assert (report.exit_code, codes(report)) == (5, {"unchecked"})


def test_a_base_of_windows_that_is_kept_elsewhere_is_a_warning(verify: Verify) -> None:
    made = index_of(image_of("windows/amd64", layers=(replace(AMD, media_type=FOREIGN, elsewhere=True),)))
    report = verify(made, "windows/amd64")

    assert report.exit_code == 0
    assert [finding.code for finding in report.images[0].findings] == ["unchecked"]


def test_a_size_that_the_registry_does_not_tell_is_counted(verify: Verify) -> None:
    fake = FakeRegistry()
    fake.omits = frozenset({"content-length"})

    assert codes(verify(index_of(restated(GOOD[0], size=len(AMD.content) + 1)), "amd64", fake=fake)) == {"size"}


def test_what_was_read_in_one_compression_is_not_good_in_another(verify: Verify) -> None:
    assert verify(index_of(GOOD[0]), "amd64").exit_code == 0

    for other in (ZSTD, TAR):
        assert codes(verify(index_of(restated(GOOD[0], mediaType=other)), "amd64")) == {"layer-unreadable"}


def test_an_uncompressed_digest_of_another_algorithm_is_not_passed_over(verify: Verify) -> None:
    made = image("linux/amd64", replace(AMD, diff_id=Digest.of(b"another", "sha512")))

    assert codes(verify(index_of(made), "amd64")) == {"diff-id"}


@pytest.mark.parametrize("system", ["[/x]", "[bold]", "\x1b[2J", "x" * 500])
def test_a_platform_that_means_something_to_a_terminal_is_printed_as_it_is(system: str, verify: Verify) -> None:
    made = listed(GOOD[0].entry | {"platform": {"os": system, "architecture": "amd64"}}, children=GOOD)
    report = verify(made)
    out = StringIO()

    print_matrix(report, Console(file=out, width=2000))

    for text in (out.getvalue(), render_plain(report)):
        assert system.replace("\x1b", " ").lower() in text
        assert "\x1b" not in text


def test_half_a_surrogate_pair_in_a_statement_does_no_harm(verify: Verify) -> None:
    (child, _) = GOOD
    statement = json.loads(statement_of(child.digest, platform=child.platform, bases={"debian:13": child.digest}))
    statement["predicate"]["materials"][0]["uri"] = "pkg:docker/\ud800@1"
    made = index_of(child, attestation_of(child, statement=encoded(statement)))

    document = json.loads(render_json(verify(made, "amd64")).encode())

    assert document["images"][0]["platforms"][0]["provenance"][0]["bases"][0]["name"] == "\ud800:1"


def test_two_spellings_of_a_member_are_two_images(verify: Verify) -> None:
    wrong = image("linux/arm64", AMD)
    entries = [encoded([each.entry for each in children]).decode() for children in (GOOD, (GOOD[0], wrong))]
    content = '{{"schemaVersion":2,"mediaType":"{}","manifests":{},"Manifests":{}}}'.format(OCI_INDEX, *entries)

    assert codes(verify(Made(OCI_INDEX, content.encode(), children=(*GOOD, wrong)), "amd64", "arm64")) == {"malformed"}


@pytest.mark.parametrize("twice", ['"architecture":"arm64","Architecture":"amd64"', '"os":"linux","os":"linux"'])
def test_a_config_that_says_something_twice_is_malformed(twice: str, verify: Verify) -> None:
    config = f'{{{twice},"rootfs":{{"diff_ids":[]}}}}'.encode()
    stated = json.loads(image_of("linux/arm64", layers=()).content)
    stated["config"] |= {"digest": str(Digest.of(config)), "size": len(config)}
    made = Made(OCI_MANIFEST, encoded(stated), "linux/arm64", blobs=(config,))

    assert "malformed" in codes(verify(index_of(made), "arm64"))
