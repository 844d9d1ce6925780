"""bakec clean: finds and removes content tags in the project's repositories."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import Wanted
from bake_compiler.registry import Registry
from bake_compiler.staged import (
    Held,
    Judgement,
    Probe,
    Removal,
    RepositoryFacts,
    TagFate,
    built_at,
    judge_tags,
    named_at,
    read_contents,
)
from bake_compiler.verbs.clean.memory import Remembered
from bake_compiler.verbs.clean.result import Cleaned, Tidied


def repositories_of(wanted: Wanted, every: Wanted) -> Mapping[Reference, frozenset[str]]:
    """Return each wanted image's repository → the public tags of all images of the project in this repository."""
    found: dict[Reference, frozenset[str]] = {}
    for public in (each for image in every.images for each in every.references(image)):
        repository = replace(public, tag="")
        found[repository] = found.get(repository, frozenset()) | {public.tag}
    asked = {each.name for image in wanted.images for each in wanted.references(image)}
    return {repository: tags for repository, tags in found.items() if repository.name in asked}


@dataclass(frozen=True)
class Cleaning:
    """Finds content tags that can be removed from repositories, and removes them if asked to.

    Attributes:
        registry: the client of the registries.
        memory: what the project's own folder records.
        before: seconds since the epoch; anything that was used later stays.
        delete: whether to remove.
    """

    registry: Registry
    memory: Remembered
    before: float
    delete: bool = False

    async def run(self, repositories: Mapping[Reference, frozenset[str]]) -> Cleaned:
        """Clean every repository. An error in one repository does not stop the others.

        Args:
            repositories: each repository, with the project's public tags in it.
        """
        probe = Probe(self.registry)
        names = sorted(repositories, key=str)
        found = await asyncio.gather(*(self._repository(name, repositories[name], probe) for name in names))
        return Cleaned(
            self.delete,
            staged=tuple(tag for tags, _ in found for tag in tags),
            errors={name.name: error for name, (_, error) in zip(names, found, strict=True) if error},
        )

    async def _repository(
        self, repository: Reference, own: frozenset[str], probe: Probe
    ) -> tuple[tuple[Tidied, ...], RegistryError | None]:
        """Return the content tags of a repository, and the error of its registry."""
        tags: dict[str, Tidied] = {}
        try:
            known, judged = await self._look(repository, own)
            tags = {each.held.tag: _tidied(repository, each) for each in sorted(judged, key=lambda each: each.held.tag)}
            if self.delete:
                async for held, why in Removal(self.registry, repository, known, self.before, probe).run():
                    was = tags[held.tag]
                    tags[held.tag] = replace(was, fate=TagFate.STAYS, why=why) if why else replace(was, removed=True)
        except RegistryError as error:
            return tuple(await self._as_they_are(repository, tags)), error
        return tuple(tags.values()), None

    async def _as_they_are(self, repository: Reference, tags: Mapping[str, Tidied]) -> Iterable[Tidied]:
        """Return which tags are gone after an error: as the registry says, or as far as bakec saw."""
        try:
            left = await self.registry.tags(repository) if tags else ()
        except RegistryError:
            return tags.values()
        return [replace(each, removed=tag not in left) for tag, each in tags.items()]

    async def _look(self, repository: Reference, own: frozenset[str]) -> tuple[RepositoryFacts, tuple[Judgement, ...]]:
        tags = await read_contents(self.registry, repository)
        used = await asyncio.gather(*(self._last_used(repository, held) for held in tags if held.is_staged))
        kept = {tag.tag: why for tag, why in self.memory.kept.items() if tag.name == repository.name}
        known = RepositoryFacts(
            {key: moment for key, moment in used if moment is not None}, own, kept, self.memory.pinned
        )
        goes = [each.held.digest for each in judge_tags(tags, known, self.before) if each.fate is TagFate.GOES]
        listed = await asyncio.gather(*(self.registry.referrers(repository, digest) for digest in goes))
        said = {digest: "a signature or attestation is about it" for digest, by in zip(goes, listed, strict=True) if by}
        known = replace(known, pinned={**known.pinned, **said})
        return known, judge_tags(tags, known, self.before)

    async def _last_used(self, repository: Reference, held: Held) -> tuple[tuple[str, Digest], float | None]:
        """Return the latest known time of use."""
        told = (
            await built_at(self.registry, repository.at(held.digest)),
            named_at(held.tag),
            self.memory.used.get((repository.tagged(held.tag), held.digest)),
        )
        return (held.tag, held.digest), max((moment for moment in told if moment is not None), default=None)


def _tidied(repository: Reference, judgement: Judgement) -> Tidied:
    held = judgement.held
    return Tidied(str(repository.tagged(held.tag)), judgement.fate, judgement.why, judgement.used, str(held.digest))
