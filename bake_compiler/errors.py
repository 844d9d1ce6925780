"""Every failure that bakec explains, and its exit code.

BakecError                 1
├── UsageError             2   a wrong word on the command line
├── ModelError             3   a mistake in the components, or in the plan made from them
├── BuildError             4   buildx ran and could not build
├── RegistryError          5   the registry refused, failed or did not answer
│   ├── NotFoundError      5   the registry answered that it has no such content
│   └── AccessError        5   401, 403 or TLS: the content may be there
├── VerificationError      6   the registry's content differs from what the models promise
└── PreflightError         7   the machine, the builder or a registry lacks something that the build needs
Interrupted              130   Ctrl-C or SIGTERM
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Self


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
        hint: what to do; empty if there is no advice.
        problems: every mistake that was found, each with its place and hint; empty if the message is enough.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)


class UsageError(BakecError):
    """The command line asks for something impossible or unknown."""

    exit_code = 2


class ModelError(BakecError):
    """The components, or the plan made from them, contradict themselves."""

    exit_code = 3

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The error of a single mistake in a file that bakec reads beside the components."""
        return cls(f"1 mistake in {problem.file}", problems=[problem])


class BuildError(BakecError):
    """A build failed."""

    exit_code = 4


class RegistryError(BakecError):
    """The registry refused, failed, or could not be reached."""

    exit_code = 5


class NotFoundError(RegistryError):
    """The registry answered that it has no such manifest or blob."""


class AccessError(RegistryError):
    """The registry did not let bakec look. This proves nothing about its content."""


class VerificationError(BakecError):
    """The registry's content differs from what the models promise."""

    exit_code = 6


class PreflightError(BakecError):
    """The machine, the builder or a registry lacks something that the build needs."""

    exit_code = 7


class Interrupted(BakecError):  # noqa: N818 - an interruption is not an error
    """A person or the system asked bakec to stop."""

    exit_code = 130
