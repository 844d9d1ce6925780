"""What a build needs of machine, builder and registries, each looked at by itself, with what mends it."""

from bake_compiler.verbs.doctor.checks.builder import check_builder, check_buildx, check_docker
from bake_compiler.verbs.doctor.checks.caches import check_cache
from bake_compiler.verbs.doctor.checks.check import Check, State, UnfitError, bad, good, note, unknown
from bake_compiler.verbs.doctor.checks.described import check_described
from bake_compiler.verbs.doctor.checks.dockerfiles import check_dockerfiles
from bake_compiler.verbs.doctor.checks.entitlements import check_entitlements, privileges
from bake_compiler.verbs.doctor.checks.inputs import check_inputs
from bake_compiler.verbs.doctor.checks.network import check_network
from bake_compiler.verbs.doctor.checks.platforms import check_platforms
from bake_compiler.verbs.doctor.checks.registries import check_registry
from bake_compiler.verbs.doctor.checks.room import check_memory, check_room

__all__ = [
    "Check",
    "State",
    "UnfitError",
    "bad",
    "check_builder",
    "check_buildx",
    "check_cache",
    "check_described",
    "check_docker",
    "check_dockerfiles",
    "check_entitlements",
    "check_inputs",
    "check_memory",
    "check_network",
    "check_platforms",
    "check_registry",
    "check_room",
    "good",
    "note",
    "privileges",
    "unknown",
]
