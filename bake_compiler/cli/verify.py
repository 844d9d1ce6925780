"""bakec verify: compares the registry with the models, a release, or given references."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import (
    Insecure,
    Jobs,
    Platforms,
    ProjectDir,
    Registry,
    Tag,
    Variables,
    complete_selector,
    is_reference,
    json_option,
    parse_platforms,
    root_of,
    select_wanted,
)
from bake_compiler.cli.output import print_report, say
from bake_compiler.errors import Interrupted, UsageError
from bake_compiler.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from bake_compiler.report import ImageResult, Report
    from bake_compiler.verbs.edges import Edges
    from bake_compiler.verbs.verify.run import VerifiedImage
    from bake_compiler.verbs.verify.smoke import Smoker


def verify(
    asked: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR | REFERENCE]",
            help="all (the default), a phase, a component, an image; or any images: HOST/REPOSITORY:TAG.",
            autocompletion=complete_selector,
        ),
    ] = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also check in every layer that binaries are for the platform.")
    ] = False,
    run: Annotated[bool, typer.Option("--run", help="Also start each image on each platform (needs Docker).")] = False,
    timeout: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", show_default=False, help="For each start of --run; default: 300."),
    ] = 300.0,
    release: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Verify a release file, or the report of a `bakec build --json`."),
    ] = None,
    foreign: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="With --deep: paths where other architectures are intended."),
    ] = None,
    insecure: Insecure = None,
    jobs: Jobs = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("verify")] = False,
) -> None:
    """Check in the registry that images are as promised.

    Every image must exist for every platform, and must be what its metadata says. Name images of the project (all, a
    phase, a component, an image), or any images by their references, without models. Needs Docker only with --run.

    Examples:
      bakec verify all
      bakec verify backend --tag v9 --deep --json
      bakec verify ghcr.io/acme/web:1.0 --platform amd64,arm64
      bakec verify --release release.json
    """
    from bake_compiler.verbs.verify.run import Verification, layers_of, planned_subjects  # noqa: PLC0415

    root, wanted = Path.cwd(), None
    if release or any(map(is_reference, asked or ())):
        subjects = _released(release) if release else _named(asked or (), platforms)
    else:
        from bake_compiler.project.planned import plan_project  # noqa: PLC0415

        root = root_of(project)
        plan = plan_project(root)
        wanted = select_wanted(plan, asked, platforms, registry, tag, variables)
        subjects = planned_subjects(plan, wanted)
    subjects = _allowing(subjects, foreign or [])

    async def work() -> "Report":
        async with edges(root, insecure or ()) as real:
            with _progress(len(subjects), slow=deep or run) as on_image:
                smoker = _smoker(real, root, timeout) if run else None
                layers = layers_of(real, deep=deep, jobs=jobs or 0)
                verification = Verification(real.registry, layers, smoker, on_image=on_image, slots=jobs or real.cores)
                return await verification.run(subjects, wanted)

    try:
        report = run_async(work)
    except KeyboardInterrupt as error:
        kept = "layers that were read to their end are not read again" if deep else ""
        raise Interrupted("interrupted: nothing was told of any image, and nothing was changed", hint=kept) from error
    print_report(report, as_json=as_json)
    sys.stdout.flush()
    sys.exit(report.exit_code)


def _smoker(real: "Edges", root: Path, seconds: float) -> "Smoker":
    from bake_compiler.verbs.verify.smoke import Smoker  # noqa: PLC0415

    return Smoker(real.runner, real.env, root, seconds)


def _named(texts: Sequence[str], platforms: list[str] | None) -> "tuple[VerifiedImage, ...]":
    from bake_compiler.oci.reference import Reference  # noqa: PLC0415
    from bake_compiler.verbs.verify.run import named_subjects  # noqa: PLC0415

    try:
        return named_subjects(map(Reference.parse, texts), parse_platforms(platforms))
    except ValueError as error:
        raise UsageError(str(error), hint="write HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:…") from error


def _released(release: Path) -> "tuple[VerifiedImage, ...]":
    from bake_compiler.verbs.release_files import load_promises  # noqa: PLC0415
    from bake_compiler.verbs.verify.run import VerifiedImage  # noqa: PLC0415

    return tuple(
        VerifiedImage(each.promise, each.tags, architecture_tags=each.architecture_tags)
        for each in load_promises(release)
    )


def _allowing(subjects: "Sequence[VerifiedImage]", foreign: Sequence[str]) -> "tuple[VerifiedImage, ...]":
    from dataclasses import replace  # noqa: PLC0415

    def allowed(subject: "VerifiedImage") -> "VerifiedImage":
        promise = replace(subject.promise, foreign=(*subject.promise.foreign, *foreign))
        return replace(subject, promise=promise)

    return tuple(map(allowed, subjects)) if foreign else tuple(subjects)


@contextmanager
def _progress(total: int, *, slow: bool) -> "Iterator[Callable[[ImageResult], None]]":
    """Yield a watch.

    On a terminal it shows a bar; otherwise, if the work takes long, it prints a line for each image.
    """
    if sys.stderr.isatty() and total > 1:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"verifying {counted(total, 'image')}", total=total)
            yield lambda _: bar.advance(task)
        return
    ended = 0

    def on_image(image: "ImageResult") -> None:
        nonlocal ended
        ended += 1
        if slow:
            verdict = f"{counted(len(image.errors), 'error')}" if image.errors else "verified"
            say(f"[{ended}/{total}] {image.name}: {verdict} in {image.seconds:.1f} s")

    yield on_image
