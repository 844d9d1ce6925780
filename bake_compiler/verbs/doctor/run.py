"""bakec doctor, and the preflight of every build: all that a build needs, looked at at once."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bake_compiler import schedule
from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.bases.builder import LookedUp, ask_registries, known_of, look_up, why_not
from bake_compiler.bases.registry import Seen
from bake_compiler.buildx import BakeRun
from bake_compiler.buildx.said import Machine, Said, ask_all, machine_of
from bake_compiler.buildx.tools import OLDEST_BUILDX, Tools
from bake_compiler.cosign import Cosign
from bake_compiler.errors import BakecError, ModelError, PreflightError
from bake_compiler.inputs.image import Made, bases_of, made_from
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import Plan, PlannedExternal, PlannedImage, Wanted
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.check import warn_all
from bake_compiler.plan.emulation import source_of
from bake_compiler.plan.evaluate import evaluate
from bake_compiler.plan.lines import csv_fields
from bake_compiler.plan.order import with_needs
from bake_compiler.plan.origins import Base
from bake_compiler.project.files import committed
from bake_compiler.project.loader import problems_of, read_inputs
from bake_compiler.runs.kept import stored_report
from bake_compiler.system.environment import BUILDX_BUILDER
from bake_compiler.system.tasks import together
from bake_compiler.verbs.builder import difference
from bake_compiler.verbs.compile.run import refuse_stale
from bake_compiler.verbs.doctor.checks import (
    Check,
    State,
    UnfitError,
    bad,
    check_builder,
    check_buildx,
    check_cache,
    check_described,
    check_docker,
    check_dockerfiles,
    check_entitlements,
    check_inputs,
    check_memory,
    check_network,
    check_platforms,
    check_registry,
    check_room,
    good,
    note,
    privileges,
    unknown,
)
from bake_compiler.verbs.doctor.externals import check_external
from bake_compiler.verbs.edges import Edges

_COMPILE = "bakec compile"


@dataclass(frozen=True)
class Job:
    """What is to be built, and how; for which the checks are made.

    Attributes:
        edges: through which the world is looked at; nothing is changed but for an upload that is begun and cancelled.
        plan: the project's.
        wanted: what of it would be built.
        push: it would be pushed.
        slots: how many images at once; 0 for what the builder can bear.
        cosign: what would sign it, if anything does.
        allow: what buildx is told that it may do, as its `--allow` takes it.
        externals: images of others that are looked at too; a build needs none.
    """

    edges: Edges
    plan: Plan
    wanted: Wanted
    push: bool = True
    slots: int = 0
    cosign: Cosign | None = None
    allow: tuple[str, ...] = ()
    externals: tuple[PlannedExternal, ...] = ()

    @property
    def images(self) -> list[PlannedImage]:
        """What is to be built, and all that it is built from."""
        return with_needs(self.wanted.images, self.plan.by_name)

    @property
    def platforms(self) -> list[Platform]:
        """All that something is to be built for."""
        return sorted({cell.platform for cell in self.wanted.cells})

    def attributes(self, image: PlannedImage) -> Mapping[str, object]:
        """An image's target attributes with the variables in them replaced; its tags are not among them."""
        known = {**self.wanted.variables, **image.matrix}
        said = merge(self.plan.common.attributes, image.attributes)
        return {name: evaluate(value, known) for name, value in said.items() if name != "tags"}

    @property
    def tools(self) -> Tools:
        """How docker and buildx are called."""
        return self.edges.tools


@dataclass(frozen=True)
class Found:
    """What was found out before a build.

    Attributes:
        machine: what there is to build with.
        variables: the values of the bake file's variables, those of the git checkout among them.
        made: image → what it is made from.
        bases: what their names stand for.
        checks: of all that the build needs; none where that was not asked for.
    """

    machine: Machine
    variables: Mapping[str, str]
    made: Mapping[str, Made]
    bases: LookedUp
    checks: tuple[Check, ...] = ()

    def refuse(self) -> None:
        """Return if nothing is wrong.

        Raises:
            ModelError: the committed file is not what the models say, and that is all.
            UnfitError: more, or something else, is not as a build needs it.
        """
        wrong = [check for check in self.checks if check.state is State.BAD]
        if wrong and all(check.subject == BAKE_FILE for check in wrong):
            raise ModelError(wrong[0].found, hint=f"run `{_COMPILE}`")
        if wrong:
            raise UnfitError(self.checks)


