"""bakec mirror: copies external images into the project's registries, and verifies them there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import (
    Deep,
    Insecure,
    ProjectDir,
    Registry,
    Variables,
    json_option,
    parse_variables,
    root_of,
)
from bake_compiler.cli.output import print_document, print_text, say
from bake_compiler.errors import BakecError, Interrupted, UsageError
from bake_compiler.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bake_compiler.plan import Plan, PlannedExternal
    from bake_compiler.verbs.mirror.result import Mirrored, MirroredImage

    Watch = tuple[Callable[[MirroredImage], None], Callable[[int], None]]

_BLOBS = 4


def complete_external(incomplete: str) -> list[str]:
    """Return external images for completion in a shell; empty if there is no project here or it has mistakes."""
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415

    try:
        plan = plan_project(root_of(None))
    except BakecError:
        return []
    return [each.name for each in plan.external if each.name.startswith(incomplete)]


def mirror(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="External images by name; default: all of them.",
            autocompletion=complete_external,
        ),
    ] = None,
    registry: Registry = "",
    variables: Variables = None,
    deep: Deep = False,
    insecure: Insecure = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", min=1, max=16, metavar="N", show_default=False, help="Blobs at once; default: 4."),
    ] = _BLOBS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent and which tags would move.")
    ] = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("mirror")] = False,
) -> None:
    """Copy the external images into the project's registries.

    bakec copies whole indexes with all platforms and attestations. It copies each image by digest, verifies it in the
    registry, and only then moves the tag. Blobs that the registry already has are not sent again, so an interrupted
    copy continues. A platform of the project that the vendor does not have is an error, except if Only(…) excludes it.

    Examples:
      bakec mirror
      bakec mirror postgres redis --dry-run
      bakec mirror --deep --json
    """
    from bake_compiler.plan.externals import select_externals  # noqa: PLC0415
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415
    from bake_compiler.verbs.mirror.show import mirrored_document, render_mirrored  # noqa: PLC0415

    root = root_of(project)
    plan = plan_project(root)
    externals = select_externals(plan, names or ())
    values = _variables(plan, externals, registry, variables)
    try:
        mirrored = _mirror(root, plan, externals, values, insecure, jobs=jobs, deep=deep, dry_run=dry_run)
    except KeyboardInterrupt as error:
        hint = "run it again: what has arrived is not sent again"
        raise Interrupted(
            "interrupted: every tag names a whole image, the one before or the new one", hint=hint
        ) from error
    if as_json:
        print_document(mirrored_document(mirrored))
    else:
        print_text(render_mirrored(mirrored))
    sys.exit(mirrored.exit_code)


def _variables(
    plan: "Plan", externals: "Sequence[PlannedExternal]", registry: str, texts: list[str] | None
) -> "Mapping[str, object]":
    """Return the values of all variables. With these values, every reference can be evaluated."""
    from bake_compiler.model.texts import check_registry  # noqa: PLC0415
    from bake_compiler.plan.select import variables_of_run  # noqa: PLC0415

    try:
        check_registry(registry) if registry else None
        values = variables_of_run(plan, registry.rstrip("/"), "", parse_variables(texts))
        for external in externals:
            external.references(values)
    except ValueError as error:
        option = "--var" if texts else "--registry"
        raise UsageError(f"{option}: {error}", hint="images are mirrored there: write HOST[:PORT][/PATH]") from error
    return values


def _mirror(
    root: "Path",
    plan: "Plan",
    externals: "Sequence[PlannedExternal]",
    values: "Mapping[str, object]",
    insecure: list[str] | None,
    *,
    jobs: int,
    deep: bool,
    dry_run: bool,
) -> "Mirrored":
    from bake_compiler.verbs.mirror.copier import Copier  # noqa: PLC0415
    from bake_compiler.verbs.mirror.run import Mirror  # noqa: PLC0415
    from bake_compiler.verbs.verify.run import layers_of  # noqa: PLC0415

    async def work() -> "Mirrored":
        async with edges(root, insecure) as real:
            with _progress(len(externals), dry_run=dry_run) as (on_image, on_bytes):
                layers = layers_of(real, deep=deep)
                copier = Copier(real.registry, jobs, on_bytes)
                run = Mirror(real.registry, copier, values, plan.protect, layers, dry_run, on_image)
                return await run.run(externals, plan.platforms)

    return run_async(work)


@contextmanager
def _progress(total: int, *, dry_run: bool) -> "Iterator[Watch]":
    """Yield a watch.

    On a terminal it shows a bar with the sent bytes; otherwise it prints a line for each finished image.
    """
    from bake_compiler.verbs.mirror.show import told  # noqa: PLC0415

    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        from bake_compiler.report.words.lines import size_in_words  # noqa: PLC0415

        sent = 0
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"mirroring {counted(total, 'image')}", total=total)

            def on_bytes(number: int) -> None:
                nonlocal sent
                sent += number
                bar.update(task, description=f"mirroring {counted(total, 'image')}, {size_in_words(sent)} sent")

            yield lambda _: bar.advance(task), on_bytes
        return
    ended = 0

    def on_image(image: "MirroredImage") -> None:
        nonlocal ended
        ended += 1
        say(f"[{ended}/{total}] {told(image, dry_run=dry_run)} in {image.seconds:.1f} s")

    yield on_image, lambda _: None
