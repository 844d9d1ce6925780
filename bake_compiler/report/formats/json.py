"""The report as a versioned JSON document. `schema` changes if a field is removed or changes its meaning."""

from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.buildx import Failure, Step
from bake_compiler.document import document_text
from bake_compiler.oci.provenance import Provenance
from bake_compiler.report.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.report.words.timing import cache_share, critical_path, slowest
from bake_compiler.verify import Finding, Severity
from bake_compiler.verify.smoke import Start

_SLOWEST = 10


class CellDocument(TypedDict):
    """One image on one platform, and its outcome."""

    image: str
    """The image's name."""
    platform: str
    """Such as `linux/arm64`."""
    outcome: Outcome
    """How the cell ended."""
    why: str
    """The reason of a cell that failed, is blocked or is excluded; may be empty for the others."""


class StepDocument(TypedDict):
    """One step of a build."""

    name: str
    """What the step does, such as `RUN make`."""
    platform: str | None
    """The platform of the step; null if the step is for all platforms."""
    stage: str
    """The stage of the Dockerfile; empty if the step belongs to no stage."""
    began: float
    """Seconds since the epoch, by the builder's clock."""
    ended: float
    """Seconds since the epoch, by the builder's clock; 0 while the step runs."""
    cached: bool
    """Whether the result was in the cache, so that the step did not run."""
    error: str
    """BuildKit's words if the step failed; else empty."""


class FailureDocument(TypedDict):
    """Why a build failed."""

    kind: str
    """`build`, or `registry` if the registry is the cause."""
    fault: str
    """The name of the class of faults that bakec knows; empty if bakec knows none that fits."""
    transient: bool
    """Whether another attempt may help."""
    retry_after: float
    """The seconds that the other side asked bakec to wait; 0 if it asked for no wait."""
    cause: str
    """BuildKit's words, or what bakec found."""
    platform: str | None
    """The platform that failed; null if the failure concerns all platforms."""
    stage: str
    """The stage of the Dockerfile; empty outside of a stage."""
    step: str
    """The step, such as `RUN make`; empty outside of a step."""
    line: str
    """The place from the project's root, such as `components/web/Dockerfile:12`; empty if buildx named none."""
    tail: list[str]
    """The last lines of the step's output."""
    log: str
    """The path of the whole log; empty if there is no log."""


class AttemptDocument(TypedDict):
    """One bake process for one image."""

    number: int
    """From 1."""
    began: float
    """Seconds since the epoch."""
    ended: float
    """Seconds since the epoch."""
    pause: float
    """Seconds between this attempt and the next one; 0 if no attempt followed."""
    steps: list[StepDocument]
    """In the order of their beginning."""
    failure: FailureDocument | None
    """Why the attempt failed; null if it did not fail."""


class ProvenanceBaseDocument(TypedDict):
    """One base image of a provenance statement."""

    name: str
    """The name with its tag."""
    digest: str | None
    """The digest; null if the statement names no digest."""


class ProvenanceDocument(TypedDict):
    """One provenance statement."""

    platforms: list[str]
    """The platforms that the statement is about."""
    bases: list[ProvenanceBaseDocument]
    """The base images that the build used."""


class StartDocument(TypedDict):
    """How the smoke command of an image ended (`bakec verify --run`)."""

    command: str
    """The command."""
    exit_status: int | None
    """The exit status; null if the command did not end by itself."""
    seconds: float
    """How long the command ran."""
    output: str
    """The end of its output."""
    log: str
    """The path of the whole output; may be empty."""


class PlatformDocument(TypedDict):
    """One platform of an image, as the registry has it."""

    platform: str
    """The platform that the index names."""
    digest: str
    """The digest of the platform's manifest."""
    size: int
    """The bytes of config and layers, as the registry stores them."""
    tags: list[str]
    """The public references that name this platform alone."""
    provenance: list[ProvenanceDocument]
    """The statements about this platform, if bakec read them."""
    binaries: dict[str, int] | None
    """Machine → the number of programs and libraries for it; null without `--deep`."""
    start: StartDocument | None
    """How the smoke command ended; null without `--run`."""


