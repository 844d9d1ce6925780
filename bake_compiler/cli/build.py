"""bakec build: preflight, build, verify, move tags."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bake_compiler.cli.contradictions import refuse
from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import (
    Allow,
    Deep,
    Insecure,
    Jobs,
    Platforms,
    ProjectDir,
    Registry,
    Selectors,
    Sign,
    SigningConfig,
    Tag,
    Variables,
    given_names,
    json_option,
    parse_platforms,
    parse_variables,
    root_of,
    select_wanted,
)
from bake_compiler.cli.output import print_document, print_report, say
from bake_compiler.errors import BakecError

if TYPE_CHECKING:
    from bake_compiler.report import Report
    from bake_compiler.report.events import Event
    from bake_compiler.runs.options import BuildOptions
    from bake_compiler.verbs.build.run import Build
    from bake_compiler.verbs.edges import Edges


def build(
    context: typer.Context,
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    push: Annotated[bool, typer.Option("--push/--load", help="Push and verify, or load into the local engine.")] = True,
    deep: Deep = False,
    insecure: Insecure = None,
    jobs: Jobs = None,
    retries: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", show_default=False, help="Retries of an image, if a retry may help; default: 3."
        ),
    ] = 3,
    retry_pause: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            envvar="BAKEC_RETRY_PAUSE",
            show_default=False,
            help="Pause before the first retry; it grows with each retry; default: 3.",
        ),
    ] = 3.0,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first image that fails.")] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Also build images that the registry has from the same inputs.")
    ] = False,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Publish the good images, also if other images failed.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Finish the last run, with the options of that run.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Print progress as lines, also on a terminal.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only failures and the result.")] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the report as JUnit XML, for CI.")
    ] = None,
    release_file: Annotated[
        Path | None,
        typer.Option("--release-file", metavar="FILE", help="Write the published images with their digests."),
    ] = None,
    sign: Sign = "",
    signing_config: SigningConfig = None,
    preflight: Annotated[
        bool, typer.Option("--preflight/--no-preflight", help="First check all that a build needs, as doctor does.")
    ] = True,
    allow: Allow = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands; build nothing.")] = False,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("build")] = False,
) -> None:
    """Build images, verify them, then move all public tags or none.

    bakec builds the images for every platform, and verifies them in the registry. If the registry already has an image
    that was built from the same inputs, the image is verified and not built again. A failed image does not stop other
    images. bakec retries it if a retry may help. --resume builds the images that failed or have changed since, and the
    images that need them. With --json, the report goes to stdout, and the events go to stderr, one document a line.

    Examples:
      bakec build all
      bakec build foundation -j 4
      bakec build backend nginx --platform amd64,arm64
      bakec build --resume
      bakec build all --sign cosign.key
    """
    from bake_compiler.project.planned import plan_part, plan_project  # noqa: PLC0415
    from bake_compiler.report.live import watch  # noqa: PLC0415
    from bake_compiler.runs.kept import last_run  # noqa: PLC0415
    from bake_compiler.runs.options import BuildOptions, resumed  # noqa: PLC0415
    from bake_compiler.verbs.build.run import Build  # noqa: PLC0415

    options = BuildOptions(
        selectors=tuple(selectors or ()),
        platforms=tuple(map(str, parse_platforms(platforms))),
        registry=registry.rstrip("/"),
        tag=tag,
        variables=parse_variables(variables),
        push=push,
        deep=deep,
        jobs=jobs or 0,
        retries=retries,
        retry_pause=retry_pause,
        fail_fast=fail_fast,
        rebuild=rebuild,
        preflight=preflight,
        allow=tuple(allow or ()),
        allow_partial=allow_partial,
        insecure=tuple(insecure or ()),
        sign=_absolute(Path(sign)) if Path(sign).is_file() else sign,
        signing_config=_absolute(signing_config),
        junit=_absolute(junit),
        release_file=_absolute(release_file),
    )
    root = root_of(project)
    earlier = last_run(root) if resume else None
    if earlier:
        options = resumed(earlier.run, earlier.options, options, given_names(context))
        refuse("build", options.written)
    plan = plan_part(root, options.selectors) or plan_project(root)
    wanted = select_wanted(plan, options.selectors, options.platforms, options.registry, options.tag, options.variables)

    def build_with(real: "Edges") -> Build:
        return Build(plan, wanted, real.with_builder(plan.builder), options, earlier)

    seen = watch(
        sys.stderr, terminal=sys.stderr.isatty(), plain=plain, quiet=quiet, as_json=as_json, environ=os.environ
    )

    with _refusals(as_json=as_json), seen as tell:
        ended = _run(root, options, tell, build_with, dry_run=dry_run)
    if ended is not None:
        _tell(*ended, options.junit, as_json=as_json)


def _run(
    root: Path,
    options: "BuildOptions",
    tell: "Callable[[Event], None]",
    with_edges: "Callable[[Edges], Build]",
    *,
    dry_run: bool,
) -> "tuple[Report, BakecError | None] | None":
    """Return the report, and why the release file could not be written.

    With `dry_run`, print the commands and return None.
    """
    from bake_compiler.report.events import Stopping  # noqa: PLC0415
    from bake_compiler.verbs.release.file import write_release_file  # noqa: PLC0415

    async def work() -> "tuple[Report, BakecError | None] | None":
        async with edges(root, options.insecure, tell) as real:
            run = with_edges(real)
            if not dry_run:
                report, file = await run.run(), options.release_file
                return report, await write_release_file(real, report, options.selectors, Path(file)) if file else None
            for command in run.commands.all(await run.commands.variables()):
                sys.stdout.write(f"{command}\n")
            return None

    return run_async(work, lambda: tell(Stopping(time())))


def _absolute(path: Path | None) -> str:
    """Return the absolute path; empty for None."""
    return str(path.absolute()) if path else ""


@contextmanager
def _refusals(*, as_json: bool) -> Iterator[None]:
    """Print the findings of a failed preflight as a document."""
    from bake_compiler.verbs.doctor.result import UnfitError  # noqa: PLC0415
    from bake_compiler.verbs.doctor.show import doctor_document  # noqa: PLC0415

    try:
        yield
    except UnfitError as error:
        if as_json:
            print_document(doctor_document(error.checks))
        raise


def _tell(report: "Report", failed: BakecError | None, junit: str, *, as_json: bool) -> NoReturn:
    """Print the report, write its files, and end with its exit code."""
    try:
        print_report(report, as_json=as_json)
        sys.stdout.flush()
        _write(report, junit, os.environ)
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"error: {error.filename or 'stdout'}: {error.strerror}\n hint: `bakec report` prints it again")
        sys.exit(report.exit_code or BakecError.exit_code)
    if failed:
        say(f"error: {failed.message}\n hint: {failed.hint}")
        sys.exit(report.exit_code or failed.exit_code)
    sys.exit(report.exit_code)


def _write(report: "Report", junit: str, environ: Mapping[str, str]) -> None:
    """Write the report as files, for CI."""
    if junit:
        from bake_compiler.report.formats.junit import render_junit  # noqa: PLC0415
        from bake_compiler.system.files import write_whole  # noqa: PLC0415

        write_whole(Path(junit), render_junit(report))
    if environ.get("GITHUB_ACTIONS") == "true":
        from bake_compiler.report.formats.github import annotations, render_summary  # noqa: PLC0415

        for line in annotations(report):
            say(line)
        if summary := environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(render_summary(report))
