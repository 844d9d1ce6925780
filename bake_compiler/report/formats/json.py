"""The report as a JSON document, versioned: `schema` changes when a field changes its meaning or goes."""

import json
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.provenance import Provenance
from bake_compiler.report.report import Attempt, CellResult, ImageResult, PlatformResult, Report
from bake_compiler.report.words.timing import cache_share, critical_path, slowest
from bake_compiler.verify import Finding
from bake_compiler.verify.smoke import Start

SCHEMA = "bakec.report/1"

_SLOWEST = 10


def render_json(report: Report) -> str:
    """The whole report as one document, ending in a newline."""
    document = report_document(report)
    try:
        return to_json(document, indent=2).decode() + "\n"
    except PydanticSerializationError:
        # half of a surrogate pair, which a statement of provenance may hold, is no UTF-8: JSON's own escape is
        text = json.dumps(document, indent=2, ensure_ascii=False)
        return text.encode(errors="backslashreplace").decode() + "\n"


def report_document(report: Report) -> dict[str, Any]:
    """The report as plain dicts and lists; seconds, and seconds since the epoch, to the millisecond."""
    share = cache_share(report)
    return {
        "schema": SCHEMA,
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


def image_document(image: ImageResult) -> dict[str, Any]:
    """One image as it stands in the report's document."""
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


def _cell(result: CellResult) -> dict[str, str]:
    cell = result.cell
    return {"image": cell.image, "platform": str(cell.platform), "outcome": str(result.outcome), "why": result.why}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "began": round(attempt.began, 3),
        "ended": round(attempt.ended, 3),
        "pause": round(attempt.pause, 3),
        "steps": [step_document(step) for step in attempt.steps],
        "failure": failure_document(attempt.failure) if attempt.failure else None,
    }


def step_document(step: Step) -> dict[str, Any]:
    """A step as it stands in an attempt."""
    return {
        "name": step.name,
        "platform": str(step.platform) if step.platform else None,
        "stage": step.stage,
        "began": round(step.began, 3),
        "ended": round(step.ended, 3),
        "cached": step.cached,
        "error": step.error,
    }


def _platform(result: PlatformResult) -> dict[str, Any]:
    return {
        "platform": str(result.platform),
        "digest": str(result.digest),
        "size": result.size,
        "tags": list(result.tags),
        "provenance": [_provenance(statement) for statement in result.provenance],
        "binaries": None if result.binaries is None else dict(sorted(result.binaries.items())),
        "start": _start(result.start) if result.start else None,
    }


def _provenance(statement: Provenance) -> dict[str, Any]:
    return {
        "platforms": [str(platform) for platform in statement.platforms],
        "bases": [{"name": base.name, "digest": str(base.digest) if base.digest else None} for base in statement.bases],
    }


def _start(start: Start) -> dict[str, Any]:
    return {
        "command": start.command,
        "exit_status": start.status,
        "seconds": round(start.seconds, 3),
        "output": start.output,
        "log": start.log,
    }


def failure_document(failure: Failure) -> dict[str, Any]:
    """A failure as it stands in an image and in an attempt."""
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


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "platform": str(finding.platform) if finding.platform else None,
        "message": finding.message,
        "hint": finding.hint,
    }
