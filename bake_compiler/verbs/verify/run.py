"""The registry against what was promised: by the models, by a release file, or of any reference."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference, one_of_each_repository
from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.plan import Plan, Wanted
from bake_compiler.project.root import own_folder
from bake_compiler.registry import Registry, fetch_snapshot
from bake_compiler.report import ImageResult, Outcome, PlatformResult, Report
from bake_compiler.report.report import cells_by_findings, excluded_cells
from bake_compiler.verbs.edges import Edges
from bake_compiler.verbs.verify.smoke import Smoker
from bake_compiler.verify import Finding, Promise, check_image, statements_of
from bake_compiler.verify.manifests.pieces import listed
from bake_compiler.verify.promised import promise_of
from bake_compiler.verify.smoke import Start, check_start


@dataclass(frozen=True)
class VerifiedImage:
    """One image to verify.

    Attributes:
        promise: what it must be; with no platforms, those are promised that are there.
        tags: its other public tags.
        smoke: its smoke command; may be empty.
        fresh: it was pushed just now, so it may need a moment to be seen.
        architecture_tags: its tags that name one platform each.
        copies: where else the same digest must be, whatever any tag names: any references of other repositories.
    """

    promise: Promise
    tags: tuple[Reference, ...] = ()
    smoke: tuple[str, ...] = ()
    fresh: bool = False
    architecture_tags: Mapping[Reference, Platform] = field(default_factory=dict)
    copies: tuple[Reference, ...] = ()


class Layers(Protocol):
    """Whatever can read the layers of an image."""

    async def check(
        self, promise: Promise, at: Reference, image: Child
    ) -> "tuple[Mapping[str, int], Sequence[Finding]]":
        """Machine → number of binaries in one platform's image, and what is wrong with them."""


