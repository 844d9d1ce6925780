"""Events as JSON documents. They have the report's version: the first event of a run has `schema`."""

import re
from abc import abstractmethod
from dataclasses import fields
from functools import singledispatch
from typing import Any, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from bake_compiler.buildx import Failure, Step
from bake_compiler.errors import BakecError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.report.events import (
    AttemptBegan,
    AttemptFailed,
    Event,
    Expected,
    ImageEnded,
    Publishing,
    Pushed,
    RunBegan,
    RunEnded,
    Signing,
    StepChanged,
    Stopping,
)
from bake_compiler.report.formats.json import (
    FailureDocument,
    ImageDocument,
    StepDocument,
    failure_document,
    image_document,
    step_document,
)
from bake_compiler.report.report import ImageResult
from bake_compiler.report.stored.report import (
    DigestText,
    PlatformText,
    Stored,
    StoredFailure,
    StoredImage,
    StoredStep,
    Text,
    read_model,
)

SCHEMA = "bakec.events/1"


class ExpectedDocument(TypedDict):
    """An image that a run is to build."""

    image: str
    """The image's name."""
    phase: str
    """Its phase."""
    platforms: list[str]
    """The platforms that are wanted of it."""
    needs: list[str]
    """The images of the run that it needs."""


class RunBeganDocument(TypedDict):
    """The first event: all images and platforms are known, and nothing is built yet."""

    schema: Literal["bakec.events/1"]
    event: Literal["run-began"]
    at: float
    """Seconds since the epoch, as in every event."""
    run: str
    """The run's id."""
    images: list[ExpectedDocument]
    """In plan order."""
    slots: int
    """How many images are built at once, at most."""
    seconds: dict[str, float]
    """Image → how long its last build took; only images for which bakec knows it."""
    resumes: str
    """The run that this run resumes; else empty."""


class AttemptBeganDocument(TypedDict):
    """A bake process was started."""

    event: Literal["attempt-began"]
    at: float
    """Seconds since the epoch."""
    image: str
    """The image's name."""
    attempt: int
    """From 1."""


class StepChangedDocument(TypedDict):
    """A step began or ended."""

    event: Literal["step-changed"]
    at: float
    """Seconds since the epoch."""
    image: str
    """The image's name."""
    step: StepDocument
    """The step."""
    done: int
    """How many steps of the image have ended."""
    cached: int
    """How many of the ended steps came from the cache."""
    total: int
    """How many steps of the image are known so far."""


class AttemptFailedDocument(TypedDict):
    """An attempt failed, and another one follows."""

    event: Literal["attempt-failed"]
    at: float
    """Seconds since the epoch."""
    image: str
    """The image's name."""
    attempt: int
    """From 1."""
    failure: FailureDocument
    """Why the attempt failed."""
    pause: float
    """Seconds until the next attempt."""


class PushedDocument(TypedDict):
    """An image is in the registry under its content tag, and is being verified."""

    event: Literal["pushed"]
    at: float
    """Seconds since the epoch."""
    image: str
    """The image's name."""
    digest: str
    """The digest of its index."""


class ImageEndedDocument(TypedDict):
    """All is known about one image."""

    event: Literal["image-ended"]
    at: float
    """Seconds since the epoch."""
    result: ImageDocument
    """The image, as it will stand in the report."""


class SigningDocument(TypedDict):
    """All images are verified, and bakec signs them before their tags move."""

    event: Literal["signing"]
    at: float
    """Seconds since the epoch."""
    images: int
    """How many images are signed."""


class PublishingDocument(TypedDict):
    """All images are verified, and bakec moves the public tags."""

    event: Literal["publishing"]
    at: float
    """Seconds since the epoch."""
    tags: int
    """How many tags are moved."""


class StoppingDocument(TypedDict):
    """A person or the system asked bakec to stop."""

    event: Literal["stopping"]
    at: float
    """Seconds since the epoch."""


class RunEndedDocument(TypedDict):
    """The last event."""

    event: Literal["run-ended"]
    at: float
    """Seconds since the epoch."""
    run: str
    """The run's id."""
    exit_code: int
    """The exit code of the run."""
    summary: str
    """The report's summary."""


