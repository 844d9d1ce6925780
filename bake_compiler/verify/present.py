"""There is an index under the reference."""

from bake_compiler.oci.snapshot import Kind, Snapshot
from bake_compiler.verify.finding import Finding, Severity
from bake_compiler.verify.promise import Promise


def check_present(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Nothing there, nothing sound, or a plain manifest where several platforms need an index."""
    if trouble := snapshot.trouble:
        code = "absent" if trouble.kind is Kind.MISSING else trouble.kind.value
        message = f"{snapshot.reference} is {code}: {trouble.message}"
        return (Finding(promise.image, None, code, message, trouble.hint),)
    if snapshot.index is None:
        return (_not_an_index(promise, snapshot),)
    return ()


def _not_an_index(promise: Promise, snapshot: Snapshot) -> Finding:
    several = len(promise.platforms) > 1
    return Finding(
        promise.image,
        None,
        "not-an-index",
        f"{snapshot.reference} is the manifest of a single platform, not an index",
        "push all platforms in one build: the last push of a tag replaces the ones before",
        Severity.ERROR if several else Severity.WARNING,
    )
