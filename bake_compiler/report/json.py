"""The report as a JSON document, versioned: `schema` changes when a field changes its meaning or goes."""

import json
from typing import Any

from bake_compiler.buildx import Failure
from bake_compiler.oci.provenance import Provenance
from bake_compiler.report.report import CellResult, ImageResult, PlatformResult, Report
from bake_compiler.verify import Finding
from bake_compiler.verify.smoke import Start

SCHEMA = "bakec.report/1"


def render_json(report: Report) -> str:
    """The whole report as one document, ending in a newline."""
    text = json.dumps(to_document(report), indent=2, ensure_ascii=False)
    # half of a surrogate pair, which a statement of provenance may hold, is no UTF-8: JSON's own escape is
    return text.encode(errors="backslashreplace").decode() + "\n"


def to_document(report: Report) -> dict[str, Any]:
    """The report as plain dicts and lists."""
    return {
        "schema": SCHEMA,
        "verb": report.verb,
        "exit_code": report.exit_code,
        "summary": report.summary,
        "checks": list(report.checks),
        "registry": report.registry,
        "tag": report.tag,
        "published": report.published,
        "publish_error": report.publish_error,
        "interrupted": report.interrupted,
        "note": report.note,
        "seconds": round(report.seconds, 3),
        "counts": report.counts,
        "images": [_image(image) for image in report.images],
        "excluded": [_cell(cell) for cell in report.excluded],
    }


def _image(image: ImageResult) -> dict[str, Any]:
    return {
        "name": image.name,
        "reference": image.reference,
        "tags": list(image.tags),
        "digest": str(image.digest) if image.digest else None,
        "seconds": round(image.seconds, 3),
        "cells": [_cell(cell) for cell in image.cells],
        "platforms": [_platform(platform) for platform in image.platforms],
        "failure": _failure(image.failure) if image.failure else None,
        "findings": [_finding(finding) for finding in image.findings],
    }


def _cell(result: CellResult) -> dict[str, str]:
    cell = result.cell
    return {"image": cell.image, "platform": str(cell.platform), "outcome": str(result.outcome), "why": result.why}


def _platform(result: PlatformResult) -> dict[str, Any]:
    return {
        "platform": str(result.platform),
        "digest": str(result.digest),
        "size": result.size,
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


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "kind": failure.kind,
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
