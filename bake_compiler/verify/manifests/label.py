"""`label`: an image lacks a label that its models promise."""

from collections.abc import Iterator

from bake_compiler.oci.snapshot import Child, Snapshot
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "label"


def check_label(promise: Promise, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings for labels of a platform's config that are missing or have another value."""
    hint = "it is not what these models build: build it again, or verify the tag and --var that it was built with"
    return tuple(
        Finding(promise.image, child.platform, CODE, message, hint)
        for child in snapshot.images
        for message in _broken(promise, child)
    )


def _broken(promise: Promise, child: Child) -> Iterator[str]:
    if child.config is None:
        return
    labels = child.config.config.labels
    for key, value in promise.labels.items():
        if key not in labels:
            yield f"label {key} is not there" + ("" if value is None else f"; the models say {value!r}")
        elif value not in {None, labels[key]}:
            yield f"label {key} is {labels[key]!r}; the models say {value!r}"
