"""The result of one start of an image on one platform."""

from dataclasses import dataclass

from bake_compiler.oci.platform import Platform

_TAIL = 5


@dataclass(frozen=True)
class Start:
    """The result of one start of an image.

    Attributes:
        platform: the platform for which the image was started.
        command: the whole command, so that a person can run it again. Empty if the image declares none.
        status: the exit status. None if the command was stopped because its time was up.
        seconds: how long the command ran.
        output: what the command printed. If that is very much, only its end.
        log: path of the file with the output, from the working directory. Empty if there is no file.
    """

    platform: Platform
    command: str = ""
    status: int | None = None
    seconds: float = 0.0
    output: str = ""
    log: str = ""

    @property
    def told(self) -> str:
        """The last lines of the output, joined to one line."""
        return " / ".join(self.output.split("\n")[-_TAIL:]) or "no output"
