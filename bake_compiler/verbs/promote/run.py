"""bakec promote: verifies a release again, and gives its images other tags, without a build."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex

from bake_compiler.errors import UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.release import move_all, plan_moves
from bake_compiler.release_file import ReleasedImage, ReleasedPlatform, ReleaseFile
from bake_compiler.release_file.of_report import promises_of
from bake_compiler.verbs.edges import Edges
from bake_compiler.verbs.promote.result import Promoted
from bake_compiler.verbs.verify.run import Verification, VerifiedImage, layers_of


@dataclass(frozen=True)
class NewTag:
    """One new tag, and the image that it will name, or a single platform of the image."""

    image: ReleasedImage
    tag: Reference
    platform: ReleasedPlatform | None = None

    @property
    def digest(self) -> Digest:
        """The digest that the tag will name."""
        return self.platform.digest if self.platform else self.image.digest


def plan_promotion(release: ReleaseFile, tags: Sequence[str]) -> tuple[NewTag, ...]:
    """Return the new tags of every image: each tag that contains the release's tag, with the new tag in its place.

    The text before and after the release's tag stays. With `1.0` for `1.0-rc1`, `1.0-rc1-dev` becomes `1.0-dev`, and
    the tag of one platform, `1.0-rc1-arm64`, becomes `1.0-arm64`. A tag without the release's tag, such as `latest`,
    gives no new tag.

    Raises:
        UsageError: a tag is invalid, an image has no tag with the release's tag, or two images would get the same tag.
    """
    planned = [each for image in release.images for each in _of_image(release, image, tags)]
    taken: dict[Reference, NewTag] = {}
    for each in planned:
        other = taken.setdefault(each.tag, each)
        if (other.image.name, other.digest) != (each.image.name, each.digest):
            raise UsageError(f"{_told(other)} and {_told(each)} would both be {each.tag}", hint="give another --tag")
    return tuple(taken.values())


def _told(promotion: NewTag) -> str:
    return f"{promotion.image.name}{f' {promotion.platform.platform}' if promotion.platform else ''}"


def _of_image(release: ReleaseFile, image: ReleasedImage, tags: Sequence[str]) -> Iterator[NewTag]:
    yield from (NewTag(image, new) for new in _new_tags(release, image, image.tags, tags))
    for platform in image.platforms:
        if platform.tags:
            new_tags = _new_tags(release, image, platform.tags, tags)
            yield from (NewTag(image, new, platform) for new in new_tags)


def _new_tags(
    release: ReleaseFile, image: ReleasedImage, olds: Sequence[Reference], tags: Sequence[str]
) -> tuple[Reference, ...]:
    made = [tag for tag in olds if _parts(tag.tag, release.tag)]
    if not made:
        raise UsageError(
            f"{image.name} has no tag that is made from {release.tag or 'a tag'}: {', '.join(map(str, image.tags))}",
            hint="publish it under the tag of the build: `bakec build --tag`",
        )
    return tuple(dict.fromkeys(_renamed(old, release.tag, new) for new in tags for old in made))


def _renamed(old: Reference, tag: str, new: str) -> Reference:
    before, after = _parts(old.tag, tag) or ("", "")
    try:
        return old.tagged(f"{before}{new}{after}")
    except ValueError as error:
        raise UsageError(f"--tag: {error}", hint="write --tag v1.0.0") from error


def _parts(text: str, tag: str) -> tuple[str, str] | None:
    """Return the text before and after the release's tag in another tag; None if the tag does not contain it."""
    found = re.fullmatch(rf"(v|(?:.*[-_.])?){re.escape(tag)}((?:[-_].*)?)", text) if tag else None
    return (found[1], found[2]) if found else None


def retagged(release: ReleaseFile, promotions: Sequence[NewTag], tag: str, moment: str) -> ReleaseFile:
    """Return the same release with only its new tags."""

    def renamed(image: ReleasedImage) -> ReleasedImage:
        own = [each for each in promotions if each.image is image]
        platforms = tuple(
            platform.model_copy(update={"tags": tuple(each.tag for each in own if each.platform is platform)})
            for platform in image.platforms
        )
        whole = tuple(each.tag for each in own if each.platform is None)
        return image.model_copy(update={"tags": whole, "platforms": platforms})

    return release.model_copy(update={"tag": tag, "time": moment, "images": tuple(map(renamed, release.images))})


@dataclass(frozen=True)
class Promotion:
    """One `bakec promote`.

    Attributes:
        release: the release whose images get other tags.
        tags: the new tags.
        source: the name of the release file.
        protect: patterns of tags that never move once they exist.
        deep: read every layer, too.
        jobs: how many layers are read at once; 0 for the number of cores.
        dry_run: verify, and move no tag.
        name: the name of the promotion and of its journal; `bakec rollback` takes it.
    """

    release: ReleaseFile
    tags: tuple[NewTag, ...]
    source: str
    protect: Sequence[str] = ()
    deep: bool = False
    jobs: int = 0
    dry_run: bool = False
    name: str = field(default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%S')}-{token_hex(3)}")

    async def run(self, edges: Edges) -> Promoted:
        """Verify every image by its digest, then move the tags, all or none.

        Raises:
            RegistryError: the registry did not answer about the new tags, or refuses one of them.
            VerificationError: a protected tag names another image.
        """
        layers = layers_of(edges, deep=self.deep, jobs=self.jobs)
        done = await self.prepared(Verification(edges.registry, layers))
        if not self.dry_run:
            await move_all(edges.registry, edges.root, self.name, done.moves)
        return done

    async def prepared(self, verification: Verification) -> Promoted:
        """Return what the registry has of the images, and the planned moves. Nothing has moved yet.

        Raises:
            RegistryError: the registry did not answer about the new tags.
            VerificationError: a protected tag names another image.
        """
        promises = promises_of(self.release, self.source)
        report = await verification.run(
            [
                VerifiedImage(replace(promise, reference=promise.reference.at(image.digest)), copies=tags)
                for image, (promise, tags, _) in zip(self.release.images, promises, strict=True)
            ]
        )
        if report.exit_code:
            return Promoted(report)
        registry = verification.registry
        firsts = {each.digest: each.tag.at(each.digest) for each in self.tags}
        read = dict(zip(firsts, await asyncio.gather(*map(registry.manifest, firsts.values())), strict=True))
        wanted = [(each.tag, read[each.digest]) for each in self.tags]
        return Promoted(report, await plan_moves(registry, wanted, self.protect))
