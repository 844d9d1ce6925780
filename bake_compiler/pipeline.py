"""compile, build, verify: the stages in order. A table of contents of what bakec does."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bake_compiler import hcl, schedule, smoke
from bake_compiler.buildx import BAKE_FILE, BakeRun, Failure, Progress, bake_command, metadata_file, read_digest
from bake_compiler.errors import BakecError, ModelError, RegistryError, UsageError
from bake_compiler.loader import load
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.plan import Cell, Plan, PlannedImage, Wanted, check_stack, make_plan
from bake_compiler.preflight import check_machine, source_variables
from bake_compiler.process import Command, Runner
from bake_compiler.registry import Registry, fetch_snapshot
from bake_compiler.release import move_tags, plan_moves
from bake_compiler.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.report import cells_by_findings, excluded_cells
from bake_compiler.verify import Finding, Promise, Severity, check_image

RUNS = Path(".bakec/runs")


@dataclass(frozen=True)
class Edges:
    """What touches the world, made by the command line and handed down.

    Attributes:
        root: the project's root.
        env: the scrubbed environment of subprocesses.
        runner: runs commands.
        registry: talks to registries.
        say: tells a person one line of progress.
    """

    root: Path
    env: Mapping[str, str]
    runner: Runner
    registry: Registry
    say: Callable[[str], None]


def plan_project(root: Path) -> Plan:
    """components/ → plan.

    Raises:
        ModelError: with every mistake in the components.
    """
    return make_plan(load(root, checks=(check_stack,)))


def compile_plan(root: Path, plan: Plan) -> str:
    """Plan → the text of docker-bake.hcl, parsed back and held against the plan.

    Raises:
        ModelError: the template is broken.
    """
    text = hcl.render(plan, hcl.template(root))
    hcl.check(plan, text)
    return text


def stale(root: Path, text: str, name: str = BAKE_FILE) -> str:
    """The diff from the committed file to `text`; empty when they are the same bytes."""
    path = root / name
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    return hcl.difference(committed, text, name)


@dataclass
class _Done:
    """One image of a build: what is known of it so far."""

    digest: Digest | None = None
    raw: RawManifest | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    findings: tuple[Finding, ...] = ()
    blocked: str = ""

    @property
    def good(self) -> bool:
        return not (
            self.failure or self.blocked or any(finding.severity is Severity.ERROR for finding in self.findings)
        )


@dataclass(frozen=True)
class Build:
    """One `bakec build`: what is wanted, how, and through which edges."""

    plan: Plan
    wanted: Wanted
    edges: Edges
    push: bool = True
    slots: int = 2
    run_id: str = field(default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}")

    def commands(self, variables: Mapping[str, str]) -> tuple[Command, ...]:
        """The commands that a run executes, in plan order; also what `--dry-run` prints."""
        run = self._bake_run(variables)
        return tuple(self._command(run, image) for image in self.wanted.images)

    async def run(self) -> Report:
        """Preflight, build, verify, move tags; every cell ends accounted for, also when interrupted.

        Raises:
            ModelError: the committed file is not what the models say.
            PreflightError: this machine can't do it.
            RegistryError: the registry does not answer.
            UsageError: a public tag would lose a platform.
        """
        begin = time.monotonic()
        variables = await self.prepare()
        run = self._bake_run(variables)
        (self.edges.root / run.metadata).mkdir(parents=True, exist_ok=True)
        done = {image.name: _Done() for image in self.wanted.images}
        interrupted, error = False, ""
        try:
            await self._build_all(run, done)
            if self.push and all(each.good for each in done.values()):
                error = await self._publish(done)
        except asyncio.CancelledError:
            interrupted = True
        return self._report(done, interrupted=interrupted, error=error, seconds=time.monotonic() - begin)

    async def prepare(self) -> dict[str, str]:
        """All that can be known before a build; returns the bake file's variables."""
        if stale(self.edges.root, compile_plan(self.edges.root, self.plan)):
            raise ModelError(
                f"{BAKE_FILE} is not what the models say", hint="run `bakec compile`, then look at the diff"
            )
        platforms = sorted({cell.platform for cell in self.wanted.cells})
        await check_machine(self.edges.runner, self.edges.root, self.edges.env, platforms)
        if self.push:
            await self.edges.registry.ping(self.wanted.registry.partition("/")[0])
            await self._check_nothing_lost()
        return await self.variables()

    async def variables(self) -> dict[str, str]:
        """The values of the bake file's variables in this run."""
        platforms = sorted({cell.platform for cell in self.wanted.cells})
        return {
            "REGISTRY": self.wanted.registry,
            "TAG": self.wanted.tag,
            "PLATFORMS": ",".join(map(str, platforms)),
            **await source_variables(self.edges.runner, self.edges.root, self.edges.env),
        }

    async def _check_nothing_lost(self) -> None:
        """A tag is one index: a run for fewer platforms must not take the others away from a public tag."""
        for image in self.wanted.images:
            left_out = set(self.plan.image(image.name).platforms) - set(image.platforms)
            if not left_out:
                continue
            tag = self.wanted.reference(image)
            snapshot = await fetch_snapshot(self.edges.registry, tag)
            lost = left_out & {child.platform for child in snapshot.children if child.platform}
            if lost:
                names = ", ".join(map(str, sorted(lost)))
                raise UsageError(
                    f"{tag} has {names}, which this run would take away",
                    hint="build all platforms, or give another --tag",
                )

    def _bake_run(self, variables: Mapping[str, str]) -> BakeRun:
        staging = f"staged-{self.run_id}" if self.push else ""
        return BakeRun(self.edges.root, self.edges.env, variables, self.push, staging, RUNS / self.run_id)

    def _command(self, run: BakeRun, image: PlannedImage) -> Command:
        planned = self.plan.image(image.name)
        narrowed = bool(planned.only_reason) and planned.platforms != image.platforms
        return bake_command(run, image, registry=self.wanted.registry, narrowed=narrowed)

    async def _build_all(self, run: BakeRun, done: Mapping[str, _Done]) -> None:
        ended = 0

        async def build(image: PlannedImage) -> _Done:
            self.edges.say(f"{image.name}: building for {', '.join(map(str, image.platforms))}")
            begin = time.monotonic()
            try:
                await self._build_one(run, image, done[image.name])
            finally:
                done[image.name].seconds = time.monotonic() - begin
            return done[image.name]

        def on_end(image: PlannedImage, outcome: _Done | schedule.Blocked) -> None:
            nonlocal ended
            ended += 1
            if isinstance(outcome, schedule.Blocked):
                done[image.name].blocked = f"needs {outcome.by}, which failed"
            self.edges.say(f"[{ended}/{len(done)}] {image.name}: {_in_a_word(done[image.name], push=self.push)}")

        await schedule.run_all(self.wanted.images, self.slots, build, lambda one: one.good, on_end)

    async def _build_one(self, run: BakeRun, image: PlannedImage, done: _Done) -> None:
        progress = Progress()
        log = run.metadata / f"{image.name}.log"
        with (self.edges.root / log).open("w", encoding="utf-8") as out:
            status = await self.edges.runner(
                self._command(run, image), lambda line: out.writelines(f"{text}\n" for text in progress.read(line))
            )
        if status:
            done.failure = progress.failure(status, str(log))
            return
        try:
            done.digest = read_digest(self.edges.root / metadata_file(run, image), image.name)
            if self.push:
                done.raw, done.findings = await self._verify_digest(image, done.digest)
        except BakecError as error:
            kind = "registry" if isinstance(error, RegistryError) else "build"
            done.failure = Failure(error.message, kind, log=str(log))

    async def _verify_digest(
        self, image: PlannedImage, digest: Digest
    ) -> tuple[RawManifest | None, tuple[Finding, ...]]:
        at = self.wanted.reference(image).at(digest)
        snapshot = await fetch_snapshot(self.edges.registry, at, fresh=True)
        return snapshot.raw, check_image(Promise(image.name, at, image.platforms, digest), snapshot)

    async def _publish(self, done: Mapping[str, _Done]) -> str:
        """Move every public tag; the error in words when that failed."""
        staged = [(self.wanted.reference(image), raw) for image in self.wanted.images if (raw := done[image.name].raw)]
        self.edges.say(f"all verified: moving {len(staged)} tags")
        try:
            await move_tags(self.edges.registry, await plan_moves(self.edges.registry, staged))
        except RegistryError as error:
            return error.message
        return ""

    def _report(self, done: Mapping[str, _Done], *, interrupted: bool, error: str, seconds: float) -> Report:
        images = tuple(self._image_result(image, done[image.name]) for image in self.wanted.images)
        report = Report(
            verb="build",
            registry=self.wanted.registry,
            tag=self.wanted.tag,
            images=images,
            excluded=excluded_cells(self.wanted),
            interrupted=interrupted,
            publish_error=error,
            seconds=seconds,
        )
        published = report.exit_code == 0
        if not self.push:
            return replace(report, note="loaded into the local engine: nothing was pushed, verified or published")
        if not published:
            return replace(report, published=False, note="no public tag was moved" if not error else "")
        return replace(report, published=True)

    def _image_result(self, image: PlannedImage, done: _Done) -> ImageResult:
        good = Outcome.BUILT if self.push else Outcome.LOADED
        cells = [Cell(image.name, platform) for platform in image.platforms]
        if done.blocked:
            results = tuple(CellResult(cell, Outcome.BLOCKED, done.blocked) for cell in cells)
        elif done.failure:
            results = tuple(_failed_cell(cell, done.failure) for cell in cells)
        elif done.digest is None:
            results = tuple(CellResult(cell, Outcome.BLOCKED, "interrupted before it was done") for cell in cells)
        else:
            promise = Promise(image.name, self.wanted.reference(image), image.platforms, done.digest)
            results = cells_by_findings(promise, done.findings, good)
        reference = str(self.wanted.reference(image))
        return ImageResult(image.name, reference, results, done.digest, done.seconds, done.failure, done.findings)


