"""One start of an image on one platform, as it came out."""

from dataclasses import dataclass

from bake_compiler.oci.platform import Platform

_TAIL = 5


@dataclass(frozen=True)
class Start:
    """One start of an image.

    Attributes:
        platform: that it was started for.
        command: the whole command, as a person can run it again; empty when the image declares none.
        status: its exit status; None when it was ended because its time was up.
        seconds: that it took.
        output: what it printed; of very much, the end.
        log: the file that holds the output, from the working directory; empty for none.
    """

    platform: Platform
    command: str = ""
    status: int | None = None
    seconds: float = 0.0
    output: str = ""
    log: str = ""

    @property
    def told(self) -> str:
        """The last lines in one."""
        return " / ".join(self.output.split("\n")[-_TAIL:]) or "no output"
