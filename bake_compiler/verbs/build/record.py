"""The state of one image during a build, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bake_compiler.buildx import Failure
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import Cell, PlannedImage
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome
from bake_compiler.verbs.verify.run import with_tags


@dataclass
class Record:
    """An image during a build.

    Attributes:
        image: the image, with the wanted platforms.
        references: its public references, in all registries.
        needs: the images of this run that it needs.
        push: whether the image is pushed and verified; otherwise it is only loaded.
        attempts: the bake processes that have ended.
        digest: of the pushed image.
        verified: the verifier's result.
        settled: whether no further attempt follows.
        blocked: why the image is not built.
        began, ended: seconds since the epoch.
        kept_from: the run that built the image, if this run did not need to.
        content_tag: the tag of the image in the registry; empty until it is known.
        unchanged: whether the registry already has the image from the same inputs.
        architecture_tags: its public references for one platform each.
    """

    image: PlannedImage
    references: tuple[Reference, ...]
    needs: tuple[str, ...] = ()
    push: bool = True
    attempts: list[Attempt] = field(default_factory=list)
    digest: Digest | None = None
    verified: ImageResult | None = None
    settled: bool = False
    blocked: str = ""
    began: float = 0.0
    ended: float = 0.0
    kept_from: str = ""
    content_tag: str = ""
    unchanged: bool = False
    architecture_tags: Mapping[Reference, Platform] = field(default_factory=dict)

    @property
    def named(self) -> Mapping[Reference, Digest | None]:
        """Each public reference → its new digest; None if only the build can determine the digest."""
        digests = {each.platform: each.digest for each in self.verified.platforms} if self.verified else {}
        single = {tag: digests.get(platform) for tag, platform in self.architecture_tags.items()}
        return {**dict.fromkeys(self.references, self.digest), **single}

    @property
    def failure(self) -> Failure | None:
        """Why the last attempt failed, if no further attempt follows."""
        return self.attempts[-1].failure if self.settled and self.attempts else None

    @property
    def good(self) -> bool:
        """Whether the image is complete and without failure."""
        if self.blocked or self.failure:
            return False
        if not self.push:
            return self.settled
        return self.verified is not None and not self.verified.errors

    def result(self) -> ImageResult:
        """The result of the image. An image that has not ended counts as interrupted."""
        first, *others = map(str, self.references)
        known = self.verified or ImageResult(self.image.name, first, ())
        return replace(
            known,
            reference=first,
            cells=self._cells(),
            tags=tuple(others),
            platforms=with_tags(known.platforms, self.architecture_tags),
            digest=self.digest,
            seconds=max(0.0, self.ended - self.began),
            failure=self.failure,
            phase=self.image.phase,
            needs=self.needs,
            attempts=tuple(self.attempts),
            began=self.began,
            ended=self.ended,
            kept_from=self.kept_from,
            content_tag=self.content_tag if self.digest else "",
        )

    def _cells(self) -> tuple[CellResult, ...]:
        cells = [Cell(self.image.name, platform) for platform in self.image.platforms]
        if self.blocked:
            return tuple(CellResult(cell, Outcome.BLOCKED, self.blocked) for cell in cells)
        if self.failure:
            return tuple(_failed(cell, self.failure) for cell in cells)
        if self.verified:
            good = Outcome.UNCHANGED if self.unchanged else Outcome.BUILT
            return tuple(_ended_as(good, cell) for cell in self.verified.cells)
        if self.good:
            return tuple(CellResult(cell, Outcome.LOADED) for cell in cells)
        tried = self.attempts[-1].failure if self.attempts else None
        why = f"interrupted before it was {'verified' if self.settled else 'done'}"
        why += f"; attempt {len(self.attempts)} had failed: {tried.cause}" if tried else ""
        return tuple(CellResult(cell, Outcome.BLOCKED, why) for cell in cells)


def _ended_as(good: Outcome, cell: CellResult) -> CellResult:
    return replace(cell, outcome=good) if cell.outcome is Outcome.VERIFIED else cell


def _failed(cell: Cell, failure: Failure) -> CellResult:
    """Return the failed cell of the platform that failed, and blocked cells for the image's other platforms."""
    if failure.platform in {None, cell.platform}:
        return CellResult(cell, Outcome.FAILED, failure.cause)
    return CellResult(cell, Outcome.BLOCKED, f"{failure.platform} of the same image failed")
