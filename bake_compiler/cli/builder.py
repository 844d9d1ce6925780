"""bakec builder: the builder that the project describes."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_document, print_text, say
from bake_compiler.errors import UsageError

if TYPE_CHECKING:
    from bake_compiler.buildx.tools import Tools
    from bake_compiler.model.builder import Builder

_T = TypeVar("_T")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]

builder = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@builder.callback()
def about_builder() -> None:
    """Make, look at and remove the builder that components/project.py describes."""


@builder.command()
def up(
    allow_loss: Annotated[
        bool, typer.Option("--allow-loss", help="Also where the cache of a node would be lost; it is said which.")
    ] = False,
    bootstrap: Annotated[
        bool, typer.Option("--bootstrap/--no-bootstrap", help="Start its nodes, and see that they answer.")
    ] = True,
    dry_run: DryRun = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("builder up")] = False,
) -> None:
    """Make the project's builder, or change it to what the project describes; nothing is done where it is so.

    What changes is shown as a diff first. The cache of a node is kept; where that can't be, nothing is changed without
    --allow-loss. Ends with 7 when buildx can't do it, when a node does not start, or when a cache would be lost.

    Examples: `bakec builder up`, `bakec builder up --dry-run`, `bakec builder up --allow-loss --json`.
    """
    from bake_compiler.verbs.builder import applied_document, bring_up, render_applied  # noqa: PLC0415

    done = _with_tools(
        project,
        lambda tools, described: bring_up(
            tools, _needed(described), tell=say, allow_loss=allow_loss, dry_run=dry_run, bootstrap=bootstrap
        ),
    )
    print_document(applied_document(done)) if as_json else print_text(render_applied(done))


@builder.command("ls")
def list_nodes(project: ProjectDir = None, as_json: Annotated[bool, json_option("builder ls")] = False) -> None:
    """Show the project's builder: each node with its endpoint, state and platforms, and whether it is as described.

    Where the project describes none: the one in use. Platforms are native or emulated where the node is on this
    machine; of another one BuildKit does not tell.

    Examples: `bakec builder ls`, `bakec builder ls --json`.
    """
    from bake_compiler.oci.platform import Platform  # noqa: PLC0415
    from bake_compiler.verbs.builder import look_at, render_seen, seen_document  # noqa: PLC0415

    seen = _with_tools(project, lambda tools, described: look_at(tools, described, Platform.here()))
    print_document(seen_document(seen)) if as_json else print_text(render_seen(seen))


@builder.command()
def rm(
    with_cache: Annotated[
        bool, typer.Option("--with-cache", help="Remove also what its nodes keep of builds.")
    ] = False,
    dry_run: DryRun = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("builder rm")] = False,
) -> None:
    """Remove the project's builder; its cache stays, and is there again after the next `bakec builder up`.

    No harm when there is none. The cache of a remote node is never touched; that of pods ends with them.

    Examples: `bakec builder rm`, `bakec builder rm --with-cache`.
    """
    from bake_compiler.verbs.builder import applied_document, render_applied, take_down  # noqa: PLC0415

    done = _with_tools(
        project,
        lambda tools, described: take_down(tools, _needed(described), tell=say, with_cache=with_cache, dry_run=dry_run),
    )
    print_document(applied_document(done)) if as_json else print_text(render_applied(done))


def _needed(described: "Builder | None") -> "Builder":
    if described is None:
        hint = 'add builder=Builder(name="…") to Project in components/project.py; see docs/builders.md'
        raise UsageError("the project describes no builder", hint=hint)
    return described


def _with_tools(project: Path | None, work: "Callable[[Tools, Builder | None], Awaitable[_T]]") -> _T:
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415

    root = root_of(project)
    described = plan_project(root).builder

    async def run() -> _T:
        async with edges(root) as real:
            return await work(real.tools, described)

    return run_async(run)