async def examine(job: Job, variables: Coroutine[Any, Any, Mapping[str, str]], *, preflight: bool = True) -> Found:
    """Find out what a build needs to know, and check all that it needs; what can't be looked at is unknown.

    All is asked at once, but for the builder: it must run before it can be asked for more.

    Args:
        job: what would be built.
        variables: the values of the bake file's variables, which git may have to be asked for.
        preflight: make all checks, and not only that of the bake file.
    """
    tools = job.tools
    platforms = job.platforms
    async with together() as group:
        known = group.create_task(variables)
        registries = group.create_task(_registries(job) if preflight else _nothing())
        caches = group.create_task(_caches(job) if preflight else _nothing())
        signing = group.create_task(_signing(job) if preflight else _nothing())
        said = await ask_all(tools, platforms)
        programs = group.create_task(_programs(job, said, platforms) if preflight else _nothing())
        values = await known
        made = await asyncio.to_thread(_made, job, values)
        seen = group.create_task(ask_registries(job.edges.registry, _bases(job, made) if preflight else {}))
        bases = LookedUp({}, {}) if said.inspection.refusal else await _look_up(job, tools, made)
    found = Found(machine_of(tools, said), values, made, bases)
    if not preflight:
        return replace(found, checks=(_bake_file(job),))
    checks = (
        *_machine_checks(job, said, found.machine),
        *_described(job, said),
        *(_as_needed(job, made, check) for check in programs.result()),
        *registries.result(),
        *signing.result(),
        *_base_checks(job, found, seen.result()),
        *caches.result(),
        *check_inputs(job.edges.root, job.images, job.platforms),
        *_dockerfiles(job),
        _entitlements(job, said),
        _bake_file(job),
    )
    return replace(found, checks=checks)


async def look(job: Job) -> tuple[Check, ...]:
    """Every check of what such a build would need, and of what ends none: images of others, the containers' network."""
    async with together() as group:
        others = [group.create_task(check_external(job.edges.registry, each)) for each in job.externals]
        found = await examine(job, _no_variables())
        network = await _network(job, found)
    return (*found.checks, *(check for each in others for check in each.result()), *network)


async def _network(job: Job, found: Found) -> tuple[Check, ...]:
    """In a base that is there, if any: it is fetched for the builds anyway."""
    proxies = ("http_proxy", "https_proxy")
    behind = any(value for name, value in job.edges.env.items() if name.lower() in proxies)
    bases = sorted(base.name for base in found.bases.digests if not base.platform)
    if not bases:
        asked = bases_of(job.wanted.images, found.made)
        return (unknown("build network", "there is no base of which a container could be asked"),) if asked else ()
    return (await check_network(job.tools, bases[0], behind_proxy=behind),)


async def _no_variables() -> Mapping[str, str]:
    return {}


async def _nothing() -> tuple[Check, ...]:
    return ()


def _machine_checks(job: Job, said: Said, machine: Machine) -> tuple[Check, ...]:
    slots = job.slots or schedule.default_slots(machine.nodes, machine.cores, machine.memory)
    return (
        check_docker(said),
        check_buildx(said, max(OLDEST_BUILDX, job.plan.oldest_buildx)),
        check_builder(said),
        check_room(job.tools, said, _stored(job.edges.root)),
        check_memory(machine, slots, schedule.MEMORY_FOR_ONE),
    )


def _described(job: Job, said: Said) -> tuple[Check, ...]:
    """Where the project describes a builder, and buildx has the one in use."""
    builder, in_use = job.plan.builder, job.edges.env.get(BUILDX_BUILDER, "")
    if builder is None or not said.builder.driver:
        return ()
    try:
        return (check_described(builder.name, in_use, difference(job.tools, builder)),)
    except BakecError as error:
        return (unknown("described builder", error.message, error.hint),)


async def _programs(job: Job, said: Said, platforms: Sequence[Platform]) -> tuple[Check, ...]:
    if said.inspection.refusal:
        return tuple(unknown(str(platform), "the builder does not answer") for platform in platforms)
    return await check_platforms(job.tools, said, platforms, job.edges.binfmt)


def _as_needed(job: Job, made: Mapping[str, Made], check: Check) -> Check:
    """A platform whose programs do not run matters only where a build runs one."""
    images = [image for image in job.images if check.subject in map(str, image.platforms)]
    if check.state is not State.BAD or not all(made[image.name].cross for image in images):
        return check
    return note(check.subject, f"{check.found}; all steps of its images run on the build platform", check.mend)


