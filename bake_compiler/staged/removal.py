"""Removes content tags, one manifest after the other. The repository is read again before each manifest.

A registry has no compare-and-delete. bakec can't see a push by someone else between the last reading and the removal.
A reading is used for at most two seconds, so this gap is at most two seconds.
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
    """Removes from one repository the content tags that nobody needs.

    Attributes:
        registry: the registry client.
        repository: the repository; its tag, if any, is ignored.
        known: what is known of the repository besides its tags.
        before: seconds since the epoch; a tag that was used later stays.
        probe: tests whether the registry can remove a tag alone.
        clock: a monotonic clock, in seconds.
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
        """Yield each tag with the reason why it stays after all; an empty reason means that the tag is removed.

        Raises:
            RegistryError: the registry did not answer or did not remove. The tags that were yielded before are removed.
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
        """Return the tags of the manifest that is removed next, by the newest reading."""
        judged = [each for each in await self._judged() if each.fate is fate and each.held.digest not in self._done]
        first = [each for each in judged if each.held.digest == judged[0].held.digest]
        self._done |= {each.held.digest for each in first}
        return first

    async def _still(self, shared: Sequence[Judgement]) -> list[Judgement]:
        """Return the tags that may still be removed, since the probe may have taken seconds."""
        now = {each.held for each in await self._judged() if each.fate is TagFate.TAG_ALONE}
        return [each for each in shared if each.held in now]

    async def _judged(self) -> tuple[Judgement, ...]:
        if self.clock() - self._read_at > _FRESH:
            self._read_at = self.clock()
            self._tags = await read_contents(self.registry, self.repository)
        return judge_tags(self._tags, self.known, self.before)

    async def _remove(self, tags: Sequence[Held]) -> None:
        """Remove a manifest and its tags. Tags go first, since some registries keep a manifest that has a tag."""
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
        """Wait until the registry shows that the tag is removed. Some registries show it later."""
        tag = self.repository.tagged(held.tag)
        for pause in (0.0, *_SETTLING):
            await asyncio.sleep(pause)
            try:
                await self.registry.manifest(tag)
            except NotFoundError:
                return
        raise RegistryError(
            f"{tag} is still there: the registry removes nothing",
            hint="ask the registry's owner to allow deletion (distribution: storage.delete.enabled), or to expire tags",
        )
