"""All tags of a release move, or all are put back; what a kill leaves is finished or undone afterwards.

A registry has no transaction over tags and no compare-and-swap on one. So what is to be done is on the disk before the
first tag moves; each tag is read again right before it is written, and all of them once more at the end. What someone
else writes between the reading and the writing of one tag, some milliseconds, nobody can see. Ctrl-C waits for the end.

A tag that did not exist before is never removed: registries delete by digest, which may take the manifest away from
tags and indexes that need it. It stays, and is named.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bake_compiler.errors import BakecError, RegistryError, VerificationError
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from bake_compiler.release.journal import FINISHED, ROLLED_BACK, Log, Release, begun, reopened
from bake_compiler.release.moves import Move, current, in_classes
from bake_compiler.release.status import Names, ReleaseStatus, TagState, status_of
from bake_compiler.system.tasks import to_its_end

_SETTLING = (0.1, 0.5)  # seconds


async def move_all(registry: Registry, root: Path, release_id: str, moves: Sequence[Move]) -> None:
    """Write the same manifest bytes under each public tag; when one can't be moved, put back those already moved.

    Where no tag has to move, nothing is written, and no release begins.

    Args:
        registry: where the tags are.
        root: the project's, or wherever the journal is to be kept.
        release_id: the journal's name; one that was not used before.
        moves: what was planned.

    Raises:
        RegistryError: a tag could not be moved; says which, and what the others name now.
        VerificationError: someone else moved a tag meanwhile; says which, and what the others name now.
        UsageError: another bakec moves tags of this project, or there is such a release.
        BakecError: the journal can't be written; no tag was moved.
    """
    if all(move.is_none for move in moves):
        return
    release = Release(release_id, time.time(), tuple(moves))
    with begun(root, release_id, moves) as log:
        try:
            await to_its_end(_forward(registry, log, release))
        except (RegistryError, VerificationError) as error:
            raise await to_its_end(_undone(registry, log, release, error)) from error


async def finish(registry: Registry, root: Path, release: Release) -> ReleaseStatus:
    """Move the tags of a release that have not moved, also after a rollback; no harm when all have.

    Raises:
        RegistryError: a tag could not be moved; the others may have been.
        VerificationError: someone else moved a tag; nothing was written if that was seen before.
        UsageError: another bakec moves tags of this project.
        BakecError: the journal can't be written.
    """
    with reopened(root, release) as log:
        return await to_its_end(_forward(registry, log, release))


async def roll_back(registry: Registry, root: Path, release: Release) -> ReleaseStatus:
    """Put every tag of a release back; no harm when all are. Tags that are new stay.

    Raises:
        RegistryError: a tag could not be put back; the others may have been.
        VerificationError: someone else moved a tag; nothing was written if that was seen before.
        UsageError: another bakec moves tags of this project.
        BakecError: the journal can't be written; says whether the tags are put back.
    """
    with reopened(root, release) as log:
        return await to_its_end(_backward(registry, log, release))


def refuse_taken(status: ReleaseStatus) -> None:
    """Nothing may be written over what someone else wrote.

    Raises:
        VerificationError: a tag names neither its old nor its new digest.
    """
    if status.taken:
        raise _taken_error(status.taken)


async def _forward(registry: Registry, log: Log, release: Release) -> ReleaseStatus:
    """Move every tag, version tags first; each class at once, so that the time in between is short."""
    refuse_taken(await status_of(registry, release))
    log.add("begun", keep=True)
    for each in in_classes([move for move in release.moves if not move.is_none]):
        await _all(_write(registry, log, move, move.to) for move in each)
    status = await _settled(registry, replace(release, ended=FINISHED), lambda tag: tag.names is Names.NEW)
    with suppress(BakecError):  # the registry says it too
        log.add(FINISHED, keep=True)
    return status


async def _backward(registry: Registry, log: Log, release: Release) -> ReleaseStatus:
    """Put every tag back that was there, moving tags first."""
    refuse_taken(await status_of(registry, release))
    log.add("begun", keep=True)
    await _put_back(registry, log, release)
    status = await _settled(registry, replace(release, ended=ROLLED_BACK), lambda tag: tag.is_back)
    log.add(ROLLED_BACK, keep=True)
    return status


async def _put_back(registry: Registry, log: Log, release: Release) -> None:
    """As many as can be, also when one can't."""
    errors: list[BakecError] = []
    for each in reversed(tuple(in_classes([move for move in release.moves if not move.is_none]))):
        try:
            await _all(_write(registry, log, move, move.old) for move in each if move.old)
        except (RegistryError, VerificationError) as error:
            errors.append(error)
    if errors:
        raise errors[0]


