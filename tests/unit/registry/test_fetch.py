from collections.abc import Callable
from dataclasses import replace

import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DOCKER_MANIFEST
from bake_compiler.oci.provenance import ProvenanceBase
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Piece, Snapshot, TroubleKind
from bake_compiler.registry import Registry, fetch_snapshot
from tests.fakes.images import Layer, Made, artifact_of, attestation_of, encoded, image_of, index_of, statement_of
from tests.fakes.registry import FakeRegistry, Fault

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
NAME = REF.repository
ARM = image_of("linux/arm64")
AMD = image_of("linux/amd64")


def troubles(snapshot: Snapshot) -> list[tuple[Digest, TroubleKind]]:
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
    assert snapshot.trouble.kind is TroubleKind.MISSING


@pytest.mark.parametrize("fault", [Fault(401), Fault(403), Fault(429), Fault(500), Fault(reset=True)])
async def test_a_registry_that_will_not_say_is_recorded_as_unchecked(
    registry: Registry, fake: FakeRegistry, fault: Fault
) -> None:
    fake.push(NAME, "1.0", index_of(AMD))
    fake.faults.append(replace(fault, times=99))

    snapshot = await fetch_snapshot(registry, REF)

    assert snapshot.trouble is not None
    assert snapshot.trouble.kind is TroubleKind.UNCHECKED
    assert (snapshot.raw, snapshot.children) == (None, ())


async def test_wrong_bytes_of_the_whole_are_recorded(registry: Registry, fake: FakeRegistry) -> None:
    made = fake.push(NAME, "1.0", index_of(AMD))
    fake.corrupt(NAME, made.digest, b"{}")

    snapshot = await fetch_snapshot(registry, REF.at(made.digest))

    assert snapshot.trouble is not None
    assert snapshot.trouble.kind is TroubleKind.WRONG


async def test_a_whole_that_is_larger_than_any_manifest_is_over_limit(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, body=b" " * (5 * 1024 * 1024), times=9))

    snapshot = await fetch_snapshot(registry, REF)

    assert snapshot.trouble is not None
    assert snapshot.trouble.kind is TroubleKind.OVER_LIMIT


async def test_more_entries_than_any_image_needs_are_not_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    entries = (image_of("linux/amd64", layers=(str(number).encode(),)) for number in range(1001))
    fake.push(NAME, "1.0", index_of(*entries))

    snapshot = await fetch_snapshot(registry, REF)

    assert [kind for _, kind in troubles(snapshot)] == [TroubleKind.OVER_LIMIT]
    assert len(fake.requests) == 1


async def test_more_layers_than_any_engine_takes_are_not_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", image_of("linux/arm64", layers=tuple(str(number).encode() for number in range(1001))))

    snapshot = await fetch_snapshot(registry, REF)

    assert [kind for _, kind in troubles(snapshot)] == [TroubleKind.OVER_LIMIT]
    assert not any("/blobs/" in request.path for request in fake.requests)


async def test_more_layers_in_all_than_any_set_of_platforms_has_are_not_asked_for(
    registry: Registry, fake: FakeRegistry
) -> None:
    images = (image_of("linux/arm64", layers=(str(number).encode(),) * 900) for number in range(25))
    fake.push(NAME, "1.0", index_of(*images))

    snapshot = await fetch_snapshot(registry, REF)

    assert [kind for _, kind in troubles(snapshot)] == [TroubleKind.OVER_LIMIT] * 3
    assert sum(child.config is not None for child in snapshot.images) == 22


async def test_an_index_that_a_registry_makes_lead_to_itself_is_read_once(
    registry: Registry, fake: FakeRegistry
) -> None:
    inner = index_of(ARM)
    made = fake.push(NAME, "1.0", index_of(inner))
    fake.corrupt(NAME, inner.digest, made.content)

    snapshot = await fetch_snapshot(registry, REF)

    assert troubles(snapshot) == [(inner.digest, TroubleKind.WRONG)]
    assert len(fake.requests) == 2


async def test_the_digests_of_other_tags_are_told_and_what_kept_them_from_being_known(
    registry: Registry, fake: FakeRegistry
) -> None:
    made = fake.push(NAME, "1.0", index_of(AMD))
    other = fake.push(NAME, "stable", index_of(ARM))
    fake.push(NAME, "latest", made)
    fake.push(NAME, "secret", made)
    fake.faults.append(Fault(403, path="/manifests/secret", times=9))
    tags = [REF.tagged(tag) for tag in ("latest", "stable", "gone", "secret")]

    snapshot = await fetch_snapshot(registry, REF, tags=tags)

    assert [tag.reference for tag in snapshot.tags] == tags
    assert [tag.digest for tag in snapshot.tags] == [made.digest, other.digest, None, None]
    assert [tag.trouble.kind if tag.trouble else None for tag in snapshot.tags] == [
        None,
        None,
        TroubleKind.MISSING,
        TroubleKind.UNCHECKED,
    ]


