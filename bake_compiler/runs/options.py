"""The options of `bakec build` as one value: from the command line to the run's folder, and back for --resume."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

from bake_compiler.errors import UsageError


class OnResume(StrEnum):
    """What `bakec build --resume` does with an option."""

    SAME = "as asked"
    """The option has the value of the resumed run. Another value is refused."""
    KEPT = "as asked, or as given now"
    """The option has the value of the resumed run, unless it is given again."""


class Option(NamedTuple):
    """How an option is written, and what --resume does with it."""

    written: str
    on_resume: OnResume


@dataclass(frozen=True)
class BuildOptions:
    """All options of `bakec build`, except how this one call prints. The defaults are the command line's defaults.

    Attributes:
        selectors: as given; empty selects all images.
        platforms: such as `linux/arm64`; empty selects all platforms of the project.
        registry, tag: where the images go; empty for the project's default. A run's folder has the values in use.
        variables: name → text, from --var.
        push: whether to push, verify and publish; otherwise buildx loads the images into the engine.
        deep: whether verification reads every layer.
        jobs: how many images may be built at the same time; 0 lets bakec choose for the builder.
        retries, retry_pause: the number of retries of an image, and the seconds before the first retry.
        fail_fast: whether to stop at the first failure.
        rebuild: whether to build images again that the registry already has from the same inputs.
        preflight: whether to check first everything that the build needs.
        allow: the entitlements that buildx may grant, in the syntax of its `--allow`.
        allow_partial: whether to publish the good images if other images failed.
        insecure: registries that bakec may read over plain http.
        sign, signing_config: the key, or empty to sign nothing; cosign's file, or empty for Sigstore's services.
        junit, release_file: absolute paths of files to write; empty for no file.
    """

    selectors: Annotated[tuple[str, ...], Option("SELECTOR", OnResume.SAME)] = ()
    platforms: Annotated[tuple[str, ...], Option("--platform", OnResume.SAME)] = ()
    registry: Annotated[str, Option("--registry", OnResume.SAME)] = ""
    tag: Annotated[str, Option("--tag", OnResume.SAME)] = ""
    variables: Annotated[Mapping[str, str], Option("--var", OnResume.SAME)] = field(default_factory=dict)
    push: Annotated[bool, Option("--push/--load", OnResume.SAME)] = True
    deep: Annotated[bool, Option("--deep", OnResume.KEPT)] = False
    jobs: Annotated[int, Option("--jobs", OnResume.KEPT)] = 0
    retries: Annotated[int, Option("--retries", OnResume.KEPT)] = 3
    retry_pause: Annotated[float, Option("--retry-pause", OnResume.KEPT)] = 3.0
    fail_fast: Annotated[bool, Option("--fail-fast", OnResume.KEPT)] = False
    rebuild: Annotated[bool, Option("--rebuild", OnResume.KEPT)] = False
    preflight: Annotated[bool, Option("--preflight/--no-preflight", OnResume.KEPT)] = True
    allow: Annotated[tuple[str, ...], Option("--allow", OnResume.KEPT)] = ()
    allow_partial: Annotated[bool, Option("--allow-partial", OnResume.KEPT)] = False
    insecure: Annotated[tuple[str, ...], Option("--insecure", OnResume.KEPT)] = ()
    sign: Annotated[str, Option("--sign", OnResume.KEPT)] = ""
    signing_config: Annotated[str, Option("--signing-config", OnResume.KEPT)] = ""
    junit: Annotated[str, Option("--junit", OnResume.KEPT)] = ""
    release_file: Annotated[str, Option("--release-file", OnResume.KEPT)] = ""

    @property
    def written(self) -> frozenset[str]:
        """Return the options that differ from their defaults, as people write them: `--tag`, `--load`."""
        default = BuildOptions()
        values = {name: getattr(self, name) for name in decisions() if getattr(self, name) != getattr(default, name)}
        return frozenset(_written(decisions()[name], value) for name, value in values.items())


@cache
def decisions() -> Mapping[str, Option]:
    """Return each field of BuildOptions → how people write the option, and what --resume does with it.

    Raises:
        KeyError: a field has no decision.
    """
    hints = get_type_hints(BuildOptions, include_extras=True)
    found = {name: each for name, hint in hints.items() for each in hint.__metadata__ if isinstance(each, Option)}
    return {each.name: found[each.name] for each in fields(BuildOptions)}


def resumed(run: str, then: BuildOptions, now: BuildOptions, given: Collection[str]) -> BuildOptions:
    """Return the options of a run that resumes another run.

    Args:
        run: the id of the resumed run.
        then: the options of the resumed run.
        now: the options of the new command line.
        given: the fields that the new command line or its environment sets.

    Raises:
        UsageError: an option has another value than in the resumed run, and --resume does not allow this change.
    """
    changed: dict[str, Any] = {}
    for name, option in decisions().items():
        before, after = getattr(then, name), getattr(now, name)
        if name not in given or _unordered(before) == _unordered(after):
            continue
        if option.on_resume is OnResume.SAME:
            message = f"--resume: run {run} was asked for another {option.written}: {_words(option, before)}"
            raise UsageError(message, hint="leave it out, or build without --resume")
        changed[name] = after
    return replace(then, **changed)


def _unordered(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def _written(option: Option, value: object) -> str:
    return option.written.split("/")[not value] if isinstance(value, bool) else option.written


def _words(option: Option, value: object) -> str:
    """Return the value as people write it on a command line."""
    match value:
        case bool():
            return _written(option, value)
        case dict():
            return ", ".join(f"{name}={text}" for name, text in value.items()) or "none"
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value)
