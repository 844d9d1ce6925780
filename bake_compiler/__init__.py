"""bakec: declare container images in typed Python; build, verify and publish them for every architecture.

This is what a component author imports.
"""

from bake_compiler.model import Component, Image, Only, Phase, Project
from bake_compiler.oci.platform import Platform

__all__ = ["Component", "Image", "Only", "Phase", "Platform", "Project"]
