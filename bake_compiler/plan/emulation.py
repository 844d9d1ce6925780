"""Which RUNs are emulated: those of a stage whose platform the build platform can't run.

Source: BuildKit, frontend/dockerfile/dockerfile2llb (convert.go, `buildDispatchStates`, `init`; platform.go).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from bake_compiler.dockerfile import Dockerfile, Run, Stage
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.attributes import merged_map
from bake_compiler.plan.parsed import parsed
from bake_compiler.plan.paths import URL, inside
from bake_compiler.plan.patterns import Pattern, pattern_of
from bake_compiler.plan.plan import Plan, PlannedImage

_ALSO = {("linux", "amd64"): frozenset({"386"})}
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\})")


class DockerfileSource(NamedTuple):
    """The Dockerfile of an image, and the stage that is built.

    Attributes:
        path: the Dockerfile's path from the project's root. Empty if it is inline.
        dockerfile: the parsed Dockerfile.
        target: the stage that is built.
        args: the build's args, as far as they are known now.
    """

    path: str
    dockerfile: Dockerfile
    target: Stage
    args: Mapping[str, str]


class EmulatedRun(NamedTuple):
    """One RUN on one platform, under emulation.

    Attributes:
        image: the image's name.
        platform: the platform of the RUN's stage, and so of the programs that it starts.
        path: the path of the Dockerfile.
        stage: the stage's name, as BuildKit writes it.
        run: the instruction.
        pattern: what the RUN does, and how to do it on the build platform. None if bakec knows no usual way.
    """

    image: str
    platform: Platform
    path: str
    stage: str
    run: Run
    pattern: Pattern | None


def source_of(plan: Plan, image: PlannedImage, dockerfiles: Mapping[str, str]) -> DockerfileSource | None:
    """Return an image's Dockerfile and stage. None if bakec can't read it, or if there is no such stage."""
    path, text = dockerfile_of(image, dockerfiles)
    dockerfile = parsed(text) if text is not None else None
    if not isinstance(dockerfile, Dockerfile):
        return None
    stage = image.text("target")
    target = dockerfile.stage(stage) if stage else dockerfile.stages[-1]
    args = merged_map("args", plan.common.attributes, image.attributes) or {}
    given = {name: value for name, value in args.items() if isinstance(value, str)}
    return DockerfileSource(path, dockerfile, target, given) if target else None


def sources_of(plan: Plan, dockerfiles: Mapping[str, str]) -> Sequence[tuple[PlannedImage, DockerfileSource]]:
    """Return the images that `source_of` can read, in order, each with its Dockerfile and stage."""
    found = ((image, source_of(plan, image, dockerfiles)) for image in plan.images)
    return [(image, source) for image, source in found if source]


def dockerfile_of(image: PlannedImage, dockerfiles: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the Dockerfile's path from the root (empty if inline), and its text (None if it is not in the project)."""
    context, inline = image.text("context"), image.text("dockerfile-inline")
    if inline:
        return "", inline
    path = inside(context or "", image.text("dockerfile") or "")
    return path, dockerfiles.get(path) if context is not None and URL not in context else None


def emulated_runs(
    image: str, source: DockerfileSource, wanted: Platform, native: Collection[Platform]
) -> Iterator[EmulatedRun]:
    """Yield the RUNs of one build that are emulated, in order.

    Args:
        image: the image's name.
        source: the image's Dockerfile and stage.
        wanted: the platform for which the image is built.
        native: the platforms that the builder's nodes run without emulation; at least one.
    """
    build = build_platform(wanted, native)
    args = with_platforms(source, wanted, build)
    for stage in source.dockerfile.used_by(source.target, args):
        platform = platform_of(source.dockerfile, stage, args, wanted)
        if platform and not runs_on(build, platform):
            for run in stage.runs:
                pattern = pattern_of(run.script)
                yield EmulatedRun(image, platform, source.path, stage.label, run, pattern)


def build_platform(wanted: Platform, native: Collection[Platform]) -> Platform:
    """The platform of the node that builds a platform: a node that runs it without emulation, otherwise the first."""
    return next((each for each in sorted(native) if runs_on(each, wanted)), min(native))


def runs_on(machine: Platform, platform: Platform) -> bool:
    """Whether a machine runs a platform's programs without emulation.

    For 32-bit ARM on 64-bit ARM, this is not known.
    """
    own = (machine.os, machine.architecture)
    return own == (platform.os, platform.architecture) or (
        machine.os == platform.os and platform.architecture in _ALSO.get(own, frozenset())
    )


def with_platforms(source: DockerfileSource, wanted: Platform, build: Platform) -> Mapping[str, str]:
    """The build's args, and the ARGs that BuildKit sets from its platforms unless the Dockerfile has a default."""
    automatic, said = platform_values(wanted, build), source.dockerfile.defaults
    return {name: value for name, value in automatic.items() if name not in said} | dict(source.args)


@cache
def platform_values(wanted: Platform, build: Platform) -> Mapping[str, str]:
    """The ARGs that BuildKit sets from the platforms of a build."""
    return {
        f"{prefix}{name}": value
        for prefix, platform in (("TARGET", wanted), ("BUILD", build))
        for name, value in (
            ("PLATFORM", str(platform)),
            ("OS", platform.os),
            ("ARCH", platform.architecture),
            ("VARIANT", platform.variant),
        )
    }


def platform_of(dockerfile: Dockerfile, stage: Stage, args: Mapping[str, str], wanted: Platform) -> Platform | None:
    """The platform of a stage in a build. None if only BuildKit knows it."""
    text = dockerfile.platform(stage, args)
    try:
        return Platform.parse(text) if text else wanted
    except ValueError:
        return None


def is_step_of(run: Run, step: str) -> bool:
    """Whether BuildKit's name of a step is this RUN. The name has values for variables, and shortens a heredoc."""
    words = " ".join(step.split())
    first, *others = (" ".join(part.split()) for part in _VARIABLE.split(f"RUN {run.text.partition(' ')[2]}"))
    if not words.startswith(first):
        return False
    place = len(first)
    for part in others:
        found = words.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    rest = words[place:]
    return not rest or (others[-1:] == [""]) or (rest.startswith(" (") and rest.endswith(")"))
