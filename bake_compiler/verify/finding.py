"""What a check has to say of one image, or of one platform of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bake_compiler.oci.platform import Platform
from bake_compiler.verify.promise import Promise


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as promised.

    Attributes:
        image: its name.
        platform: the platform concerned; None when it is the image as a whole.
        code: a word that programs can rely on, such as `platform-missing`.
        message: what is wrong, for a person.
        hint: what to do about it; may be empty.
        severity: an error takes the proof away from its platform; a warning does not.
    """

    image: str
    platform: Platform | None
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def order(self) -> tuple[str, str, str, str, str]:
        """Sorts findings by image, the image as a whole first, errors before warnings within a platform."""
        return self.image, str(self.platform or ""), self.severity, self.code, self.message

    def __lt__(self, other: "Finding") -> bool:
        return self.order < other.order

    def __str__(self) -> str:
        where = f"{self.image} {self.platform}" if self.platform else self.image
        return f"{self.severity}: {where}: {self.message} [{self.code}]"


def verified_platforms(promise: Promise, findings: Iterable[Finding]) -> tuple[Platform, ...]:
    """The promised platforms that are proven: no error concerns them, or the image as a whole.

    An error on a platform that nobody promised concerns the whole: it is published with the rest.
    """
    own = (finding for finding in findings if finding.image == promise.image)
    errors = {finding.platform for finding in own if finding.severity is Severity.ERROR}
    if errors - set(promise.platforms):
        return ()
    return tuple(platform for platform in promise.platforms if platform not in errors)
