"""Parts of a Dockerfile that are for one platform, whichever platform is built.

A mistake is only what is certainly wrong for a wanted platform. Everything else is a warning, which does not change
the exit code. What an author names in `one_platform` is intended.

Source: BuildKit, dockerfile2llb/convert.go. `dispatchArg` and `buildMetaArgs` use an ARG's default before the value
that BuildKit itself would set (docker/buildx#510). `finalizeResultImage` labels the image with the target's platform,
whatever platform its last stage has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from bake_compiler.dockerfile import AUTOMATIC, Arg, Stage
from bake_compiler.model.base import Mistake, Source
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.check.subject import PlanSubject
from bake_compiler.plan.emulation import DockerfileSource as Read
from bake_compiler.plan.emulation import platform_of, platform_values, sources_of, with_platforms
from bake_compiler.plan.plan import PlannedImage

Sources: TypeAlias = Sequence[tuple[PlannedImage, Read]]

_BUILD = Platform("build", "build")  # differs from every wanted platform
_NAMES = {
    "amd64": "amd64|x86_64|x86-64",
    "arm64": "arm64|aarch64|arm64v8",
    "arm": "armv6|armv7|armhf|armv7l",
    "386": "i386|i686",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
_URL = re.compile(r"(?:https?|ftp)://[^\s\"'<>|;&)]+")
_CHOOSES = re.compile(
    r"TARGET(?:ARCH|PLATFORM)|BUILD(?:ARCH|PLATFORM)|\buname\b|--print-architecture|\barch\b|apk --print"
)
_DOWNLOADS = re.compile(r"\b(?:curl|wget)\b")
_HINT = "if it is meant: one_platform={{{!r}: 'why'}}"


class _Found(NamedTuple):
    """One part that is for one platform. An author writes `key` in `one_platform` to say that it is intended."""

    key: str
    line: int
    message: str
    hint: str
    wrong: bool = False


def check_portable(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield what is certainly wrong for a wanted platform."""
    return _told(sources_of(subject.plan, subject.inputs.dockerfiles), wrong=True)


def warn_portable(sources: Sources) -> Iterator[Mistake]:
    """Yield what works only on some machines, or only until something changes."""
    return _told(sources, wrong=False)


def _told(sources: Sources, *, wrong: bool) -> Iterator[Mistake]:
    for image, read in sources:
        meant = {name for model in image.models for name in model.one_platform}
        for found in _all_of(read, image.platforms, wrong=wrong):
            if found.wrong is wrong and found.key not in meant:
                place = (Source(read.path, found.line), "") if read.path else image.place("dockerfile_inline")
                hint = f"{found.hint}; {_HINT.format(found.key)}"
                yield Mistake(*place, f"{found.message} [{image.name}]", hint)


def _all_of(read: Read, platforms: tuple[Platform, ...], *, wrong: bool) -> Iterator[_Found]:
    """Yield every part that is for one platform.

    With `wrong`, skip literal stages and downloads, which are only warnings.
    """
    args = {each: with_platforms(read, each, _BUILD) for each in platforms}
    used = {stage.index: stage for each in platforms for stage in read.dockerfile.used_by(read.target, args[each])}
    shared = [arg for arg in read.dockerfile.args if arg.name not in read.args]
    own = [arg for stage in used.values() for arg in stage.args if arg.name not in read.args]
    yield from (found for arg in (*shared, *own) for found in _arg(arg, platforms))
    if any(stage.platform for stage in used.values()):  # otherwise all stages are for the wanted platform
        yield from _final(read, args)
    for stage in used.values() if not wrong else ():
        places = tuple(_downloads_in(stage))
        if places or stage.platform:
            fixed = {platform_of(read.dockerfile, stage, args[each], each) for each in platforms}
            yield from _literal(stage, fixed, platforms, is_final=stage is read.target)
            yield from _downloads(places, fixed, platforms)


def _arg(arg: Arg, platforms: tuple[Platform, ...]) -> Iterator[_Found]:
    """Yield an ARG that BuildKit would set and that has a default: the default counts before BuildKit's own value."""
    if not AUTOMATIC.fullmatch(arg.name) or arg.default is None or "$" in arg.default:
        return
    message = f"ARG {arg.name}={arg.default}: the default counts before the value that BuildKit would set"
    values = {each: platform_values(each, _BUILD)[arg.name] for each in platforms}
    others = [str(each) for each in platforms if values[each] != arg.default]
    wrong = arg.name.startswith("TARGET") and bool(others)
    for_them = f", so it is wrong for {', '.join(others)}" if wrong else ""
    yield _Found(arg.name, arg.line, message + for_them, f"write ARG {arg.name}", wrong)


def _final(read: Read, args: Mapping[Platform, Mapping[str, str]]) -> Iterator[_Found]:
    """Yield the stage that becomes the image, if it is for another platform than the image's label."""
    stage = read.target
    found = {each: platform_of(read.dockerfile, stage, args[each], each) for each in args}
    text = read.dockerfile.platform(stage, next(iter(args.values()), {}))
    if text == str(_BUILD):
        message = "the final stage is for the build platform, and its image would be labelled as the wanted platform"
        hint = "leave out --platform there, and copy from a stage that has it"
        yield _Found(_key(stage), stage.line, message, hint, len(args) > 1)
    elif others := [str(each) for each, fixed in found.items() if fixed and not _same(fixed, each)]:
        message = f"the final stage is for {text}, and its image would be labelled as {', '.join(others)}"
        yield _Found(_key(stage), stage.line, message, "leave out --platform, or exclude them with Only", wrong=True)


def _literal(
    stage: Stage, fixed: set[Platform | None], platforms: tuple[Platform, ...], *, is_final: bool
) -> Iterator[_Found]:
    """Yield a stage that is for one platform in an image for several.

    `_final` reports the stage that becomes the image.
    """
    only = next(iter(fixed)) if len(fixed) == 1 else None
    if stage.platform and only and only != _BUILD and len(platforms) > 1 and not is_final:
        message = f"FROM --platform={stage.platform}: always for {only}, and emulated if {only} is not native"
        yield _Found(_key(stage), stage.line, message, "write --platform=$BUILDPLATFORM if the stage only builds")


def _downloads_in(stage: Stage) -> Iterator[tuple[str, int]]:
    """Yield the text and the line of each instruction that downloads something."""
    yield from ((run.script, run.line) for run in stage.runs if _DOWNLOADS.search(run.script))
    yield from stage.urls


def _downloads(
    places: tuple[tuple[str, int], ...], fixed: set[Platform | None], platforms: tuple[Platform, ...]
) -> Iterator[_Found]:
    """Yield downloads whose URL names one architecture, if the instruction does not choose between several."""
    for text, line in places:
        named = {name for name in _NAMES if _is_named(name, text)}
        if _CHOOSES.search(text) or len(named) != 1:
            continue
        (name,) = named
        others = [str(each) for each in platforms if each.architecture != name]
        is_for_it = all(each and each.architecture == name for each in fixed)
        url = next((each for each in _URL.findall(text) if _is_named(name, each)), "")
        if url and others and not is_for_it:
            message = f"{url} is for {name} alone, and {', '.join(others)} is wanted too"
            yield _Found(url, line, message, "choose by $TARGETARCH")


def _is_named(architecture: str, text: str) -> bool:
    return bool(re.search(rf"(?i)(?<![a-z0-9])(?:{_NAMES[architecture]})(?![a-z0-9])", text))


def _same(one: Platform, other: Platform) -> bool:
    return (one.os, one.architecture) == (other.os, other.architecture)


def _key(stage: Stage) -> str:
    return stage.label
