"""Every failure that bakec explains, and the exit code that it ends with.

BakecError                 1
├── UsageError             2   a wrong word on the command line
├── ModelError             3   the components, or the plan made from them
├── BuildError             4   buildx ran and could not build
├── RegistryError          5   the registry refused, failed or was not there
│   ├── NotFoundError      5   it answered that there is no such thing
│   └── AccessError        5   401, 403 or TLS: it may well be there
├── VerificationError      6   the registry holds something else than was promised
└── PreflightError         7   this machine can't do the job yet
Interrupted              130   Ctrl-C or SIGTERM
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class Problem(NamedTuple):
    """One mistake as a person reads it: `file:line: field: message`, and what to do."""

    file: str
    line: int
    field: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.message) if part)


class BakecError(Exception):
    """A failure with a message for a person, a hint what to do, and an exit code.

    Args:
        message: what is wrong, and where.
        hint: what to do about it; empty when there is nothing to say.
        problems: every fault that was found, each with its place and hint; none when the message says it all.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)


class UsageError(BakecError):
    """The command line asks for something that can't be."""

    exit_code = 2


class ModelError(BakecError):
    """The components, or the plan made from them, contradict themselves."""

    exit_code = 3


class BuildError(BakecError):
    """A build failed."""

    exit_code = 4


class RegistryError(BakecError):
    """The registry refused, failed, or could not be reached."""

    exit_code = 5


class NotFoundError(RegistryError):
    """The registry answered that it has no such manifest or blob."""


class AccessError(RegistryError):
    """The registry did not let us look: says nothing of what it holds."""


class VerificationError(BakecError):
    """What the registry holds is not what was promised."""

    exit_code = 6


class PreflightError(BakecError):
    """Something that a build needs is missing on this machine."""

    exit_code = 7


class Interrupted(BakecError):  # noqa: N818 - an interruption is not an error
    """A person or the system asked bakec to stop."""

    exit_code = 130
