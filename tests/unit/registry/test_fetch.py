from dataclasses import replace

import pytest

from bake_compiler.errors import AccessError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DOCKER_MANIFEST
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Kind, Piece, Snapshot
from bake_compiler.registry import Registry, WrongContentError, fetch_snapshot
from tests.fakes.images import Made, encoded, image_of, index_of
from tests.fakes.registry import FakeRegistry, Fault

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
NAME = REF.repository
ARM = image_of("linux/arm64")
AMD = image_of("linux/amd64")


def troubles(snapshot: Snapshot) -> list[tuple[Digest, Kind]]:
    pieces: list[Piece] = [*snapshot.nested]
    for child in snapshot.children:
        pieces += child.pieces
    return [(piece.descriptor.digest, piece.trouble.kind) for piece in pieces if piece.trouble]


async def test_a_sound_image_has_no_trouble(registry: Registry, fake: FakeRegistry) -> None:
    made = fake.push(NAME, "1.0", index_of(AMD, ARM, attested=True))

    snapshot = await fetch_snapshot(registry, REF)

    assert troubles(snapshot) == []
    assert snapshot.index is not None
    assert snapshot.manifest is None
    assert [child.descriptor.digest for child in snapshot.children] == [child.digest for child in made.children]


async def test_a_config_is_read_for_images_and_not_for_attestations(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", index_of(AMD, attested=True))

    image, attestation = (await fetch_snapshot(registry, REF)).children

    assert image.config is not None
    assert attestation.config is None
    assert attestation.manifest is not None


async def test_absence_is_recorded(registry: Registry) -> None:
    snapshot = await fetch_snapshot(registry, REF)

    assert snapshot.raw is None
    assert snapshot.trouble is not None
    assert snapshot.trouble.kind is Kind.MISSING


@pytest.mark.parametrize(("status", "kind"), [(401, AccessError), (500, RegistryError)])
async def test_a_registry_that_will_not_say_is_an_error(
    registry: Registry, fake: FakeRegistry, status: int, kind: type[RegistryError]
) -> None:
    fake.push(NAME, "1.0", index_of(AMD))
    fake.faults.append(Fault(status, times=99))

    with pytest.raises(kind):
        await fetch_snapshot(registry, REF)


async def test_wrong_bytes_of_the_whole_are_an_error(registry: Registry, fake: FakeRegistry) -> None:
    made = fake.push(NAME, "1.0", index_of(AMD))
    fake.corrupt(NAME, made.digest, b"{}")

    with pytest.raises(WrongContentError):
        await fetch_snapshot(registry, REF.at(made.digest))


async def test_an_unsound_whole_is_recorded(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, headers={"Content-Type": "text/html"}, body=b"<html>"))

    snapshot = await fetch_snapshot(registry, REF)

    assert snapshot.raw is not None
    assert snapshot.trouble is not None
    assert snapshot.trouble.kind is Kind.MALFORMED