EventDocument: TypeAlias = (
    RunBeganDocument
    | AttemptBeganDocument
    | StepChangedDocument
    | AttemptFailedDocument
    | PushedDocument
    | ImageEndedDocument
    | SigningDocument
    | PublishingDocument
    | StoppingDocument
    | RunEndedDocument
)
"""What happens during a build, one document a line; only the first one has `schema`."""


def event_document(event: Event) -> dict[str, Any]:
    """An event as plain dicts and lists. `event` is its name, `at` its time in seconds since the epoch."""
    document = {"event": _name(type(event)), **{each.name: _plain(getattr(event, each.name)) for each in fields(event)}}
    return {"schema": SCHEMA, **document} if isinstance(event, RunBegan) else document


def event_from_document(document: object) -> Event:
    """Return the event from which a document was written.

    Raises:
        BakecError: the document is not an event. The message says what is wrong, and where.
    """
    name = read_model(_Named, document, "event").event
    if name not in _EVENTS:
        raise BakecError(f"event: no event is called {name!r}", hint=f"known are {', '.join(_EVENTS)}")
    return read_model(_EVENTS[name], document, name).value()


def _name(event: type) -> str:
    """The event's name, such as `run-began` for RunBegan."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", event.__name__).lower()


@singledispatch
def _plain(value: object) -> Any:
    return value


@_plain.register
def _(value: Expected) -> dict[str, Any]:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


_plain.register(tuple, lambda values: [_plain(value) for value in values])
_plain.register(dict, lambda values: {name: _plain(value) for name, value in values.items()})
_plain.register(float, lambda seconds: round(seconds, 3))
_plain.register(Digest, str)
_plain.register(Platform, str)
_plain.register(Step, step_document)
_plain.register(Failure, failure_document)
_plain.register(ImageResult, image_document)


class _Named(Stored):
    event: Text


class _Event(Stored):
    at: float

    @abstractmethod
    def value(self) -> Event: ...


class _Expected(Stored):
    image: Text
    phase: Text
    platforms: tuple[PlatformText, ...]
    needs: tuple[Text, ...] = ()


class _RunBegan(_Event):
    schema_: Literal["bakec.events/1"] = Field(alias="schema")
    run: Text
    images: tuple[_Expected, ...]
    slots: int
    seconds: dict[Text, float]
    resumes: Text = ""

    def value(self) -> Event:
        images = tuple(Expected(**image.fields()) for image in self.images)
        return RunBegan(self.at, self.run, images, self.slots, self.seconds, self.resumes)


class _AttemptBegan(_Event):
    image: Text
    attempt: int

    def value(self) -> Event:
        return AttemptBegan(**self.fields())


class _StepChanged(_Event):
    image: Text
    step: StoredStep
    done: int
    cached: int
    total: int

    def value(self) -> Event:
        return StepChanged(self.at, self.image, self.step.value(), self.done, self.cached, self.total)


class _AttemptFailed(_Event):
    image: Text
    attempt: int
    failure: StoredFailure
    pause: float

    def value(self) -> Event:
        return AttemptFailed(self.at, self.image, self.attempt, self.failure.value(), self.pause)


class _Pushed(_Event):
    image: Text
    digest: DigestText

    def value(self) -> Event:
        return Pushed(**self.fields())


class _ImageEnded(_Event):
    result: StoredImage

    def value(self) -> Event:
        return ImageEnded(self.at, self.result.value())


class _Signing(_Event):
    images: int

    def value(self) -> Event:
        return Signing(**self.fields())


class _Publishing(_Event):
    tags: int

    def value(self) -> Event:
        return Publishing(**self.fields())


class _Stopping(_Event):
    def value(self) -> Event:
        return Stopping(**self.fields())


class _RunEnded(_Event):
    run: Text
    exit_code: int
    summary: Text

    def value(self) -> Event:
        return RunEnded(**self.fields())


_EVENTS: dict[str, type[_Event]] = {
    _name(event): model
    for event, model in (
        (RunBegan, _RunBegan),
        (AttemptBegan, _AttemptBegan),
        (StepChanged, _StepChanged),
        (AttemptFailed, _AttemptFailed),
        (Pushed, _Pushed),
        (ImageEnded, _ImageEnded),
        (Signing, _Signing),
        (Publishing, _Publishing),
        (Stopping, _Stopping),
        (RunEnded, _RunEnded),
    )
}
