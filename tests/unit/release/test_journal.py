import asyncio
import resource
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bake_compiler.errors import BakecError, UsageError, VerificationError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.release import ReleaseState, finish, move_all, plan_moves, read_release, roll_back, status_of
from bake_compiler.release.journal import begun
from bake_compiler.verbs.release.show import refuse_protected
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.tags import index, moves_to, named, public_tags
from tests.fakes.wire import Reply, Request

pytestmark = pytest.mark.anyio

TAGS = public_tags("registry.test", "acme")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
async def registry(fake: FakeRegistry, tmp_path: Path) -> Registry:
    """All tags name the old images."""
    registry = Registry(fake, retry=FakeClock().retry())
    await move_all(registry, tmp_path, "0", await moves_to(registry, TAGS, "old"))
    return registry


async def test_moving_tags_move_last(fake: FakeRegistry, registry: Registry, tmp_path: Path) -> None:
    before = len(fake.requests)

    await move_all(registry, tmp_path, "1", await moves_to(registry, TAGS, "new"))

    written = [request.path.rpartition("/")[2] for request in fake.requests[before:] if request.method == "PUT"]
    assert len(written) == len(TAGS)
    assert set(written[-13:]) == {"latest"}


@pytest.mark.parametrize("number", range(len(TAGS)))
async def test_whichever_tag_fails_all_name_the_old_images(
    fake: FakeRegistry, registry: Registry, tmp_path: Path, number: int
) -> None:
    before, tag = await named(registry, TAGS), TAGS[number]
    moves = await moves_to(registry, TAGS, "new")
    fake.faults.append(Fault(500, path=f"{tag.repository}/manifests/{tag.tag}", method="PUT", times=99))

    with pytest.raises(BakecError, match="all other tags are as they were") as caught:
        await move_all(registry, tmp_path, "1", moves)

    assert caught.value.exit_code == 5
    assert await named(registry, TAGS) == before
    assert (await status_of(registry, read_release(tmp_path))).state is ReleaseState.ROLLED_BACK


async def test_rollback_and_finish_may_be_repeated_in_any_order(registry: Registry, tmp_path: Path) -> None:
    old = await named(registry, TAGS)
    await move_all(registry, tmp_path, "1", await moves_to(registry, TAGS, "new"))
    new = await named(registry, TAGS)

    for does, wanted, state in (
        (roll_back, old, ReleaseState.ROLLED_BACK),
        (roll_back, old, ReleaseState.ROLLED_BACK),
        (finish, new, ReleaseState.FINISHED),
        (finish, new, ReleaseState.FINISHED),
        (roll_back, old, ReleaseState.ROLLED_BACK),
    ):
        told = await does(registry, tmp_path, read_release(tmp_path, "1"))
        assert await named(registry, TAGS) == wanted
        assert told.state is state
        assert (await status_of(registry, read_release(tmp_path))).state is state


async def test_a_rollback_writes_the_old_manifests_though_the_registry_forgot_them(
    fake: FakeRegistry, registry: Registry, tmp_path: Path
) -> None:
    old = await named(registry, TAGS)
    moves = await moves_to(registry, TAGS, "new")
    await move_all(registry, tmp_path, "1", moves)
    for move in moves[::3]:
        assert move.old
        fake.delete(move.tag.repository, move.old.digest)

    await roll_back(registry, tmp_path, read_release(tmp_path))

    assert await named(registry, TAGS) == old


@pytest.mark.parametrize("does", [finish, roll_back])
async def test_nothing_is_written_when_someone_else_has_moved_a_tag(
    registry: Registry, tmp_path: Path, does: object
) -> None:
    await move_all(registry, tmp_path, "1", await moves_to(registry, TAGS, "new"))
    await registry.put_manifest(TAGS[7], index("theirs"))
    before, release = await named(registry, TAGS), read_release(tmp_path)

    with pytest.raises(VerificationError, match="moved by someone else") as caught:
        await (finish if does is finish else roll_back)(registry, tmp_path, release)

    assert str(TAGS[7]) in caught.value.message
    assert str(index("theirs").digest) in caught.value.message
    assert await named(registry, TAGS) == before
    status = await status_of(registry, release)
    assert (status.state, [tag.move.tag for tag in status.taken]) == (ReleaseState.TAKEN, [TAGS[7]])


