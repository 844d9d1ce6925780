"""The checks of doctor: one file each, a function from facts to results, and its row in a tuple of this module."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from bake_compiler.verbs.doctor.checks.bake_file import check_bake_file
from bake_compiler.verbs.doctor.checks.bases import check_bases
from bake_compiler.verbs.doctor.checks.builder import check_builder
from bake_compiler.verbs.doctor.checks.buildx import check_buildx
from bake_compiler.verbs.doctor.checks.caches import check_caches
from bake_compiler.verbs.doctor.checks.described_builder import check_described_builder
from bake_compiler.verbs.doctor.checks.disk import check_disk
from bake_compiler.verbs.doctor.checks.docker import check_docker
from bake_compiler.verbs.doctor.checks.dockerfiles import check_dockerfiles
from bake_compiler.verbs.doctor.checks.entitlements import check_entitlements
from bake_compiler.verbs.doctor.checks.externals import check_externals
from bake_compiler.verbs.doctor.checks.generated_inputs import check_generated_inputs
from bake_compiler.verbs.doctor.checks.memory import check_memory
from bake_compiler.verbs.doctor.checks.network import check_network
from bake_compiler.verbs.doctor.checks.platforms import check_platforms
from bake_compiler.verbs.doctor.checks.registries import check_registries
from bake_compiler.verbs.doctor.checks.signing import check_signing
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult

DoctorCheck: TypeAlias = Callable[[Facts], Coroutine[Any, Any, tuple[CheckResult, ...]]]

CHECKS: tuple[DoctorCheck, ...] = (
    check_docker,
    check_buildx,
    check_builder,
    check_disk,
    check_memory,
    check_described_builder,
    check_platforms,
    check_registries,
    check_signing,
    check_bases,
    check_caches,
    check_generated_inputs,
    check_dockerfiles,
    check_entitlements,
    check_bake_file,
)
"""The checks that doctor and each build make, in the order of the output."""

DOCTOR_CHECKS: tuple[DoctorCheck, ...] = (*CHECKS, check_externals, check_network)
"""The checks of doctor. The last two do not end a build."""

WITHOUT_PREFLIGHT: tuple[DoctorCheck, ...] = (check_bake_file,)
"""The checks that `bakec build --no-preflight` still makes."""
