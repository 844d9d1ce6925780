"""The difference between two releases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.release_file.file import ReleasedBase, ReleasedImage, ReleasedPlatform, ReleaseFile


@dataclass(frozen=True)
class PlatformChange:
    """A platform before and after. None on the side that does not have the platform."""

    platform: Platform
    before: ReleasedPlatform | None
    after: ReleasedPlatform | None

    @property
    def growth(self) -> int:
        """How many bytes larger the platform is than before. Negative if it is smaller."""
        return (self.after.size if self.after else 0) - (self.before.size if self.before else 0)


@dataclass(frozen=True)
class BaseChange:
    """The digests of one base before and after. Empty on the side that does not have the base."""

    name: str
    before: tuple[Digest | None, ...]
    after: tuple[Digest | None, ...]


@dataclass(frozen=True)
class ImageChange:
    """An image that differs between the two releases.

    Attributes:
        before, after: the image.
        platforms: platforms that differ in digest or size, or that only one release has.
        bases: bases that differ.
        tags_lost, tags_gained: public references, sorted.
    """

    before: ReleasedImage
    after: ReleasedImage
    platforms: tuple[PlatformChange, ...]
    bases: tuple[BaseChange, ...]
    tags_lost: tuple[str, ...]
    tags_gained: tuple[str, ...]


@dataclass(frozen=True)
class ReleaseDiff:
    """The difference between two releases. All images are sorted by name.

    Attributes:
        before, after: the releases.
        added, removed: images that only one release has.
        changed: images that differ in digest, repository, tags, platforms or bases.
        unchanged: how many images are the same.
    """

    before: ReleaseFile
    after: ReleaseFile
    added: tuple[ReleasedImage, ...]
    removed: tuple[ReleasedImage, ...]
    changed: tuple[ImageChange, ...]
    unchanged: int


def diff_releases(before: ReleaseFile, after: ReleaseFile) -> ReleaseDiff:
    """Return how the second release differs from the first one."""
    old = {image.name: image for image in before.images}
    new = {image.name: image for image in after.images}
    both = [(image, new[name]) for name, image in old.items() if name in new]
    changed = tuple(_change(one, other) for one, other in both if _differ(one, other))
    return ReleaseDiff(
        before,
        after,
        tuple(image for name, image in new.items() if name not in old),
        tuple(image for name, image in old.items() if name not in new),
        changed,
        len(both) - len(changed),
    )


def _differ(before: ReleasedImage, after: ReleasedImage) -> bool:
    parts = ("digest", "repository", "bases")
    return (
        set(before.all_tags) != set(after.all_tags)
        or any(_platforms(before.platforms, after.platforms))
        or any(getattr(before, part) != getattr(after, part) for part in parts)
    )


def _change(before: ReleasedImage, after: ReleasedImage) -> ImageChange:
    old, new = set(map(str, before.all_tags)), set(map(str, after.all_tags))
    return ImageChange(
        before,
        after,
        tuple(_platforms(before.platforms, after.platforms)),
        tuple(_bases(before.bases, after.bases)),
        tuple(sorted(old - new)),
        tuple(sorted(new - old)),
    )


def _platforms(before: Sequence[ReleasedPlatform], after: Sequence[ReleasedPlatform]) -> Iterator[PlatformChange]:
    old, new = ({each.platform: each for each in side} for side in (before, after))
    for platform in sorted(old.keys() | new.keys()):
        if _content(old.get(platform)) != _content(new.get(platform)):
            yield PlatformChange(platform, old.get(platform), new.get(platform))


def _content(platform: ReleasedPlatform | None) -> ReleasedPlatform | None:
    """The platform without its tags, which are compared with the image's tags."""
    return platform and platform.model_copy(update={"tags": ()})


def _bases(before: Sequence[ReleasedBase], after: Sequence[ReleasedBase]) -> Iterator[BaseChange]:
    old, new = _by_name(before), _by_name(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name, ()) != new.get(name, ()):
            yield BaseChange(name, old.get(name, ()), new.get(name, ()))


def _by_name(bases: Sequence[ReleasedBase]) -> Mapping[str, tuple[Digest | None, ...]]:
    """Base → its digests. Platforms may have been built from different digests of one base."""
    found: dict[str, tuple[Digest | None, ...]] = {}
    for base in bases:
        found[base.name] = (*found.get(base.name, ()), base.digest)
    return found


