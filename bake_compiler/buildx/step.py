"""One step of a build, as a person would name it."""

from dataclasses import dataclass

from bake_compiler.oci.platform import Platform


@dataclass(frozen=True, slots=True)
class Step:
    """A vertex of BuildKit's graph: a Dockerfile instruction, a transfer, an export.

    Attributes:
        name: what it does, such as `RUN make` or `pushing layers`.
        platform: that it is for; None when it is for all of them.
        stage: of the Dockerfile; empty outside of one.
        began, ended: seconds since the epoch, by the builder's clock; `ended` is 0 while it runs.
        cached: it was not run: its result was there.
        error: BuildKit's words when it failed; empty when it did not.
    """

    name: str
    platform: Platform | None = None
    stage: str = ""
    began: float = 0.0
    ended: float = 0.0
    cached: bool = False
    error: str = ""
