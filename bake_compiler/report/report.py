"""The report: all expected cells, the outcome of each cell, all findings, one verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.buildx import Failure, Step
from bake_compiler.errors import BuildError, Interrupted, RegistryError, VerificationError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.provenance import Provenance
from bake_compiler.plan.plan import Cell, Wanted
from bake_compiler.verify import UNCHECKED, Finding, Promise, Severity, verified_platforms
from bake_compiler.verify.smoke import Start
from bake_compiler.words import counted


class Outcome(StrEnum):
    """How a cell ended. Each expected cell ends with exactly one outcome."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    VERIFIED = "verified"
    LOADED = "loaded"
    FAILED = "failed"
    BLOCKED = "blocked"
    EXCLUDED = "excluded"


GOOD = frozenset({Outcome.BUILT, Outcome.UNCHANGED, Outcome.VERIFIED, Outcome.LOADED, Outcome.EXCLUDED})


@dataclass(frozen=True)
class CellResult:
    """The outcome of one image on one platform, and the reason if it is not plain success."""

    cell: Cell
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class PlatformResult:
    """One platform of an image, as the registry has it.

    Attributes:
        platform: the platform that the index names.
        digest: the digest of the platform's manifest.
        size: bytes of config and layers, as they are stored.
        provenance: its provenance statements, if bakec read them.
        binaries: machine → number of programs and libraries for it. None if no layer was read.
        start: how its smoke command ended. None if it was not started.
        tags: the public references that name this platform alone.
    """

    platform: Platform
    digest: Digest
    size: int
    provenance: tuple[Provenance, ...] = ()
    binaries: Mapping[str, int] | None = None
    start: Start | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One bake process for one image.

    Attributes:
        number: from 1.
        began, ended: seconds since the epoch.
        steps: the steps, in the order in which they began.
        failure: why the attempt failed. None if it succeeded.
        pause: seconds between this attempt and the next. 0 if there was no next attempt.
    """

    number: int
    began: float
    ended: float
    steps: tuple[Step, ...] = ()
    failure: Failure | None = None
    pause: float = 0.0


@dataclass(frozen=True)
class ImageResult:
    """One image: where it is, what was found, how long it took.

    Attributes:
        name: the image's name.
        reference: its public reference.
        cells: one for each platform that is wanted.
        tags: its other public references.
        platforms: what the registry has for each platform.
        digest: the digest of the index that was pushed or found. None if there is none.
        seconds: from the start of its build to the end of its verification.
        failure: why the build failed. None if it did not fail.
        findings: the findings of the verification.
        phase: the name of its phase.
        needs: the images of this run from which it was built.
        attempts: the bake processes, in order. Empty if it was blocked, or kept from an earlier run.
        began, ended: seconds since the epoch, verification included. 0 if the build never began.
        kept_from: the run that built it, if this run resumed that run. Otherwise empty.
        content_tag: the content tag under which it was pushed. Empty if it was not pushed.
    """

    name: str
    reference: str
    cells: tuple[CellResult, ...]
    tags: tuple[str, ...] = ()
    platforms: tuple[PlatformResult, ...] = ()
    digest: Digest | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    findings: tuple[Finding, ...] = ()
    phase: str = ""
    needs: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    kept_from: str = ""
    content_tag: str = ""

    @property
    def all_tags(self) -> tuple[str, ...]:
        """Its public references, then the references that name one of its platforms alone."""
        return (self.reference, *self.tags, *(tag for platform in self.platforms for tag in platform.tags))

    @property
    def retries(self) -> int:
        """The number of retries."""
        return max(0, len(self.attempts) - 1)

    @property
    def is_good(self) -> bool:
        """Whether every platform of the image is good."""
        return all(cell.outcome in GOOD for cell in self.cells) and not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


@dataclass(frozen=True)
class Report:
    """A whole run.

    Attributes:
        verb: `build` or `verify`.
        registry, tag: the run's registry and tag. Empty if references were given.
        images: the images, in the plan's order.
        excluded: cells that their author excluded, with the reason.
        checks: how far the verification went: `registry`, `deep`, `run`.
        published: whether the public tags were moved. None if the verb moves no tags.
        interrupted: whether a person or the system stopped the run.
        note: what a person must know besides the cells; may be empty.
        seconds: wall time.
        run: the run's id, and the name of its folder under .bakec/runs. Empty if the verb keeps no records.
        began: seconds since the epoch.
        slots: how many images were built at the same time, at most.
        resumes: the run that this run resumed. Empty if it resumed none.
    """

    verb: str
    registry: str
    tag: str
    images: tuple[ImageResult, ...]
    excluded: tuple[CellResult, ...]
    checks: tuple[str, ...] = ("registry",)
    published: bool | None = None
    interrupted: bool = False
    publish_error: str = ""
    note: str = ""
    seconds: float = 0.0
    run: str = ""
    began: float = 0.0
    slots: int = 0
    resumes: str = ""

    @property
    def cells(self) -> tuple[CellResult, ...]:
        """Every cell that was asked for. Excluded cells come last."""
        return (*(cell for image in self.images for cell in image.cells), *self.excluded)

    @property
    def counts(self) -> dict[str, int]:
        """Outcome → number of cells. Only outcomes that occurred."""
        return dict(Counter(str(cell.outcome) for cell in self.cells))

    @property
    def partial(self) -> bool:
        """Whether some images were published and others were not."""
        return bool(self.published) and not all(image.is_good for image in self.images)

    @property
    def exit_code(self) -> int:
        """The exit code: first an interruption, then a failed build, then the registry, then verification.

        If every error is `unchecked` (the registry did not answer), exit 5. If any error is proven, exit 6.
        """
        failures = [image.failure for image in self.images if image.failure]
        if self.interrupted:
            return Interrupted.exit_code
        if any(failure.kind == "build" for failure in failures):
            return BuildError.exit_code
        if failures or self.publish_error:
            return RegistryError.exit_code
        codes = {finding.code for image in self.images for finding in image.errors}
        if codes == {UNCHECKED}:
            return RegistryError.exit_code
        good = all(cell.outcome in GOOD for cell in self.cells)
        return 0 if good and not codes else VerificationError.exit_code

    @property
    def summary(self) -> str:
        """One line: images, cells, and how they ended."""
        images, cells = len(self.images), len(self.cells)
        unread = sum(not image.cells for image in self.images)
        told = [f"{count} {outcome}" for outcome, count in sorted(self.counts.items())]
        told += [f"{counted(unread, 'image')} of unknown platforms"] if unread else []
        return f"{counted(images, 'image')}, {counted(cells, 'cell')}: {', '.join(told)}"


def excluded_cells(wanted: Wanted) -> tuple[CellResult, ...]:
    """The cells that their authors excluded."""
    return tuple(CellResult(each.cell, Outcome.EXCLUDED, each.reason) for each in wanted.excluded)


def cells_by_findings(promise: Promise, findings: Sequence[Finding], good: Outcome) -> tuple[CellResult, ...]:
    """Return each promised cell: `good` if it is verified, otherwise failed, with the first reason."""
    proven = verified_platforms(promise, findings)
    return tuple(_judged(Cell(promise.image, platform), findings, good, proven) for platform in promise.platforms)


def _judged(cell: Cell, findings: Sequence[Finding], good: Outcome, proven: Sequence[Platform]) -> CellResult:
    if cell.platform in proven:
        return CellResult(cell, good)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    cause = min(errors, key=lambda finding: finding.platform != cell.platform)
    return CellResult(cell, Outcome.FAILED, f"{cause.code}: {cause.message}")
