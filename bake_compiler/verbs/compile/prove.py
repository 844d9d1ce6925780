"""The comparison of a committed bake file with the models: by buildx, or else by parsing the file."""

import asyncio
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bake_compiler.bakefile import meaning, parse
from bake_compiler.buildx import BUILDX, print_command
from bake_compiler.buildx.tools import BuildxVersion, Tools
from bake_compiler.errors import BuildError, PreflightError
from bake_compiler.model.project import Variable
from bake_compiler.model.values import Expr
from bake_compiler.plan import Plan
from bake_compiler.plan.variables import given_value
from bake_compiler.project.files import committed
from bake_compiler.system import process
from bake_compiler.system.process import Command

_HEADER = re.compile(r'^(?:target|group) "[^"]+"', re.MULTILINE)
_SLOTS = 2


@dataclass(frozen=True)
class Proof:
    """The result of the comparison with the plan.

    Attributes:
        by: the program that read the file: `buildx 0.29.1` or `python-hcl2`.
        overridden: the variables that were each set to another value once.
        skipped: what could not be compared.
        differences: one line for each difference.
    """

    by: str
    overridden: tuple[str, ...]
    skipped: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def told(self) -> str:
        """The result in a few words."""
        if not self.overridden:
            return f"parsed back by {self.by}: structure and literals are equal; only buildx could evaluate the rest"
        skipped = f"; {len(self.skipped)} only buildx can evaluate" if self.skipped else ""
        return f"read by {self.by} at the defaults and with {len(self.overridden)} variables overridden{skipped}"


async def prove(root: Path, plan: Plan, path: Path, by: str = "", buildx: Sequence[str] = BUILDX) -> Proof:
    """Return the comparison of a bake file with the plan.

    Args:
        root: the project's root.
        plan: the plan of the models.
        path: the bake file.
        by: `buildx` or `parse`; empty for buildx if it is installed, otherwise `parse`.
        buildx: how to call it.

    Raises:
        PreflightError: `by` is buildx, and buildx is not installed.
    """
    secrets = {name for image in plan.images for name in image.secret_variables}
    env = {**dict.fromkeys(secrets, "set"), **process.scrubbed(os.environ)}  # buildx requires them
    version = await Tools(process.run, root, env, tuple(buildx)).version() if by != "parse" else None
    if version is None:
        if by == "buildx":
            raise PreflightError("docker has no buildx", hint="install the docker-buildx plugin, or use --by parse")
        compared = parse.compare_text(plan, committed(path.parent, path.name))
        return Proof("python-hcl2", (), compared.skipped, compared.differences)
    return await _prove_by_buildx(root, plan, path, version, env, buildx)


async def _prove_by_buildx(
    root: Path, plan: Plan, path: Path, version: BuildxVersion, env: Mapping[str, str], buildx: Sequence[str]
) -> Proof:
    changes = dict(overrides(plan.variables))
    file = relative(path, root)
    declared = {variable.name: variable for variable in plan.variables}
    free = asyncio.Semaphore(_SLOTS)

    async def compared(change: Mapping[str, str], names: Sequence[str]) -> meaning.Comparison:
        async with free:
            command = print_command(root, file, {**env, **change}, names, buildx)
            printed, error = await _printed(command)
        told = "".join(f" with {name}={value!r}" for name, value in change.items())
        if error:
            return meaning.Comparison((f"buildx can't read it{told}: {error}",), ())
        values = {name: _value(declared[name], value) for name, value in change.items()}
        found = meaning.compare_meaning(plan, printed, {**plan.defaults, **values}, version.numbers[:2])
        return meaning.Comparison(tuple(f"{each}{told}" for each in found.differences), found.skipped)

    names = _all_names(plan)
    runs = await asyncio.gather(
        _default_group(root, plan, path, env, buildx),
        compared({}, names),
        *(compared({name: value}, names) for name, value in changes.items()),
    )
    fixed = [variable.name for variable in plan.variables if variable.name not in changes]
    return Proof(
        f"buildx {version.text}",
        tuple(changes),
        tuple(
            dict.fromkeys([*(f"variable {name}" for name in fixed), *(each for run in runs for each in run.skipped)])
        ),
        (*_strangers(plan, committed(path.parent, path.name)), *(each for run in runs for each in run.differences)),
    )


def _strangers(plan: Plan, text: str) -> Iterator[str]:
    """Yield the blocks that only the file has.

    buildx prints only the named targets, so it does not show these blocks.
    """
    known = {
        f'target "{each.name}"' for each in (plan.common, *plan.abstracts, *(image.block for image in plan.images))
    }
    known |= {f'group "{group.name}"' for group in plan.groups} | {'group "default"'}
    for block in sorted(set(_HEADER.findall(text)) - known):
        yield f"{block} is in the file only"


def _value(variable: Variable, text: str) -> object:
    """Return the value that buildx makes of an override. For a list or a map, only buildx knows the value."""
    return Expr(variable.name) if isinstance(variable.default, tuple | dict) else given_value(variable, text)


def relative(path: Path, root: Path) -> str:
    """Return the path relative to the root. The path may be outside of the root."""
    return os.path.relpath(path, root)


def overrides(variables: Sequence[Variable]) -> Iterator[tuple[str, str]]:
    """Yield another value for each variable that the environment can set, except lists and maps.

    For a variable with a validation, only its author knows other valid values: the field `example`.
    """
    for variable in variables:
        if variable.example is not None:
            yield variable.name, variable.example
        elif not isinstance(variable.default, tuple | dict) and not variable.validation:
            yield variable.name, _another(variable.default)


def _another(default: object) -> str:
    match default:
        case bool():
            return "false" if default else "true"
        case int():
            return str(default + 1)
        case float():
            return str(default + 0.5)
        case str():
            return f"{default}drift"
        case _:  # null, or an expression
            return "drift"


def _all_names(plan: Plan) -> tuple[str, ...]:
    grouped = {name for group in plan.groups for name in group.targets}
    return (
        *(group.name for group in plan.groups),
        *(image.name for image in plan.images if image.name not in grouped),
    )


async def _default_group(
    root: Path, plan: Plan, path: Path, env: Mapping[str, str], buildx: Sequence[str]
) -> meaning.Comparison:
    printed, error = await _printed(print_command(root, relative(path, root), env, (), buildx))
    found = set(((printed.get("group") or {}).get("default") or {}).get("targets") or ())
    if error:
        return meaning.Comparison((f"buildx can't read it: {error}",), ())
    if found != set(plan.default):
        told = f"group default has {sorted(found)} in the file, {sorted(plan.default)} in the plan"
        return meaning.Comparison((told,), ())
    return meaning.Comparison((), ())


async def _printed(command: Command) -> tuple[Mapping[str, Any], str]:
    """Return the printed document, or an empty document and buildx's message."""
    status, text = await process.output_of(process.run, command)
    begin = text.find("{\n")
    try:
        document: Mapping[str, Any] = json.loads(text[begin:]) if not status and begin >= 0 else {}
    except ValueError as error:
        raise BuildError(f"`{command}` printed no JSON: {error}", hint="run it by hand") from error
    if document:
        return document, ""
    return {}, next((line for line in reversed(text.splitlines()) if line.startswith("ERROR")), text[-500:])
