"""One image of the gallery: what is pushed, what then happens to it, what is promised of it, and what must be found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bake_compiler.oci.digest import Digest
from bake_compiler.verify import Finding, Severity
from tests.fakes.images import Made

AMD64, ARM64 = "linux/amd64", "linux/arm64"
BOTH = (AMD64, ARM64)


@dataclass(frozen=True)
class Lose:
    """The registry no longer has a manifest or a blob."""

    digest: Digest
    manifest: bool = False


@dataclass(frozen=True)
class Corrupt:
    """The registry serves other bytes for a digest."""

    digest: Digest
    content: bytes


@dataclass(frozen=True)
class Refuse:
    """The registry answers this status, to whatever is asked of this path."""

    status: int
    path: str = ""


Damage = Lose | Corrupt | Refuse


Finds = frozenset[tuple[Severity, str, str]]
"""Severity, platform and code of findings; no platform for the image as a whole."""


def found(code: str, *platforms: str, severity: Severity = Severity.ERROR) -> Finds:
    """An error on each of these platforms; on the image as a whole, if there are none."""
    return frozenset((severity, platform, code) for platform in platforms or ("",))


def warned(code: str, *platforms: str) -> Finds:
    """A warning on each of these platforms."""
    return found(code, *platforms, severity=Severity.WARNING)


@dataclass(frozen=True)
class Exhibit:
    """One image.

    Attributes:
        name: what it is.
        made: what is pushed.
        finds: every finding, no more and no less.
        platforms: that are promised.
        promise: what else is promised, by the names of `Promise`.
        tags: other tags of the image that must name it, with what they name; None for nothing.
        damage: what happens after the push.
        deep: its layers are read, too.
        only_fake: why no real registry can have it.
    """

    name: str
    made: Made
    finds: Finds = frozenset()
    platforms: tuple[str, ...] = BOTH
    promise: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Made | None] = field(default_factory=dict)
    damage: tuple[Damage, ...] = ()
    deep: bool = False
    only_fake: str = ""

    @property
    def alone(self) -> bool:
        """Whether it needs a repository of its own: what happens to it must not happen to others."""
        return bool(self.damage or self.tags or any(child.beside for child in self.made.children))

    def __str__(self) -> str:
        return self.name


def told(findings: tuple[Finding, ...]) -> Finds:
    """Findings as an exhibit names them."""
    return frozenset((finding.severity, str(finding.platform or ""), finding.code) for finding in findings)
