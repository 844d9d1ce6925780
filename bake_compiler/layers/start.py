"""Finds the files that an image needs to start: from its entrypoint and command to the code that the machine runs.

Sources: OCI image-spec v1.1 (config.md, "Entrypoint", "Cmd", "Env"), execve(2), env(1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from bake_compiler.layers.binary import Binary
from bake_compiler.layers.elf import Elf
from bake_compiler.layers.script import Script
from bake_compiler.layers.tree import File, Tree
from bake_compiler.oci.manifest import RunConfig

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH that container engines set if the image sets none."""

_DEEPEST_SCRIPTS = 5
_MOST_DIRECTORIES = 1000


class Role(StrEnum):
    """What a file does for the file before it."""

    PROGRAM = "program"
    INTERPRETER = "interpreter"
    LOADER = "loader"


class StartFault(StrEnum):
    """Why a file can't be run."""

    MISSING = "is not there"
    DIRECTORY = "is a directory"
    NOT_EXECUTABLE = "is not executable"
    NOT_A_PROGRAM = "is not a program"


_RANKS: dict[StartFault | None, int] = {StartFault.NOT_EXECUTABLE: 1, StartFault.DIRECTORY: 2, StartFault.MISSING: 3}


@dataclass(frozen=True)
class StartStep:
    """One file that an image needs to start.

    Attributes:
        role: what the file does.
        name: the name by which the file is asked for.
        needed_by: the file that needs it; None for the program.
        path: the path of the file, with symlinks followed.
        binary: what the file is; None with a fault.
        fault: why the file can't be run; None if bakec knows no reason.
    """

    role: Role
    name: str
    needed_by: "StartStep | None"
    path: str
    binary: Binary | None = None
    fault: StartFault | None = None


def search_path(config: RunConfig) -> tuple[str, ...]:
    """Return the directories in which programs are looked for, each once, at most a thousand."""
    return tuple(dict.fromkeys(filter(None, config.env.get("PATH", DEFAULT_PATH).split(":"))))[:_MOST_DIRECTORIES]


def started_program(config: RunConfig) -> str:
    """Return the first word of the image's entrypoint and command; empty if it has neither."""
    return next(filter(None, (*(config.entrypoint or ()), *(config.cmd or ()))), "")


def names(config: RunConfig) -> frozenset[str]:
    """Return the names of files that a tree must keep in any case: `start` reports why they do not run."""
    return frozenset({started_program(config).rpartition("/")[2]})


def start(config: RunConfig, tree: Tree) -> tuple[StartStep, ...]:
    """Return the files that an image needs to start, each after the file that needs it; empty if it starts nothing."""
    first = started_program(config)
    return needs(first, config, tree) if first else ()


def needs(name: str, config: RunConfig, tree: Tree) -> tuple[StartStep, ...]:
    """Return the program and the files that it needs to start, each after the file that needs it."""
    return tuple(_Search(config, tree).chain(Role.PROGRAM, name))


class _Search:
    def __init__(self, config: RunConfig, tree: Tree) -> None:
        self._directories = search_path(config)
        self._working_dir = config.working_dir
        self._tree = tree

    def chain(self, role: Role, name: str, needed_by: StartStep | None = None, depth: int = 0) -> Iterator[StartStep]:
        step = self._find(role, name, needed_by)
        yield step
        match step.binary:
            case Elf(loader=loader) if loader:
                yield self._find(Role.LOADER, loader, step)
            case Script(interpreter=interpreter, flaw="") as script if depth < _DEEPEST_SCRIPTS:
                for needed in filter(None, (interpreter, _named_to_env(script))):
                    yield from self.chain(Role.INTERPRETER, needed, step, depth + 1)
            case _:
                pass

    def _find(self, role: Role, name: str, needed_by: StartStep | None) -> StartStep:
        """Return the file of a name: the first on the search path that can be run, otherwise the first that exists."""
        paths = (name,) if name.startswith("/") else (f"/{directory}/{name}" for directory in self._among(name))
        steps = (self._step(role, name, needed_by, path) for path in paths)
        missing = StartStep(role, name, needed_by, name, fault=StartFault.MISSING)
        return min(steps, key=lambda step: _RANKS.get(step.fault, 0), default=missing)

    def _among(self, name: str) -> tuple[str, ...]:
        return (self._working_dir,) if "/" in name else self._directories

    def _step(self, role: Role, name: str, needed_by: StartStep | None, path: str) -> StartStep:
        path, node = self._tree.follow(path)
        binary, fault = None, None
        match node:
            case File(executable=False):
                fault = StartFault.NOT_EXECUTABLE
            case File(binary=None):
                fault = StartFault.NOT_A_PROGRAM
            case File():
                binary = node.binary
            case dict():
                fault = StartFault.DIRECTORY
            case _:
                fault = StartFault.MISSING
        return StartStep(role, name, needed_by, path, binary, fault)


def _named_to_env(script: Script) -> str:
    """Return the program in `#!/usr/bin/env python3`; empty if the interpreter is not env, or bakec can't be sure."""
    if PurePosixPath(script.interpreter).name != "env":
        return ""
    if not script.argument.startswith("-"):
        return "" if "=" in script.argument else script.argument  # one word to the kernel, with the spaces in it
    first, *_ = (*script.argument.removeprefix("-S").split(), "")
    return first if script.argument.startswith("-S") and not first.startswith("-") and "=" not in first else ""
