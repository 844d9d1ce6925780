"""Staged tags are removed one manifest after the other, each after the repository was read again.

A registry has no compare-and-delete: what someone else pushes or moves between the last reading and the removal, nobody
can see. What was read counts for two seconds, so that it is never longer than that.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bake_compiler.errors import NotFoundError, RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.staged.contents import read_contents
from bake_compiler.staged.probe import Probe
from bake_compiler.staged.stale import Held, Judgement, RepositoryFacts, TagFate, judge_tags

_FRESH = 2.0  # seconds
_SETTLING = (0.1, 0.5)  # seconds


@dataclass
class Removal:
    """Removes what can go from one repository.

    Attributes:
        registry: where it is.
        repository: of any tag or none.
        known: what is known of it beside its tags.
        before: seconds since the epoch; what was last used later stays.
        probe: finds out whether the registry removes a tag alone.
        clock: seconds that only grow.
    """

    registry: Registry
    repository: Reference
    known: RepositoryFacts
    before: float
    probe: Probe
    clock: Callable[[], float] = time.monotonic
    _tags: tuple[Held, ...] = ()
    _read_at: float = float("-inf")
    _done: set[Digest] = field(default_factory=set)

    async def run(self) -> AsyncIterator[tuple[Held, str]]:
        """Remove what can go: each tag, and why it stays after all; nothing: it is gone.

        Raises:
            RegistryError: the registry did not say, or did not remove; what was told before is gone.
        """
        while goes := await self._next(TagFate.GOES):
            await self._remove([each.held for each in goes])
            for each in goes:
                yield each.held, ""
        while shared := await self._next(TagFate.TAG_ALONE):
            why = await self.probe.why_not(self.repository)
            if not why and not (shared := await self._still(shared)):
                continue
            for each in shared:
                if not why:
                    await self._untag(each.held)
                yield each.held, f"{each.why}, and {why}" if why else ""

    async def _next(self, fate: TagFate) -> list[Judgement]:
        """The tags of one manifest that are to go next, as things are now."""
        judged = [each for each in await self._judged() if each.fate is fate and each.held.digest not in self._done]
        first = [each for each in judged if each.held.digest == judged[0].held.digest]
        self._done |= {each.held.digest for each in first}
        return first

    async def _still(self, shared: Sequence[Judgement]) -> list[Judgement]:
        """Those that may still go, after a probe that may have taken its time."""
        now = {each.held for each in await self._judged() if each.fate is TagFate.TAG_ALONE}
        return [each for each in shared if each.held in now]

    async def _judged(self) -> tuple[Judgement, ...]:
        if self.clock() - self._read_at > _FRESH:
            self._read_at = self.clock()
            self._tags = await read_contents(self.registry, self.repository)
        return judge_tags(self._tags, self.known, self.before)

    async def _remove(self, tags: Sequence[Held]) -> None:
        """A manifest with all of its tags: the tags first, since some registries keep a manifest that a tag names."""
        for held in tags:
            with suppress(NotFoundError):
                await self.registry.delete(self.repository.tagged(held.tag))
        with suppress(NotFoundError):
            await self.registry.delete(self.repository.at(tags[0].digest))
        for held in tags:
            await self._gone(held)

    async def _untag(self, held: Held) -> None:
        with suppress(NotFoundError):
            await self.registry.delete(self.repository.tagged(held.tag))
        await self._gone(held)

    async def _gone(self, held: Held) -> None:
        """Make sure of it; some registries show it a moment later."""
        tag = self.repository.tagged(held.tag)
        for pause in (0.0, *_SETTLING):
            await asyncio.sleep(pause)
            try:
                await self.registry.manifest(tag)
            except NotFoundError:
                return
        raise RegistryError(
            f"{tag} is still there: the registry removes nothing",
            hint="let its owner allow it (distribution: storage.delete.enabled), or the registry itself expire tags",
        )