async def _registries(job: Job) -> tuple[Check, ...]:
    """Each that would be pushed to, asked with the first repository there."""
    first: dict[str, Reference] = {}
    built = (job.wanted.references(image) for image in job.wanted.images if job.push)
    mirrored = (each.references(job.wanted.variables) for each in job.externals)
    for references in (*built, *mirrored):
        for reference in references:
            first.setdefault(reference.registry, reference)
    return tuple(await asyncio.gather(*(check_registry(job.edges.registry, each) for each in first.values())))


async def _caches(job: Job) -> tuple[Check, ...]:
    lines = {line for image in job.images for line in _texts(job.attributes(image).get("cache-from"))}
    caches = [csv_fields("cache-from", line) for line in sorted(lines)]
    refs = sorted({each["ref"] for each in caches if each.get("type", "registry") == "registry" and "ref" in each})
    return tuple(await asyncio.gather(*(check_cache(job.edges.registry, ref) for ref in refs)))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, tuple) else ()


def _dockerfiles(job: Job) -> tuple[Check, ...]:
    part = replace(job.plan, images=tuple(job.images))
    inputs, _ = read_inputs(job.edges.root, part)
    unread = [image.name for image in part.images if source_of(part, image, inputs.dockerfiles) is None]
    return check_dockerfiles(problems_of(job.edges.root, warn_all(part, inputs)), unread)


def _entitlements(job: Job, said: Said) -> Check:
    needed = [each for image in job.images for each in privileges(job.edges.root, job.attributes(image))]
    return check_entitlements(needed, job.allow, said.buildx)


async def _signing(job: Job) -> tuple[Check, ...]:
    if not job.cosign:
        return ()
    try:
        await job.cosign.check()
    except PreflightError as error:
        return (bad("cosign", error.message, error.hint),)
    return (good("cosign", "it has a key"),)


def _made(job: Job, values: Mapping[str, str]) -> Mapping[str, Made]:
    root = job.edges.root
    return made_from(root, job.plan, job.wanted.images, committed(root), {**job.wanted.variables, **values})


def _bases(job: Job, made: Mapping[str, Made]) -> Mapping[Base, frozenset[Platform]]:
    return bases_of(job.wanted.images, made)


async def _look_up(job: Job, tools: Tools, made: Mapping[str, Made]) -> LookedUp:
    bases = _bases(job, made)
    with TemporaryDirectory(prefix="bakec-doctor-") as folder:
        edges = job.edges
        run = BakeRun(edges.root, edges.env, {}, push=False, staging="", metadata=Path(folder), buildx=tools.buildx)
        return await look_up(edges.runner, run, bases)


def _base_checks(job: Job, found: Found, seen: Mapping[str, Seen]) -> Iterator[Check]:
    subject, bases = "base images", _bases(job, found.made)
    told = {base: why_not(base, bases[base], found.bases.absent.get(base), seen.get(base.name)) for base in bases}
    wrong = {base: told[base] for base in sorted(told) if told[base]}
    there = found.bases.digests.keys() - wrong.keys()
    for name, uses in groupby(sorted(there), key=lambda base: base.name):
        yield good(subject, known_of(tuple(uses), seen.get(name)))
    if missing := sorted({base.name for base in bases.keys() - there - wrong.keys()}):
        yield unknown(subject, f"the builder does not tell of {', '.join(missing)}")
    if not bases:
        yield good(subject, "none is taken from elsewhere")
    mend = "mend the name, choose another base, or say `platforms=Only(…)` with the reason"
    for base, why in wrong.items():
        for image, made in found.made.items():
            if base in made.places:
                component = job.plan.image(image).component
                yield bad(subject, f"{image} (component {component}), {made.places[base]}: {why}", mend)


def _stored(root: Path) -> int:
    """Bytes of the last run's images; 0 when there was none."""
    try:
        report = stored_report(root)
    except BakecError:
        return 0
    return sum(platform.size for image in report.images for platform in image.platforms)


def _bake_file(job: Job) -> Check:
    try:
        refuse_stale(job.edges.root, job.plan, job.wanted.images)
    except ModelError as error:
        return bad(BAKE_FILE, error.message, _COMPILE)
    return good(BAKE_FILE, "is what the models say")