async def test_a_tag_that_was_not_there_before_stays_after_a_rollback(registry: Registry, tmp_path: Path) -> None:
    tags = (*TAGS, Reference("registry.test", "acme/image-0", "v2.0.0"))
    await move_all(registry, tmp_path, "1", await moves_to(registry, tags, "new"))

    status = await roll_back(registry, tmp_path, read_release(tmp_path))

    assert status.state is ReleaseState.ROLLED_BACK
    assert [tag.move.tag for tag in status.tags if tag.stays] == [tags[-1]]


async def test_a_protected_tag_does_not_move(registry: Registry) -> None:
    with pytest.raises(VerificationError, match=r"v1\.0\.0 is protected and names sha256:"):
        await plan_moves(registry, [(TAGS[0], index("new"))], ("v*.*.*",))

    assert await plan_moves(registry, [(TAGS[2], index("new"))], ("v*.*.*",))
    same = (await plan_moves(registry, [(TAGS[0], index("new"))]))[0].old
    assert same
    assert await plan_moves(registry, [(TAGS[0], same)], ("v*.*.*",))


async def test_while_tags_move_no_other_bakec_moves_them(registry: Registry, tmp_path: Path) -> None:
    moves = await moves_to(registry, TAGS, "new")
    old = await named(registry, TAGS)
    with begun(tmp_path, "1", moves):
        release = read_release(tmp_path, "1")
        with pytest.raises(UsageError, match="another bakec moves tags"):
            await finish(registry, tmp_path, release)
        with pytest.raises(UsageError, match="another bakec moves tags"):
            await move_all(registry, tmp_path, "2", moves)

    assert await named(registry, TAGS) == old
    assert (await status_of(registry, release)).state is ReleaseState.NOT_BEGUN


async def test_where_the_journal_can_not_be_written_no_tag_moves(registry: Registry, tmp_path: Path) -> None:
    old, moves = await named(registry, TAGS), await moves_to(registry, TAGS, "new")
    (tmp_path / "file").touch()

    with pytest.raises(BakecError, match="so none is moved") as caught:
        await move_all(registry, tmp_path / "file", "1", moves)

    assert caught.value.hint
    assert await named(registry, TAGS) == old


@pytest.mark.parametrize("number", [1, 20, 39])
@pytest.mark.parametrize("verb", ["promote", "finish", "rollback"])
async def test_who_is_stopped_while_tags_move_comes_to_the_end_first(
    fake: FakeRegistry, registry: Registry, tmp_path: Path, verb: str, number: int
) -> None:
    before, moves = await named(registry, TAGS), await moves_to(registry, TAGS, "new")
    if verb == "rollback":
        await move_all(registry, tmp_path, "1", moves)
    elif verb == "finish":
        with begun(tmp_path, "1", moves):
            pass
    work: Coroutine[Any, Any, Any] = (
        move_all(registry, tmp_path, "1", moves)
        if verb == "promote"
        else (finish if verb == "finish" else roll_back)(registry, tmp_path, read_release(tmp_path, "1"))
    )
    task, respond, written = asyncio.ensure_future(work), fake.respond, 0

    def watched(request: Request) -> Reply:
        nonlocal written
        written += request.method == "PUT"
        if written == number and request.method == "PUT":
            task.cancel()
        return respond(request)

    fake.respond = watched  # type: ignore[method-assign]
    await asyncio.wait([task])
    fake.respond = respond  # type: ignore[method-assign]

    status = await status_of(registry, read_release(tmp_path, "1"))
    assert status.state is (ReleaseState.ROLLED_BACK if verb == "rollback" else ReleaseState.FINISHED)
    assert (await named(registry, TAGS) == before) is (verb == "rollback")


async def test_a_disk_that_is_full_once_all_tags_have_moved_takes_nothing_back(
    fake: FakeRegistry, registry: Registry, tmp_path: Path
) -> None:
    moves = await moves_to(registry, TAGS, "new")

    with full_from_the_first_write(fake, tmp_path):
        await move_all(registry, tmp_path, "1", moves)

    assert (await status_of(registry, read_release(tmp_path, "1"))).state is ReleaseState.MOVED


