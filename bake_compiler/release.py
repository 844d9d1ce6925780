"""Verified digests → public tags: all of them move, or none does."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry


@dataclass(frozen=True)
class Move:
    """One public tag, the manifest that it is to name, and the one that it names now (None: no such tag)."""

    tag: Reference
    to: RawManifest
    old: RawManifest | None


async def plan_moves(registry: Registry, wanted: Sequence[tuple[Reference, RawManifest]]) -> tuple[Move, ...]:
    """Read what each public tag names now, so that a failed release can be put back.

    Raises:
        RegistryError: the registry did not say.
    """
    olds = await asyncio.gather(*(_current(registry, tag) for tag, _ in wanted))
    return tuple(Move(tag, to, old) for (tag, to), old in zip(wanted, olds, strict=True))


async def move_tags(registry: Registry, moves: Sequence[Move]) -> None:
    """Write the same manifest bytes under each public tag; on the first failure put back those already moved.

    Raises:
        RegistryError: a tag could not be moved; says which, and what the others name now.
    """
    done: list[Move] = []
    for move in moves:
        if move.old is not None and move.old.digest == move.to.digest:
            continue
        try:
            await registry.put_manifest(move.tag, move.to)
        except RegistryError as error:
            left = await _put_back(registry, [*done, move])  # it may have been written, and only the answer lost
            state = f"; still moved: {', '.join(left)}" if left else "; all other tags are as they were"
            raise RegistryError(f"{move.tag} could not be moved: {error.message}{state}", hint=error.hint) from error
        done.append(move)


async def _current(registry: Registry, tag: Reference) -> RawManifest | None:
    try:
        return await registry.manifest(tag)
    except NotFoundError:
        return None


async def _put_back(registry: Registry, done: Sequence[Move]) -> list[str]:
    """Undo moves; returns the tags for which that was not possible (new ones: a registry can't forget a tag safely)."""
    left = []
    for move in done:
        try:
            if move.old is None:
                back = await _current(registry, move.tag) is None
            else:
                await registry.put_manifest(move.tag, move.old)
                back = True
        except RegistryError:
            back = await _names_the_old(registry, move)
        if not back:
            left.append(str(move.tag) if move.old else f"{move.tag} (new)")
    return left


async def _names_the_old(registry: Registry, move: Move) -> bool:
    try:
        now = await _current(registry, move.tag)
    except RegistryError:
        return False
    return now is not None and move.old is not None and now.digest == move.old.digest
