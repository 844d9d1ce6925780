"""bakec graph: draws phases, images and needs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bake_compiler.cli.formats import GRAPHS, format_of
from bake_compiler.cli.options import ProjectDir, Selectors, json_option, root_of, select_wanted
from bake_compiler.cli.output import print_text, say
from bake_compiler.words import counted


class Format(StrEnum):
    """The formats of `bakec graph`."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    JSON = "json"


def graph(
    selectors: Selectors = None,
    form: Annotated[
        Format | None, typer.Option("--format", "-f", help="Default: by the file's ending; mermaid on stdout.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help=".mmd, .dot, .svg or .json; default: stdout.")
    ] = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("graph")] = False,
) -> None:
    """Draw phases, images and needs as Mermaid, DOT, SVG or JSON.

    Needs no network and no other program.

    Examples:
      bakec graph
      bakec graph -o stack.svg
      bakec graph dependent --format dot
      bakec graph --json
    """
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415
    from bake_compiler.system.files import write_whole  # noqa: PLC0415
    from bake_compiler.verbs.graph.run import to_graph  # noqa: PLC0415
    from bake_compiler.verbs.graph.show import RENDERERS  # noqa: PLC0415

    file = None if str(output) == "-" else output
    if as_json:
        form = Format.JSON
    form = form or (Format(format_of(file, GRAPHS)) if file else Format.MERMAID)
    plan = plan_project(root_of(project))
    drawn = to_graph(plan, select_wanted(plan, selectors, None, "", ""))
    text = RENDERERS[form](drawn)
    if file is None:
        print_text(text)
        return
    write_whole(file, text, folders=False)
    say(f"{file}: {counted(len(drawn.images), 'image')}, {counted(len(drawn.edges), 'edge')}")
