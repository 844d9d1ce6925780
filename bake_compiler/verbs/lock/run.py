"""bakec lock: asks registries for the digests of base images, compares them with bakec.lock, and writes bakec.lock."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from bake_compiler.bases.registry import RegistryBase, platform_words, see
from bake_compiler.errors import BakecError, NotFoundError, PreflightError, RegistryError, UsageError, VerificationError
from bake_compiler.model.base import did_you_mean
from bake_compiler.model.lock_file import LOCK_FILE, Locked, render_lock
from bake_compiler.oci.mirrors import mirrored
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference, familiar
from bake_compiler.plan import Plan
from bake_compiler.plan.bases import BaseUse, PlanBases
from bake_compiler.plan.order import with_needs
from bake_compiler.plan.pins import mirror_of, reference_of
from bake_compiler.project.files import committed
from bake_compiler.registry import Registry
from bake_compiler.system.files import write_whole
from bake_compiler.verbs.lock.result import LockEntry, LockState, ProjectBase

_AS_LOCKED = frozenset({LockState.SAME, LockState.PINNED, LockState.FLOATING})


@dataclass(frozen=True)
class Locking:
    """One `bakec lock`.

    Attributes:
        plan: the project's plan, without pins.
        dockerfiles: path → text.
        lock: the content of the lock; empty if there is no lock.
        now: the present time, in the lock's format.
    """

    plan: Plan
    dockerfiles: Mapping[str, str]
    lock: Mapping[str, Locked]
    now: str

    @cached_property
    def known(self) -> Mapping[str, ProjectBase]:
        """Every base image of the project, by its short name."""
        bases, found = PlanBases(self.plan, self.dockerfiles), dict[str, ProjectBase]()
        for base, uses in bases.uses.items():
            reference = reference_of(base)
            name = reference.familiar if reference else base.name
            before = found.get(name, ProjectBase(name, reference))
            lockable = base in bases.named and reference is not None and not reference.digest
            found[name] = replace(before, uses=(*before.uses, *uses), lockable=before.lockable or lockable)
        return found

    def names(self, given: Collection[str]) -> frozenset[str]:
        """Return the bases with the given names; all bases that can be locked if no name is given.

        Raises:
            UsageError: a name is not the name of such a base.
        """
        lockable = sorted(name for name, base in self.known.items() if base.lockable)
        for name in given:
            if familiar(name) not in lockable:
                raise UsageError(f"no Dockerfile takes {name!r} by a tag", hint=did_you_mean(familiar(name), lockable))
        return frozenset(map(familiar, given)) or frozenset(lockable)

    async def run(self, registry: Registry, anew: Collection[str] = ()) -> tuple[LockEntry, ...]:
        """Ask for bases that are not in the lock, and for bases that no lock can hold. Return all entries.

        Args:
            registry: the client of the registries. It asks for all bases at the same time.
            anew: bases to ask for although the lock has them.
        """
        asked = await asyncio.gather(*(self._entry(registry, base, anew) for base in self.known.values()))
        unused = [
            LockEntry(ProjectBase(name), LockState.UNUSED, was=was)
            for name, was in self.lock.items()
            if name not in self.known or not self.known[name].lockable
        ]
        return tuple(sorted((*asked, *unused), key=lambda each: each.base.name))

    async def _entry(self, registry: Registry, base: ProjectBase, anew: Collection[str]) -> LockEntry:
        was = self.lock.get(base.name) if base.lockable else None
        mirror = mirror_of(base.reference, self.plan.mirrors) if base.reference else ""
        kept = was if was and was.mirror == mirror and base.name not in anew else None
        entry = LockEntry(base, _unasked(base), was=was, touched=self._touched(base), notes=tuple(_notes(base)))
        if base.reference is None:
            return entry
        seen: RegistryBase | None
        error: RegistryError | VerificationError | None = None
        if kept:
            seen = RegistryBase(kept.digest, kept.platforms, is_index=True)
        else:
            seen, error, note = await self._ask(registry, base.reference)
            entry = replace(entry, seen=seen, notes=(*entry.notes, *note))
        if seen is None:
            return replace(entry, now=was, errors=(_placed(base, error),) if error else ())
        entry = replace(entry, errors=tuple(_wrong(base, seen, error)))
        if not base.lockable:
            return entry
        new = kept or Locked(base.name, seen.digest, seen.platforms, self.now, mirror)
        if was and replace(new, resolved=was.resolved) == was:
            return replace(entry, state=LockState.SAME, now=was)
        return replace(entry, state=LockState.MOVED if was else LockState.NEW, now=new)

    async def _ask(
        self, registry: Registry, own: Reference
    ) -> tuple[RegistryBase | None, RegistryError | VerificationError | None, tuple[str, ...]]:
        """Ask the image's own registry, then check that the mirror has the same digest.

        If its own registry is unreachable, use the mirror's answer.
        """
        place = mirrored(own, self.plan.mirrors)
        try:
            if place != own:
                await registry.ping(
                    own.registry
                    # who has a mirror may not reach the registry, and should not wait for long
                )
            seen, unheard = await see(registry, own), None
        except RegistryError as error:
            seen, unheard = None, error
        if place == own or isinstance(unheard, NotFoundError):
            return seen, unheard, ()
        try:
            there = await see(registry, place if seen is None else replace(place, digest=seen.digest))
        except RegistryError as error:
            absent = seen is not None and isinstance(error, NotFoundError)
            told = f"{place} does not hold what {own} is: {seen.digest}" if absent and seen else ""
            return seen, VerificationError(told, hint="let the mirror fetch it") if told else error, ()
        note = (f"{own.registry} could not be asked whether {place} is the same",) if unheard else ()
        return there, None, note

    def _touched(self, base: ProjectBase) -> Mapping[str, tuple[Platform, ...]]:
        direct = {use.image for use in base.uses}
        return {
            image.name: image.platforms
            for image in self.plan.images
            if not direct.isdisjoint(each.name for each in with_needs([image], self.plan.by_name))
        }


def _unasked(base: ProjectBase) -> LockState:
    if base.lockable:
        return LockState.NEW
    return LockState.PINNED if base.reference and base.reference.digest else LockState.FLOATING


def _notes(base: ProjectBase) -> Iterator[str]:
    if _unasked(base) is LockState.FLOATING:
        yield f"no lock holds it: a named context or `# syntax=` says it; pin it there, {base.name}@sha256:…"
    else:
        yield from (f"not pinned for {use.image}, {use.place}: {use.unpinned}" for use in base.uses if use.unpinned)
    if base.uses and not base.wanted:
        yield "only for the build platform"


def _placed(base: ProjectBase, error: BakecError) -> BakecError:
    """Return a registry's error with the place that uses the base."""
    if isinstance(error, NotFoundError):
        error = PreflightError(f"there is no image {base.name}", hint="fix the name, or choose another base")
    return type(error)(f"{_at(base.uses)}: {error.message}", hint=error.hint)


