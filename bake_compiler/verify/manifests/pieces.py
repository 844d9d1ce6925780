"""Iterators over a snapshot, for several checks."""

from collections import Counter
from collections.abc import Iterator

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Piece, Snapshot, Trouble, TroubleKind
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise


def pieces(snapshot: Snapshot) -> Iterator[tuple[Platform | None, Piece]]:
    """Yield all content below the reference, each with the platform that is wrong if the content is wrong.

    The platform is None if the content concerns all platforms. An attestation has the platform of the image that it
    describes.
    """
    subjects = {child.descriptor.digest: child.platform for child in snapshot.images}
    for piece in snapshot.nested:
        yield None, piece
    for child in (*snapshot.children, *snapshot.artifacts):
        attests = child.descriptor.is_attestation and child.subject is not None
        platform = subjects.get(child.subject) if attests and child.subject else child.platform
        for piece in child.pieces:
            yield platform, piece


def by_kind(promise: Promise, snapshot: Snapshot, kind: TroubleKind, code: str) -> tuple[Finding, ...]:
    """One finding for each trouble of this kind, including those of the reference itself and of other tags."""
    return tuple(
        dict.fromkeys(  # a layer may occur twice
            Finding(promise.image, platform, code, message, trouble.hint)
            for platform, message, trouble in _troubles(snapshot)
            if trouble.kind is kind
        )
    )


def _troubles(snapshot: Snapshot) -> Iterator[tuple[Platform | None, str, Trouble]]:
    for trouble in (snapshot.trouble, *(tag.trouble for tag in snapshot.tags)):
        if trouble:
            yield None, trouble.message, trouble
    for platform, piece in pieces(snapshot):
        if piece.trouble:
            yield platform, f"{named(piece)}: {piece.trouble.message}", piece.trouble


def named(piece: Piece) -> str:
    """A piece of content for a person: its type and digest."""
    return f"{piece.descriptor.media_type} {piece.descriptor.digest}"


def listed(snapshot: Snapshot) -> Counter[Platform]:
    """How many entries there are for each platform on which an image could run."""
    return Counter(child.platform for child in snapshot.images if child.platform and child.platform.is_known)
