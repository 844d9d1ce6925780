"""The reason why a build failed, for a person."""

from dataclasses import dataclass

from bake_compiler.oci.platform import Platform


@dataclass(frozen=True)
class Failure:
    """The reason why a build failed, for a person.

    Attributes:
        cause: BuildKit's message, or what bakec found.
        kind: `registry` if the registry is to blame and not the author; otherwise `build`.
        fault: the name of the class in FAULTS.
        transient: whether a retry may help.
        retry_after: seconds that the registry or server asked to wait; 0 if it did not ask.
        platform: the platform that failed; None if the failure concerns all platforms.
        stage, step: of the Dockerfile, such as `build` and `RUN make`; empty if the failure was outside of a
            Dockerfile.
        line: such as `Dockerfile:12`; empty if buildx named no line.
        tail: the last lines of the step's output.
        log: path of the whole log; empty if there is no log.
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
