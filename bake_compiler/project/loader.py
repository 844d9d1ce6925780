"""components/ → Stack: runs the model files, reads the files that they name, and finds mistakes.

The later stages of the chain read no file that an author wrote.
"""

import ast
import os
import posixpath
import sys
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import TypeVar

from bake_compiler.errors import ModelError, Problem
from bake_compiler.model.base import Mistake, Source, collecting_mistakes, did_you_mean
from bake_compiler.model.project import Component, Project, Stack
from bake_compiler.plan.check.subject import Inputs, at
from bake_compiler.plan.paths import URL, inside, is_outside
from bake_compiler.plan.plan import Plan
from bake_compiler.project.dockerfiles import from_context, project_text, spellings
from bake_compiler.project.root import COMPONENTS, PROJECT_FILE
from bake_compiler.system.stdout import stdout_on_stderr

COMPONENT_FILE = "component.py"

_M = TypeVar("_M", Project, Component)


@dataclass(frozen=True)
class Loaded:
    """The content of components/.

    Attributes:
        stack: None if a mistake makes it impossible to go on.
        mistakes: all mistakes in the models.
    """

    stack: Stack | None
    mistakes: Sequence[Mistake]


def load(root: Path, *, only: Collection[str] = ()) -> Loaded:
    """Return the models below `root`/components: all models, or the models of the components in `only`."""
    directory = root / COMPONENTS
    names = only or [entry.name for entry in os.scandir(directory) if entry.is_dir() and entry.name[0] not in "._"]
    folders = [directory / name for name in sorted(names)]
    with collecting_mistakes() as mistakes, _importable(root), stdout_on_stderr():
        project = _run(directory / PROJECT_FILE, "project", Project, mistakes)
        components = {
            folder.name: model
            for folder in folders
            if (folder / COMPONENT_FILE).is_file()
            and (model := _run(folder / COMPONENT_FILE, "component", Component, mistakes))
        }
    mistakes.extend(_forgotten(folder for folder in folders if folder.name not in components))
    return Loaded(None if project is None or mistakes else Stack(project, components), mistakes)


def read_inputs(root: Path, plan: Plan) -> tuple[Inputs, Sequence[Mistake]]:
    """Return the Dockerfiles and .dockerignore files that a plan names, and a mistake for each missing file."""
    dockerfiles: dict[str, str] = {}
    ignores: dict[str, str] = {}
    mistakes: list[Mistake] = []
    seen: set[tuple[str, str]] = set()
    for image in plan.images:
        context, dockerfile = image.text("context"), image.text("dockerfile")
        if context is None or URL in context or is_outside(context) or (context, dockerfile or "") in seen:
            continue
        seen.add((context, dockerfile or ""))
        if not (root / context).is_dir():
            mistakes.append(at(image, "context", f"{context} is not a directory"))
            continue
        path = inside(context, dockerfile) if dockerfile is not None else ""
        for ignore in (f"{path}.dockerignore" if path else "", inside(context, ".dockerignore")):
            if ignore and ignore not in ignores and (found := project_text(root, ignore)) is not None:
                ignores[ignore] = found
        if not path or is_outside(path):
            continue
        text, second = project_text(root, path), from_context(image)
        if text is None:
            present = [found.name for found in (root / path).parent.glob("*ockerfile*")]
            hint = did_you_mean(posixpath.basename(path), present) if present else "write it, or name another"
            missing = f"there is neither {path} nor {second}" if second else f"{path} is not there"
            mistakes.append(at(image, "dockerfile", missing, hint))
            continue
        if second and project_text(root, second) not in {None, text}:
            message = f"{path} and {second} are different files: either may be meant"
            mistakes.append(at(image, "dockerfile", message, f"write {spellings(image)}"))
            continue
        dockerfiles[path] = text
    return Inputs(dockerfiles, ignores), mistakes


def mistakes_error(root: Path, mistakes: Iterable[Mistake]) -> ModelError:
    """Return one error with all mistakes. Paths are relative to `root`, and each field has its line."""
    problems = problems_of(root, mistakes)
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return ModelError(f"{count} in {COMPONENTS}/", hint="nothing was written or built", problems=problems)


def problems_of(root: Path, mistakes: Iterable[Mistake]) -> Sequence[Problem]:
    """Return the mistakes for a person: sorted, without duplicates, with paths from `root` and lines of fields."""
    return sorted({_problem(root, mistake) for mistake in mistakes})


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))


def _run(path: Path, variable: str, kind: type[_M], mistakes: list[Mistake]) -> _M | None:
    """Return the model that a file assigns to `variable`. If it does not, add a mistake and return None."""
    namespace: dict[str, object] = {"__name__": f"{COMPONENTS}.{path.parent.name}.{path.stem}", "__file__": str(path)}
    try:
        exec(_compile(path), namespace)  # noqa: S102 - a model file is the author's own Python
    except SyntaxError as error:
        mistakes.append(Mistake(Source(str(path), error.lineno or 0), "", f"not valid Python: {error.msg}"))
        return None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an author's code raises is the author's mistake
        mistakes.append(Mistake(_raised_at(path, error), "", f"{type(error).__name__}: {error}", _hint(error)))
        return None
    model = namespace.get(variable)
    if isinstance(model, kind):
        return model
    hint = f"write `{variable} = {kind.__name__}(…)`"
    mistakes.append(Mistake(Source(str(path), 0), variable, f"the file does not define a {kind.__name__}", hint))
    return None


def _compile(path: Path) -> CodeType:
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


def _hint(error: BaseException) -> str:
    """Return how to fix an exception that an author's code raised; empty if bakec does not know."""
    if isinstance(error, ModuleNotFoundError) and error.name == "bakec":
        return "the package is called bake_compiler: write `from bake_compiler import …`"
    return ""


def _raised_at(path: Path, error: BaseException) -> Source:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return Source(str(path), (lines[-1] or 0) if lines else 0)


def _forgotten(folders: Iterable[Path]) -> Iterator[Mistake]:
    """Yield a mistake for each folder that has a Dockerfile and no model: nothing would build it."""
    for folder in folders:
        dockerfiles = sorted(path.name for path in folder.glob("Dockerfile*"))
        if dockerfiles and not (folder / COMPONENT_FILE).is_file():
            message = f"{dockerfiles[0]} here, but no {COMPONENT_FILE}: nothing would build it"
            yield Mistake(Source(str(folder), 0), "", message, f"add {COMPONENT_FILE}, or move the folder out")


def _problem(root: Path, mistake: Mistake) -> Problem:
    path = Path(mistake.source.file)
    file = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    line = _field_line(path, mistake.source.line, mistake.field)
    return Problem(file, line, mistake.field, mistake.message, mistake.hint)


def _field_line(path: Path, call_line: int, field: str) -> int:
    """Return the line of a field's value in the call that begins at `call_line`; else `call_line`."""
    try:
        tree = ast.parse(path.read_bytes()) if call_line else None
    except (OSError, SyntaxError):
        return call_line
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else ()
    node: ast.AST | None = next((call for call in calls if call.lineno == call_line), None)
    parts = field.split(".") if field else []
    while parts:
        taken = 1 if not isinstance(node, ast.Dict) else len(parts)  # a key may contain dots
        while taken and (inner := _inner(node, ".".join(parts[:taken]))) is None:
            taken -= 1
        if not taken:
            break
        node, parts = inner, parts[taken:]
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
