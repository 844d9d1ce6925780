"""What a build needs of machine, builder and registries, each looked at by itself, with what mends it."""

from bake_compiler.doctor.builder import check_builder, check_buildx
from bake_compiler.doctor.check import Check, State, bad, good, unknown
from bake_compiler.doctor.platforms import check_platform
from bake_compiler.doctor.registries import check_registry
from bake_compiler.doctor.room import check_room

__all__ = [
    "Check",
    "State",
    "bad",
    "check_builder",
    "check_buildx",
    "check_platform",
    "check_registry",
    "check_room",
    "good",
    "unknown",
]
