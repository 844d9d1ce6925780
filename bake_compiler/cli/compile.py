"""bakec compile: models → docker-bake.hcl."""

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import run_async
from bake_compiler.cli.options import ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_document, print_text, say, warn, warning_text
from bake_compiler.errors import ModelError
from bake_compiler.words import counted

if TYPE_CHECKING:
    from bake_compiler.plan import Plan
    from bake_compiler.verbs.compile.prove import Proof


class By(StrEnum):
    """How far `--check` looks."""

    BYTES = "bytes"
    PARSE = "parse"
    BUILDX = "buildx"


def compile_(
    project: ProjectDir = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there; - is stdout.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when the file is stale or means something else.")
    ] = False,
    by: Annotated[
        By | None,
        typer.Option(
            "--by",
            help="With --check: compare bytes only; or also what python-hcl2 parses; or also what buildx reads, at the "
            "defaults and once for each variable overridden. Default: buildx where it is installed, else parse.",
        ),
    ] = None,
    as_json: Annotated[bool, json_option("compile")] = False,
) -> None:
    """Write docker-bake.hcl from the models; it is committed and works by hand.

    Examples: `bakec compile`, `bakec compile --check`, `bakec compile --check --by bytes`, `bakec compile -o -`.
    """
    from bake_compiler.bakefile.blocks import BAKE_FILE  # noqa: PLC0415
    from bake_compiler.bakefile.render import TEMPLATE  # noqa: PLC0415
    from bake_compiler.model.lock_file import LOCK_FILE  # noqa: PLC0415
    from bake_compiler.project.planned import plan_with_inputs, warnings_of  # noqa: PLC0415
    from bake_compiler.project.root import own_folder  # noqa: PLC0415
    from bake_compiler.verbs.compile.run import compile_plan, stale, write_compiled  # noqa: PLC0415
    from bake_compiler.verbs.compile.show import compile_document  # noqa: PLC0415
    from bake_compiler.verbs.compile.unchanged import remember, watching  # noqa: PLC0415

    root = root_of(project)
    with watching() as watch:
        plan, inputs = plan_with_inputs(root)
        text = compile_plan(root, plan)
    warnings = warnings_of(root, plan, inputs)
    warn(warnings)
    if str(output) == "-":
        print_text(text)
        return
    path = output or root / BAKE_FILE
    difference = stale(path.parent, text, path.name)
    count = f"{counted(len(plan.images), 'image')} in {counted(len(plan.groups), 'group')}"
    if check:
        print_text(difference if not as_json else "")
        proof = None if by is By.BYTES else _prove(root, plan, path, by)
        if as_json:
            print_document(compile_document(path, difference, proof, warnings, check=True))
        _judge(path, difference, proof)
        say(f"{path.name} is what the models say: {count}; {proof.told if proof else 'the same bytes'}")
        return
    if difference:
        write_compiled(path, text)
    if as_json:
        print_document(compile_document(path, difference, None, warnings, check=False))
    say(f"{path.name}: {'written' if difference else 'is up to date'}, {count}")
    if path == root / BAKE_FILE:
        with suppress(OSError):  # a project that can't be written to is compiled anew each time
            own_folder(root)
        told = "\n".join((*map(warning_text, warnings), f"{path.name}: is up to date, {count}"))
        remember(root, (path, root / TEMPLATE, root / LOCK_FILE), told, watch)


def _prove(root: Path, plan: "Plan", path: Path, by: By | None) -> "Proof":
    from bake_compiler.verbs.compile.prove import prove  # noqa: PLC0415

    return run_async(lambda: prove(root, plan, path, by.value if by else ""))


def _judge(path: Path, difference: str, proof: "Proof | None") -> None:
    """Nothing, if the file is what the models say, and means it.

    Raises:
        ModelError: it is not.
    """
    if difference:
        raise ModelError(f"{path.name} is stale{_and_means(proof)}", hint="run `bakec compile` and commit the file")
    if proof and proof.differences:
        raise ModelError(
            f"{path.name} is not what the models mean, by {proof.by}:\n  " + "\n  ".join(proof.differences),
            hint="mend docker-bake.hcl.j2 or the Expr, or give the variable an example that buildx takes",
        )


def _and_means(proof: "Proof | None") -> str:
    if proof is None:
        return ""
    if not proof.differences:
        return f", though it means the same ({proof.told})"
    return f", and means something else, by {proof.by}:\n  " + "\n  ".join(proof.differences)
