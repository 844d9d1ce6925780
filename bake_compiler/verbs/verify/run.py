"""bakec verify: compares images in a registry with a promise: of the models, of a release file, or of the user."""

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
        promise: what the image must be. A promise without platforms promises the platforms that are there.
        tags: the image's other public tags.
        smoke: the smoke command; may be empty.
        fresh: whether the image was just pushed, so that the registry may show it some seconds later.
        architecture_tags: the image's tags that name one platform each.
        copies: references in other repositories that must have the same digest, independent of their tags.
    """

    promise: Promise
    tags: tuple[Reference, ...] = ()
    smoke: tuple[str, ...] = ()
    fresh: bool = False
    architecture_tags: Mapping[Reference, Platform] = field(default_factory=dict)
    copies: tuple[Reference, ...] = ()


class Layers(Protocol):
    """A reader of an image's layers."""

    async def check(
        self, promise: Promise, at: Reference, image: Child
    ) -> "tuple[Mapping[str, int], Sequence[Finding]]":
        """Return machine → number of binaries in one platform's image, and the findings about them."""


def layers_of(edges: Edges, *, deep: bool, jobs: int = 0) -> Layers | None:
    """Return the reader of layers, which keeps its results in the user's cache; None unless `deep`.

    Args:
        edges: the registry client, and the environment, which names the folder of the cache.
        deep: whether layers are read.
        jobs: how many layers are read at once; 0 for the number of cores.
    """
    if not deep:
        return None
    from bake_compiler.verbs.verify.readers import LayerReaders  # noqa: PLC0415 - 30 ms that only --deep needs

    cache = Path(edges.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return LayerReaders(edges.registry, cache / "bakec" / "layers", jobs or edges.cores)


def planned_subjects(plan: Plan, wanted: Wanted) -> tuple[VerifiedImage, ...]:
    """Return every image of a run with the promise of its models."""
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
    """Return images without models. Each must exist for these platforms, if platforms are given."""
    named = tuple(dict.fromkeys(platforms))
    return tuple(VerifiedImage(Promise(str(reference), reference, named)) for reference in dict.fromkeys(references))


@dataclass(frozen=True)
class Verification:
    """Verifies images.

    Attributes:
        registry: the registry client.
        layers: reads the binaries; None: do not read them.
        smoker: starts the images; None: do not start them.
        logs: the folder for the output of the started images, relative to the working directory.
        on_image: called with each image when it is finished.
        slots: how many containers may run at once.
    """

    registry: Registry
    layers: Layers | None = None
    smoker: Smoker | None = None
    logs: Path = Path(".bakec/smoke")
    on_image: Callable[[ImageResult], None] = lambda _: None
    slots: int = 2

    async def run(self, subjects: Sequence[VerifiedImage], wanted: Wanted | None = None) -> Report:
        """Verify all images, and return one report with all findings."""
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
        """Verify one image: in the registry, then, if it is there, its layers and its smoke command."""
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
        """Return the findings about the same image in other repositories, except tags that were reported before."""
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
    """Return the platforms, each with the tags that name it alone."""
    return tuple(
        replace(each, tags=tuple(str(tag) for tag, platform in tags.items() if platform == each.platform))
        for each in platforms
    )


def platform_result(snapshot: Snapshot, image: Child, platform: Platform) -> PlatformResult:
    """Return what the registry has for one platform."""
    return PlatformResult(platform, image.descriptor.digest, image.size, statements_of(snapshot, image))


def _there(snapshot: Snapshot) -> tuple[Platform, ...]:
    return tuple(sorted(listed(snapshot)))