async def _settled(registry: Registry, release: Release, good: Callable[[TagState], bool]) -> ReleaseStatus:
    """The tags once they all are as they were written; some registries show it a moment later.

    Raises:
        RegistryError: the registry did not say.
        VerificationError: someone else moved a tag after it was written.
    """
    wrong: tuple[TagState, ...] = ()
    for pause in (0.0, *_SETTLING):
        await asyncio.sleep(pause)
        status = await status_of(registry, release)
        refuse_taken(status)
        wrong = tuple(tag for tag in status.tags if not good(tag))
        if not wrong:
            return status
    raise _taken_error(wrong)


async def _write(registry: Registry, log: Log, move: Move, raw: RawManifest) -> None:
    """Let a tag name this manifest, unless it does, or names what it should not."""
    now = await current(registry, move.tag)
    tag = TagState(move, now.digest if now else None)
    if tag.names is Names.OTHER:
        raise _taken_error([tag])
    if tag.now == raw.digest:
        return
    try:
        await registry.put_manifest(move.tag, raw)
    except RegistryError as error:
        verb = "moved" if raw is move.to else "put back"
        raise type(error)(f"{move.tag} could not be {verb}: {error.message}", hint=error.hint) from error
    log.add("moved" if raw is move.to else "put back", move.tag)


async def _all(writes: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Each to its end, also when one fails: none may go on while others are put back."""
    ended = await asyncio.gather(*writes, return_exceptions=True)
    for error in (each for each in ended if isinstance(each, BaseException)):
        raise error


async def _undone(registry: Registry, log: Log, release: Release, error: BakecError) -> BakecError:
    """Put back what was moved, as far as that can be; the error that says what the tags name now.

    Of a registry that does not say, nothing is written: each attempt would wait for it anew.
    """
    moves = [move for move in release.moves if not move.is_none]
    told = [tag.move for tag in await _asked(registry, moves)]
    with suppress(RegistryError, VerificationError):
        await _put_back(registry, log, replace(release, moves=tuple(told)))
    found = await _asked(registry, told)
    known = {tag.move.tag for tag in found}
    unknown = [str(move.tag) for move in moves if move.tag not in known]
    left = [tag for tag in found if tag.names is Names.NEW]
    if not unknown and all(tag.stays for tag in left):
        with suppress(BakecError):  # why it was undone is worth more
            log.add(ROLLED_BACK, keep=True)
    if not unknown and not left:
        return _told(error, "; all other tags are as they were", error.hint)
    names = ", ".join(f"{tag.move.tag}{' (new)' if tag.stays else ''}" for tag in left)
    state = f"; still moved: {names}" if left else ""
    state += f"; the registry does not say what is named by {', '.join(unknown)}" if unknown else ""
    return _told(error, state, _advice(release))


async def _asked(registry: Registry, moves: Sequence[Move]) -> list[TagState]:
    """What the tags name, of those of which a registry says it."""

    async def ask(move: Move) -> TagState | None:
        try:
            raw = await current(registry, move.tag)
        except RegistryError:
            return None
        return TagState(move, raw.digest if raw else None)

    return [tag for tag in await asyncio.gather(*map(ask, moves)) if tag]


def _told(error: BakecError, state: str, hint: str) -> BakecError:
    return type(error)(f"{error.message}{state}", hint=hint)


def _advice(release: Release) -> str:
    return f"`bakec release finish {release.id}` moves the others too, `bakec rollback {release.id}` puts them back"


def _taken_error(tags: Sequence[TagState]) -> VerificationError:
    said = ", ".join(f"{tag.move.tag} names {tag.now or 'nothing'}" for tag in tags)
    return VerificationError(
        f"moved by someone else: {said}", hint="nothing is written over it: see `bakec release status`"
    )
