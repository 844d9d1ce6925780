"""`provenance`: a platform lacks its promised provenance, or has the provenance of something else."""

from collections.abc import Iterator

from bake_compiler.oci.provenance import Provenance
from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "provenance"


def check_provenance(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for statements that are missing, or that name another manifest or platform than their own."""
    if not promise.provenance:
        return ()
    hint = "build it with provenance (the default of buildx), and copy whole indexes: single platforms lose it"
    return tuple(
        Finding(promise.image, child.platform, CODE, message, hint)
        for child in snapshot.images
        if child.platform in promise.platforms
        for message in _broken(child, snapshot)
    )


def statements_of(snapshot: Snapshot, image: Child) -> tuple[Provenance, ...]:
    """The provenance statements of one image of an index. They are in the index, or are referrers of the image."""
    attestations = (*snapshot.attestations, *snapshot.artifacts)
    return tuple(
        statement
        for attestation in attestations
        if attestation.subject == image.descriptor.digest
        for statement in attestation.statements
    )


def _broken(image: Child, snapshot: Snapshot) -> Iterator[str]:
    statements = statements_of(snapshot, image)
    if not (statements or snapshot.unlisted):
        yield "no provenance is attached"
    for statement in statements:
        if image.descriptor.digest not in statement.subjects:
            named = ", ".join(map(str, statement.subjects)) or "nothing"
            yield f"the provenance is of {named}, not of {image.descriptor.digest}"
        elif statement.platforms and image.platform not in statement.platforms:
            yield f"the provenance is for {', '.join(map(str, statement.platforms))}"
