"""Reads an external image at its vendor: all manifests, and no layers."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bake_compiler.errors import NotFoundError, VerificationError
from bake_compiler.oci.join import join_indexes
from bake_compiler.oci.manifest import ATTESTATION_SUBJECT, Descriptor, ImageConfig, Index, Manifest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.plan import PlannedExternal
from bake_compiler.registry import Registry, WrongContentError
from bake_compiler.verify import Finding
from bake_compiler.verify.manifests.platform_lie import CODE as LIE
from bake_compiler.verify.manifests.platform_missing import CODE as MISSING

_DEEPEST = 3
_MOST_ENTRIES = 1000
_LARGEST_CONFIG = 8 * 1024 * 1024


@dataclass(frozen=True)
class VendorTree:
    """A manifest or an index, with all of its parts.

    Attributes:
        raw: the bytes.
        at: a repository that has the manifest and its parts.
        entry: the entry in the index; for a manifest without an index, an entry made from the manifest.
        parts: the config and the layers of a manifest.
        children: the entries of an index, in order.
    """

    raw: RawManifest
    at: Reference
    entry: Descriptor
    parts: tuple[Descriptor, ...] = ()
    children: tuple["VendorTree", ...] = ()

    @property
    def images(self) -> Iterator["VendorTree"]:
        """Yield every image of an index; for a manifest, the manifest itself."""
        if self.parts and not self.entry.is_attestation:
            yield self
        for child in self.children:
            yield from child.images

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms that have an image."""
        named = (image.entry.platform for image in self.images)
        return frozenset(platform for platform in named if platform and platform.is_known)

    def all(self) -> Iterator["VendorTree"]:
        """Yield the tree itself, and everything below it."""
        yield self
        for child in self.children:
            yield from child.all()

    def moved(self, to: Reference) -> "VendorTree":
        """Return the same tree, to be read from another repository that has all of it."""
        return replace(self, at=to, children=tuple(child.moved(to) for child in self.children))


