"""Removes content tags that nobody needs any more. A manifest that a tag or an index still needs stays."""

from bake_compiler.staged.contents import built_at, read_contents
from bake_compiler.staged.probe import Probe
from bake_compiler.staged.removal import Removal
from bake_compiler.staged.stale import Held, Judgement, RepositoryFacts, TagFate, judge_tags, named_at

__all__ = [
    "Held",
    "Judgement",
    "Probe",
    "Removal",
    "RepositoryFacts",
    "TagFate",
    "built_at",
    "judge_tags",
    "named_at",
    "read_contents",
]
