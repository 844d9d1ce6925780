"""Moves public tags to verified digests: all tags or none. An interrupted move can be finished or undone."""

from bake_compiler.release.journal import LAST, RELEASES, Release, alone, read_release, release_ids
from bake_compiler.release.moves import Move, is_protected, plan_moves, protected_error
from bake_compiler.release.status import Names, ReleaseState, ReleaseStatus, TagState, status_of
from bake_compiler.release.transaction import finish, move_all, roll_back

__all__ = [
    "LAST",
    "RELEASES",
    "Move",
    "Names",
    "Release",
    "ReleaseState",
    "ReleaseStatus",
    "TagState",
    "alone",
    "finish",
    "is_protected",
    "move_all",
    "plan_moves",
    "protected_error",
    "read_release",
    "release_ids",
    "roll_back",
    "status_of",
]