@dataclass
class Vendor:
    """Reads an external image. Manifests that the copy already has are read there, since vendors count requests.

    Attributes:
        registry: the registry client.
        external: the image.
        copy: the repository that the image is copied to.
        findings: faults of the vendor's image. If there is one, nothing is copied.
    """

    registry: Registry
    external: PlannedExternal
    copy: Reference
    findings: list[Finding] = field(default_factory=list)

    async def tree(self) -> VendorTree:
        """Return the vendor's image; an index that joins the platforms if the vendor keeps them in separate references.

        Raises:
            VerificationError: it is not an image that an engine can run.
            RegistryError: the image could not be read.
        """
        external = self.external
        found = await self._whole(external.source) if external.source else await self._joined()
        platforms = found.platforms
        for platform in external.platforms:
            if platform not in platforms and not self.findings:
                self._missing(platform, f"{external.source} has no {platform}", platforms)
        return found

    async def _whole(self, source: Reference) -> VendorTree:
        found = await self._read(source)
        if found.parts:
            config = await self._config(found)
            return replace(found, entry=found.entry.model_copy(update={"platform": config.platform}))
        images = (image for image in found.images if image.entry.platform in self.external.platforms)
        await asyncio.gather(*map(self._check, images))
        return found

    async def _joined(self) -> VendorTree:
        sources = sorted(self.external.sources.items())
        chosen = await asyncio.gather(*(self._part(reference, platform) for platform, reference in sources))
        images = {platform: parts[0].entry for (platform, _), parts in zip(sources, chosen, strict=True) if parts}
        attestations = {each.entry.digest: each.entry for parts in chosen for each in parts[1:]}
        raw = join_indexes(images, tuple(attestations.values()))
        entry = Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.content))
        return VendorTree(
            raw, self.copy, entry, children=tuple({each.raw.digest: each for p in chosen for each in p}.values())
        )

    async def _part(self, source: Reference, platform: Platform) -> Sequence[VendorTree]:
        """Return the image of one platform, then its attestations; empty if the vendor has no such image."""
        raw = await self.registry.manifest(source)
        parsed = _parsed(source, raw)
        if isinstance(parsed, Manifest):
            own = Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.content), platform=platform)
            image = await self._check(_leaf(raw, source, own, parsed))
            return (image,)
        entry = next((each for each in parsed.images if each.platform == platform), None)
        if entry is None:
            there = frozenset(each.platform for each in parsed.images if each.platform)
            self._missing(platform, f"{source} has no {platform}", there)
            return ()
        attestations = [
            each for each in parsed.attestations if each.annotations.get(ATTESTATION_SUBJECT) == str(entry.digest)
        ]
        image, *others = await asyncio.gather(*(self._entry(source, each, 1) for each in (entry, *attestations)))
        return (await self._check(image), *others)

    async def _read(self, source: Reference) -> VendorTree:
        raw = await self.registry.manifest(source)
        entry = Descriptor(media_type=raw.media_type, digest=raw.digest, size=len(raw.content))
        return await self._tree(raw, source, entry, 0)

    async def _tree(self, raw: RawManifest, at: Reference, entry: Descriptor, depth: int) -> VendorTree:
        parsed = _parsed(at, raw)
        if isinstance(parsed, Manifest):
            return _leaf(raw, at, entry, parsed)
        if depth >= _DEEPEST or len(parsed.manifests) > _MOST_ENTRIES:
            raise VerificationError(f"{at}: its index is too large or nested too deep", hint="no image needs as much")
        children = await asyncio.gather(*(self._entry(at, each, depth + 1) for each in parsed.manifests))
        return VendorTree(raw, at, entry, children=tuple(children))

    async def _entry(self, at: Reference, entry: Descriptor, depth: int) -> VendorTree:
        try:
            raw = await self.registry.manifest(self.copy.at(entry.digest), pushing=True)
        except (NotFoundError, WrongContentError):
            raw = await self.registry.manifest(at.at(entry.digest))
        return await self._tree(raw, at, entry, depth)

    async def _check(self, image: VendorTree) -> VendorTree:
        """Return the image, after checking the platform that its config states."""
        config, listed = await self._config(image), image.entry.platform
        stated = config.platform
        if listed and listed.architecture == "arm" and not config.variant:
            stated = replace(stated, variant=listed.variant)  # many tools leave it out
        if stated != listed:
            message = f"{image.at} is said to be for {listed}, and says itself that it is for {stated}"
            hint = "its vendor is mistaken: ask there, or declare platforms=Only(…) without it"
            self.findings.append(Finding(self.external.name, listed, LIE, message, hint))
        return image

    async def _config(self, image: VendorTree) -> ImageConfig:
        digest = image.parts[0].digest
        try:
            content = await self.registry.blob(image.at, digest, limit=_LARGEST_CONFIG)
            return ImageConfig.read(content)
        except ValueError as error:
            raise VerificationError(f"{image.at}: {digest} is no config: {error}", hint="ask its vendor") from error

    def _missing(self, platform: Platform, message: str, there: frozenset[Platform]) -> None:
        known = ", ".join(sorted(str(each) for each in there if each.is_known)) or "none that an engine could run"
        hint = f"there are {known}; say images={{…}} if it is kept elsewhere, or platforms=Only(…) with the reason"
        self.findings.append(Finding(self.external.name, platform, MISSING, message, hint))


def _parsed(at: Reference, raw: RawManifest) -> Index | Manifest:
    try:
        return raw.parse()
    except ValueError as error:
        raise VerificationError(f"{at}: {error}", hint="ask its vendor, or mirror another tag") from error


def _leaf(raw: RawManifest, at: Reference, entry: Descriptor, manifest: Manifest) -> VendorTree:
    return VendorTree(raw, at, entry, parts=(manifest.config, *manifest.layers))
