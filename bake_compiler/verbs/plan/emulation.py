"""The emulation map: the RUNs that are emulated, and their times, from plan, Dockerfiles, builder and kept runs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bake_compiler.builder import native_of
from bake_compiler.buildx import Step
from bake_compiler.buildx.said import Said, ask_all
from bake_compiler.errors import BakecError
from bake_compiler.model.builder import Builder
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, Wanted
from bake_compiler.plan.emulation import EmulatedRun, emulated_runs, is_step_of, source_of
from bake_compiler.report import ImageResult
from bake_compiler.runs.kept import run_ids, stored_report
from bake_compiler.system.environment import BUILDX_BUILDER
from bake_compiler.verbs.edges import Edges


@dataclass(frozen=True)
class Native:
    """The platforms that need no emulation.

    Attributes:
        platforms: at least one platform.
        told_by: the source: `--build-platform`; `the builder`, if it runs; `the description` in the project, if the
            builder does not run; otherwise `this machine`.
    """

    platforms: frozenset[Platform]
    told_by: str


@dataclass(frozen=True)
class Timed:
    """An emulated RUN, and its time in the last run that executed it.

    Attributes:
        run: the RUN.
        seconds: its time; None if no kept run executed it.
        when: the id of that run; empty if there is none.
    """

    run: EmulatedRun
    seconds: float | None = None
    when: str = ""


@dataclass(frozen=True)
class EmulationMap:
    """The RUNs that are emulated.

    Attributes:
        native: the platforms that need no emulation.
        runs: the emulated RUNs, in plan order.
        unread: images whose Dockerfile bakec can't read.
    """

    native: Native
    runs: tuple[Timed, ...]
    unread: tuple[str, ...]


def map_emulation(
    root: Path, plan: Plan, wanted: Wanted, dockerfiles: Mapping[str, str], native: Native
) -> EmulationMap:
    """Return the emulated RUNs of the wanted images, with their times from the kept runs under `root`."""
    sources = {image.name: source_of(plan, image, dockerfiles) for image in wanted.images}
    found = [
        run
        for image in wanted.images
        if (source := sources[image.name])
        for platform in image.platforms
        for run in emulated_runs(image.name, source, platform, native.platforms)
    ]
    return EmulationMap(native, _timed(root, found), tuple(name for name, source in sources.items() if source is None))


def _timed(root: Path, runs: Sequence[EmulatedRun]) -> tuple[Timed, ...]:
    """Return each RUN with its time in the newest kept run that did not find the step in the cache."""
    times: dict[int, Timed] = {}
    for name in run_ids(root):
        missing = [number for number in range(len(runs)) if number not in times]
        if not missing:
            break
        with suppress(BakecError):
            images = {image.name: image for image in stored_report(root, name).images}
            for number in missing:
                seconds = _seconds(images.get(runs[number].image), runs[number])
                if seconds is not None:
                    times[number] = Timed(runs[number], seconds, name)
    return tuple(times.get(number) or Timed(run) for number, run in enumerate(runs))


def _seconds(image: ImageResult | None, run: EmulatedRun) -> float | None:
    steps = (step for attempt in image.attempts for step in attempt.steps) if image else ()
    return max((step.ended - step.began for step in steps if _is_time_of(step, run)), default=None)


def _is_time_of(step: Step, run: EmulatedRun) -> bool:
    really_run = step.ended > 0 and not step.cached and not step.error
    same_place = step.platform == run.platform and step.stage in {run.stage, ""}
    return really_run and same_place and is_step_of(run.run, step.name)


async def native_now(edges: Edges, described: Builder | None) -> Native:
    """Ask the builder in use for its native platforms. `described` is the project's builder, if there is one."""
    used = edges.with_builder(described)
    said = await ask_all(used.tools, ())
    is_used = described and used.env[BUILDX_BUILDER] == described.name
    return judge_native(said, described if is_used else None, Platform.here())


def judge_native(said: Said, described: Builder | None, host: Platform) -> Native:
    """Return the native platforms of the builder in use.

    Args:
        said: the answers of docker and of the builder.
        described: the project's builder, if there is one.
        host: the platform of this machine.
    """
    builder, native = said.builder, said.native
    promised = native_of(described, said.engine.platform or host) if described else frozenset()
    if native and (builder.running == len(builder.nodes) or not promised):
        return Native(native, "the builder")
    return Native(promised, "the description") if promised else Native(frozenset({host}), "this machine")
