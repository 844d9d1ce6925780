"""bakec lock: writes the digests of base images to bakec.lock."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import Insecure, ProjectDir, json_option, root_of
from bake_compiler.cli.output import print_document, print_text, say
from bake_compiler.words import counted

if TYPE_CHECKING:
    from bake_compiler.verbs.lock.result import LockEntry
    from bake_compiler.verbs.lock.run import Locking


def lock(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[BASE]...", help="With --update: base images, as in a FROM.")
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Lock the named bases again; default: all bases.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 6 if a base moved, or is not in the lock.")
    ] = False,
    insecure: Insecure = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("lock")] = False,
) -> None:
    """Write the digest of each base image to bakec.lock.

    `bakec compile` then writes the pins into the bake file. Without options, bakec locks new bases, and removes bases
    that no Dockerfile uses any more. It also checks that each base exists for each platform, and that a pinned digest
    is an index. If a check fails, nothing is written. With --check, bakec prints which bases moved, and which images
    and platforms are built from them. Needs no Docker.

    Examples:
      bakec lock
      bakec lock --check
      bakec lock --update
      bakec lock --update debian:trixie-slim
    """
    from bake_compiler.model.lock_file import LOCK_FILE  # noqa: PLC0415
    from bake_compiler.project.files import read_lock  # noqa: PLC0415
    from bake_compiler.project.planned import plan_unpinned  # noqa: PLC0415
    from bake_compiler.verbs.lock.run import Locking, error_of, locked_of, write_lock  # noqa: PLC0415
    from bake_compiler.verbs.lock.show import lock_document, render_locked  # noqa: PLC0415
    from bake_compiler.verbs.release.file import now  # noqa: PLC0415

    root = root_of(project)
    plan, inputs = plan_unpinned(root)
    before = read_lock(root)
    locking = Locking(plan, inputs.dockerfiles, before or {}, now())
    entries = _ask(root, locking, locking.names(names or ()) if update or check else (), insecure)
    error = error_of(entries, check=check)
    changes = not (error or check) and write_lock(root, entries)
    if as_json:
        print_document(lock_document(entries, written=changes))
    else:
        print_text(render_locked(entries))
    if error:
        raise error
    told = "written; now run `bakec compile`" if changes else "is up to date"
    say(f"{LOCK_FILE}: {told}, {counted(len(locked_of(entries)), 'base image')}")


def _ask(root: Path, locking: "Locking", anew: Collection[str], insecure: list[str] | None) -> "tuple[LockEntry, ...]":
    async def work() -> "tuple[LockEntry, ...]":
        async with edges(root, insecure) as real:
            return await locking.run(real.registry, anew)

    return run_async(work)
