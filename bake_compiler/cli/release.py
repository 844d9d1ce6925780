"""bakec release: shows and finishes releases, compares release files, writes pins."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import Insecure, ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_document, print_text
from bake_compiler.errors import BakecError, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bake_compiler.registry import Registry
    from bake_compiler.release import ReleaseStatus

_TORN = 6


class PinFormat(StrEnum):
    """The formats of pins."""

    COMPOSE = "compose"
    KUSTOMIZE = "kustomize"
    HELM = "helm"
    ENV = "env"


def complete_release(incomplete: str) -> list[str]:
    """Return releases for completion in a shell, newest first; empty if there is no project here."""
    from bake_compiler.release import LAST, release_ids  # noqa: PLC0415

    try:
        names = (LAST, *release_ids(journals_of(None)))
    except BakecError:
        return []
    return [name for name in names if name.startswith(incomplete)]


Named = Annotated[
    str,
    typer.Argument(
        metavar="[RELEASE]",
        show_default=False,
        help="A release's id (its run's), the beginning of it, or last (the default).",
        autocompletion=complete_release,
    ),
]

release = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@release.callback()
def about_release() -> None:
    """Show or finish a release, compare release files, or write pins."""


@release.command()
def status(
    release: Named = "last",
    insecure: Insecure = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("release status")] = False,
) -> None:
    """Show the old, new and present digest of each tag of a release.

    The exit code is 0 if all tags point to the new images, or all tags point to the old images. It is 6 if only some
    tags have moved, or if someone else has moved a tag.

    Examples:
      bakec release status
      bakec release status 20261124T19 --json
    """
    from bake_compiler.verbs.release.run import release_status  # noqa: PLC0415

    found = of_release(release, insecure, project, release_status)
    print_status(found, as_json=as_json)
    sys.exit(0 if found.is_whole else _TORN)


@release.command()
def finish(
    release: Named = "last",
    insecure: Insecure = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("release finish")] = False,
) -> None:
    """Move the tags of a release that have not moved yet.

    Use it after a crash. If all tags have moved, nothing changes. If someone else has moved a tag meanwhile, nothing is
    written.

    Examples:
      bakec release finish
      bakec release finish 20261124T19 --json
    """
    from bake_compiler.verbs.release.run import finish_release  # noqa: PLC0415

    print_status(of_release(release, insecure, project, finish_release), as_json=as_json)


@release.command()
def diff(
    before: Annotated[Path, typer.Argument(metavar="RELEASE_FILE", help="The older release file.")],
    after: Annotated[Path, typer.Argument(metavar="RELEASE_FILE", help="The newer release file.")],
    as_json: Annotated[bool, json_option("release diff")] = False,
) -> None:
    """Show what changed from one release to another.

    The list has images, digests, platforms, sizes, bases and tags. The exit code is 0, also if there are changes. Needs
    no network and no Docker.

    Examples:
      bakec release diff old.json release.json
      bakec release diff old.json release.json --json
    """
    from bake_compiler.release_file.diff import diff_document, diff_releases  # noqa: PLC0415
    from bake_compiler.release_file.show import render_diff  # noqa: PLC0415
    from bake_compiler.verbs.release_files import load_release  # noqa: PLC0415

    found = diff_releases(load_release(before), load_release(after))
    print_document(diff_document(found)) if as_json else print_text(render_diff(found))


@release.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="RELEASE_FILE", help="What `bakec build --release-file` wrote.")],
    form: Annotated[PinFormat, typer.Option("--format", "-f", help="The format of the pins.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: stdout.")] = None,
    as_json: Annotated[bool, json_option("release export")] = False,
) -> None:
    """Write the pins of a release for a deployment.

    The formats are for Compose, Kustomize and Helm charts, and environment variables. Needs no network and no Docker.
    With --json, the document has the format, and the text as `content`.

    Examples:
      bakec release export --format compose release.json -o compose.release.yml
      bakec release export --format env release.json
    """
    from bake_compiler.document import document_text  # noqa: PLC0415
    from bake_compiler.release_file.export import export_release  # noqa: PLC0415
    from bake_compiler.system.files import write_whole  # noqa: PLC0415
    from bake_compiler.verbs.release.show import pins_document  # noqa: PLC0415
    from bake_compiler.verbs.release_files import load_release  # noqa: PLC0415

    text = export_release(load_release(file), form)
    document = pins_document(form, text) if as_json else None
    if output is None or str(output) == "-":
        print_document(document) if document else print_text(text)
        return
    try:
        write_whole(output, document_text(document) if document else text)
    except OSError as error:
        raise UsageError(f"--output: {output}: {error.strerror}", hint="name a file that can be written") from error


def journals_of(project: Path | None) -> Path:
    """Return the folder with the journals: the project's root, or the working directory if there is no project."""
    from bake_compiler.release import release_ids  # noqa: PLC0415

    try:
        return root_of(project)
    except BakecError:
        if project is not None or not release_ids(Path.cwd()):
            raise
        return Path.cwd()


def of_release(
    name: str,
    insecure: "list[str] | None",
    project: Path | None,
    does: "Callable[[Registry, Path, str], Awaitable[ReleaseStatus]]",
) -> "ReleaseStatus":
    """Return the result of `does` for a release, with the real registry."""
    root = journals_of(project)

    async def work() -> "ReleaseStatus":
        async with edges(root, insecure or ()) as real:
            return await does(real.registry, root, name)

    return run_async(work)


def print_status(found: "ReleaseStatus", *, as_json: bool) -> None:
    """Print the state of a release on stdout."""
    from bake_compiler.verbs.release.show import render_status, status_document  # noqa: PLC0415

    print_document(status_document(found)) if as_json else print_text(render_status(found))
