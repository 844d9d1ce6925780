"""A finding: one difference between a promise and the registry."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.oci.platform import Platform
from bake_compiler.verify.promise import Promise


class Severity(StrEnum):
    """Whether a finding is an error or a warning."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One difference between a promise and the registry.

    Attributes:
        image: the image's name.
        platform: the platform concerned. None if the finding concerns the whole image.
        code: a word that programs can rely on, such as `platform-missing`.
        message: what is wrong, for a person.
        hint: what the person can do. May be empty.
        severity: with an error, the platform is not verified. With a warning, it can still be verified.
    """

    image: str
    platform: Platform | None
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def order(self) -> tuple[str, str, str, str, str]:
        """The sort key: by image, findings for the whole image first, and errors before warnings within a platform."""
        return self.image, str(self.platform or ""), self.severity, self.code, self.message

    def __lt__(self, other: "Finding") -> bool:
        return self.order < other.order

    def __str__(self) -> str:
        where = f"{self.image} {self.platform}" if self.platform else self.image
        return f"{self.severity}: {where}: {self.message} [{self.code}]"


def verified_platforms(promise: Promise, findings: Iterable[Finding]) -> tuple[Platform, ...]:
    """The promised platforms without an error, if the image as a whole has no error either.

    An error on a platform that was not promised counts for the whole image, since that platform is published too.
    """
    own = (finding for finding in findings if finding.image == promise.image)
    errors = {finding.platform for finding in own if finding.severity is Severity.ERROR}
    if errors - set(promise.platforms):
        return ()
    return tuple(platform for platform in promise.platforms if platform not in errors)
