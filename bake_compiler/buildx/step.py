"""One step of a build, as a person names it."""

from dataclasses import dataclass

from bake_compiler.oci.platform import Platform


@dataclass(frozen=True, slots=True)
class Step:
    """A vertex of BuildKit's graph: a Dockerfile instruction, a transfer, an export.

    Attributes:
        name: the operation, such as `RUN make` or `pushing layers`.
        platform: the step's platform; None if the step is for all platforms.
        stage: the stage of the Dockerfile; empty for a step outside of a Dockerfile.
        began, ended: seconds since the epoch, by the builder's clock; `ended` is 0 while the step runs.
        cached: whether the result came from the cache, so that the step did not run.
        error: BuildKit's message if the step failed; otherwise empty.
    """

    name: str
    platform: Platform | None = None
    stage: str = ""
    began: float = 0.0
    ended: float = 0.0
    cached: bool = False
    error: str = ""
