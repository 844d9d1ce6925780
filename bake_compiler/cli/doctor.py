"""bakec doctor: checks everything that a build needs, and prints how to fix problems."""

import sys
from typing import TYPE_CHECKING, Annotated

from bake_compiler.cli.edges import edges, run_async
from bake_compiler.cli.options import (
    Allow,
    Insecure,
    Jobs,
    Platforms,
    ProjectDir,
    Registry,
    Selectors,
    Tag,
    Variables,
    json_option,
    root_of,
    select_wanted,
)
from bake_compiler.cli.output import print_document, print_text
from bake_compiler.errors import PreflightError

if TYPE_CHECKING:
    from bake_compiler.verbs.doctor.result import CheckResult


def doctor(
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    insecure: Insecure = None,
    jobs: Jobs = None,
    allow: Allow = None,
    project: ProjectDir = None,
    as_json: Annotated[bool, json_option("doctor")] = False,
) -> None:
    """Check all that a build needs, and print how to fix problems.

    bakec checks docker, buildx, the builder, emulation, disk space, push access to each registry, the base images, the
    Dockerfiles and the bake file. If all images are selected, it also checks what `bakec mirror` copies. A check that
    could not be done is unknown, never ok. A note does not end a build. The exit code is 7 if something is bad. `bakec
    build` makes the same checks before it builds, without those for `bakec mirror`.

    Examples:
      bakec doctor
      bakec doctor backend --platform arm64
      bakec doctor --json
    """
    from bake_compiler.plan.externals import externals_with  # noqa: PLC0415
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415
    from bake_compiler.verbs.doctor.facts import PlannedBuild  # noqa: PLC0415
    from bake_compiler.verbs.doctor.run import look  # noqa: PLC0415
    from bake_compiler.verbs.doctor.show import doctor_document, is_good, render_doctor  # noqa: PLC0415

    root = root_of(project)
    plan = plan_project(root)
    wanted = select_wanted(plan, selectors, platforms, registry, tag, variables)

    async def work() -> "tuple[CheckResult, ...]":
        async with edges(root, insecure) as real:
            return await look(
                PlannedBuild(
                    real.with_builder(plan.builder),
                    plan,
                    wanted,
                    slots=jobs or 0,
                    allow=tuple(allow or ()),
                    externals=externals_with(plan, selectors or ()),
                )
            )

    checks = run_async(work)
    print_document(doctor_document(checks)) if as_json else print_text(render_doctor(checks))
    sys.exit(0 if is_good(checks) else PreflightError.exit_code)