async def test_a_disk_that_is_full_hides_not_why_a_release_was_undone(
    fake: FakeRegistry, registry: Registry, tmp_path: Path
) -> None:
    before, moves = await named(registry, TAGS), await moves_to(registry, TAGS, "new")
    fake.faults.append(Fault(500, path=f"{TAGS[3].repository}/manifests/{TAGS[3].tag}", method="PUT", times=99))

    with (
        full_from_the_first_write(fake, tmp_path),
        pytest.raises(BakecError, match=r"could not be moved.*all other tags are as they were"),
    ):
        await move_all(registry, tmp_path, "1", moves)

    assert await named(registry, TAGS) == before


async def test_a_rollback_on_a_disk_that_is_full_says_that_all_is_back_and_is_not_written_down(
    fake: FakeRegistry, registry: Registry, tmp_path: Path
) -> None:
    before = await named(registry, TAGS)
    await move_all(registry, tmp_path, "1", await moves_to(registry, TAGS, "new"))

    with full_from_the_first_write(fake, tmp_path), pytest.raises(BakecError, match="all tags are put back") as caught:
        await roll_back(registry, tmp_path, read_release(tmp_path, "1"))

    assert "none is moved" not in caught.value.message
    assert await named(registry, TAGS) == before


async def test_a_line_that_a_full_disk_cut_short_does_not_spoil_the_next_one(
    fake: FakeRegistry, registry: Registry, tmp_path: Path
) -> None:
    tags = (*TAGS, Reference("registry.test", "acme/image-0", "v2.0.0"))
    await move_all(registry, tmp_path, "1", await moves_to(registry, tags, "new"))

    with full_from_the_first_write(fake, tmp_path, room=20, writes=len(TAGS)):
        await roll_back(registry, tmp_path, read_release(tmp_path, "1"))

    assert (await status_of(registry, read_release(tmp_path, "1"))).state is ReleaseState.ROLLED_BACK


@contextmanager
def full_from_the_first_write(fake: FakeRegistry, root: Path, room: int = 0, writes: int = 999) -> Iterator[None]:
    """From the first tag that is written on, the journal of release 1 can't grow, until so many tags are written."""
    respond, (soft, hard) = fake.respond, resource.getrlimit(resource.RLIMIT_FSIZE)
    written = 0

    def watched(request: Request) -> Reply:
        nonlocal written
        written += request.method == "PUT"
        if written == 1 and request.method == "PUT":
            size = (root / ".bakec/releases/1.jsonl").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
        elif written == writes and request.method == "GET":
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return respond(request)

    fake.respond = watched  # type: ignore[method-assign]
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        fake.respond = respond  # type: ignore[method-assign]


def test_a_journal_whose_first_line_was_cut_short_is_no_release(tmp_path: Path) -> None:
    folder = tmp_path / ".bakec/releases"
    folder.mkdir(parents=True)
    (folder / "1.jsonl").write_text('{"schema":"bakec.moves/1","release":"1","beg')

    with pytest.raises(UsageError, match="no release is kept here"):
        read_release(tmp_path)
    with pytest.raises(BakecError, match=r"1\.jsonl can't be read"):
        read_release(tmp_path, "1")
    with pytest.raises(UsageError, match="no release is called 'x'"):
        read_release(tmp_path, "x")


async def test_a_protected_tag_that_exists_ends_a_build_before_it_begins(registry: Registry) -> None:
    with pytest.raises(VerificationError, match=r"v1\.0\.0 is protected and names sha256:") as caught:
        await refuse_protected(registry, dict.fromkeys(TAGS[:3]), ("v*.*.*",))

    assert "--tag" in caught.value.hint
    named_now = await registry.manifest(TAGS[0])
    await refuse_protected(registry, {**dict.fromkeys(TAGS[:3]), TAGS[0]: named_now.digest}, ("v*.*.*",))
    await refuse_protected(registry, dict.fromkeys((TAGS[0].tagged("v9.9.9"), *TAGS[1:3])), ("v*.*.*",))
