"""Calls buildx and reads what it prints: commands, progress, faults, the builder and the metadata file."""

from bake_compiler.buildx.command import BUILDX as BUILDX
from bake_compiler.buildx.command import BakeRun as BakeRun
from bake_compiler.buildx.command import bake_command as bake_command
from bake_compiler.buildx.command import bases_command as bases_command
from bake_compiler.buildx.command import bases_file as bases_file
from bake_compiler.buildx.command import metadata_file as metadata_file
from bake_compiler.buildx.command import print_command as print_command
from bake_compiler.buildx.command import read_digest as read_digest
from bake_compiler.buildx.failure import Failure as Failure
from bake_compiler.buildx.fault import Fault as Fault
from bake_compiler.buildx.faults import FAULTS as FAULTS
from bake_compiler.buildx.faults import classify as classify
from bake_compiler.buildx.progress import Progress as Progress
from bake_compiler.buildx.step import Step as Step
