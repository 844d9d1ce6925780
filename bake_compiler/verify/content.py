"""Everything that the index leads to is in the registry, as large as it is said to be."""

from collections.abc import Iterator

from bake_compiler.oci.manifest import ATTESTATION_SUBJECT
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Child, Kind, Piece, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

_CODES = {
    Kind.MISSING: "child-missing",
    Kind.WRONG: "child-wrong",
    Kind.MALFORMED: "child-malformed",
    Kind.UNCHECKED: "unchecked",
}


def check_content(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Manifests, configs and layers that are missing, wrong, of another size, or could not be checked."""
    subjects = {str(child.descriptor.digest): child.platform for child in snapshot.images}
    findings = [*_judge(promise, None, snapshot.nested)]
    for child in snapshot.children:
        findings += _judge(promise, _platform(child, subjects), child.pieces)
    return tuple(dict.fromkeys(findings))  # a layer may occur more than once


def _platform(child: Child, subjects: dict[str, Platform | None]) -> Platform | None:
    """The platform that a child's fault takes down: an attestation's is that of the image it describes."""
    if child.descriptor.is_attestation:
        return subjects.get(child.descriptor.annotations.get(ATTESTATION_SUBJECT, ""))
    return child.platform


def _judge(promise: Promise, platform: Platform | None, pieces: tuple[Piece, ...]) -> Iterator[Finding]:
    for piece in pieces:
        if piece.trouble:
            code, message = _CODES[piece.trouble.kind], f"{_name(piece)}: {piece.trouble.message}"
            yield Finding(promise.image, platform, code, message, piece.trouble.hint)
        elif piece.size not in {None, piece.descriptor.size}:
            message = f"{_name(piece)} has {piece.size} bytes, {piece.descriptor.size} are stated"
            yield Finding(promise.image, platform, "size", message, "push the image anew")


def _name(piece: Piece) -> str:
    return f"{piece.descriptor.media_type} {piece.descriptor.digest}"
