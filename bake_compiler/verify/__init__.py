"""The checks of images: each compares what the models promise with what the registry has, and returns findings."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding, Severity, verified_platforms
from bake_compiler.verify.manifests import CHECKS, Check
from bake_compiler.verify.manifests.provenance import statements_of
from bake_compiler.verify.manifests.unchecked import CODE as UNCHECKED
from bake_compiler.verify.promise import Annotation, Level, Promise

__all__ = [
    "CHECKS",
    "UNCHECKED",
    "Annotation",
    "Check",
    "Finding",
    "Level",
    "Promise",
    "Severity",
    "check_image",
    "statements_of",
    "verified_platforms",
]


def check_image(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """All findings for one image, sorted. An empty result means that the image is exactly as promised."""
    return tuple(sorted(finding for check in CHECKS for finding in check(promise, snapshot)))
