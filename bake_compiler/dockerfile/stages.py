"""The stages of a Dockerfile: what each stage declares and copies, and which other stages it uses.

Source: BuildKit, frontend/dockerfile/dockerfile2llb/convert.go (`toCommand`, `addState`, `addReachableStages`) and
convert_runmount.go (`detectRunMount`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bake_compiler.dockerfile.instructions import expand

AUTOMATIC = re.compile(r"(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)")
"""The ARGs that BuildKit sets from the platforms of a build."""
_PLATFORM_VARIABLE = re.compile(
    r"\$(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\b|\$\{(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\}"
)
_DEFAULTED = re.compile(r"\$\{(\w+):[-+]")
_VARIABLE = re.compile(r"\$(?:\w+|\{.*\})")


class Arg(NamedTuple):
    """`ARG name=default`. The default has no quotes and keeps its variables; None if there is no default."""

    name: str
    default: str | None
    line: int


class Env(NamedTuple):
    """`ENV name=value`. The value has no quotes and keeps its variables."""

    name: str
    value: str
    line: int


class Copy(NamedTuple):
    """The sources that a COPY or ADD takes from the build context.

    Attributes:
        literal: whether no source has a variable.
    """

    sources: tuple[str, ...]
    line: int
    instruction: str
    literal: bool


class Run(NamedTuple):
    """A RUN.

    Attributes:
        text: the instruction in one line, as BuildKit names the step, with variables in place of their values.
        script: the commands: the words of the instruction and its heredocs.
    """

    text: str
    script: str
    line: int


@dataclass(frozen=True)
class Stage:
    """One FROM and the instructions after it. An ONBUILD counts for the stages that are built FROM this stage.

    Attributes:
        base: the image or stage after FROM, as written.
        platform: the value of `--platform`, as written; empty without one.
        copied: the stages (by name or index) and images that `COPY --from` names.
        mounted: the stages and images that `RUN --mount=from=` names. Here a number is the name of an image.
        runs: the RUN instructions.
        urls: the URLs in ADD instructions, as written, each with its line.
        fetches: the line of the first ADD that downloads something, or may do so; 0 if there is none.
    """

    index: int
    name: str
    base: str
    platform: str
    line: int
    args: tuple[Arg, ...] = ()
    copies: tuple[Copy, ...] = ()
    envs: tuple[Env, ...] = ()
    copied: tuple[str, ...] = ()
    mounted: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    urls: tuple[tuple[str, int], ...] = ()
    fetches: int = 0

    @property
    def label(self) -> str:
        """The stage's name in the names of BuildKit's steps, if the Dockerfile has several stages."""
        return self.name.lower() or f"stage-{self.index}"


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile: its stages in order.

    Attributes:
        syntax: the frontend that `# syntax=` names; empty if there is no such line.
        args: the global ARGs, which stand before the first FROM.
    """

    syntax: str
    args: tuple[Arg, ...]
    stages: tuple[Stage, ...]

    def stage(self, name: str) -> Stage | None:
        """Return the stage that `COPY --from` means by a name (in upper or lower case) or an index.

        A build's target can't be an index: BuildKit accepts only names there (moby/buildkit#1503).
        """
        return self._named(name, len(self.stages)) or self._indexed(name, len(self.stages))

    @cached_property
    def defaults(self) -> frozenset[str]:
        """The names of the global ARGs that have a default."""
        return frozenset(arg.name for arg in self.args if arg.default is not None)

    @cached_property
    def finals(self) -> tuple[Stage, ...]:
        """The stages that no other stage uses."""
        used = {other.index for each in self.stages for other in self._uses(each, {})}
        return tuple(each for each in self.stages if each.index not in used)

    def used_by(self, stage: Stage, args: Mapping[str, str] | None = None) -> tuple[Stage, ...]:
        """Return the stages that run in a build of this stage, with the stage itself.

        Args:
            stage: the target stage.
            args: the build args. If neither they nor a default give the value in `FROM base-$ARG`, all stages that
                the text could mean are used.
        """
        if self._varies and args:
            return self._reach(stage, lambda each: self._uses(each, args))
        if stage.index not in self._used:
            self._used[stage.index] = self._reach(stage, lambda each: self._uses(each, {}))
        return self._used[stage.index]

    def lineage(self, stage: Stage, args: Mapping[str, str] | None = None) -> tuple[Stage, ...]:
        """Return the stage and the stages below it, by FROM, whose ARG and ENV it inherits; `args` as in `used_by`."""
        return self._reach(stage, lambda each: self._bases(each, args or {}))

    def base(self, stage: Stage, args: Mapping[str, str] | None = None) -> str | None:
        """Return the image after a stage's FROM, as far as args and defaults say; None if it is another stage."""
        text = self._with_values(stage.base, args or {})
        is_told = "$" not in _PLATFORM_VARIABLE.sub("", text)
        return None if is_told and any(self._bases(stage, args or {})) else text

    def platform(self, stage: Stage, args: Mapping[str, str] | None = None) -> str:
        """Return the platform in a stage's `--platform`, with args replaced; empty for the build's target platform.

        A stage that is FROM another stage has the other stage's platform, and its own `--platform` is ignored.
        `FROM scratch` has the target platform. The result is empty too if the stages that FROM may mean differ.
        """
        if not self._names_platforms:
            return ""
        while bases := self._bases(stage, args or {}):
            if len(bases) > 1:
                found = {self.platform(base, args) for base in bases}
                return found.pop() if len(found) == 1 else ""
            stage = bases[0]
        is_empty = self._with_values(stage.base, args or {}) == "scratch"
        return "" if is_empty else self._with_values(stage.platform, args or {})

    def images(self, stage: Stage) -> tuple[str, ...]:
        """Return the images that a stage copies or mounts from, as written, without other stages."""
        copied = (name for name in stage.copied if not self._copied(name, stage))
        mounted = (name for name in stage.mounted if not self._named(name, stage.index))
        return tuple(dict.fromkeys((*copied, *mounted)))

    def _reach(self, stage: Stage, needs: Callable[[Stage], Iterable[Stage]]) -> tuple[Stage, ...]:
        """Return the needed stages and their needs. One pass backwards is enough: a stage uses only earlier stages."""
        reached = {stage.index}
        for each in reversed(self.stages[: stage.index + 1]):
            if each.index in reached:
                reached.update(other.index for other in needs(each))
        return tuple(each for each in self.stages if each.index in reached)

    def _uses(self, stage: Stage, args: Mapping[str, str]) -> Iterator[Stage]:
        yield from self._bases(stage, args)
        yield from (found for name in stage.copied if (found := self._copied(name, stage)))
        yield from (found for name in stage.mounted if (found := self._named(name, stage.index)))

    def _copied(self, name: str, stage: Stage) -> Stage | None:
        return self._named(name, stage.index) or self._indexed(name, stage.index)

    def _bases(self, stage: Stage, args: Mapping[str, str]) -> tuple[Stage, ...]:
        if stage.index in self._literal_bases:
            return self._literal_bases[stage.index]
        base = self._with_values(stage.base, args)
        if "$" not in base:
            return self._known(base, stage.index)
        possible = re.compile(".*".join(map(re.escape, _VARIABLE.split(base))), re.IGNORECASE)
        return tuple(each for each in self.stages[: stage.index] if each.name and possible.fullmatch(each.name))

    def _known(self, name: str, before: int) -> tuple[Stage, ...]:
        found = self._named(name, before)
        return (found,) if found else ()

    @cached_property
    def _literal_bases(self) -> Mapping[int, tuple[Stage, ...]]:
        """Index of a stage → its base stage, for each FROM without a variable that names a stage."""
        literal = (each for each in self.stages if "$" not in each.base)
        return {each.index: self._known(each.base, each.index) for each in literal}

    @cached_property
    def _varies(self) -> bool:
        return len(self._literal_bases) < len(self.stages)

    @cached_property
    def _names_platforms(self) -> bool:
        return any(each.platform for each in self.stages)

    @cached_property
    def _used(self) -> dict[int, tuple[Stage, ...]]:
        """Index of a stage → the stages that it uses when no args are given. This is a cache."""
        return {}

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Stage]]:
        names: dict[str, list[Stage]] = {}
        for each in self.stages:
            if each.name:
                names.setdefault(each.name.lower(), []).append(each)
        return names

    def _named(self, name: str, before: int) -> Stage | None:
        """Return the last stage of this name before an index: a second stage of one name hides the first."""
        found = self._by_name.get(name.lower(), ())
        return next((each for each in reversed(found) if each.index < before), None)

    def _indexed(self, index: str, before: int) -> Stage | None:
        found = self.stages[int(index)] if index.isdecimal() and int(index) < len(self.stages) else None
        return found if found and found.index < before and str(found.index) == index else None

    def _with_values(self, word: str, args: Mapping[str, str]) -> str:
        """Return a word of a FROM, with variables replaced by the values of args and defaults."""
        return _resolved(word, self._global_values(args) if "$" in word else {})

    def _global_values(self, args: Mapping[str, str]) -> Mapping[str, str]:
        """Return the values of the global ARGs, and of the ARGs that BuildKit sets without a declaration."""
        values = {name: value for name, value in args.items() if AUTOMATIC.fullmatch(name)}
        for arg in self.args:
            if arg.name in args:
                values[arg.name] = args[arg.name]
            elif arg.default is not None:
                values[arg.name] = _resolved(arg.default, values)
        return values


def _resolved(word: str, values: Mapping[str, str]) -> str:
    """Return a word of a FROM or global ARG. `${X:-1}` and `${X:+1}` work if X is unset and BuildKit does not set X."""
    text = expand(word, values=values)
    unset = [name for name in _DEFAULTED.findall(text) if not AUTOMATIC.fullmatch(name)]
    return expand(text, values={**values, **dict.fromkeys(unset, "")}) if unset else text
