"""The content of all layers of one platform's image, as the binary checks read it from the registry."""

from dataclasses import dataclass

from bake_compiler.layers.layer import LayerFacts
from bake_compiler.layers.tree import Tree
from bake_compiler.oci.manifest import ImageConfig
from bake_compiler.oci.platform import Platform


@dataclass(frozen=True)
class Deep:
    """One platform's image, with the content of its layers.

    Attributes:
        platform: the platform under which the index lists the image.
        config: the image's config.
        tree: the root file system.
        layers: the layers that make up the root file system, lowest first, as the manifest lists them.
    """

    platform: Platform
    config: ImageConfig
    tree: Tree
    layers: tuple[LayerFacts, ...]

    @property
    def is_windows(self) -> bool:
        """Whether the image is for Windows. Its programs are PE files then, and bakec can't check how they start."""
        return self.platform.os == "windows"
