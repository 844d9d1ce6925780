"""Why a build failed, as a person needs to read it."""

from dataclasses import dataclass

from bake_compiler.oci.platform import Platform


@dataclass(frozen=True)
class Failure:
    """Why a build failed, as a person needs to read it.

    Attributes:
        cause: BuildKit's own words, or what bakec found.
        kind: `build`, or `registry` when the registry, not the author, is to blame.
        fault: the name of its class in FAULTS.
        transient: whether another attempt may help.
        retry_after: seconds that the other side asked to wait; 0 when it did not say.
        platform: that it failed on; None when it concerns all of them.
        stage, step: of the Dockerfile, such as `build` and `RUN make`; empty when it failed outside of one.
        line: `Dockerfile:12`; empty when buildx named none.
        tail: the last lines of the step's output.
        log: path of the whole log, empty when there is none.
    """

    cause: str
    kind: str = "build"
    platform: Platform | None = None
    stage: str = ""
    step: str = ""
    line: str = ""
    tail: tuple[str, ...] = ()
    log: str = ""
    fault: str = ""
    transient: bool = False
    retry_after: float = 0.0
