"""What happens while a run goes on, as it happens: for the journal, a person's eyes, and programs."""

from dataclasses import dataclass
from typing import TypeAlias

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.report.report import ImageResult


@dataclass(frozen=True, slots=True)
class Expected:
    """An image that a run is to build: name, phase, platforms, and the images of the run that it needs."""

    image: str
    phase: str
    platforms: tuple[Platform, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The whole expected matrix is known, and nothing is built yet.

    Attributes:
        at: seconds since the epoch, as in all events.
        run: its id.
        images: in plan order.
        slots: how many images are built at once, at most.
        seconds: image → how long it took the last time it was built; only those that are known.
        resumes: the run that this one resumes; empty when it does not.
    """

    at: float
    run: str
    images: tuple[Expected, ...]
    slots: int
    seconds: dict[str, float]
    resumes: str = ""


@dataclass(frozen=True, slots=True)
class AttemptBegan:
    """A bake process was started; `attempt` counts from 1."""

    at: float
    image: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step began or ended; of the steps known so far, so many are done, and of those so many were cached."""

    at: float
    image: str
    step: Step
    done: int
    cached: int
    total: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt failed, and another one follows after `pause` seconds."""

    at: float
    image: str
    attempt: int
    failure: Failure
    pause: float


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image is in the registry under its staging tag, and is being verified."""

    at: float
    image: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class ImageEnded:
    """All is known of one image."""

    at: float
    result: ImageResult


@dataclass(frozen=True, slots=True)
class Signing:
    """All images are verified, and so many are being signed before their tags move."""

    at: float
    images: int


@dataclass(frozen=True, slots=True)
class Publishing:
    """All images are verified, and so many public tags are being moved."""

    at: float
    tags: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """A person or the system asked bakec to stop: what is being done is ended, or, where tags move, done to its end."""

    at: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over: the exit code, and the report's summary."""

    at: float
    run: str
    exit_code: int
    summary: str


Event: TypeAlias = (
    RunBegan
    | AttemptBegan
    | StepChanged
    | AttemptFailed
    | Pushed
    | ImageEnded
    | Signing
    | Publishing
    | Stopping
    | RunEnded
)
