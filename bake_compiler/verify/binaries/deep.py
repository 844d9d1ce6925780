"""What the layers of one platform's image hold: the side of the binary checks that comes from the registry."""

from dataclasses import dataclass

from bake_compiler.layers.layer import LayerFacts
from bake_compiler.layers.tree import Tree
from bake_compiler.oci.manifest import ImageConfig
from bake_compiler.oci.platform import Platform


@dataclass(frozen=True)
class Deep:
    """One platform's image, read to the end.

    Attributes:
        platform: that it is listed for.
        config: what it says itself.
        tree: its root file system.
        layers: that this was made of, lowest first, as the manifest lists them.
    """

    platform: Platform
    config: ImageConfig
    tree: Tree
    layers: tuple[LayerFacts, ...]

    @property
    def is_windows(self) -> bool:
        """Whether its programs are PE files, and nothing is known of how they start."""
        return self.platform.os == "windows"