class FindingDocument(TypedDict):
    """One difference between an image and what was promised of it."""

    code: str
    """A word that programs can rely on, such as `platform-missing`: see the findings in the docs."""
    severity: Severity
    """An error means that the cell is not verified; a warning does not."""
    platform: str | None
    """The platform; null if the finding is about the whole image."""
    message: str
    """What is wrong."""
    hint: str
    """What to do about it; may be empty."""


class ImageDocument(TypedDict):
    """One image of a run."""

    name: str
    """The image's name."""
    reference: str
    """The first public reference."""
    tags: list[str]
    """The other public references."""
    digest: str | None
    """The digest of the index; null if there is none."""
    phase: str
    """The image's phase; empty if no models were read."""
    needs: list[str]
    """The images of this run that the image is built from."""
    kept_from: str
    """The earlier run that built the image, if this run resumes that one; else empty."""
    content_tag: str
    """The tag that the image was pushed under before its public tags moved; empty if nothing was pushed."""
    began: float
    """Seconds since the epoch; 0 if the build did not begin."""
    ended: float
    """Seconds since the epoch, verification included; 0 if the build did not begin."""
    seconds: float
    """From the beginning of the build to the end of the verification."""
    retries: int
    """How many attempts followed the first one."""
    cells: list[CellDocument]
    """One for each platform that is wanted of the image."""
    platforms: list[PlatformDocument]
    """What the registry has."""
    attempts: list[AttemptDocument]
    """The bake processes, in order."""
    failure: FailureDocument | None
    """Why the build failed; null if it did not fail."""
    findings: list[FindingDocument]
    """What the verifier found."""


class SlowestDocument(TypedDict):
    """One of the ten images that took longest."""

    image: str
    """The image's name."""
    seconds: float
    """How long it took."""


class ReportDocument(TypedDict):
    """What a run came to: each image on each platform has exactly one outcome."""

    schema: Literal["bakec.report/1"]
    verb: str
    """`build` or `verify`."""
    exit_code: int
    """The exit code of the run."""
    summary: str
    """One line: images, cells, and how they ended."""
    checks: list[str]
    """How far the verification went: `registry`, `deep`, `run`."""
    registry: str
    """The registry of the run; empty if references were given."""
    tag: str
    """The tag of the run; empty if references were given."""
    published: bool | None
    """Whether the public tags moved; null if the verb moves no tags."""
    partial: bool
    """Whether some images were published and others were not."""
    publish_error: str
    """Why the tags could not be moved; else empty."""
    interrupted: bool
    """Whether a person or the system stopped the run."""
    note: str
    """What a person has to know beside the cells; may be empty."""
    run: str
    """The run's id, and the name of its folder in `.bakec/runs`; empty if the verb keeps no run."""
    resumes: str
    """The run that this run resumed; else empty."""
    began: float
    """Seconds since the epoch."""
    seconds: float
    """Wall time of the run."""
    slots: int
    """How many images were built at once, at most."""
    counts: dict[str, int]
    """Outcome → the number of cells; only outcomes that occurred."""
    critical_path: list[str]
    """The images that decided how long the run took, in the order of their builds."""
    slowest: list[SlowestDocument]
    """The ten images that took longest."""
    cache_share: float | None
    """The part of the steps that came from the cache, from 0 to 1; null if no step is known."""
    images: list[ImageDocument]
    """In plan order."""
    excluded: list[CellDocument]
    """The cells that their author excluded, with the reason."""


def render_json(report: Report) -> str:
    """The whole report as one document, ending in a newline."""
    return document_text(report_document(report))


