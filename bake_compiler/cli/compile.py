"""bakec compile: models → docker-bake.hcl."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.options import Json, ProjectDir, print_text, root_of, run_async, say
from bake_compiler.errors import ModelError

if TYPE_CHECKING:
    from bake_compiler.pipeline.prove import Proof


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
    as_json: Json = False,
) -> None:
    """Write docker-bake.hcl from the models; it is committed and works by hand.

    Examples: `bakec compile`, `bakec compile --check`, `bakec compile --check --by bytes`, `bakec compile -o -`.
    """
    from bake_compiler.hcl import TEMPLATE  # noqa: PLC0415
    from bake_compiler.pipeline.compile import BAKE_FILE, compile_plan, plan_project, stale  # noqa: PLC0415
    from bake_compiler.unchanged import remember, watching  # noqa: PLC0415

    root = root_of(project)
    with watching() as watch:
        plan = plan_project(root)
        text = compile_plan(root, plan)
    if str(output) == "-":
        print_text(text)
        return
    path = output or root / BAKE_FILE
    difference = stale(path.parent, text, path.name)
    proof: Proof | None = None
    if check:
        print_text(difference if not as_json else "")
        if by is not By.BYTES:
            from bake_compiler.pipeline.prove import prove  # noqa: PLC0415

            proof = run_async(lambda: prove(root, plan, path, by.value if by else ""))
    elif difference:
        path.write_text(text, encoding="utf-8")
    if as_json:
        _print_json(path, difference, proof, check=check)
    if check and difference:
        raise ModelError(f"{path.name} is stale{_and_means(proof)}", hint="run `bakec compile` and commit the file")
    if proof and proof.differences:
        raise ModelError(
            f"{path.name} is not what the models mean, by {proof.by}:\n  " + "\n  ".join(proof.differences),
            hint="mend docker-bake.hcl.j2 or the Expr; if neither is yours, bakec is at fault",
        )
    count = f"{len(plan.images)} images in {len(plan.groups)} groups"
    if check:
        say(f"{path.name} is what the models say: {count}; {proof.told if proof else 'the same bytes'}")
    else:
        say(f"{path.name}: {'written' if difference else 'is up to date'}, {count}")
        if path == root / BAKE_FILE:
            remember(root, (path, root / TEMPLATE), f"{path.name}: is up to date, {count}", watch)


def _and_means(proof: "Proof | None") -> str:
    if proof is None:
        return ""
    if not proof.differences:
        return f", though it means the same ({proof.told})"
    return f", and means something else, by {proof.by}:\n  " + "\n  ".join(proof.differences)


def _print_json(path: Path, difference: str, proof: "Proof | None", *, check: bool) -> None:
    import json  # noqa: PLC0415

    document = {
        "schema": "bakec.compile/1",
        "file": str(path),
        "stale": bool(difference),
        "diff": difference,
        "written": bool(difference) and not check,
        "compared": proof.by if proof else "bytes",
        "overridden": list(proof.overridden) if proof else [],
        "not_compared": list(proof.skipped) if proof else [],
        "differences": list(proof.differences) if proof else [],
    }
    print_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
