"""The registry against the models: every image under each of its public tags."""

import asyncio
import time
from collections.abc import Sequence

from bake_compiler import smoke
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.pipeline.edges import Edges
from bake_compiler.plan import PlannedImage, Wanted
from bake_compiler.registry import fetch_snapshot
from bake_compiler.report import ImageResult, Outcome, Report
from bake_compiler.report.report import cells_by_findings, excluded_cells
from bake_compiler.verify import Finding, Promise, check_image


async def verify(wanted: Wanted, edges: Edges, *, run: bool = False, slots: int = 2) -> Report:
    """The registry against the models: every image under its public tag, all findings at once.

    Raises:
        RegistryError: the registry does not answer, or will not let us look.
    """
    begin = time.monotonic()
    free = asyncio.Semaphore(slots)

    async def look(image: PlannedImage) -> ImageResult:
        tag, *others = wanted.references(image)
        snapshot = await fetch_snapshot(edges.registry, tag)
        promise = Promise(image.name, tag, image.platforms)
        findings = check_image(promise, snapshot)
        digest = snapshot.raw.digest if snapshot.raw else None
        for other in others:
            same = Promise(image.name, other, image.platforms, digest)
            findings = (*findings, *check_image(same, await fetch_snapshot(edges.registry, other)))
        if run and digest:
            findings = (*findings, *await _smoke_all(image, tag.at(digest), edges, free))
        results = cells_by_findings(promise, findings, Outcome.VERIFIED)
        return ImageResult(image.name, str(tag), results, digest, time.monotonic() - begin, None, findings)

    images = await asyncio.gather(*map(look, wanted.images))
    return Report(
        verb="verify",
        registry=wanted.registry,
        tag=wanted.tag,
        images=tuple(images),
        excluded=excluded_cells(wanted),
        seconds=time.monotonic() - begin,
    )


async def _smoke_all(image: PlannedImage, at: Reference, edges: Edges, free: asyncio.Semaphore) -> Sequence[Finding]:
    async def one(platform: Platform) -> tuple[Finding, ...]:
        if not image.smoke:
            return (Finding(image.name, platform, "smoke-missing", "the image declares no smoke command"),)
        command = smoke.smoke_command(image, at, platform, edges.env, edges.root)
        async with free:
            found = await smoke.run_smoke(edges.runner, command, image.name, platform)
        edges.say(f"{image.name} on {platform}: {'runs' if not found else found[0].code}")
        return found

    # One platform after the other: the engine keeps a single platform's content under a digest that it is pulling.
    return [finding for platform in image.platforms for finding in await one(platform)]