async def test_other_tags_are_told_even_if_the_first_is_not_there(registry: Registry, fake: FakeRegistry) -> None:
    other = fake.push(NAME, "latest", index_of(ARM))

    snapshot = await fetch_snapshot(registry, REF, tags=[REF.tagged("latest")])

    assert snapshot.trouble is not None
    assert [tag.digest for tag in snapshot.tags] == [other.digest]


async def test_provenance_in_the_index_is_read_when_it_is_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    base = Digest.of(b"debian")
    said = statement_of(ARM.digest, platform="linux/arm64", bases={"debian:trixie-slim": base})
    fake.push(NAME, "1.0", index_of(AMD, ARM, attestation_of(AMD), attestation_of(ARM, statement=said)))

    asked = await fetch_snapshot(registry, REF, provenance=True)
    not_asked = await fetch_snapshot(registry, REF)

    ((read,), _) = (child.statements for child in reversed(asked.attestations))
    assert read.subjects == (ARM.digest,)
    assert read.bases == (ProvenanceBase("debian:trixie-slim", base),)
    assert [child.statements for child in not_asked.attestations] == [(), ()]


async def test_attestations_beside_the_index_are_found_by_the_images_that_they_are_of(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    for image in (AMD, ARM):
        fake.push(NAME, image.platform.replace("/", "-"), artifact_of(image))

    snapshot = await fetch_snapshot(registry, REF, provenance=True)

    assert {child.subject for child in snapshot.artifacts} == {AMD.digest, ARM.digest}
    assert {statement.subjects for child in snapshot.artifacts for statement in child.statements} == {
        (AMD.digest,),
        (ARM.digest,),
    }


@pytest.mark.parametrize("lost", [False, True])
async def test_what_else_refers_to_an_image_is_nobodys_promise(
    registry: Registry, fake: FakeRegistry, lost: object
) -> None:
    signature = artifact_of(AMD)
    signature = replace(signature, content=signature.content.replace(b"in-toto.io/predicate-type", b"cosign"))
    fake.push(NAME, "1.0", index_of(AMD))
    fake.push(NAME, "signature", signature)
    if lost:
        fake.delete(NAME, Digest.of(signature.blobs[1]))

    assert (await fetch_snapshot(registry, REF, provenance=True)).artifacts == ()


async def test_more_artifacts_than_any_image_needs_are_not_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", index_of(AMD))
    entries = [artifact_of(AMD).entry | {"digest": str(Digest.of(str(number).encode()))} for number in range(3000)]
    listed = encoded({"schemaVersion": 2, "manifests": entries})
    fake.faults.append(Fault(200, path="/referrers/", body=listed, times=9))

    await fetch_snapshot(registry, REF, provenance=True)

    assert len(fake.requests) < 1100


async def test_a_registry_without_referrers_has_nothing_beside_the_index(
    registry: Registry, fake: FakeRegistry
) -> None:
    fake.push(NAME, "1.0", index_of(AMD))
    fake.faults.append(Fault(404, path="/referrers/", times=9))

    assert (await fetch_snapshot(registry, REF, provenance=True)).artifacts == ()


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda fake, digest: fake.delete(NAME, digest), TroubleKind.MISSING),
        (lambda fake, digest: fake.corrupt(NAME, digest, b"{}"), TroubleKind.WRONG),
        (lambda fake, digest: fake.faults.append(Fault(403, path=str(digest), times=9)), TroubleKind.UNCHECKED),
    ],
)
async def test_a_statement_that_is_not_at_hand_is_recorded(
    registry: Registry, fake: FakeRegistry, damage: Callable[[FakeRegistry, Digest], None], kind: TroubleKind
) -> None:
    attestation = attestation_of(ARM)
    statement = Digest.of(attestation.blobs[1])
    fake.push(NAME, "1.0", index_of(ARM, attestation))
    damage(fake, statement)

    snapshot = await fetch_snapshot(registry, REF, provenance=True)

    assert (statement, kind) in troubles(snapshot)
    assert snapshot.attestations[0].statements == ()


async def test_a_statement_that_is_none_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    attestation = attestation_of(ARM, statement=b"[]")
    fake.push(NAME, "1.0", index_of(ARM, attestation))

    assert troubles(await fetch_snapshot(registry, REF, provenance=True)) == [(Digest.of(b"[]"), TroubleKind.MALFORMED)]


