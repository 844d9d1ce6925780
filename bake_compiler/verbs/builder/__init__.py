"""bakec builder: makes, shows and removes the builder that the project describes."""

from bake_compiler.verbs.builder.ls import BuilderStatus as BuilderStatus
from bake_compiler.verbs.builder.ls import look_at as look_at
from bake_compiler.verbs.builder.ls import render_seen as render_seen
from bake_compiler.verbs.builder.ls import seen_document as seen_document
from bake_compiler.verbs.builder.result import Applied as Applied
from bake_compiler.verbs.builder.result import applied_document as applied_document
from bake_compiler.verbs.builder.result import render_applied as render_applied
from bake_compiler.verbs.builder.rm import take_down as take_down
from bake_compiler.verbs.builder.state import builder_difference as builder_difference
from bake_compiler.verbs.builder.up import bring_up as bring_up
