"""bakec compile where it writes the file. Without typer: to import it takes a sixth of `bakec compile`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.bakefile.render import TEMPLATE
from bake_compiler.cli.output import say, warn, warning_text
from bake_compiler.errors import Problem
from bake_compiler.model.lock_file import LOCK_FILE
from bake_compiler.plan import Plan
from bake_compiler.project.planned import plan_with_inputs, warnings_of
from bake_compiler.project.root import find_root, own_folder
from bake_compiler.verbs.compile.run import compile_plan, stale, write_compiled
from bake_compiler.verbs.compile.unchanged import Watch, remember, watching
from bake_compiler.words import counted


@dataclass(frozen=True)
class Compiled:
    """A bake file as the models say it.

    Attributes:
        root: the project's.
        plan: made from the models.
        text: of the bake file.
        warnings: likely mistakes, which `warn` has printed.
        watch: over all that was read.
    """

    root: Path
    plan: Plan
    text: str
    warnings: Sequence[Problem]
    watch: Watch

    @property
    def count(self) -> str:
        """How many images and groups the file has, in words."""
        return f"{counted(len(self.plan.images), 'image')} in {counted(len(self.plan.groups), 'group')}"


def compiled(root: Path) -> Compiled:
    """Compile the models, and print the warnings on stderr.

    Raises:
        ModelError: the models have mistakes, or the template has one.
    """
    with watching() as watch:
        plan, inputs = plan_with_inputs(root)
        text = compile_plan(root, plan)
    warnings = warnings_of(root, plan, inputs)
    warn(warnings)
    return Compiled(root, plan, text, warnings, watch)


def write(found: Compiled, path: Path) -> str:
    """Write the bake file where it is not up to date, and remember what it was made from.

    Returns:
        The diff from the file that was there.
    """
    difference = stale(path.parent, found.text, path.name)
    if difference:
        write_compiled(path, found.text)
    say(f"{path.name}: {'written' if difference else 'is up to date'}, {found.count}")
    root = found.root
    if path == root / BAKE_FILE:
        with suppress(OSError):  # a project that can't be written to is compiled anew each time
            own_folder(root)
        told = "\n".join((*map(warning_text, found.warnings), f"{path.name}: is up to date, {found.count}"))
        remember(root, (path, root / TEMPLATE, root / LOCK_FILE), told, found.watch)
    return difference


def compile_here() -> None:
    """`bakec compile` without an option.

    Raises:
        BakecError: there is no project here or above, or its models have mistakes.
    """
    root = find_root(Path.cwd().resolve())
    write(compiled(root), root / BAKE_FILE)
