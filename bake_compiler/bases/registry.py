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
    """What a name stands for.

    Attributes:
        digest: of the index, or of the one manifest.
        platforms: that it has, sorted.
        is_index: whether it may have several; what is none is one platform's image, whatever platform is asked for.
    """

    digest: Digest
    platforms: tuple[Platform, ...]
    is_index: bool

    def lacks(self, platforms: Iterable[Platform]) -> tuple[Platform, ...]:
        """Those of some platforms that nothing in it runs on."""
        return tuple(sorted(each for each in platforms if not any(map(each.runs, self.platforms))))


async def see(registry: Registry, reference: Reference) -> RegistryBase:
    """Ask a registry: one request for an index, two for a manifest.

    Raises:
        NotFoundError: it has none.
        RegistryError: it could not be asked, or what it has is no image.
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
    """That a base is not made for some platforms, and what it has instead."""
    has, missing = _listed(seen.platforms), _listed(lacking)
    if seen.is_index:
        return f"{name} is not made for {missing}, but for {has}"
    return f"{name} is the manifest of {has} alone, and no index: {missing} would get that"


def _listed(platforms: Collection[Platform]) -> str:
    return ", ".join(map(str, sorted(platforms)))
