"""Each layer is read once: across platforms, images and runs, whatever becomes of what was kept."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.report import Report
from bake_compiler.verbs.verify.readers import LayerReaders
from bake_compiler.verbs.verify.run import Verification, VerifiedImage
from bake_compiler.verify import Promise
from tests.fakes.binaries import elf
from tests.fakes.clock import FakeClock
from tests.fakes.images import Layer, Made, encoded, image_of, index_of
from tests.fakes.registry import FakeRegistry
from tests.gallery.layers import layer_of

SHARED = layer_of({"etc/motd": b"hello"})
OWN = {name: layer_of({"bin/run": elf(name)}) for name in ("amd64", "arm64")}
BOTH = tuple(map(Platform.parse, OWN))


def image(extra: bytes = b"") -> Made:
    """Two platforms with one layer in common and one of their own."""
    more = [layer_of({"srv/data": extra})] if extra else []
    return index_of(
        *(image_of(f"linux/{name}", layers=(SHARED, OWN[name], *more), run={"Cmd": ["/bin/run"]}) for name in OWN)
    )


def registry_with(*images: Made) -> FakeRegistry:
    fake = FakeRegistry()
    for number, made in enumerate(images):
        fake.push(f"acme/{number}", "1", made)
    return fake


def verified(fake: FakeRegistry, cache: Path) -> Report:
    client = Registry(fake, retry=FakeClock().retry())
    references = [Reference.parse(f"registry.test/{name}:1") for name in sorted(fake.repositories)]
    subjects = [VerifiedImage(Promise(str(reference), reference, BOTH)) for reference in references]
    return asyncio.run(Verification(client, LayerReaders(client, cache)).run(subjects))


def reads(fake: FakeRegistry) -> Mapping[Digest, int]:
    """Blob → how many times it was fetched."""
    return Counter(
        Digest.parse(request.path.rpartition("/")[2])
        for request in fake.requests
        if request.method == "GET" and "/blobs/" in request.path
    )


def digest_of(layer: Layer) -> Digest:
    return Digest.of(layer.content)


def test_a_layer_of_several_platforms_and_images_is_read_once(tmp_path: Path) -> None:
    fake = registry_with(image(), image(b"another image"))

    report = verified(fake, tmp_path)

    assert report.exit_code == 0
    assert [reads(fake)[digest_of(layer)] for layer in (SHARED, *OWN.values())] == [1, 1, 1]


def test_a_later_run_reads_no_layer(tmp_path: Path) -> None:
    verified(registry_with(image()), tmp_path)
    fake = registry_with(image())

    report = verified(fake, tmp_path)

    assert report.exit_code == 0
    assert [reads(fake)[digest_of(layer)] for layer in (SHARED, *OWN.values())] == [0, 0, 0]
    assert [platform.binaries for platform in report.images[0].platforms] == [{"x86_64": 1}, {"aarch64": 1}]


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"bakec layer 1 0\n{}\n"])
def test_a_damaged_file_in_the_cache_is_read_anew(tmp_path: Path, damage: bytes) -> None:
    verified(registry_with(image()), tmp_path)
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        file.write_bytes(damage)
    fake = registry_with(image())

    assert verified(fake, tmp_path).exit_code == 0
    assert reads(fake)[digest_of(SHARED)] == 1


def test_a_cache_that_can_not_be_written_makes_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    assert verified(registry_with(image()), tmp_path / "file" / "layers").exit_code == 0


def test_a_wrong_image_is_found_from_the_cache_as_well(tmp_path: Path) -> None:
    wrong = index_of(
        *(
            image_of(
                f"linux/{name}", layers=(OWN["amd64"], layer_of({"etc/for": name.encode()})), run={"Cmd": ["/bin/run"]}
            )
            for name in OWN
        )
    )
    first, second = (verified(registry_with(wrong), tmp_path) for _ in range(2))

    assert [finding.code for finding in first.images[0].findings] == ["entrypoint", "machine"]
    assert first.images[0].findings == second.images[0].findings
    assert [str(cell.outcome) for cell in first.images[0].cells] == ["verified", "failed"]


def test_a_layer_that_is_damaged_in_one_repository_is_read_from_another(tmp_path: Path) -> None:
    fake = registry_with(image(), image(b"another image"))
    fake.corrupt("acme/0", digest_of(SHARED), SHARED.content[:-1] + b"?")

    report = verified(fake, tmp_path)

    assert [{finding.code for finding in each.errors} for each in report.images] == [{"layer-unreadable"}, set()]


def test_layers_are_read_while_others_fail(tmp_path: Path) -> None:
    fake = registry_with(image())
    fake.delete("acme/0", digest_of(OWN["arm64"]))

    report = verified(fake, tmp_path)

    assert [str(cell.outcome) for cell in report.images[0].cells] == ["verified", "failed"]
    assert [finding.code for finding in report.images[0].findings] == ["missing"]


def test_a_layer_may_be_known_by_sha512(tmp_path: Path) -> None:
    made = image_of("linux/amd64", layers=(OWN["amd64"],), run={"Cmd": ["/bin/run"]})
    content = OWN["amd64"].content
    digest = Digest.of(content, "sha512")
    manifest = json.loads(made.content)
    manifest["layers"][0]["digest"] = str(digest)
    fake = registry_with(index_of(replace(made, content=encoded(manifest), blobs=(*made.blobs, content))))
    fake.repositories["acme/0"].blobs[str(digest)] = content

    report = verified(fake, tmp_path)

    assert [finding.code for finding in report.images[0].findings] == ["platform-missing"]
    assert report.images[0].platforms[0].binaries == {"x86_64": 1}
