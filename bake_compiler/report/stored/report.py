"""Reads a report from the document that `json.py` wrote.

Values that follow from others, such as counts and exit code, are computed again. Unknown fields are ignored. Fields
that an older document lacks get their defaults.
"""

from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, PlainValidator, ValidationError

from bake_compiler.buildx import Failure, Step
from bake_compiler.errors import BakecError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.provenance import Provenance, ProvenanceBase
from bake_compiler.plan.plan import Cell
from bake_compiler.report.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.verify import Finding, Severity
from bake_compiler.verify.smoke import Start


def report_from_document(document: object) -> Report:
    """Return the report from which a document of `bakec build --json` or `bakec verify --json` was written.

    Raises:
        BakecError: the document is not a report. The message says what is wrong, and where.
    """
    return read_model(StoredReport, document, "report").value()


_Model = TypeVar("_Model", bound=BaseModel)


def read_model(model: type[_Model], document: object, what: str) -> _Model:
    """Return a document as a model. `what` is the document's name, with which the error message begins.

    Raises:
        BakecError: the document does not fit the model.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, (what, *first["loc"])))
        wrong = "not an object" if first["type"] == "model_type" else first["msg"]
        hint = "was it changed by hand, or written by a newer bakec?"
        raise BakecError(f"{where}: {wrong}", hint=hint) from error


@lru_cache(maxsize=256)
def _platform_of(text: str) -> Platform:
    """Return the platform of a text. Unknown platforms of an index are allowed."""
    try:
        platform = Platform.parse(text)
    except ValueError:
        platform = Platform(*text.split("/", 2)) if "/" in text else Platform(text, "")
    return platform if str(platform) == text else Platform(text, "")


def _platform(value: object) -> Platform:
    if not isinstance(value, str):
        raise ValueError("not a platform")  # noqa: TRY004 - pydantic reports a ValueError with its place
    return _platform_of(value)


Text = InstanceOf[str]  # not str: pydantic refuses a lone surrogate, which a log or a statement may contain
PlatformText = Annotated[Platform, PlainValidator(_platform)]
DigestText = Annotated[Digest, PlainValidator(lambda value: Digest.parse(str(value)))]


class Stored(BaseModel):
    """A part of a document. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    def fields(self) -> dict[str, Any]:
        """The fields, for a dataclass with the same fields."""
        return dict(self)


class StoredStep(Stored):
    """The document of a Step."""

    name: Text
    platform: PlatformText | None = None
    stage: Text = ""
    began: float = 0.0
    ended: float = 0.0
    cached: bool = False
    error: Text = ""

    def value(self) -> Step:
        """Return the step."""
        return Step(**self.fields())


class StoredFailure(Stored):
    """The document of a Failure."""

    cause: Text
    kind: Text = "build"
    platform: PlatformText | None = None
    stage: Text = ""
    step: Text = ""
    line: Text = ""
    tail: tuple[Text, ...] = ()
    log: Text = ""
    fault: Text = ""
    transient: bool = False
    retry_after: float = 0.0

    def value(self) -> Failure:
        """Return the failure."""
        return Failure(**self.fields())


class _Attempt(Stored):
    number: int
    began: float
    ended: float
    steps: tuple[StoredStep, ...] = ()
    failure: StoredFailure | None = None
    pause: float = 0.0

    def value(self) -> Attempt:
        steps = tuple(step.value() for step in self.steps)
        failure = self.failure.value() if self.failure else None
        return Attempt(self.number, self.began, self.ended, steps, failure, self.pause)


class _Cell(Stored):
    image: Text
    platform: PlatformText
    outcome: Outcome
    why: Text = ""

    def value(self) -> CellResult:
        return CellResult(Cell(self.image, self.platform), self.outcome, self.why)


class _Base(Stored):
    name: Text
    digest: DigestText | None = None


class _Statement(Stored):
    platforms: tuple[PlatformText, ...] = ()
    bases: tuple[_Base, ...] = ()

    def value(self) -> Provenance:
        return Provenance((), self.platforms, tuple(ProvenanceBase(base.name, base.digest) for base in self.bases))


class _Start(Stored):
    command: Text = ""
    exit_status: int | None = None
    seconds: float = 0.0
    output: Text = ""
    log: Text = ""

    def value(self, platform: Platform) -> Start:
        return Start(platform, self.command, self.exit_status, self.seconds, self.output, self.log)


class _Platform(Stored):
    platform: PlatformText
    digest: DigestText
    size: int = 0
    provenance: tuple[_Statement, ...] = ()
    binaries: dict[Text, int] | None = None
    start: _Start | None = None
    tags: tuple[Text, ...] = ()

    def value(self) -> PlatformResult:
        statements = tuple(statement.value() for statement in self.provenance)
        start = self.start.value(self.platform) if self.start else None
        return PlatformResult(self.platform, self.digest, self.size, statements, self.binaries, start, self.tags)


class _Finding(Stored):
    code: Text
    message: Text
    severity: Severity = Severity.ERROR
    platform: PlatformText | None = None
    hint: Text = ""

    def value(self, image: str) -> Finding:
        return Finding(image, self.platform, self.code, self.message, self.hint, self.severity)


class StoredImage(Stored):
    """The document of an ImageResult."""

    name: Text
    reference: Text
    cells: tuple[_Cell, ...]
    tags: tuple[Text, ...] = ()
    platforms: tuple[_Platform, ...] = ()
    digest: DigestText | None = None
    seconds: float = 0.0
    failure: StoredFailure | None = None
    findings: tuple[_Finding, ...] = ()
    phase: Text = ""
    needs: tuple[Text, ...] = ()
    attempts: tuple[_Attempt, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    kept_from: Text = ""
    content_tag: Text = ""

    def value(self) -> ImageResult:
        """Return the image."""
        return ImageResult(
            **{
                **self.fields(),
                "cells": tuple(cell.value() for cell in self.cells),
                "platforms": tuple(platform.value() for platform in self.platforms),
                "failure": self.failure.value() if self.failure else None,
                "findings": tuple(finding.value(self.name) for finding in self.findings),
                "attempts": tuple(attempt.value() for attempt in self.attempts),
            }
        )


class StoredReport(Stored):
    """The document of a Report."""

    schema_: Literal["bakec.report/1"] = Field(alias="schema")
    verb: Text
    registry: Text
    tag: Text
    images: tuple[StoredImage, ...]
    excluded: tuple[_Cell, ...] = ()
    checks: tuple[Text, ...] = ("registry",)
    published: bool | None = None
    interrupted: bool = False
    publish_error: Text = ""
    note: Text = ""
    seconds: float = 0.0
    run: Text = ""
    began: float = 0.0
    slots: int = 0
    resumes: Text = ""

    def value(self) -> Report:
        """Return the report."""
        fields = self.fields()
        del fields["schema_"]
        return Report(
            **{
                **fields,
                "images": tuple(image.value() for image in self.images),
                "excluded": tuple(cell.value() for cell in self.excluded),
            }
        )
