"""bakec compile: models → docker-bake.hcl."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bake_compiler.cli.options import Json, ProjectDir, root_of, say
from bake_compiler.errors import ModelError


def compile_(
    project: ProjectDir = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there; - is stdout.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail with a diff when the file is stale.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write docker-bake.hcl from the models; it is committed and works by hand.

    Examples: `bakec compile`, `bakec compile --check`, `bakec compile -o -`.
    """
    from bake_compiler import pipeline  # noqa: PLC0415
    from bake_compiler.buildx import BAKE_FILE  # noqa: PLC0415

    root = root_of(project)
    plan = pipeline.plan_project(root)
    text = pipeline.compile_plan(root, plan)
    if str(output) == "-":
        sys.stdout.write(text)
        return
    path = output or root / BAKE_FILE
    difference = pipeline.stale(path.parent, text, path.name)
    if as_json:
        _print_json(path, difference, check=check)
    elif check:
        sys.stdout.write(difference)
    if check and difference:
        raise ModelError(f"{path.name} is stale", hint="run `bakec compile` and commit the file")
    if difference and not check:
        path.write_text(text, encoding="utf-8")
    words = ("is what the models say" if check else "is up to date") if not difference else "written"
    say(f"{path.name}: {words}, {len(plan.images)} images in {len(plan.groups)} groups")


def _print_json(path: Path, difference: str, *, check: bool) -> None:
    import json  # noqa: PLC0415

    document = {"schema": "bakec.compile/1", "file": str(path), "stale": bool(difference), "diff": difference}
    document["written"] = bool(difference) and not check
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
