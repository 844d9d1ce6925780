"""Instructions → Dockerfile.

Source: BuildKit, frontend/dockerfile/instructions (parse.go, commands_runmount.go).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bake_compiler.dockerfile.instructions import DockerfileError, expand, read_instructions, syntax_of
from bake_compiler.dockerfile.stages import Arg, Copy, Dockerfile, Env, Run, Stage

if TYPE_CHECKING:
    from e2b_dockerfile_utils import DockerfileInstruction

_STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*", re.IGNORECASE | re.ASCII)
_REMOTE = re.compile(r"[a-z0-9+.-]+://|[\w.-]+@[\w.-]+:|github\.com/", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_HEREDOC = re.compile(r"\d*<<")
_ALIASED = 3  # FROM x AS y


def parse_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile as BuildKit's own frontend does, whatever frontend its `# syntax=` names.

    Raises:
        DockerfileError: the text can't be read; the error has the line and the reason.
    """
    read = read_instructions(text)
    starts = [place for place, each in enumerate(read.instructions) if each.name == "FROM"]
    if not starts:
        raise DockerfileError(1, "no FROM: there is nothing to build")
    for each in read.instructions[: starts[0]]:
        if each.name != "ARG":
            raise DockerfileError(each.start_line, f"{each.name} before the first FROM: it is in no stage")
    bodies = [read.instructions[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    stages = [_stage(index, body, read.escape_token) for index, body in enumerate(bodies)]
    _check_indices(bodies)
    return Dockerfile(
        syntax=syntax_of(text),
        args=tuple(arg for each in read.instructions[: starts[0]] for arg in _args(each, read.escape_token)),
        stages=tuple(_with_triggers(stages, bodies)),
    )


def _check_indices(bodies: Sequence[Sequence["DockerfileInstruction"]]) -> None:
    """Refuse a number that is no stage's index, also in a stage that is not built (convert.go, `toCommand`)."""
    for own, body in enumerate(bodies):
        for each in body:
            for origin in _copied(each):
                if _INTEGER.fullmatch(origin) and (int(origin) == own or not 0 <= int(origin) < len(bodies)):
                    why = "it is this stage" if int(origin) == own else f"there are {len(bodies)}, from 0"
                    raise DockerfileError(each.start_line, f"{each.name} --from={origin}: no such stage: {why}")


def _with_triggers(stages: Sequence[Stage], bodies: Sequence[Sequence["DockerfileInstruction"]]) -> Iterator[Stage]:
    """Yield each stage with the ONBUILD instructions of its base stage. They run in this stage, and in no later one."""
    triggers: dict[str, Sequence[DockerfileInstruction]] = {}
    for stage, body in zip(stages, bodies, strict=True):
        used = triggers.get(stage.base.lower(), ())
        copied = _once([*(name for each in used for name in _copied(each)), *stage.copied])
        mounted = _once([*(name for each in used for name in _mounted(each)), *stage.mounted])
        yield replace(stage, copied=copied, mounted=mounted) if used else stage
        if stage.name:
            triggers[stage.name.lower()] = [inner for each in body for inner in _triggered(each)]


def _triggered(instruction: "DockerfileInstruction") -> Iterator["DockerfileInstruction"]:
    if instruction.name == "ONBUILD":
        with suppress(DockerfileError):
            yield from read_instructions(instruction.original.partition(" ")[2]).instructions


def _stage(index: int, body: Sequence["DockerfileInstruction"], escape: str) -> Stage:
    start = body[0]
    name = _stage_name(start)
    args: list[Arg] = []
    copies: list[Copy] = []
    envs: list[Env] = []
    copied: list[str] = []
    mounted: list[str] = []
    runs: list[Run] = []
    urls: list[tuple[str, int]] = []
    fetches = 0
    for each in body:
        match each.name:
            case "ARG":
                args += _args(each, escape)
            case "ENV":
                envs += _envs(each, escape)
            case "COPY" | "ADD":
                _require(each, 2)
                origins = _copied(each)
                copied += origins
                copies += () if origins else _copies(each, escape)
                urls += _urls(each)
                fetches = fetches or _fetches(each)
            case "RUN":
                runs.append(_run(each))
                mounted += _mounted(each)
            case _:
                pass
    return Stage(
        index=index,
        name=name,
        base=start.args[0],
        platform=next(_flags(start, "platform"), ""),
        line=start.start_line,
        args=tuple(args),
        copies=tuple(copies),
        envs=tuple(envs),
        copied=_once(copied),
        mounted=_once(mounted),
        runs=tuple(runs),
        urls=tuple(urls),
        fetches=fetches,
    )


def _stage_name(start: "DockerfileInstruction") -> str:
    words = start.args
    if len(words) == 1:
        return ""
    if len(words) != _ALIASED or words[1].lower() != "as":
        raise DockerfileError(start.start_line, "FROM requires either one or three arguments")
    if not _STAGE_NAME.fullmatch(words[2]):
        message = f"invalid name for build stage: {words[2]!r}, name can't start with a number or contain symbols"
        raise DockerfileError(start.start_line, message)
    return words[2]


def _args(instruction: "DockerfileInstruction", escape: str) -> Iterator[Arg]:
    _require(instruction, 1)
    for word in instruction.args:
        name, given, default = word.partition("=")
        if not name:
            raise DockerfileError(instruction.start_line, "ARG names can not be blank")
        yield Arg(name, expand(default, escape) if given else None, instruction.start_line)


def _envs(instruction: "DockerfileInstruction", escape: str) -> Iterator[Env]:
    _require(instruction, 1)
    for name, value in zip(instruction.args[::3], instruction.args[1::3], strict=True):
        if not name:
            raise DockerfileError(instruction.start_line, "ENV names can not be blank")
        yield Env(name, expand(value, escape), instruction.start_line)


def _copies(instruction: "DockerfileInstruction", escape: str) -> Iterator[Copy]:
    words = [word for word in instruction.args[:-1] if not _is_elsewhere(instruction, word)]
    if words:
        sources = tuple(expand(word, escape) for word in words)
        yield Copy(sources, instruction.start_line, instruction.name, not any("$" in word for word in words))


def _is_elsewhere(instruction: "DockerfileInstruction", source: str) -> bool:
    """Whether a source is not in the build context: a heredoc, or something that is downloaded."""
    if instruction.heredocs and _HEREDOC.match(source):
        return True
    return instruction.name == "ADD" and bool(_REMOTE.match(source.lstrip("\"'")))


def _urls(instruction: "DockerfileInstruction") -> Iterator[tuple[str, int]]:
    sources = (word.strip("\"'") for word in instruction.args[:-1] if instruction.name == "ADD")
    return ((source, instruction.start_line) for source in sources if "://" in source)


def _run(instruction: "DockerfileInstruction") -> Run:
    script = "\n".join((" ".join(instruction.args), *(each.content for each in instruction.heredocs)))
    return Run(instruction.original, script, instruction.start_line)


def _fetches(instruction: "DockerfileInstruction") -> int:
    """Return the line of an ADD from a URL, or from a source that an argument decides; otherwise 0."""
    sources = (word.lstrip("\"'") for word in instruction.args[:-1] if instruction.name == "ADD")
    return instruction.start_line if any("$" in source or _REMOTE.match(source) for source in sources) else 0


def _copied(instruction: "DockerfileInstruction") -> tuple[str, ...]:
    return tuple(origin for origin in _flags(instruction, "from") if origin)


def _mounted(instruction: "DockerfileInstruction") -> Iterator[str]:
    for mount in _flags(instruction, "mount"):
        options = (option.partition("=") for option in mount.split(","))
        yield from (value for key, _, value in options if key.lower() == "from" and value)


def _flags(instruction: "DockerfileInstruction", name: str) -> Iterator[str]:
    start = f"--{name}="
    return (flag.removeprefix(start) for flag in instruction.flags if flag.startswith(start))


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _require(instruction: "DockerfileInstruction", count: int) -> None:
    if len(instruction.args) < count:
        words = "one argument" if count == 1 else "two arguments: what, and where to"
        raise DockerfileError(instruction.start_line, f"{instruction.name} requires at least {words}")
