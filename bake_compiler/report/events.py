"""Events of a run, as they happen: for the journal, for people, and for programs."""

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
    """All cells of the run are known, and nothing is built yet.

    Attributes:
        at: seconds since the epoch, as in all events.
        run: the run's id.
        images: the images, in the plan's order.
        slots: how many images are built at the same time, at most.
        seconds: image → how long its last build took. Only images for which this is known.
        resumes: the run that this run resumes. Empty if it resumes none.
    """

    at: float
    run: str
    images: tuple[Expected, ...]
    slots: int
    seconds: dict[str, float]
    resumes: str = ""


@dataclass(frozen=True, slots=True)
class AttemptBegan:
    """A bake process was started. `attempt` counts from 1."""

    at: float
    image: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StepChanged:
    """A step began or ended. The numbers count the steps known so far: all, done, and cached ones among the done."""

    at: float
    image: str
    step: Step
    done: int
    cached: int
    total: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt failed, and the next attempt begins after `pause` seconds."""

    at: float
    image: str
    attempt: int
    failure: Failure
    pause: float


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image is in the registry under its content tag, and is being verified."""

    at: float
    image: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class ImageEnded:
    """An image has ended, and its result is known."""

    at: float
    result: ImageResult


@dataclass(frozen=True, slots=True)
class Signing:
    """All images are verified. bakec signs this many images before their tags move."""

    at: float
    images: int


@dataclass(frozen=True, slots=True)
class Publishing:
    """All images are verified. bakec moves this many public tags."""

    at: float
    tags: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """A person or the system asked bakec to stop.

    bakec ends the builds; if it already moves tags, it moves all of them.
    """

    at: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has ended. Contains the exit code, and the report's summary."""

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
