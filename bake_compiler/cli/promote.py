"""bakec promote: gives a verified release other tags, without a build."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import Deep, Insecure, Jobs, ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_document, print_report, print_text, say
from bake_compiler.errors import BakecError, UsageError
from bake_compiler.words import counted

if TYPE_CHECKING:
    from bake_compiler.verbs.promote.result import Promoted


def promote(
    release: Annotated[Path, typer.Argument(metavar="RELEASE_FILE", help="What `bakec build --release-file` wrote.")],
    tags: Annotated[
        list[str],
        typer.Option("--tag", metavar="TAG", help="A new tag instead of the release's tag; may be repeated."),
    ],
    deep: Deep = False,
    release_file: Annotated[
        Path | None, typer.Option("--release-file", metavar="FILE", help="Also write a release file with the new tags.")
    ] = None,
    insecure: Insecure = None,
    jobs: Jobs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify, and print which tags would move.")] = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("promote")] = False,
) -> None:
    """Give the images of a release other tags, without a build.

    bakec verifies each image by its digest, then writes the same manifests under the new tags, all or none. So digests
    and provenance stay the same, and no layer is uploaded. A suffix after the release's tag stays: 1.0-rc1-dev becomes
    v1.0.0-dev. Tags that do not begin with the release's tag, such as latest, do not move.

    Examples:
      bakec promote release.json --tag v1.0.0
      bakec promote release.json --tag v1.0.0 --tag latest
      bakec promote release.json --tag v1.0.0 --dry-run --json
    """
    from bake_compiler.release_file import render_release_file  # noqa: PLC0415
    from bake_compiler.verbs.promote.run import Promotion, plan_promotion, retagged  # noqa: PLC0415
    from bake_compiler.verbs.promote.show import promotion_document  # noqa: PLC0415
    from bake_compiler.verbs.release.file import now  # noqa: PLC0415
    from bake_compiler.verbs.release_files import load_release  # noqa: PLC0415

    before = load_release(release)
    root, protect = _root(project)
    promotion = Promotion(before, plan_promotion(before, tags), release.name, protect, deep, jobs or 0, dry_run)

    async def work() -> "Promoted":
        async with edges(root, insecure or ()) as real:
            return await promotion.run(real)

    done = run_async(work)
    if done.report.exit_code:
        print_report(done.report, as_json=as_json)
        sys.stdout.flush()
        say("error: no tag was moved: the registry does not have what was released")
        say(" hint: fix the problem, or build again")
        sys.exit(done.report.exit_code)
    if as_json:
        print_document(promotion_document(before, done, promotion.name, dry_run=dry_run))
    else:
        _tell(done, promotion.name, dry_run=dry_run)
    if release_file and not dry_run:
        _write(release_file, render_release_file(retagged(before, promotion.tags, tags[0], now())))


def _root(project: Path | None) -> tuple[Path, Sequence[str]]:
    """Return the folder of the journal and the protected tags. Without a project, no tag is protected."""
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415

    try:
        root = root_of(project)
    except BakecError:
        if project is not None:
            raise
        return Path.cwd(), ()
    return root, plan_project(root).protect


def _tell(done: "Promoted", name: str, *, dry_run: bool) -> None:
    right = sum(move.is_none for move in done.moves)
    for move in done.moves:
        before = f"sha256:{move.old.digest.short}" if move.old else "no such tag"
        print_text(f"{move.tag}: {'' if move.is_none else f'{before} → '}sha256:{move.to.digest.short}\n")
    verb = "would move" if dry_run else "moved"
    tags = counted(len(done.moves) - right, "tag")
    told = f"; {right} named it already" if right else ""
    print_text(f"{counted(len(done.report.images), 'image')} verified, {tags} {verb}{told}\n")
    if right < len(done.moves) and not dry_run:
        print_text(f"`bakec rollback {name}` puts them back\n")


def _write(path: Path, text: str) -> None:
    from bake_compiler.system.files import write_whole  # noqa: PLC0415

    try:
        write_whole(path, text)
    except OSError as error:
        hint = "the tags have moved; run it again with another --release-file"
        raise UsageError(f"--release-file: {path}: {error.strerror}", hint=hint) from error