def report_document(report: Report) -> ReportDocument:
    """The report as plain dicts and lists. Durations and times are in seconds, rounded to milliseconds."""
    share = cache_share(report)
    return {
        "schema": "bakec.report/1",
        "verb": report.verb,
        "exit_code": report.exit_code,
        "summary": report.summary,
        "checks": list(report.checks),
        "registry": report.registry,
        "tag": report.tag,
        "published": report.published,
        "partial": report.partial,
        "publish_error": report.publish_error,
        "interrupted": report.interrupted,
        "note": report.note,
        "run": report.run,
        "resumes": report.resumes,
        "began": round(report.began, 3),
        "seconds": round(report.seconds, 3),
        "slots": report.slots,
        "counts": report.counts,
        "critical_path": list(critical_path(report)),
        "slowest": [{"image": each.name, "seconds": round(each.seconds, 3)} for each in slowest(report, _SLOWEST)],
        "cache_share": None if share is None else round(share, 3),
        "images": [image_document(image) for image in report.images],
        "excluded": [_cell(cell) for cell in report.excluded],
    }


def image_document(image: ImageResult) -> ImageDocument:
    """One image, in the form of the report's document."""
    return {
        "name": image.name,
        "reference": image.reference,
        "tags": list(image.tags),
        "digest": str(image.digest) if image.digest else None,
        "phase": image.phase,
        "needs": list(image.needs),
        "kept_from": image.kept_from,
        "content_tag": image.content_tag,
        "began": round(image.began, 3),
        "ended": round(image.ended, 3),
        "seconds": round(image.seconds, 3),
        "retries": image.retries,
        "cells": [_cell(cell) for cell in image.cells],
        "platforms": [_platform(platform) for platform in image.platforms],
        "attempts": [_attempt(attempt) for attempt in image.attempts],
        "failure": failure_document(image.failure) if image.failure else None,
        "findings": [_finding(finding) for finding in image.findings],
    }


def _cell(result: CellResult) -> CellDocument:
    cell = result.cell
    return {"image": cell.image, "platform": str(cell.platform), "outcome": result.outcome, "why": result.why}


def _attempt(attempt: Attempt) -> AttemptDocument:
    return {
        "number": attempt.number,
        "began": round(attempt.began, 3),
        "ended": round(attempt.ended, 3),
        "pause": round(attempt.pause, 3),
        "steps": [step_document(step) for step in attempt.steps],
        "failure": failure_document(attempt.failure) if attempt.failure else None,
    }


def step_document(step: Step) -> StepDocument:
    """A step, in the form of an attempt's document."""
    return {
        "name": step.name,
        "platform": str(step.platform) if step.platform else None,
        "stage": step.stage,
        "began": round(step.began, 3),
        "ended": round(step.ended, 3),
        "cached": step.cached,
        "error": step.error,
    }


def _platform(result: PlatformResult) -> PlatformDocument:
    return {
        "platform": str(result.platform),
        "digest": str(result.digest),
        "size": result.size,
        "tags": list(result.tags),
        "provenance": [_provenance(statement) for statement in result.provenance],
        "binaries": None if result.binaries is None else dict(sorted(result.binaries.items())),
        "start": _start(result.start) if result.start else None,
    }


def _provenance(statement: Provenance) -> ProvenanceDocument:
    return {
        "platforms": [str(platform) for platform in statement.platforms],
        "bases": [{"name": base.name, "digest": str(base.digest) if base.digest else None} for base in statement.bases],
    }


def _start(start: Start) -> StartDocument:
    return {
        "command": start.command,
        "exit_status": start.status,
        "seconds": round(start.seconds, 3),
        "output": start.output,
        "log": start.log,
    }


def failure_document(failure: Failure) -> FailureDocument:
    """A failure, in the form of an image's or an attempt's document."""
    return {
        "kind": failure.kind,
        "fault": failure.fault,
        "transient": failure.transient,
        "retry_after": round(failure.retry_after, 3),
        "cause": failure.cause,
        "platform": str(failure.platform) if failure.platform else None,
        "stage": failure.stage,
        "step": failure.step,
        "line": failure.line,
        "tail": list(failure.tail),
        "log": failure.log,
    }


def _finding(finding: Finding) -> FindingDocument:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "platform": str(finding.platform) if finding.platform else None,
        "message": finding.message,
        "hint": finding.hint,
    }
