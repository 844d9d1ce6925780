"""bakec builder: creates, shows and removes the project's builder."""

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

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done; do nothing.")]

builder = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@builder.callback()
def about_builder() -> None:
    """Create, show or remove the project's builder."""


@builder.command()
def up(
    allow_loss: Annotated[
        bool, typer.Option("--allow-loss", help="Also if caches of nodes are lost; bakec prints which.")
    ] = False,
    bootstrap: Annotated[
        bool, typer.Option("--bootstrap/--no-bootstrap", help="Start the nodes, and check that they answer.")
    ] = True,
    dry_run: DryRun = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("builder up")] = False,
) -> None:
    """Create the project's builder, or change it to match the models.

    bakec first prints the changes as a diff. It keeps the cache of each node; if a cache would be lost, nothing changes
    without --allow-loss. The exit code is 7 if buildx can't make the change, if a node does not start, or if a cache
    would be lost.

    Examples:
      bakec builder up
      bakec builder up --dry-run
      bakec builder up --allow-loss --json
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
    """Show the nodes of the project's builder.

    Each node has its endpoint, state and platforms, and whether it is as described. If the project describes no
    builder, bakec shows the builder in use. For nodes on this machine, bakec also shows which platforms are emulated.

    Examples:
      bakec builder ls
      bakec builder ls --json
    """
    from bake_compiler.oci.platform import Platform  # noqa: PLC0415
    from bake_compiler.verbs.builder import look_at, render_seen, seen_document  # noqa: PLC0415

    seen = _with_tools(project, lambda tools, described: look_at(tools, described, Platform.here()))
    print_document(seen_document(seen)) if as_json else print_text(render_seen(seen))


@builder.command()
def rm(
    with_cache: Annotated[bool, typer.Option("--with-cache", help="Also remove the build cache of the nodes.")] = False,
    dry_run: DryRun = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("builder rm")] = False,
) -> None:
    """Remove the project's builder and keep its cache.

    The next `bakec builder up` uses the cache again. If there is no builder, nothing changes. bakec never removes the
    cache of a remote node. The cache in a pod is deleted together with the pod.

    Examples:
      bakec builder rm
      bakec builder rm --with-cache
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
