"""bakec rollback: puts every public tag of a release back to the image that it named before."""

from pathlib import Path

from bake_compiler.registry import Registry
from bake_compiler.release import ReleaseStatus, read_release, roll_back


async def roll_back_release(registry: Registry, root: Path, name: str) -> ReleaseStatus:
    """Put the tags of a release back.

    Raises:
        RegistryError: the registry did not answer, or refuses a tag.
        UsageError: there is no such release.
    """
    return await roll_back(registry, root, read_release(root, name))
