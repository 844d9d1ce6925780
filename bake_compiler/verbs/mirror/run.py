"""bakec mirror: reads external images, copies them to the project's registries, verifies the copies, then tags them."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bake_compiler.errors import BakecError, NotFoundError, RegistryError, VerificationError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Child, RawManifest
from bake_compiler.plan import PlannedExternal
from bake_compiler.registry import Registry
from bake_compiler.release import is_protected, protected_error
from bake_compiler.verbs.mirror.copier import Copier, Tally
from bake_compiler.verbs.mirror.result import CopyFate, Mirrored, MirroredCell, MirroredImage, MirroredTag
from bake_compiler.verbs.mirror.vendor import Vendor, VendorTree
from bake_compiler.verbs.verify.run import Layers, Verification, VerifiedImage
from bake_compiler.verify import UNCHECKED, Finding, Promise, Severity
from bake_compiler.verify.manifests.missing import CODE as MISSING
from bake_compiler.verify.manifests.size import CODE as SIZE
from bake_compiler.verify.manifests.wrong_bytes import CODE as WRONG

_OF_THE_COPY = frozenset({UNCHECKED, MISSING, SIZE, WRONG})
"""Findings that can be the fault of the copy. The other findings are the vendor's."""


@dataclass(frozen=True)
class Mirror:
    """Copies external images.

    Attributes:
        registry: the registry client.
        copier: copies blobs and manifests.
        variables: the values of the variables that name the project's registries.
        protect: patterns of tags that never move once they exist.
        layers: reads the binaries in the copies; None: do not read them.
        dry_run: write nothing.
        on_image: called with each image when it is finished.
        slots: how many images are copied at once: vendors limit requests.
    """

    registry: Registry
    copier: Copier
    variables: Mapping[str, object]
    protect: Sequence[str] = ()
    layers: Layers | None = None
    dry_run: bool = False
    on_image: Callable[[MirroredImage], None] = lambda _: None
    slots: int = 4

    async def run(self, externals: Sequence[PlannedExternal], platforms: Sequence[Platform]) -> Mirrored:
        """Copy every image. A failure of one image does not stop the other images.

        Args:
            externals: the images.
            platforms: the project's platforms. If an image is not wanted for one of them, its author gave the reason.
        """
        begin = time.monotonic()
        free = asyncio.Semaphore(self.slots)

        async def one(external: PlannedExternal) -> MirroredImage:
            async with free:
                return await self.image(external)

        images = await asyncio.gather(*map(one, externals))
        excluded = tuple(
            MirroredCell(each.name, platform, CopyFate.EXCLUDED, each.only_reason)
            for each in externals
            for platform in platforms
            if platform not in each.platforms
        )
        return Mirrored(tuple(images), excluded, self.dry_run, time.monotonic() - begin)

    async def image(self, external: PlannedExternal) -> MirroredImage:
        """Copy one image, and return its result."""
        begin = time.monotonic()
        targets = external.references(self.variables)
        work = _Work(self, external, targets)
        try:
            await work.run()
        except BakecError as error:
            work.error = error
        result = replace(work.result(), seconds=time.monotonic() - begin)
        self.on_image(result)
        return result


