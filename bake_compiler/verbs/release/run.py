"""What `bakec release` does about the moves of a release: their status, and their end."""

from pathlib import Path

from bake_compiler.registry import Registry
from bake_compiler.release import ReleaseStatus, finish, read_release, status_of


async def release_status(registry: Registry, root: Path, name: str) -> ReleaseStatus:
    """What each tag of a release named before, what it is to name, and what it names now.

    Raises:
        RegistryError: the registry does not say.
        UsageError: there is no such release.
    """
    return await status_of(registry, read_release(root, name))


async def finish_release(registry: Registry, root: Path, name: str) -> ReleaseStatus:
    """Move the tags of a release that have not moved.

    Raises:
        RegistryError: the registry does not say what it has, or refuses a tag.
        UsageError: there is no such release.
    """
    return await finish(registry, root, read_release(root, name))
