"""bakec plan: shows what would be built: bases, phases, native and emulated platforms, and why."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import (
    Platforms,
    ProjectDir,
    Registry,
    Selectors,
    Tag,
    Variables,
    json_option,
    parse_platforms,
    root_of,
    select_wanted,
)
from bake_compiler.cli.output import print_document, print_lines, print_text, warn
from bake_compiler.errors import Problem

if TYPE_CHECKING:
    from bake_compiler.oci.platform import Platform
    from bake_compiler.plan import Plan
    from bake_compiler.verbs.plan.emulation import EmulationMap, Native


def plan(
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    why: Annotated[
        str, typer.Option("--why", metavar="IMAGE", help="Explain one image: which model sets what, and where.")
    ] = "",
    emulation: Annotated[
        bool,
        typer.Option("--emulation", help="Show which RUN steps are emulated, and how long they took."),
    ] = False,
    build_platform: Annotated[
        list[str] | None,
        typer.Option(
            "--build-platform",
            metavar="P[,P]",
            help="Platforms that are built natively; default: with --emulation, those of the builder; otherwise "
            "those of this machine.",
        ),
    ] = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("plan")] = False,
) -> None:
    """Show what would be built, without building it.

    The plan has phases, images, bases and needs, and shows which platforms are emulated. If all images are selected, it
    also shows what `bakec mirror` would copy.

    Examples:
      bakec plan
      bakec plan foundation
      bakec plan backend --platform arm64 --json
      bakec plan --why backend
      bakec plan --emulation
      bakec plan --emulation --build-platform arm64
    """
    from bake_compiler.oci.platform import Platform  # noqa: PLC0415
    from bake_compiler.plan.externals import externals_with  # noqa: PLC0415
    from bake_compiler.project.planned import plan_with_inputs, warnings_of  # noqa: PLC0415
    from bake_compiler.verbs.plan.show import plan_document, plan_lines  # noqa: PLC0415
    from bake_compiler.verbs.plan.why import why_document, why_lines  # noqa: PLC0415

    root = root_of(project)
    planned, inputs = plan_with_inputs(root)
    warnings = warnings_of(root, planned, inputs)
    warn(warnings)
    if why:
        explained = why_document(root, planned, why, warnings)
        print_document(explained) if as_json else print_lines(why_lines(explained))
        return
    wanted = select_wanted(planned, selectors, platforms, registry, tag, variables)
    natives = parse_platforms(build_platform)
    if emulation:
        from bake_compiler.verbs.plan.emulation import map_emulation  # noqa: PLC0415

        found = map_emulation(root, planned, wanted, inputs.dockerfiles, _native(root, planned, natives))
        _print_emulation(found, warnings, as_json=as_json)
        return
    here = natives[0] if natives else Platform.here()
    externals = externals_with(planned, selectors or ())
    document = plan_document(planned, wanted, inputs.dockerfiles, here, externals, warnings)
    print_document(document) if as_json else print_lines(plan_lines(document, planned))


def _print_emulation(found: "EmulationMap", warnings: Sequence[Problem], *, as_json: bool) -> None:
    from bake_compiler.verbs.plan import emulation_show  # noqa: PLC0415

    if as_json:
        print_document(emulation_show.emulation_document(found, warnings))
    elif sys.stdout.isatty() and found.runs:
        _print_table(emulation_show.HEADER, emulation_show.emulation_rows(found), emulation_show.summary(found))
    else:
        print_text(emulation_show.emulation_text(found))


def _native(root: Path, planned: "Plan", asked: "tuple[Platform, ...]") -> "Native":
    """Return the given platforms, or else the platforms that the builder runs natively."""
    from bake_compiler.verbs.plan.emulation import Native, native_now  # noqa: PLC0415

    async def ask() -> "Native":
        async with edges(root) as real:
            return await native_now(real, planned.builder)

    return Native(frozenset(asked), "--build-platform") if asked else run_async(ask)


def _print_table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]], below: Iterator[str]) -> None:
    """Print a table. On a terminal, commands are cut to one line."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from bake_compiler.report.words.lines import printable  # noqa: PLC0415

    console = Console(highlight=False)
    table = Table()
    for name in header:
        is_last = name == header[-1]
        table.add_column(name, justify="right" if name == "seconds" else "left", no_wrap=is_last, ratio=int(is_last))
    for row in rows:
        table.add_row(*(Text(printable(word), overflow="ellipsis" if word == row[-1] else "fold") for word in row))
    console.print(table)
    for line in below:
        console.print(Text(printable(line)), soft_wrap=True)
