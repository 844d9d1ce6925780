"""`not-an-index`: the reference is a single manifest, where several platforms need an index."""

from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding, Severity
from bake_compiler.verify.promise import Promise

CODE = "not-an-index"


def check_not_an_index(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """One finding if the reference is the manifest of one platform.

    It is an error if several are promised, else a warning.
    """
    if snapshot.manifest is None:
        return ()
    several = len(promise.platforms) > 1
    return (
        Finding(
            promise.image,
            None,
            CODE,
            f"{snapshot.reference} is the manifest of a single platform, not an index",
            "push all platforms in one build: the last push of a tag replaces the ones before",
            Severity.ERROR if several else Severity.WARNING,
        ),
    )
