"""What the tests of the checks promise, how they damage a registry, and how they read what was found."""

from collections.abc import Callable
from typing import Any

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify import Check, Promise, Severity
from tests.fakes.registry import FakeRegistry
from tests.fakes.snapshots import REFERENCE

Damage = Callable[[FakeRegistry], object]

NAME = REFERENCE.repository


def promise(*platforms: str, **more: Any) -> Promise:
    return Promise("web", REFERENCE, tuple(map(Platform.parse, platforms)), **more)


BOTH = promise("linux/amd64", "linux/arm64")


def lose(digest: Digest) -> Damage:
    return lambda fake: fake.delete(NAME, digest)


def corrupt(digest: Digest, content: bytes = b"{}") -> Damage:
    return lambda fake: fake.corrupt(NAME, digest, content)


def lose_all(fake: FakeRegistry) -> None:
    fake.repositories.clear()


def found(check: Check, wanted: Promise, snapshot: Snapshot) -> list[tuple[str, str | None, str]]:
    """Severity, platform and code of each finding of a check; each must be fit to be read."""
    findings = check(wanted, snapshot)
    for finding in findings:
        assert finding.image == "web"
        assert finding.message
        assert finding.hint
    return [(finding.severity.value, _text(finding.platform), finding.code) for finding in findings]


def error(code: str, platform: str | None = None) -> tuple[str, str | None, str]:
    return Severity.ERROR.value, platform, code


def warning(code: str, platform: str | None = None) -> tuple[str, str | None, str]:
    return Severity.WARNING.value, platform, code


def _text(platform: Platform | None) -> str | None:
    return None if platform is None else str(platform)
