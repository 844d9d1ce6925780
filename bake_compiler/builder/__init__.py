"""The builder as a value, as the project describes it and as buildx stores it, and the commands from one to the other.

This room is pure: `verbs/builder/` reads and runs.
"""

from bake_compiler.builder.changes import Changes as Changes
from bake_compiler.builder.changes import plan_changes as plan_changes
from bake_compiler.builder.changes import plan_removal as plan_removal
from bake_compiler.builder.config import daemon_config as daemon_config
from bake_compiler.builder.instance import Instance as Instance
from bake_compiler.builder.instance import InstanceNode as InstanceNode
from bake_compiler.builder.instance import described as described
from bake_compiler.builder.instance import stored as stored
from bake_compiler.builder.native import native_of as native_of
