"""bakec build: preflight, build, verify by digest, move the public tags."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from secrets import token_hex

from bake_compiler import schedule
from bake_compiler.buildx import BakeRun, Failure, Progress, bake_command, metadata_file, read_digest
from bake_compiler.errors import BakecError, RegistryError, UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Kind, RawManifest
from bake_compiler.pipeline.compile import BAKE_FILE, committed, compile_slice, is_large, refuse_stale
from bake_compiler.pipeline.edges import Edges
from bake_compiler.pipeline.verify import Layers, Subject, Verification
from bake_compiler.plan import Cell, Plan, PlannedImage, Wanted
from bake_compiler.preflight import check_machine, source_variables
from bake_compiler.process import Command
from bake_compiler.registry import fetch_snapshot
from bake_compiler.release import move_tags, plan_moves
from bake_compiler.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.report import excluded_cells
from bake_compiler.verify.promised import promise_of

RUNS = Path(".bakec/runs")


@dataclass
class _Done:
    """One image of a build: what is known of it so far."""

    digest: Digest | None = None
    verified: ImageResult | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    blocked: str = ""

    @property
    def good(self) -> bool:
        return not (self.failure or self.blocked or (self.verified and self.verified.errors))


@dataclass(frozen=True)
class Build:
    """One `bakec build`: what is wanted, how, and through which edges; `layers` reads the binaries, if it is to."""

    plan: Plan
    wanted: Wanted
    edges: Edges
    push: bool = True
    slots: int = 2
    layers: Layers | None = None
    run_id: str = field(default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%S')}-{token_hex(3)}")

    @cached_property
    def sliced(self) -> bool:
        """Whether buildx gets a slice of the bake file for each image, in place of the file."""
        return is_large(committed(self.edges.root))

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
        refuse_stale(self.edges.root, self.plan, self.wanted.images)
        platforms = sorted({cell.platform for cell in self.wanted.cells})
        _, variables = await asyncio.gather(
            check_machine(self.edges.runner, self.edges.root, self.edges.env, platforms),
            self.variables(),
        )
        if self.push:
            await self.edges.registry.ping(self.wanted.registry.partition("/")[0])
            await self._check_nothing_lost()
        return variables

    async def variables(self) -> dict[str, str]:
        """The values of the bake file's variables in this run."""
        platforms = sorted({cell.platform for cell in self.wanted.cells})
        return {
            "REGISTRY": self.wanted.registry,
            "TAG": self.wanted.tag,
            "PLATFORMS": ",".join(map(str, platforms)),
            **self.wanted.given,
            **await source_variables(self.edges.runner, self.edges.root, self.edges.env),
        }

    async def _check_nothing_lost(self) -> None:
        """A tag is one index: a run for fewer platforms must not take the others away from a public tag."""
        for image in self.wanted.images:
            left_out = set(self.plan.image(image.name).platforms) - set(image.platforms)
            if not left_out:
                continue
            for tag in self.wanted.references(image):
                snapshot = await fetch_snapshot(self.edges.registry, tag)
                if snapshot.trouble and snapshot.trouble.kind is not Kind.MISSING:
                    raise RegistryError(f"{tag}: {snapshot.trouble.message}", hint=snapshot.trouble.hint)
                lost = left_out & {child.platform for child in snapshot.children if child.platform}
                if lost:
                    names = ", ".join(map(str, sorted(lost)))
                    raise UsageError(
                        f"{tag} has {names}, which this run would take away",
                        hint="build all platforms, or give another --tag",
                    )

    def _bake_run(self, variables: Mapping[str, str]) -> BakeRun:
        staging = f"staged-{self.run_id}" if self.push else ""
        names = {name for image in self.wanted.images for name in image.secret_variables}
        secrets = {name: self.edges.environ[name] for name in sorted(names) if name in self.edges.environ}
        env = {**self.edges.env, **secrets}
        return BakeRun(self.edges.root, env, variables, self.push, staging, RUNS / self.run_id)

    def _command(self, run: BakeRun, image: PlannedImage) -> Command:
        planned = self.plan.image(image.name)
        narrowed = bool(planned.only_reason) and planned.platforms != image.platforms
        file = str(run.metadata / f"{image.name}.hcl") if self.sliced else BAKE_FILE
        return bake_command(run, image, file=file, registry=self.wanted.registry, narrowed=narrowed)

    def _write_slice(self, run: BakeRun, image: PlannedImage) -> None:
        (self.edges.root / run.metadata).mkdir(parents=True, exist_ok=True)
        if self.sliced:
            text = compile_slice(self.edges.root, self.plan, [image])
            (self.edges.root / run.metadata / f"{image.name}.hcl").write_text(text, encoding="utf-8")

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
        self._write_slice(run, image)
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
        except BakecError as error:
            done.failure = Failure(error.message, log=str(log))
            return
        if self.push:
            done.verified = await self._verify(run, image, done.digest)

    async def _verify(self, run: BakeRun, image: PlannedImage, digest: Digest) -> ImageResult:
        """By digest, and against the variables that it was built with."""
        promise = promise_of(self.plan, image, {**self.wanted.variables, **run.variables})
        promise = replace(promise, reference=promise.reference.at(digest), digest=digest)
        return await Verification(self.edges.registry, self.layers).image(Subject(promise, fresh=True))

    async def _publish(self, done: Mapping[str, _Done]) -> str:
        """Move every public tag; the error in words when that failed."""
        try:
            staged = [each for image in self.wanted.images for each in await self._staged(image, done[image.name])]
            self.edges.say(f"all verified: moving {len(staged)} tags")
            await move_tags(self.edges.registry, await plan_moves(self.edges.registry, staged))
        except RegistryError as error:
            return error.message
        return ""

    async def _staged(self, image: PlannedImage, done: _Done) -> list[tuple[Reference, RawManifest]]:
        """The public tags of an image, and what they are to name."""
        if done.digest is None:
            return []
        raw = await self.edges.registry.manifest(self.wanted.reference(image).at(done.digest))
        return [(tag, raw) for tag in self.wanted.references(image)]

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
        cells = [Cell(image.name, platform) for platform in image.platforms]
        if done.blocked:
            results = tuple(CellResult(cell, Outcome.BLOCKED, done.blocked) for cell in cells)
        elif done.failure:
            results = tuple(_failed_cell(cell, done.failure) for cell in cells)
        elif done.verified:
            results = tuple(_as_built(cell) for cell in done.verified.cells)
        elif done.digest is None or self.push:
            why = f"interrupted before it was {'verified' if done.digest else 'done'}"
            results = tuple(CellResult(cell, Outcome.BLOCKED, why) for cell in cells)
        else:
            results = tuple(CellResult(cell, Outcome.LOADED) for cell in cells)
        first, *others = map(str, self.wanted.references(image))
        verified = done.verified or ImageResult(image.name, first, results)
        return replace(
            verified,
            reference=first,
            cells=results,
            tags=tuple(others),
            digest=done.digest,
            seconds=done.seconds,
            failure=done.failure,
        )


def _as_built(cell: CellResult) -> CellResult:
    return replace(cell, outcome=Outcome.BUILT) if cell.outcome is Outcome.VERIFIED else cell


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
        found = len(done.verified.errors) if done.verified else 0
        return f"built{took}, but {found} {'finding is' if found == 1 else 'findings are'} against it"
    return f"built and verified{took}" if push else f"built and loaded{took}"