def _failed_cell(cell: Cell, failure: Failure) -> CellResult:
    """The platform that failed has failed; the image's other platforms were blocked by it."""
    if failure.platform in {None, cell.platform}:
        return CellResult(cell, Outcome.FAILED, failure.cause)
    return CellResult(cell, Outcome.BLOCKED, f"{failure.platform} of the same image failed")


def _in_a_word(done: _Done, *, push: bool) -> str:
    took = f" in {done.seconds:.1f} s"
    if done.blocked:
        return f"blocked: {done.blocked}"
    if done.failure:
        return f"failed{took}: {done.failure.cause.splitlines()[0]}"
    if not done.good:
        return f"built{took}, but the registry has {len(done.findings)} findings against it"
    return f"built and verified{took}" if push else f"built and loaded{took}"


async def verify(wanted: Wanted, edges: Edges, *, run: bool = False, slots: int = 2) -> Report:
    """The registry against the models: every image under its public tag, all findings at once.

    Raises:
        RegistryError: the registry does not answer, or will not let us look.
    """
    begin = time.monotonic()
    free = asyncio.Semaphore(slots)

    async def look(image: PlannedImage) -> ImageResult:
        tag = wanted.reference(image)
        snapshot = await fetch_snapshot(edges.registry, tag)
        promise = Promise(image.name, tag, image.platforms)
        findings = check_image(promise, snapshot)
        digest = snapshot.raw.digest if snapshot.raw else None
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
