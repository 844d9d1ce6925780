"""Moves all tags of a release, or puts all of them back. An interrupted move can be finished or undone later.

A registry has no transaction over several tags, and no compare-and-swap on one tag. So the whole plan is on the disk
before the first tag moves. Each tag is read again right before it is written, and all tags are read once more at the
end. Between the reading and the writing of one tag are some milliseconds: bakec can't see a write by someone else in
that time. Ctrl-C waits until all tags have moved or are back.

A tag that did not exist before is never removed: registries delete by digest, and other tags and indexes may need the
same manifest. The tag stays, and the error names it.
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
    """Write the verified manifest bytes under each public tag. If a tag can't be moved, put all moved tags back.

    If no tag has to move, nothing is written and no release begins.

    Args:
        registry: the registry client.
        root: the project's root, or the folder in which the journal is kept.
        release_id: the journal's name; it must be new.
        moves: the planned moves.

    Raises:
        RegistryError: a tag could not be moved; the message names it, and the state of the other tags.
        VerificationError: someone else moved a tag; the message names it, and the state of the other tags.
        UsageError: another bakec is moving tags of this project, or a release of this name exists.
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
    """Move the tags of a release that have not moved yet, also after a rollback. If all have moved, change nothing.

    Raises:
        RegistryError: a tag could not be moved; other tags may have moved.
        VerificationError: someone else moved a tag. If bakec saw this before the first write, nothing was written.
        UsageError: another bakec is moving tags of this project.
        BakecError: the journal can't be written.
    """
    with reopened(root, release) as log:
        return await to_its_end(_forward(registry, log, release))


async def roll_back(registry: Registry, root: Path, release: Release) -> ReleaseStatus:
    """Put every tag of a release back. If all tags are back, change nothing. A tag that the release created stays.

    Raises:
        RegistryError: a tag could not be put back; other tags may be back.
        VerificationError: someone else moved a tag. If bakec saw this before the first write, nothing was written.
        UsageError: another bakec is moving tags of this project.
        BakecError: the journal can't be written; the message says whether the tags are back.
    """
    with reopened(root, release) as log:
        return await to_its_end(_backward(registry, log, release))


def refuse_taken(status: ReleaseStatus) -> None:
    """Refuse to overwrite what someone else wrote.

    Raises:
        VerificationError: a tag names neither its old nor its new digest.
    """
    if status.taken:
        raise _taken_error(status.taken)


async def _forward(registry: Registry, log: Log, release: Release) -> ReleaseStatus:
    """Move every tag, version tags first. The tags of a class move at the same time, so the whole move is short."""
    refuse_taken(await status_of(registry, release))
    log.add("begun", keep=True)
    for each in in_classes([move for move in release.moves if not move.is_none]):
        await _all(_write(registry, log, move, move.to) for move in each)
    status = await _settled(registry, replace(release, ended=FINISHED), lambda tag: tag.names is Names.NEW)
    with suppress(BakecError):  # the registry shows the same
        log.add(FINISHED, keep=True)
    return status


async def _backward(registry: Registry, log: Log, release: Release) -> ReleaseStatus:
    """Put every tag back that existed before. Tags that people follow go first."""
    refuse_taken(await status_of(registry, release))
    log.add("begun", keep=True)
    await _put_back(registry, log, release)
    status = await _settled(registry, replace(release, ended=ROLLED_BACK), lambda tag: tag.is_back)
    log.add(ROLLED_BACK, keep=True)
    return status


async def _put_back(registry: Registry, log: Log, release: Release) -> None:
    """Put back as many tags as possible, also if one of them fails."""
    errors: list[BakecError] = []
    for each in reversed(tuple(in_classes([move for move in release.moves if not move.is_none]))):
        try:
            await _all(_write(registry, log, move, move.old) for move in each if move.old)
        except (RegistryError, VerificationError) as error:
            errors.append(error)
    if errors:
        raise errors[0]


async def _settled(registry: Registry, release: Release, good: Callable[[TagState], bool]) -> ReleaseStatus:
    """Wait until all tags show what was written, and return them. Some registries show a write later.

    Raises:
        RegistryError: the registry did not answer the question.
        VerificationError: someone else moved a tag after bakec wrote it.
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
    """Write a manifest under a tag, unless the tag already names it. Refuse if someone else moved the tag."""
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
    """Run all writes to their end, also if one fails: no write may still run while tags are put back."""
    ended = await asyncio.gather(*writes, return_exceptions=True)
    for error in (each for each in ended if isinstance(each, BaseException)):
        raise error


async def _undone(registry: Registry, log: Log, release: Release, error: BakecError) -> BakecError:
    """Put back the moved tags as far as possible, and return the error with the state of all tags.

    Nothing is written to a registry that does not answer: each attempt would wait for its time limit again.
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
        with suppress(BakecError):  # the first error says more
            log.add(ROLLED_BACK, keep=True)
    if not unknown and not left:
        return _told(error, "; all other tags are as they were", error.hint)
    names = ", ".join(f"{tag.move.tag}{' (new)' if tag.stays else ''}" for tag in left)
    state = f"; still moved: {names}" if left else ""
    state += f"; the registry does not say what is named by {', '.join(unknown)}" if unknown else ""
    return _told(error, state, _advice(release))


async def _asked(registry: Registry, moves: Sequence[Move]) -> list[TagState]:
    """Return the state of the tags. A tag is left out if its registry does not answer."""

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
