"""bakec release: shows the state of a release's tags, and moves the tags that have not moved."""

from pathlib import Path

from bake_compiler.registry import Registry
from bake_compiler.release import ReleaseStatus, finish, read_release, status_of


async def release_status(registry: Registry, root: Path, name: str) -> ReleaseStatus:
    """Return, for each tag of a release, its old digest, its new digest, and the digest that it names now.

    Raises:
        RegistryError: the registry did not answer.
        UsageError: there is no such release.
    """
    return await status_of(registry, read_release(root, name))


async def finish_release(registry: Registry, root: Path, name: str) -> ReleaseStatus:
    """Move the tags of a release that have not moved.

    Raises:
        RegistryError: the registry did not answer, or refuses a tag.
        UsageError: there is no such release.
    """
    return await finish(registry, root, read_release(root, name))
