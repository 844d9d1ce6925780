"""What the client relies on, asked of whatever registry the fixture `place` is: import all of it beside one."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Arrival, Registry, WrongContentError, fetch_snapshot
from bake_compiler.registry.network import Network
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made, artifact_of, encoded, image_of, index_of
from tests.fakes.places import Place
from tests.fakes.streams import Streamed
from tests.fakes.upload import upload, upload_blob

NOWHERE = Digest.of(b"pushed by nobody")


@pytest.fixture
async def http(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=place.pushing, auth=place.auth) as http:
        yield http


@pytest.fixture
async def client(place: Place) -> AsyncIterator[Registry]:
    yield Registry(place.transport, credentials=place.credentials, secure=place.secure, retry=FakeClock().retry())
    if isinstance(place.transport, Network):
        await place.transport.close()


@pytest.fixture
def ref(place: Place) -> Reference:
    """A tag in a repository that no other test uses."""
    return Reference.parse(f"{place.host}/contract/{uuid.uuid4().hex}:1.0")


@pytest.fixture
async def pushed(http: httpx.AsyncClient, place: Place, ref: Reference) -> Made:
    made = index_of("linux/amd64", "linux/arm64", attested=True)
    await upload(http, place.url, ref.repository, ref.tag, made)
    return made


async def test_ping_finds_a_registry(client: Registry, place: Place) -> None:
    await client.ping(place.host)


async def test_a_push_is_tried_without_a_trace(client: Registry, ref: Reference) -> None:
    skew = await client.try_push(ref)

    assert skew is not None
    assert abs(skew) < 60
    assert await client.tags(ref) == ()


async def test_a_manifest_comes_back_by_tag_as_it_was_pushed(client: Registry, ref: Reference, pushed: Made) -> None:
    assert await client.manifest(ref) == RawManifest(pushed.media_type, pushed.digest, pushed.content)


async def test_a_manifest_comes_back_by_digest(client: Registry, ref: Reference, pushed: Made) -> None:
    child = pushed.children[1]

    found = await client.manifest(ref.at(child.digest))

    assert (found.digest, found.content) == (child.digest, child.content)


@pytest.mark.parametrize("docker", [False, True])
@pytest.mark.usefixtures("pushed")
async def test_manifests_of_docker_and_oci_keep_their_types(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference, docker: bool
) -> None:
    made = index_of(image_of("linux/amd64", docker=docker), docker=docker)
    await upload(http, place.url, ref.repository, "other", made)

    for wanted, at in ((made, ref.tagged("other")), (made.children[0], ref.at(made.children[0].digest))):
        assert (await client.manifest(at)).media_type == wanted.media_type


async def test_a_tag_of_an_unknown_repository_is_not_found(client: Registry, ref: Reference) -> None:
    with pytest.raises(NotFoundError, match="404"):
        await client.manifest(ref)


@pytest.mark.usefixtures("pushed")
async def test_an_unknown_tag_or_digest_of_a_repository_is_not_found(client: Registry, ref: Reference) -> None:
    for at in (ref.tagged("other"), ref.at(NOWHERE)):
        with pytest.raises(NotFoundError, match="MANIFEST_UNKNOWN"):
            await client.manifest(at)


async def test_a_blob_comes_back_with_its_size(client: Registry, ref: Reference, pushed: Made) -> None:
    config = pushed.children[0].blobs[0]
    digest = Digest.of(config)

    assert await client.blob(ref, digest, limit=len(config)) == config
    assert await client.blob_size(ref, digest) == len(config)


@pytest.mark.usefixtures("pushed")
async def test_an_unknown_blob_is_not_found(client: Registry, ref: Reference) -> None:
    with pytest.raises(NotFoundError, match="404"):
        await client.blob(ref, NOWHERE, limit=100)
    with pytest.raises(NotFoundError, match="404"):
        await client.blob_size(ref, NOWHERE)


async def test_a_blob_comes_in_a_stream(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference
) -> None:
    content = bytes(range(256)) * 1024
    await upload_blob(http, place.url, ref.repository, content)

    async with client.stream(ref, Digest.of(content), size=len(content)) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == content


@pytest.mark.usefixtures("pushed")
async def test_an_unknown_blob_has_no_stream(client: Registry, ref: Reference) -> None:
    with pytest.raises(NotFoundError):
        async with client.stream(ref, NOWHERE, size=1) as chunks:
            await anext(chunks)


async def test_part_of_a_blob_may_be_asked_for(http: httpx.AsyncClient, place: Place, ref: Reference) -> None:
    await upload_blob(http, place.url, ref.repository, b"0123456789")
    url = f"{place.url}/v2/{ref.repository}/blobs/{Digest.of(b'0123456789')}"

    part = await http.get(url, headers={"Range": "bytes=4-"})
    none = await http.get(url, headers={"Range": "bytes=10-"})

    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"456789", "bytes 4-9/10")
    assert none.status_code == 416


async def test_attestations_beside_an_index_are_listed(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference, pushed: Made
) -> None:
    assert await client.referrers(ref, pushed.digest) == ()

    beside = artifact_of(pushed.children[0])
    tag = str(pushed.children[0].digest).replace(":", "-")
    await upload(http, place.url, ref.repository, tag, index_of(beside))

    (found,) = await client.referrers(ref, pushed.children[0].digest)
    assert found.digest == beside.digest


async def test_a_blob_above_the_limit_is_not_read(client: Registry, ref: Reference, pushed: Made) -> None:
    config = pushed.children[0].blobs[0]

    with pytest.raises(RegistryError, match="more than the 10 bytes"):
        await client.blob(ref, Digest.of(config), limit=10)


async def test_a_manifest_put_under_another_tag_keeps_its_digest(
    client: Registry, ref: Reference, pushed: Made
) -> None:
    raw = await client.manifest(ref)

    await client.put_manifest(ref.tagged("latest"), raw)

    assert (await client.manifest(ref.tagged("latest"))) == raw
    assert raw.digest == pushed.digest


async def test_a_tag_can_be_moved_and_put_back(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference, pushed: Made
) -> None:
    old = await client.manifest(ref)
    await upload(http, place.url, ref.repository, "next", index_of("linux/arm64"))
    new = await client.manifest(ref.tagged("next"))

    await client.put_manifest(ref, new)
    assert (await client.manifest(ref)).digest == new.digest

    await client.put_manifest(ref, old)
    assert (await client.manifest(ref)).digest == pushed.digest


@pytest.mark.usefixtures("pushed")
async def test_an_index_with_unknown_children_is_not_taken(client: Registry, ref: Reference) -> None:
    made = index_of(image_of("linux/amd64", layers=(b"never pushed",)))

    with pytest.raises(RegistryError, match="MANIFEST_BLOB_UNKNOWN"):
        await client.put_manifest(ref.tagged("broken"), RawManifest(made.media_type, made.digest, made.content))
    with pytest.raises(NotFoundError):
        await client.manifest(ref.tagged("broken"))


@pytest.mark.usefixtures("pushed")
async def test_what_is_no_manifest_is_not_taken(client: Registry, ref: Reference) -> None:
    content = encoded({"schemaVersion": 2, "mediaType": "application/x", "manifests": []})

    with pytest.raises(RegistryError, match="MANIFEST_INVALID"):
        await client.put_manifest(ref, RawManifest(OCI_INDEX, Digest.of(content), content))


async def test_a_manifest_put_under_a_foreign_digest_is_not_taken(
    http: httpx.AsyncClient, place: Place, ref: Reference, pushed: Made
) -> None:
    answer = await http.put(
        f"{place.url}/v2/{ref.repository}/manifests/{NOWHERE}",
        content=pushed.content,
        headers={"Content-Type": pushed.media_type},
    )

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


async def test_a_blob_may_come_in_chunks(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference
) -> None:
    digest = Digest.of(b"onetwothree")
    answer = await http.post(f"{place.url}/v2/{ref.repository}/blobs/uploads/")
    for chunk in (b"one", b"two"):
        where = answer.request.url.join(answer.headers["Location"])
        answer = await http.patch(where, content=chunk, headers={"Content-Type": "application/octet-stream"})
        assert answer.status_code == 202
    where = answer.request.url.join(answer.headers["Location"])
    answer = await http.put(where.copy_merge_params({"digest": str(digest)}), content=b"three")

    assert answer.status_code == 201
    assert await client.blob(ref, digest, limit=20) == b"onetwothree"


async def test_a_blob_of_one_repository_is_mounted_into_another(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference
) -> None:
    await upload_blob(http, place.url, ref.repository, b"layer")
    digest = Digest.of(b"layer")
    other = replace(ref, repository=ref.repository + "-other")

    answer = await http.post(
        f"{place.url}/v2/{other.repository}/blobs/uploads/",
        params={"mount": str(digest), "from": ref.repository},
    )

    assert answer.status_code == 201
    assert await client.blob(other, digest, limit=5) == b"layer"


async def test_a_blob_that_is_not_its_digest_is_not_taken(
    client: Registry, http: httpx.AsyncClient, place: Place, ref: Reference
) -> None:
    started = await http.post(f"{place.url}/v2/{ref.repository}/blobs/uploads/")
    where = started.request.url.join(started.headers["Location"])

    answer = await http.put(where.copy_merge_params({"digest": str(NOWHERE)}), content=b"other")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    with pytest.raises(NotFoundError):
        await client.blob_size(ref, NOWHERE)


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
async def test_a_blob_is_pushed_in_a_stream_and_only_once(client: Registry, ref: Reference, size: int) -> None:
    blob = Streamed(bytes(range(256)) * (size // 256) + b"." * (size % 256))

    arrivals = [await client.push_blob(ref, blob.descriptor, blob.read, on_bytes=blob.on_bytes) for _ in range(2)]

    assert arrivals == [Arrival.SENT, Arrival.PRESENT]
    assert (blob.reads, blob.told) == (1, size)
    assert await client.blob(ref, blob.digest, limit=max(size, 1)) == blob.content


async def test_a_pushed_blob_is_mounted_where_another_repository_has_it(client: Registry, ref: Reference) -> None:
    blob, other = Streamed(b"layer"), replace(ref, repository=ref.repository + "-other")
    await client.push_blob(ref, blob.descriptor, blob.read)

    assert await client.push_blob(other, blob.descriptor, blob.read, near=ref) is Arrival.MOUNTED

    assert blob.reads == 1
    assert await client.blob(other, blob.digest, limit=5) == b"layer"


async def test_a_blob_that_can_not_be_mounted_is_sent(client: Registry, ref: Reference) -> None:
    blob, other = Streamed(b"layer"), replace(ref, repository=ref.repository + "-other")

    assert await client.push_blob(ref, blob.descriptor, blob.read, near=other) is Arrival.SENT
    assert await client.blob(ref, blob.digest, limit=5) == b"layer"


@pytest.mark.parametrize("content", [b"other", b"lay", b"layer and more"])
async def test_no_pushed_blob_has_other_bytes_than_its_digest_says(
    client: Registry, ref: Reference, content: bytes
) -> None:
    blob, wrong = Streamed(b"layer"), Streamed(content)

    with pytest.raises(WrongContentError, match="wrong bytes"):
        await client.push_blob(ref, blob.descriptor, wrong.read)
    with pytest.raises(NotFoundError):
        await client.blob_size(ref, blob.digest)


async def test_a_manifest_is_pushed_by_its_digest_alone(client: Registry, ref: Reference, pushed: Made) -> None:
    other = replace(ref, repository=ref.repository + "-other")
    for child in pushed.children:
        for each in map(Streamed, child.blobs):
            await client.push_blob(other, each.descriptor, each.read)
        await client.put_manifest(other.at(child.digest), RawManifest(child.media_type, child.digest, child.content))
    raw = await client.manifest(ref)

    await client.put_manifest(other.at(raw.digest), raw)

    assert await client.manifest(other.at(raw.digest)) == raw
    assert await client.tags(other) == ()


@pytest.mark.usefixtures("pushed")
async def test_tags_are_listed(http: httpx.AsyncClient, place: Place, ref: Reference) -> None:
    known = await http.get(f"{place.url}/v2/{ref.repository}/tags/list")
    unknown = await http.get(f"{place.url}/v2/{ref.repository}-other/tags/list")

    assert known.json() == {"name": ref.repository, "tags": ["1.0"]}
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


async def test_an_index_hides_from_a_client_that_does_not_accept_it(
    http: httpx.AsyncClient, place: Place, ref: Reference, pushed: Made
) -> None:
    answer = await http.get(
        f"{place.url}/v2/{ref.repository}/manifests/{pushed.digest}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )

    assert answer.status_code == 404


async def test_a_snapshot_holds_all_that_was_pushed(client: Registry, ref: Reference, pushed: Made) -> None:
    snapshot = await fetch_snapshot(client, ref)

    assert snapshot.raw is not None
    assert snapshot.raw.digest == pushed.digest
    assert [str(child.config.platform) for child in snapshot.images if child.config] == [
        "linux/amd64",
        "linux/arm64",
    ]
    assert len(snapshot.attestations) == 2
    for piece in (piece for child in snapshot.children for piece in child.pieces):
        assert (piece.trouble, piece.size) == (None, piece.descriptor.size)


async def test_asking_by_digest_takes_nothing_else(client: Registry, ref: Reference, pushed: Made) -> None:
    wrong = Digest.of(pushed.content, "sha512")

    with pytest.raises((NotFoundError, WrongContentError)):
        await client.manifest(ref.at(replace(wrong, encoded="0" * 128)))
