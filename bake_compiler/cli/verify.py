"""bakec verify: the registry against the models."""

import sys
from typing import Annotated

import typer

from bake_compiler.cli.options import (
    DEFAULT_JOBS,
    Jobs,
    Json,
    Platforms,
    ProjectDir,
    Registry,
    Selectors,
    Tag,
    Variables,
    edges,
    print_report,
    root_of,
    run_async,
    select_wanted,
)


def verify(
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    run: Annotated[bool, typer.Option("--run", help="Also start each image on each platform (needs Docker).")] = False,
    jobs: Jobs = DEFAULT_JOBS,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Check in the registry that every image is there for every platform, and is what its label says.

    Needs no Docker, unless --run is given. Examples: `bakec verify all`, `bakec verify backend --tag v9 --json`.
    """
    from bake_compiler.pipeline.compile import plan_project  # noqa: PLC0415
    from bake_compiler.pipeline.verify import verify as verify_all  # noqa: PLC0415
    from bake_compiler.report import Report  # noqa: PLC0415

    root = root_of(project)
    wanted = select_wanted(plan_project(root), selectors, platforms, registry, tag, variables)

    async def work() -> Report:
        async with edges(root) as real:
            return await verify_all(wanted, real, run=run, slots=jobs)

    report = run_async(work)
    print_report(report, as_json=as_json)
    sys.stdout.flush()
    sys.exit(report.exit_code)