class DiffSideDocument(TypedDict):
    """One of the two releases."""

    run: str
    """The run that built it."""
    time: str
    """When its file was written, in UTC."""
    registry: str
    """Its registry; of several, the first."""
    tag: str
    """Its tag."""


class TextChangeDocument(TypedDict):
    """A text in both releases."""

    before: str
    """In the older release; may be empty."""
    after: str
    """In the newer release; may be empty."""


class TagsChangeDocument(TypedDict):
    """Public references that only one release has."""

    lost: list[str]
    """Only in the older release, sorted."""
    gained: list[str]
    """Only in the newer release, sorted."""


class ManifestDocument(TypedDict):
    """One platform's manifest."""

    digest: str
    """Its digest."""
    size: int
    """The bytes of config and layers, as the registry stores them."""


class PlatformChangeDocument(TypedDict):
    """A platform that is not the same in both releases."""

    platform: str
    """Such as `linux/arm64`."""
    before: ManifestDocument | None
    """In the older release; null if the platform is not in it."""
    after: ManifestDocument | None
    """In the newer release; null if the platform is not in it."""
    growth: int
    """Bytes more than before; negative if the platform became smaller."""


class BaseChangeDocument(TypedDict):
    """A base image that is not the same in both releases."""

    name: str
    """The name with its tag."""
    before: list[str | None]
    """The digests in the older release, null for an unknown one; empty if it was no base."""
    after: list[str | None]
    """The digests in the newer release, null for an unknown one; empty if it is no base any more."""


class ImageChangeDocument(TypedDict):
    """An image that is not the same in both releases."""

    name: str
    """The image's name."""
    repository: TextChangeDocument
    """Where the image is."""
    digest: TextChangeDocument
    """The digest of its index."""
    revision: TextChangeDocument
    """The revision of its sources."""
    tags: TagsChangeDocument
    """Public references that only one release has."""
    platforms: list[PlatformChangeDocument]
    """Those that differ in digest or size, or are in one release only."""
    bases: list[BaseChangeDocument]
    """Those that differ."""


class ReleaseDiffDocument(TypedDict):
    """What changed from one release to another; sizes in bytes, images by name."""

    schema: Literal["bakec.release-diff/1"]
    before: DiffSideDocument
    """The older release."""
    after: DiffSideDocument
    """The newer release."""
    added: list[ReleasedImage]
    """Images that only the newer release has."""
    removed: list[ReleasedImage]
    """Images that only the older release has."""
    changed: list[ImageChangeDocument]
    """Images that differ in digest, repository, tags, platforms or bases."""
    unchanged: int
    """How many images do not differ."""


def diff_document(diff: ReleaseDiff) -> ReleaseDiffDocument:
    """The difference as plain dicts and lists. Sizes are in bytes."""
    return {
        "schema": "bakec.release-diff/1",
        "before": _release(diff.before),
        "after": _release(diff.after),
        "added": list(diff.added),
        "removed": list(diff.removed),
        "changed": [_changed(change) for change in diff.changed],
        "unchanged": diff.unchanged,
    }


def _release(release: ReleaseFile) -> DiffSideDocument:
    return {"run": release.run, "time": release.time, "registry": release.registry, "tag": release.tag}


def _changed(change: ImageChange) -> ImageChangeDocument:
    before, after = change.before, change.after
    return {
        "name": after.name,
        "repository": {"before": before.repository, "after": after.repository},
        "digest": {"before": str(before.digest), "after": str(after.digest)},
        "revision": {"before": before.revision, "after": after.revision},
        "tags": {"lost": list(change.tags_lost), "gained": list(change.tags_gained)},
        "platforms": [_platform(each) for each in change.platforms],
        "bases": [
            {"name": base.name, "before": _digests(base.before), "after": _digests(base.after)} for base in change.bases
        ],
    }


def _platform(change: PlatformChange) -> PlatformChangeDocument:
    return {
        "platform": str(change.platform),
        "before": _manifest(change.before),
        "after": _manifest(change.after),
        "growth": change.growth,
    }


def _manifest(side: ReleasedPlatform | None) -> ManifestDocument | None:
    return {"digest": str(side.digest), "size": side.size} if side else None


def _digests(digests: Sequence[Digest | None]) -> list[str | None]:
    return [str(digest) if digest else None for digest in digests]
