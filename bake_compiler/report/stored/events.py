"""Events as JSON documents, versioned as the report is: a run's first one carries `schema`."""

import re
from abc import abstractmethod
from dataclasses import fields
from functools import singledispatch
from typing import Any, Literal

from pydantic import Field

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
from bake_compiler.report.formats.json import failure_document, image_document, step_document
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


def event_document(event: Event) -> dict[str, Any]:
    """An event as plain dicts and lists: `event` is its name, `at` its time in seconds since the epoch."""
    document = {"event": _name(type(event)), **{each.name: _plain(getattr(event, each.name)) for each in fields(event)}}
    return {"schema": SCHEMA, **document} if isinstance(event, RunBegan) else document


def event_from_document(document: object) -> Event:
    """The event that a document was written from.

    Raises:
        BakecError: it is none; says what is wrong, and where in it.
    """
    name = read_model(_Named, document, "event").event
    if name not in _EVENTS:
        raise BakecError(f"event: there is none called {name!r}", hint=f"known are {', '.join(_EVENTS)}")
    return read_model(_EVENTS[name], document, name).value()


def _name(event: type) -> str:
    """`run-began` of RunBegan."""
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
