"""`annotation`: an index or a manifest lacks an annotation that its models promise."""

from collections.abc import Iterator, Mapping

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Annotation, Level, Promise

CODE = "annotation"


def check_annotation(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for annotations that are missing or have another value, at the level at which they were promised."""
    hint = "it is not what these models build: build it again, or verify the tag and --var that it was built with"
    return tuple(
        Finding(promise.image, platform, CODE, message, hint)
        for wanted in promise.annotations
        for platform, there in _holders(wanted, snapshot)
        if (message := _broken(wanted, there))
    )


def _holders(wanted: Annotation, snapshot: Snapshot) -> Iterator[tuple[Platform | None, Mapping[str, str]]]:
    """Yield each index or manifest entry that must have the annotation: its platform, and its annotations."""
    if wanted.level is Level.INDEX:
        if snapshot.index:
            yield None, snapshot.index.annotations
        return
    if wanted.level is Level.INDEX_DESCRIPTOR:
        return  # it is stored where an index is listed, such as in an OCI layout; a registry does not show it
    for child in snapshot.images:
        if wanted.platform in {None, child.platform} and child.manifest:
            entry = wanted.level is Level.MANIFEST_DESCRIPTOR
            yield child.platform, child.descriptor.annotations if entry else child.manifest.annotations


def _broken(wanted: Annotation, there: Mapping[str, str]) -> str:
    found = there.get(wanted.key)
    if found is None:
        return f"{wanted.level} annotation {wanted.key} is not there"
    if wanted.value in {None, found}:
        return ""
    return f"{wanted.level} annotation {wanted.key} is {found!r}; the models say {wanted.value!r}"