class _Work:
    """The work on one image, and what is known of the image so far."""

    def __init__(self, mirror: Mirror, external: PlannedExternal, targets: tuple[Reference, ...]) -> None:
        self.mirror, self.external, self.targets = mirror, external, targets
        self.tree: VendorTree | None = None
        self.before: dict[Reference, Digest | None] = {}
        self.tally = Tally()
        self.findings: tuple[Finding, ...] = ()
        self.error: BakecError | None = None

    async def run(self) -> None:
        """Read the image, copy it, verify the copies, move their tags. A failed step ends the work."""
        mirror, first = self.mirror, self.targets[0]
        vendor = Vendor(mirror.registry, self.external, first)
        tree = await vendor.tree()
        self.findings = tuple(sorted(vendor.findings))
        if self.findings:
            return
        self.tree = tree
        await self._look(tree.raw)
        if mirror.dry_run:
            for target in self.targets:
                self._add(await mirror.copier.missing(tree, target))
            return
        await mirror.copier.copy(tree, first, self.tally)
        copy = tree.moved(replace(first, tag=""))
        for target in self.targets[1:]:
            await mirror.copier.copy(copy, target, self.tally)
        await self._verify(tree)
        if not self._failed:
            await asyncio.gather(*(self._tag(target, tree.raw) for target in self.targets))

    async def _look(self, raw: RawManifest) -> None:
        """Read what the tags name now. A protected tag must already name this image."""
        for target in self.targets:
            try:
                old = await self.mirror.registry.manifest(target, pushing=True)
            except NotFoundError:
                self.before[target] = None
                continue
            self.before[target] = old.digest
            if old.digest != raw.digest and is_protected(target.tag, self.mirror.protect):
                refused = protected_error(target, old)
                hint = "say another tag=… for it, or take the tag out of the project's `protect`"
                raise VerificationError(refused.message, hint=hint)

    async def _verify(self, tree: VendorTree) -> None:
        """Verify the copies in their registries by digest: index, manifests, configs, layers, and binaries if asked."""
        external, platforms = self.external, tuple(sorted({*tree.platforms, *self.external.platforms}))
        at = self.targets[0].at(tree.raw.digest)
        promise = Promise(
            external.name, at, platforms, digest=tree.raw.digest, source="its vendor", foreign=external.foreign
        )
        layers = _Wanted(self.mirror.layers, external.platforms) if self.mirror.layers else None
        subject = VerifiedImage(promise, fresh=True, copies=self.targets[1:])
        found = await Verification(self.mirror.registry, layers).image(subject)
        self.findings = tuple(self._weighed(finding) for finding in found.findings)

    def _weighed(self, finding: Finding) -> Finding:
        """Return the finding. It becomes a warning if it is the vendor's fault on a platform that nobody wants."""
        own = finding.platform is None or finding.platform in self.external.platforms
        return finding if own or finding.code in _OF_THE_COPY else replace(finding, severity=Severity.WARNING)

    async def _tag(self, target: Reference, raw: RawManifest) -> None:
        registry = self.mirror.registry
        if self.before[target] != raw.digest:
            await registry.put_manifest(target, raw)
            named = await registry.manifest(target, fresh=True)
            if named.digest != raw.digest:
                raise RegistryError(
                    f"{target} names {named.digest} after {raw.digest} was written", hint="run it again"
                )

    def _add(self, more: Tally) -> None:
        self.tally.sent += more.sent
        self.tally.present += more.present
        self.tally.size += more.size
        self.tally.manifests += more.manifests

    @property
    def _failed(self) -> set[Platform | None]:
        return {finding.platform for finding in self.findings if finding.severity is Severity.ERROR}

    def result(self) -> MirroredImage:
        """Return the result of the image."""
        tree = self.tree
        return MirroredImage(
            self.external.name,
            self.external.places,
            tuple(MirroredTag(target, self.before.get(target)) for target in self.targets),
            tree.raw.digest if tree else None,
            tuple(map(self._cell, self.external.platforms)),
            tuple(sorted(tree.platforms - set(self.external.platforms))) if tree else (),
            self.tally,
            self.findings,
            self.error,
        )

    def _cell(self, platform: Platform) -> MirroredCell:
        name, errors = self.external.name, [each for each in self.findings if each.severity is Severity.ERROR]
        if self.error:
            return MirroredCell(name, platform, CopyFate.FAILED, self.error.message)
        own = next((each for each in errors if each.platform in {platform, None}), None)
        if own:
            return MirroredCell(name, platform, CopyFate.FAILED, f"{own.code}: {own.message}")
        if errors:
            return MirroredCell(name, platform, CopyFate.BLOCKED, f"{errors[0].platform} failed")
        return MirroredCell(name, platform, self._good())

    def _good(self) -> CopyFate:
        named = all(self.before.get(target) == self.tree.raw.digest for target in self.targets) if self.tree else False
        if named and self.tally.is_nothing:
            return CopyFate.UNCHANGED
        return CopyFate.WOULD_BE if self.mirror.dry_run else CopyFate.MIRRORED


@dataclass(frozen=True)
class _Wanted:
    """Reads only the layers of the wanted platforms."""

    layers: Layers
    platforms: tuple[Platform, ...]

    async def check(self, promise: Promise, at: Reference, image: Child) -> tuple[Mapping[str, int], Sequence[Finding]]:
        """Return what the reader of layers returns; nothing for a platform that is not wanted."""
        return await self.layers.check(promise, at, image) if image.platform in self.platforms else ({}, ())