def _wrong(base: ProjectBase, seen: RegistryBase, error: BakecError | None) -> Iterator[BakecError]:
    if error:
        yield _placed(base, error)
    for use in base.uses:
        if lacking := seen.lacks(use.platforms):
            mend = "choose another base, or say `platforms=Only(…)` with the reason"
            yield PreflightError(
                f"{_at((use,))}: {platform_words(base.name, seen, lacking)}",
                hint=mend if seen.is_index else f"pin the index, {mend}",
            )


def _at(uses: tuple[BaseUse, ...]) -> str:
    return "; ".join(dict.fromkeys(f"{use.image} (component {use.component}), {use.place}" for use in uses))


def locked_of(entries: Collection[LockEntry]) -> tuple[Locked, ...]:
    """Return the new entries of the lock."""
    return tuple(entry.now for entry in entries if entry.now and entry.base.lockable)


def write_lock(root: Path, entries: Collection[LockEntry]) -> bool:
    """Write bakec.lock if its content changes. The file is always complete. Return whether it was written.

    Raises:
        OSError: the file can't be written; its old content is unchanged.
    """
    text = render_lock(locked_of(entries))
    if committed(root, LOCK_FILE) == text:
        return False
    write_whole(root / LOCK_FILE, text)
    return True


def error_of(entries: Collection[LockEntry], *, check: bool) -> BakecError | None:
    """Return one error with all causes; None if there is no error.

    Args:
        entries: the entries of the run.
        check: whether a base that moved is an error.
    """
    errors = [error for entry in entries for error in entry.errors]
    if errors:
        worst = next((kind for kind in (RegistryError, PreflightError) if _any(errors, kind)), VerificationError)
        return worst(_together("base images", [each.message for each in errors]), hint=errors[0].hint)
    stale = [entry for entry in entries if entry.state not in _AS_LOCKED]
    if not check or not stale:
        return None
    told = _together(f"{LOCK_FILE} is not what is so", [f"{entry.base.name} is {entry.state}" for entry in stale])
    return VerificationError(told, hint="`bakec lock --update` moves what moved, `bakec lock` adds and drops the rest")


def _any(errors: Collection[BakecError], kind: type[BakecError]) -> bool:
    return any(isinstance(error, kind) for error in errors)


def _together(head: str, words: Collection[str]) -> str:
    return next(iter(words)) if len(words) == 1 else "\n  ".join((f"{head}:", *words))
