"""bakec compile: models → docker-bake.hcl."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import run_async
from bake_compiler.cli.options import ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_document, print_text, say
from bake_compiler.errors import ModelError, Problem

if TYPE_CHECKING:
    from bake_compiler.plan import Plan
    from bake_compiler.verbs.compile.prove import Proof


class By(StrEnum):
    """How much `--check` compares."""

    BYTES = "bytes"
    PARSE = "parse"
    BUILDX = "buildx"


def compile_(
    project: ProjectDir = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE; - is stdout.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the file is out of date.")] = False,
    by: Annotated[
        By | None,
        typer.Option(
            "--by",
            help="With --check: compare bytes; or also what python-hcl2 parses; or also what buildx reads, with the "
            "defaults and with each variable changed. Default: buildx if it is installed, else parse.",
        ),
    ] = None,
    as_json: Annotated[bool, json_option("compile")] = False,
) -> None:
    """Write docker-bake.hcl from the models.

    You commit the file. `docker buildx bake` reads it without bakec.

    Examples:
      bakec compile
      bakec compile --check
      bakec compile --check --by bytes
      bakec compile -o -
    """
    from bake_compiler.bakefile.blocks import BAKE_FILE  # noqa: PLC0415
    from bake_compiler.cli.written import compiled, write  # noqa: PLC0415
    from bake_compiler.verbs.compile.run import stale  # noqa: PLC0415

    root = root_of(project)
    found = compiled(root)
    path = output or root / BAKE_FILE
    if str(output) == "-":
        print_text(found.text)
    elif check:
        difference = stale(path.parent, found.text, path.name)
        print_text(difference if not as_json else "")
        proof = None if by is By.BYTES else _prove(root, found.plan, path, by)
        if as_json:
            _print_json(path, difference, proof, found.warnings, check=True)
        _judge(path, difference, proof)
        say(f"{path.name} is what the models say: {found.count}; {proof.told if proof else 'the same bytes'}")
    else:
        difference = write(found, path)
        if as_json:
            _print_json(path, difference, None, found.warnings, check=False)


def _prove(root: Path, plan: "Plan", path: Path, by: By | None) -> "Proof":
    from bake_compiler.verbs.compile.prove import prove  # noqa: PLC0415

    return run_async(lambda: prove(root, plan, path, by.value if by else ""))


def _judge(path: Path, difference: str, proof: "Proof | None") -> None:
    """Return if the file is up to date and means the same as the models.

    Raises:
        ModelError: the file is not up to date, or means something else.
    """
    if difference:
        raise ModelError(f"{path.name} is stale{_and_means(proof)}", hint="run `bakec compile` and commit the file")
    if proof and proof.differences:
        raise ModelError(
            f"{path.name} is not what the models mean, by {proof.by}:\n  " + "\n  ".join(proof.differences),
            hint="fix docker-bake.hcl.j2 or the Expr, or give the variable an example that buildx takes",
        )


def _and_means(proof: "Proof | None") -> str:
    if proof is None:
        return ""
    if not proof.differences:
        return f", though it means the same ({proof.told})"
    return f", and means something else, by {proof.by}:\n  " + "\n  ".join(proof.differences)


def _print_json(
    path: Path, difference: str, proof: "Proof | None", warnings: Sequence[Problem], *, check: bool
) -> None:
    from bake_compiler.verbs.compile.show import compile_document  # noqa: PLC0415 - only for --json

    print_document(compile_document(path, difference, proof, warnings, check=check))
