"""bakec build: preflight, build, verify, move tags."""

import sys
from typing import Annotated

import typer

from bake_compiler.cli.options import (
    DEFAULT_JOBS,
    Deep,
    Insecure,
    Jobs,
    Json,
    Platforms,
    ProjectDir,
    Registry,
    Selectors,
    Tag,
    Variables,
    counted,
    edges,
    layer_readers,
    print_report,
    root_of,
    run_async,
    say,
    select_wanted,
)


def build(
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    push: Annotated[bool, typer.Option("--push/--load", help="Push and verify, or load into the local engine.")] = True,
    deep: Deep = False,
    insecure: Insecure = None,
    jobs: Jobs = DEFAULT_JOBS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands; build nothing.")] = False,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Build images for every platform, verify them in the registry, then move their public tags, all or none.

    Examples: `bakec build all`, `bakec build foundation`, `bakec build backend nginx --platform amd64,arm64`.
    """
    from bake_compiler.pipeline.build import Build  # noqa: PLC0415
    from bake_compiler.pipeline.compile import plan_part, plan_project  # noqa: PLC0415
    from bake_compiler.report import Report  # noqa: PLC0415

    root = root_of(project)
    plan = plan_part(root, selectors or []) or plan_project(root)
    wanted = select_wanted(plan, selectors, platforms, registry, tag, variables)

    async def work() -> Report | None:
        async with edges(root, insecure or ()) as real:
            layers = layer_readers(real, jobs) if deep and push else None
            run = Build(plan, wanted, real, push=push, slots=jobs, layers=layers)
            if dry_run:
                for command in run.commands(await run.variables()):
                    sys.stdout.write(f"{command}\n")
                return None
            images, builds = counted(len(wanted.images), "image"), counted(len(wanted.cells), "build")
            say(f"building {images}, {builds}, {jobs} at once")
            return await run.run()

    report = run_async(work)
    if report is not None:
        print_report(report, as_json=as_json)
        sys.stdout.flush()
        sys.exit(report.exit_code)