def layers_of(edges: Edges, *, deep: bool, jobs: int = 0) -> Layers | None:
    """What reads layers, and keeps in the user's cache what was in them; None unless `deep`.

    Args:
        edges: the registry, and the environment, which says where the cache is.
        deep: whether layers are to be read.
        jobs: how many at once; 0 for as many as this machine has cores.
    """
    if not deep:
        return None
    from bake_compiler.verbs.verify.readers import LayerReaders  # noqa: PLC0415 - 30 ms that only --deep needs

    cache = Path(edges.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return LayerReaders(edges.registry, cache / "bakec" / "layers", jobs or edges.cores)


def planned_subjects(plan: Plan, wanted: Wanted) -> tuple[VerifiedImage, ...]:
    """Every image of a run, as its models promise it."""
    return tuple(
        VerifiedImage(
            promise_of(plan, image, wanted.variables),
            wanted.references(image)[1:],
            image.smoke,
            architecture_tags=wanted.architecture_references(image),
        )
        for image in wanted.images
    )


def named_subjects(references: Iterable[Reference], platforms: tuple[Platform, ...]) -> tuple[VerifiedImage, ...]:
    """Images that no models are known of: each must be there for these platforms, if any are named."""
    named = tuple(dict.fromkeys(platforms))
    return tuple(VerifiedImage(Promise(str(reference), reference, named)) for reference in dict.fromkeys(references))


@dataclass(frozen=True)
class Verification:
    """How images are verified.

    Attributes:
        registry: whom to ask.
        layers: reads the binaries; None leaves them alone.
        smoker: starts the images; None does not.
        logs: the folder that keeps what the starts print, from the working directory.
        on_image: told of each image as it ends.
        slots: how many containers may run at once.
    """

    registry: Registry
    layers: Layers | None = None
    smoker: Smoker | None = None
    logs: Path = Path(".bakec/smoke")
    on_image: Callable[[ImageResult], None] = lambda _: None
    slots: int = 2

    async def run(self, subjects: Sequence[VerifiedImage], wanted: Wanted | None = None) -> Report:
        """All findings at once, about all images."""
        begin = time.monotonic()
        images = await asyncio.gather(*map(self.image, subjects))
        parts = (("registry", True), ("deep", self.layers), ("run", self.smoker))
        return Report(
            verb="verify",
            registry=wanted.registry if wanted else "",
            tag=wanted.tag if wanted else "",
            images=tuple(images),
            excluded=excluded_cells(wanted) if wanted else (),
            checks=tuple(name for name, on in parts if on),
            seconds=time.monotonic() - begin,
        )

    @cached_property
    def _free(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.slots)

    async def image(self, subject: VerifiedImage) -> ImageResult:
        """One image: in the registry, then, as far as it is there, in its layers and at work."""
        begin = time.monotonic()
        promise = subject.promise
        provenance = promise.provenance or self.layers is not None
        single = subject.architecture_tags
        snapshot = await fetch_snapshot(
            self.registry, promise.reference, tags=(*subject.tags, *single), provenance=provenance, fresh=subject.fresh
        )
        snapshot = replace(
            snapshot, tags=tuple(replace(tag, platform=single.get(tag.reference)) for tag in snapshot.tags)
        )
        if not promise.platforms:
            promise = replace(promise, platforms=_there(snapshot))
        findings = check_image(promise, snapshot)
        findings += await self._elsewhere(replace(subject, promise=promise), snapshot, findings)
        platforms = await asyncio.gather(
            *(
                self._platform(promise, subject.smoke, child, platform_result(snapshot, child, child.platform))
                for child in snapshot.images
                if child.platform
            )
        )
        findings = tuple(sorted((*findings, *(finding for _, found in platforms for finding in found))))
        result = ImageResult(
            promise.image,
            str(promise.reference),
            cells_by_findings(promise, findings, Outcome.VERIFIED),
            tuple(map(str, subject.tags)),
            with_tags((platform for platform, _ in platforms), single),
            snapshot.raw.digest if snapshot.raw else None,
            time.monotonic() - begin,
            findings=findings,
        )
        self.on_image(result)
        return result

    async def _elsewhere(
        self, subject: VerifiedImage, first: Snapshot, known: Sequence[Finding]
    ) -> tuple[Finding, ...]:
        """What is wrong with the same image in other repositories; of a tag that names another, enough is said."""
        promise = subject.promise
        digest = promise.digest or (first.raw.digest if first.raw else None)
        if digest is None:
            return ()
        named = (tag.reference for tag in first.tags if tag.digest == digest)
        _, *others = one_of_each_repository((promise.reference, *subject.copies, *named))
        found = await asyncio.gather(
            *(
                self._copy(replace(subject, promise=replace(promise, reference=other.at(digest), digest=digest)))
                for other in others
            )
        )
        said = set(known)
        return tuple(
            finding if other.name in finding.message else replace(finding, message=f"{other.name}: {finding.message}")
            for other, findings in zip(others, found, strict=True)
            for finding in findings
            if finding not in said
        )

    async def _copy(self, subject: VerifiedImage) -> tuple[Finding, ...]:
        promise = subject.promise
        snapshot = await fetch_snapshot(
            self.registry, promise.reference, provenance=promise.provenance, fresh=subject.fresh
        )
        return check_image(promise, snapshot)

    async def _platform(
        self, promise: Promise, smoke: tuple[str, ...], image: Child, result: PlatformResult
    ) -> tuple[PlatformResult, tuple[Finding, ...]]:
        found: tuple[Finding, ...] = ()
        at = promise.reference.at(result.digest)
        if self.layers and image.config:
            binaries, wrong = await self.layers.check(promise, at, image)
            result, found = replace(result, binaries=binaries), (*found, *wrong)
        if self.smoker and result.platform in promise.platforms:
            start = await self._start(self.smoker, promise, smoke, at, result.platform)
            result, found = replace(result, start=start), (*found, *check_start(promise, start))
        return result, found

    async def _start(
        self, smoker: Smoker, promise: Promise, smoke: tuple[str, ...], at: Reference, platform: Platform
    ) -> Start:
        if not smoke:
            return Start(platform)
        async with self._free:
            start = await smoker.start(smoke, at, platform)
        log = self.logs / f"{promise.image}-{str(platform).replace('/', '-')}.log"
        own_folder(smoker.root)
        (smoker.root / log).parent.mkdir(parents=True, exist_ok=True)
        (smoker.root / log).write_text(f"{start.command}\n{start.output}\n", encoding="utf-8")
        return replace(start, log=str(log))


def with_tags(platforms: Iterable[PlatformResult], tags: Mapping[Reference, Platform]) -> tuple[PlatformResult, ...]:
    """The platforms, each with those of these tags that are its own."""
    return tuple(
        replace(each, tags=tuple(str(tag) for tag, platform in tags.items() if platform == each.platform))
        for each in platforms
    )


def platform_result(snapshot: Snapshot, image: Child, platform: Platform) -> PlatformResult:
    """What the registry has for one platform."""
    return PlatformResult(platform, image.descriptor.digest, image.size, statements_of(snapshot, image))


def _there(snapshot: Snapshot) -> tuple[Platform, ...]:
    return tuple(sorted(listed(snapshot)))
