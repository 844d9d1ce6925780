"""`bakec compile`, if it writes the file. The module imports no typer, which would take a sixth of `bakec compile`."""

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
    """The bake file of the models.

    Attributes:
        root: the project's root.
        plan: the plan of the models.
        text: the text of the bake file.
        warnings: likely mistakes, which `warn` has printed.
        watch: the record of all files that were read.
    """

    root: Path
    plan: Plan
    text: str
    warnings: Sequence[Problem]
    watch: Watch

    @property
    def count(self) -> str:
        """The numbers of images and groups in the file, as a person reads them."""
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
    """Write the bake file if it is not up to date, and record the files that it was made from.

    Returns:
        The diff from the file that was there.
    """
    difference = stale(path.parent, found.text, path.name)
    if difference:
        write_compiled(path, found.text)
    say(f"{path.name}: {'written' if difference else 'is up to date'}, {found.count}")
    root = found.root
    if path == root / BAKE_FILE:
        with suppress(OSError):  # a read-only project is compiled again each time
            own_folder(root)
        told = "\n".join((*map(warning_text, found.warnings), f"{path.name}: is up to date, {found.count}"))
        remember(root, (path, root / TEMPLATE, root / LOCK_FILE), told, found.watch)
    return difference


def compile_here() -> None:
    """Run `bakec compile` without options.

    Raises:
        BakecError: there is no project here or above, or its models have mistakes.
    """
    root = find_root(Path.cwd().resolve())
    write(compiled(root), root / BAKE_FILE)
