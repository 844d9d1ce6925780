"""Checks for mistakes between models that are each valid alone. All are found at once, before anything is written."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake
from bake_compiler.plan.check.collisions import check_collisions
from bake_compiler.plan.check.contexts import warn_contexts
from bake_compiler.plan.check.cycles import check_cycles
from bake_compiler.plan.check.dockerfiles import check_dockerfiles
from bake_compiler.plan.check.externals import check_externals
from bake_compiler.plan.check.lists import check_lists
from bake_compiler.plan.check.names import check_names
from bake_compiler.plan.check.paths import check_paths
from bake_compiler.plan.check.phases import check_phases
from bake_compiler.plan.check.platforms import check_platforms
from bake_compiler.plan.check.portable import check_portable, warn_portable
from bake_compiler.plan.check.references import check_references
from bake_compiler.plan.check.registries import check_registries
from bake_compiler.plan.check.secrets import check_secrets
from bake_compiler.plan.check.subject import Inputs, PlanSubject
from bake_compiler.plan.check.versions import check_versions
from bake_compiler.plan.emulation import sources_of
from bake_compiler.plan.plan import Plan

__all__ = ["Inputs", "PlanSubject", "check_all", "warn_all"]

CHECKS = (
    check_references,
    check_registries,
    check_externals,
    check_names,
    check_cycles,
    check_paths,
    check_platforms,
    check_phases,
    check_collisions,
    check_lists,
    check_versions,
    check_secrets,
    check_dockerfiles,
    check_portable,
)


def check_all(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield every mistake in how models, and the files that they name, refer to each other."""
    for check in CHECKS:
        yield from check(subject)


def warn_all(plan: Plan, inputs: Inputs) -> Iterator[Mistake]:
    """Warnings: likely mistakes that may be intended. They do not change the exit code."""
    sources = sources_of(plan, inputs.dockerfiles)
    yield from warn_portable(sources)
    yield from warn_contexts(plan, sources)