async def test_a_plain_manifest_is_its_own_child_on_the_platform_of_its_config(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.push(NAME, "1.0", ARM)

    snapshot = await fetch_snapshot(registry, REF)

    assert snapshot.manifest is not None
    assert [str(child.platform) for child in snapshot.children] == ["linux/arm64"]


async def test_a_plain_manifest_without_its_config_has_no_platform(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", ARM)
    fake.delete(NAME, Digest.of(ARM.blobs[0]))

    (child,) = (await fetch_snapshot(registry, REF)).children

    assert child.platform is None
    assert child.parts[0].trouble is not None


@pytest.mark.parametrize("part", [0, 1])
async def test_a_missing_config_or_layer_is_recorded(registry: Registry, fake: FakeRegistry, part: int) -> None:
    lost = Digest.of(ARM.blobs[part])
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.delete(NAME, lost)

    assert troubles(await fetch_snapshot(registry, REF)) == [(lost, Kind.MISSING)]


async def test_a_missing_child_is_recorded_and_the_others_are_read(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.delete(NAME, ARM.digest)

    snapshot = await fetch_snapshot(registry, REF)

    assert troubles(snapshot) == [(ARM.digest, Kind.MISSING)]
    assert [child.config is not None for child in snapshot.children] == [True, False]


async def test_wrong_bytes_of_a_child_or_config_are_recorded(registry: Registry, fake: FakeRegistry) -> None:
    config = Digest.of(ARM.blobs[0])
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.corrupt(NAME, AMD.digest, b"{}")
    fake.corrupt(NAME, config, b"{}")

    assert troubles(await fetch_snapshot(registry, REF)) == [(AMD.digest, Kind.WRONG), (config, Kind.WRONG)]


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_child_that_could_not_be_asked_for_is_unchecked_not_missing(
    registry: Registry, fake: FakeRegistry, status: int
) -> None:
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.faults.append(Fault(status, path=str(ARM.digest), times=99))

    assert troubles(await fetch_snapshot(registry, REF)) == [(ARM.digest, Kind.UNCHECKED)]


@pytest.mark.parametrize("part", [0, 1])
async def test_a_config_or_layer_that_could_not_be_asked_for_is_unchecked(
    registry: Registry, fake: FakeRegistry, part: int
) -> None:
    hidden = Digest.of(ARM.blobs[part])
    fake.push(NAME, "1.0", index_of(ARM))
    fake.faults.append(Fault(403, path=str(hidden), times=99))

    assert troubles(await fetch_snapshot(registry, REF)) == [(hidden, Kind.UNCHECKED)]


async def test_a_child_of_another_type_than_its_entry_says_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    made = index_of(replace(ARM, media_type=DOCKER_MANIFEST))
    fake.push(NAME, "1.0", made)
    fake.repositories[NAME].manifests[str(ARM.digest)] = (ARM.media_type, ARM.content)

    assert troubles(await fetch_snapshot(registry, REF)) == [(ARM.digest, Kind.MALFORMED)]


async def test_a_child_that_is_no_manifest_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    bad = replace(ARM, content=b"{}")
    fake.push(NAME, "1.0", index_of(bad))

    assert troubles(await fetch_snapshot(registry, REF)) == [(bad.digest, Kind.MALFORMED)]


async def test_a_config_that_is_no_config_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    config = b"[]"
    document = {
        "schemaVersion": 2,
        "config": {"mediaType": "x", "digest": str(Digest.of(config)), "size": 2},
        "layers": [],
    }
    made = Made(ARM.media_type, encoded(document), "linux/arm64", blobs=(config,))
    fake.push(NAME, "1.0", index_of(made))

    assert troubles(await fetch_snapshot(registry, REF)) == [(Digest.of(config), Kind.MALFORMED)]


async def test_children_of_a_nested_index_stand_in_its_place(registry: Registry, fake: FakeRegistry) -> None:
    inner = index_of(ARM)
    fake.push(NAME, "1.0", index_of(inner, AMD))

    snapshot = await fetch_snapshot(registry, REF)

    assert [str(child.platform) for child in snapshot.children] == ["linux/arm64", "linux/amd64"]
    assert [piece.descriptor.digest for piece in snapshot.nested] == [inner.digest]
    assert troubles(snapshot) == []


async def test_a_missing_nested_index_is_recorded(registry: Registry, fake: FakeRegistry) -> None:
    inner = index_of(ARM)
    fake.push(NAME, "1.0", index_of(inner, AMD))
    fake.delete(NAME, inner.digest)

    assert troubles(await fetch_snapshot(registry, REF)) == [(inner.digest, Kind.MISSING)]


async def test_indexes_nested_too_deep_are_not_read(registry: Registry, fake: FakeRegistry) -> None:
    made = index_of(ARM)
    for _ in range(5):
        made = index_of(made)
    fake.push(NAME, "1.0", made)

    found = troubles(await fetch_snapshot(registry, REF))

    assert [kind for _, kind in found] == [Kind.MALFORMED]
    assert sum("/manifests/" in request.path for request in fake.requests) == 4


async def test_a_layer_that_images_share_is_asked_for_once(registry: Registry, fake: FakeRegistry) -> None:
    shared = Digest.of(b"shared")
    fake.push(NAME, "1.0", index_of(AMD, ARM))

    await fetch_snapshot(registry, REF)

    assert sum(str(shared) in request.path for request in fake.requests) == 1


async def test_a_layer_that_may_not_be_distributed_is_not_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    foreign = ARM.content.replace(b"image.layer.v1", b"image.layer.nondistributable.v1")
    made = replace(ARM, content=foreign)
    fake.push(NAME, "1.0", index_of(made))
    fake.delete(NAME, Digest.of(b"shared"))

    assert troubles(await fetch_snapshot(registry, REF)) == []


async def test_children_just_pushed_may_take_a_moment_to_be_seen(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.faults.append(Fault(404, path=str(ARM.digest), times=2))
    fake.faults.append(Fault(404, path="/blobs/", times=2))

    assert troubles(await fetch_snapshot(registry, REF, fresh=True)) == []


async def test_an_image_without_layers_is_sound(registry: Registry, fake: FakeRegistry) -> None:
    empty = image_of("linux/arm64", layers=())
    made = replace(empty, content=empty.content.replace(b'"layers":[]', b'"layers":null'))
    fake.push(NAME, "1.0", index_of(made))

    assert troubles(await fetch_snapshot(registry, REF)) == []
