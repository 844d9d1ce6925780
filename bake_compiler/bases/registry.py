"""What a registry has under a base image's name: digest, platforms, and whether it is an index. No builder is asked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import INDEXES, ImageConfig, Index
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.registry import Registry, fetch_snapshot

_LARGEST_CONFIG = 8 * 1024 * 1024


@dataclass(frozen=True)
class RegistryBase:
    """What the name of a base means in its registry.

    Attributes:
        digest: the digest of the index, or of the single manifest.
        platforms: the platforms that it has, sorted.
        is_index: True for an index. False for a single manifest, which BuildKit uses for every platform.
    """

    digest: Digest
    platforms: tuple[Platform, ...]
    is_index: bool

    def lacks(self, platforms: Iterable[Platform]) -> tuple[Platform, ...]:
        """The given platforms on which no image of it can run, sorted."""
        return tuple(sorted(each for each in platforms if not any(map(each.runs, self.platforms))))


async def see(registry: Registry, reference: Reference) -> RegistryBase:
    """Ask a registry: one request for an index, two for a manifest.

    Raises:
        NotFoundError: the registry does not have the image.
        RegistryError: the registry could not be asked, or what it has is not an image.
    """
    raw = await registry.manifest(reference)
    try:
        parsed = raw.parse()
        if not isinstance(parsed, Index):
            content = await registry.blob(reference, parsed.config.digest, limit=_LARGEST_CONFIG)
            return RegistryBase(raw.digest, (ImageConfig.read(content).platform,), is_index=False)
    except ValueError as error:
        raise RegistryError(f"{reference}: {error}", hint="choose another base image") from error
    if any(entry.media_type in INDEXES for entry in parsed.manifests):
        return _of_snapshot(raw.digest, await fetch_snapshot(registry, reference.at(raw.digest)))
    return RegistryBase(raw.digest, _known(entry.platform for entry in parsed.images), is_index=True)


def _of_snapshot(digest: Digest, snapshot: Snapshot) -> RegistryBase:
    return RegistryBase(digest, _known(child.platform for child in snapshot.images), is_index=True)


def _known(platforms: Iterable[Platform | None]) -> tuple[Platform, ...]:
    return tuple(sorted({each for each in platforms if each and each.is_known}))


def platform_words(name: str, seen: RegistryBase, lacking: Collection[Platform]) -> str:
    """A sentence that says for which platforms a base is not made, and which platforms it has."""
    has, missing = _listed(seen.platforms), _listed(lacking)
    if seen.is_index:
        return f"{name} is not made for {missing}, but for {has}"
    return f"{name} is the manifest of {has} alone, not an index: {missing} would get the same manifest"


def _listed(platforms: Collection[Platform]) -> str:
    return ", ".join(map(str, sorted(platforms)))