async def test_an_unsound_whole_is_recorded(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(200, headers={"Content-Type": "text/html"}, body=b"<html>"))

    snapshot = await fetch_snapshot(registry, REF)

    assert snapshot.raw is not None
    assert snapshot.trouble is not None
    assert snapshot.trouble.kind is TroubleKind.MALFORMED


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

    assert troubles(await fetch_snapshot(registry, REF)) == [(lost, TroubleKind.MISSING)]


async def test_a_missing_child_is_recorded_and_the_others_are_read(registry: Registry, fake: FakeRegistry) -> None:
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.delete(NAME, ARM.digest)

    snapshot = await fetch_snapshot(registry, REF)

    assert troubles(snapshot) == [(ARM.digest, TroubleKind.MISSING)]
    assert [child.config is not None for child in snapshot.children] == [True, False]


async def test_wrong_bytes_of_a_child_or_config_are_recorded(registry: Registry, fake: FakeRegistry) -> None:
    config = Digest.of(ARM.blobs[0])
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.corrupt(NAME, AMD.digest, b"{}")
    fake.corrupt(NAME, config, b"{}")

    assert troubles(await fetch_snapshot(registry, REF)) == [
        (AMD.digest, TroubleKind.WRONG),
        (config, TroubleKind.WRONG),
    ]


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_child_that_could_not_be_asked_for_is_unchecked_not_missing(
    registry: Registry, fake: FakeRegistry, status: int
) -> None:
    fake.push(NAME, "1.0", index_of(AMD, ARM))
    fake.faults.append(Fault(status, path=str(ARM.digest), times=99))

    assert troubles(await fetch_snapshot(registry, REF)) == [(ARM.digest, TroubleKind.UNCHECKED)]


@pytest.mark.parametrize("part", [0, 1])
async def test_a_config_or_layer_that_could_not_be_asked_for_is_unchecked(
    registry: Registry, fake: FakeRegistry, part: int
) -> None:
    hidden = Digest.of(ARM.blobs[part])
    fake.push(NAME, "1.0", index_of(ARM))
    fake.faults.append(Fault(403, path=str(hidden), times=99))

    assert troubles(await fetch_snapshot(registry, REF)) == [(hidden, TroubleKind.UNCHECKED)]


async def test_a_child_of_another_type_than_its_entry_says_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    made = index_of(replace(ARM, media_type=DOCKER_MANIFEST))
    fake.push(NAME, "1.0", made)
    fake.repositories[NAME].manifests[str(ARM.digest)] = (ARM.media_type, ARM.content)

    assert troubles(await fetch_snapshot(registry, REF)) == [(ARM.digest, TroubleKind.MALFORMED)]


async def test_a_child_that_is_no_manifest_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    bad = replace(ARM, content=b"{}")
    fake.push(NAME, "1.0", index_of(bad))

    assert troubles(await fetch_snapshot(registry, REF)) == [(bad.digest, TroubleKind.MALFORMED)]


async def test_a_config_that_is_no_config_is_malformed(registry: Registry, fake: FakeRegistry) -> None:
    config = b"[]"
    document = {
        "schemaVersion": 2,
        "config": {"mediaType": "x", "digest": str(Digest.of(config)), "size": 2},
        "layers": [],
    }
    made = Made(ARM.media_type, encoded(document), "linux/arm64", blobs=(config,))
    fake.push(NAME, "1.0", index_of(made))

    assert troubles(await fetch_snapshot(registry, REF)) == [(Digest.of(config), TroubleKind.MALFORMED)]


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

    assert troubles(await fetch_snapshot(registry, REF)) == [(inner.digest, TroubleKind.MISSING)]


async def test_indexes_nested_too_deep_are_not_read(registry: Registry, fake: FakeRegistry) -> None:
    made = index_of(ARM)
    for _ in range(5):
        made = index_of(made)
    fake.push(NAME, "1.0", made)

    found = troubles(await fetch_snapshot(registry, REF))

    assert [kind for _, kind in found] == [TroubleKind.MALFORMED]
    assert sum("/manifests/" in request.path for request in fake.requests) == 4


async def test_a_layer_that_images_share_is_asked_for_once(registry: Registry, fake: FakeRegistry) -> None:
    shared = Digest.of(b"shared")
    fake.push(NAME, "1.0", index_of(AMD, ARM))

    await fetch_snapshot(registry, REF)

    assert sum(str(shared) in request.path for request in fake.requests) == 1


async def test_a_layer_that_may_not_be_distributed_is_not_asked_for(registry: Registry, fake: FakeRegistry) -> None:
    vendors = Layer(b"layer", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", elsewhere=True)
    fake.push(NAME, "1.0", index_of(image_of("linux/arm64", layers=(vendors,))))

    assert troubles(await fetch_snapshot(registry, REF)) == []
    assert not any(str(Digest.of(b"layer")) in request.path for request in fake.requests)


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
