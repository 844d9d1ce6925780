"""The report: the expected matrix, the outcome of each cell, all findings, one verdict."""

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
    """How a cell ended; each expected one ends as exactly one of these."""

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
    """One image on one platform: how it ended, and why when that is not plain success."""

    cell: Cell
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class PlatformResult:
    """One platform of an image, as the registry has it.

    Attributes:
        platform: that the index says.
        digest: of its manifest.
        size: bytes of its config and layers, as they are stored.
        provenance: its statements, if they were read.
        binaries: machine → how many programs and libraries there are for it; None when no layer was read.
        start: how its smoke command ended; None when it was not started.
        tags: the public references that name it alone.
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
        steps: in order of their beginning.
        failure: why it failed; None when it did not.
        pause: seconds waited after it before the next one; 0 when there was no next one.
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
        name: of the image.
        reference: its public reference.
        cells: one for each platform wanted of it.
        tags: its other public references.
        platforms: what the registry has for each platform.
        digest: of the index that was pushed or found; None when there is none.
        seconds: from the start of its build to the end of its verification.
        failure: why the build failed; None when it did not.
        findings: what the verifier found.
        phase: its phase's name.
        needs: the images of this run that it was built from.
        attempts: the bake processes, in order; none when it was blocked, or kept from an earlier run.
        began, ended: seconds since the epoch, verification included; 0 when it was never begun.
        kept_from: the run that built it, when this one only resumed that; empty otherwise.
        content_tag: that it was pushed under, before its public tags moved; empty when it was not pushed.
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
        """Its public references, then those of its platforms alone."""
        return (self.reference, *self.tags, *(tag for platform in self.platforms for tag in platform.tags))

    @property
    def retries(self) -> int:
        """How many times it was attempted again."""
        return max(0, len(self.attempts) - 1)

    @property
    def is_good(self) -> bool:
        """Whether it is proven on every platform."""
        return all(cell.outcome in GOOD for cell in self.cells) and not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that take the proof away."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


@dataclass(frozen=True)
class Report:
    """A whole run.

    Attributes:
        verb: `build` or `verify`.
        registry, tag: that it was about; empty when references were given.
        images: in plan order.
        excluded: cells that their author excluded, with the reason.
        checks: how far the verification went: `registry`, `deep`, `run`.
        published: whether the public tags were moved; None when the verb does not move any.
        interrupted: whether a person or the system stopped it.
        note: what a person has to know beyond the cells; may be empty.
        seconds: wall time.
        run: the run's id, and the name of its folder under .bakec/runs; empty when the verb keeps none.
        began: seconds since the epoch.
        slots: how many images were built at once, at most.
        resumes: the run that this one resumed; empty when it did not.
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
        """Every cell that was asked for, excluded ones last."""
        return (*(cell for image in self.images for cell in image.cells), *self.excluded)

    @property
    def counts(self) -> dict[str, int]:
        """How many cells ended in which way; only outcomes that occurred."""
        return dict(Counter(str(cell.outcome) for cell in self.cells))

    @property
    def partial(self) -> bool:
        """Whether some images were published and others were not."""
        return bool(self.published) and not all(image.is_good for image in self.images)

    @property
    def exit_code(self) -> int:
        """As DESIGN says: a build that failed outweighs the registry, and that outweighs verification.

        What is only unchecked is the registry's failure; what is proven wrong is one of verification.
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
        """One line: images, cells, how they ended."""
        images, cells = len(self.images), len(self.cells)
        unread = sum(not image.cells for image in self.images)
        told = [f"{count} {outcome}" for outcome, count in sorted(self.counts.items())]
        told += [f"{counted(unread, 'image')} of unknown platforms"] if unread else []
        return f"{counted(images, 'image')}, {counted(cells, 'cell')}: {', '.join(told)}"


def excluded_cells(wanted: Wanted) -> tuple[CellResult, ...]:
    """The cells that their authors excluded."""
    return tuple(CellResult(each.cell, Outcome.EXCLUDED, each.reason) for each in wanted.excluded)


def cells_by_findings(promise: Promise, findings: Sequence[Finding], good: Outcome) -> tuple[CellResult, ...]:
    """Each promised cell by what the verifier found: `good` if it is proven, else failed, with the first reason."""
    proven = verified_platforms(promise, findings)
    return tuple(_judged(Cell(promise.image, platform), findings, good, proven) for platform in promise.platforms)


def _judged(cell: Cell, findings: Sequence[Finding], good: Outcome, proven: Sequence[Platform]) -> CellResult:
    if cell.platform in proven:
        return CellResult(cell, good)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    cause = min(errors, key=lambda finding: finding.platform != cell.platform)
    return CellResult(cell, Outcome.FAILED, f"{cause.code}: {cause.message}")
