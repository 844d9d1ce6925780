"""components/ → Stack: runs the model files and finds every mistake in them at once.

The edge to files: nothing later in the chain reads what authors wrote.
"""

import ast
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import TypeVar

from bake_compiler.errors import ModelError, Problem, UsageError
from bake_compiler.model import (
    Component,
    Mistake,
    Project,
    Source,
    Stack,
    collecting_mistakes,
    did_you_mean,
)

COMPONENTS = "components"
PROJECT_FILE = "project.py"
COMPONENT_FILE = "component.py"

_M = TypeVar("_M", Project, Component)


def find_root(start: Path) -> Path:
    """The nearest directory, from `start` upwards, that holds components/project.py.

    Raises:
        UsageError: there is none.
    """
    for directory in (start, *start.parents):
        if (directory / COMPONENTS / PROJECT_FILE).is_file():
            return directory
    raise UsageError(
        f"no {COMPONENTS}/{PROJECT_FILE} in {start} or above it",
        hint="run bakec inside a project, or name one with --project DIR",
    )


def load(root: Path, *, checks: Iterable[Callable[[Stack], Iterable[Mistake]]] = ()) -> Stack:
    """Read all models under `root`/components, then ask each of `checks` what is wrong with them together.

    Raises:
        ModelError: with every mistake, each with its file, line and field.
    """
    directory = root / COMPONENTS
    folders = sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
    with collecting_mistakes() as mistakes, _importable(root):
        project = _run(directory / PROJECT_FILE, "project", Project, mistakes)
        components = {
            folder.name: model
            for folder in folders
            if (folder / COMPONENT_FILE).is_file()
            and (model := _run(folder / COMPONENT_FILE, "component", Component, mistakes))
        }
    mistakes.extend(_forgotten(folders))
    if project is not None and not mistakes:
        stack = Stack(project, components)
        mistakes.extend(_missing_inputs(root, stack))
        mistakes.extend(mistake for check in checks for mistake in check(stack))
        if not mistakes:
            return stack
    raise mistakes_error(root, mistakes)


def mistakes_error(root: Path, mistakes: Iterable[Mistake]) -> ModelError:
    """One error that holds all mistakes, with paths relative to `root` and the line of each field."""
    problems = sorted({_problem(root, mistake) for mistake in mistakes})
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return ModelError(f"{count} in {COMPONENTS}/", hint="nothing was written or built", problems=problems)


def component_inputs(root: Path, name: str, component: Component) -> tuple[Path, Path]:
    """The folder of a component's context, and the folder that its Dockerfiles are relative to."""
    base = root if component.relative_to == "project" else root / COMPONENTS / name
    return base / component.context, base


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))


def _run(path: Path, variable: str, kind: type[_M], mistakes: list[Mistake]) -> _M | None:
    """The model that a file assigns to `variable`; None, and a mistake, when it does not."""
    namespace: dict[str, object] = {"__name__": f"{COMPONENTS}.{path.parent.name}.{path.stem}", "__file__": str(path)}
    try:
        exec(_compile(path), namespace)  # noqa: S102 - a model file is the author's own Python
    except SyntaxError as error:
        mistakes.append(Mistake(Source(str(path), error.lineno or 0), "", f"not valid Python: {error.msg}"))
        return None
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises is the author's mistake
        mistakes.append(Mistake(_raised_at(path, error), "", f"{type(error).__name__}: {error}"))
        return None
    model = namespace.get(variable)
    if isinstance(model, kind):
        return model
    hint = f"write `{variable} = {kind.__name__}(…)`"
    mistakes.append(Mistake(Source(str(path), 0), variable, f"the file does not define a {kind.__name__}", hint))
    return None


def _compile(path: Path) -> CodeType:
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def _raised_at(path: Path, error: Exception) -> Source:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return Source(str(path), (lines[-1] or 0) if lines else 0)


def _forgotten(folders: Sequence[Path]) -> Iterator[Mistake]:
    """Folders that have a Dockerfile and no model: built by nobody, missed by nobody."""
    for folder in folders:
        dockerfiles = sorted(path.name for path in folder.glob("Dockerfile*"))
        if dockerfiles and not (folder / COMPONENT_FILE).is_file():
            message = f"{dockerfiles[0]} here, but no {COMPONENT_FILE}: nothing would build it"
            yield Mistake(Source(str(folder), 0), "", message, f"add {COMPONENT_FILE}, or move the folder out")


def _missing_inputs(root: Path, stack: Stack) -> Iterator[Mistake]:
    for name, component in stack.components.items():
        context, base = component_inputs(root, name, component)
        if not context.is_dir():
            yield Mistake(component.source, "context", f"{context.relative_to(root)} is not a directory")
        for image in component.images:
            owner, file = (image, image.dockerfile) if image.dockerfile else (component, component.dockerfile)
            if not (base / file).is_file():
                present = [path.name for path in base.glob("*ockerfile*")]
                message = f"{(base / file).relative_to(root)} is not there"
                yield Mistake(owner.source, "dockerfile", message, did_you_mean(file, present) if present else "")


def _problem(root: Path, mistake: Mistake) -> Problem:
    path = Path(mistake.source.file)
    file = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    line = _field_line(path, mistake.source.line, mistake.field)
    return Problem(file, line, mistake.field, mistake.message, mistake.hint)


def _field_line(path: Path, call_line: int, field: str) -> int:
    """The line of a field's value inside the call that begins at `call_line`; that line when it can't be told."""
    try:
        tree = ast.parse(path.read_bytes()) if call_line else None
    except (OSError, SyntaxError):
        return call_line
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else ()
    node: ast.AST | None = next((call for call in calls if call.lineno == call_line), None)
    for part in field.split(".") if field else ():
        inner = _inner(node, part)
        if inner is None:
            break
        node = inner
    return getattr(node, "lineno", call_line)


def _inner(node: ast.AST | None, part: str) -> ast.expr | None:
    match node:
        case ast.Call(keywords=keywords):
            return next((keyword.value for keyword in keywords if keyword.arg == part), None)
        case ast.List(elts=items) | ast.Tuple(elts=items) if part.isdecimal() and int(part) < len(items):
            return items[int(part)]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return next((value for key, value in pairs if isinstance(key, ast.Constant) and key.value == part), None)
        case _:
            return None
