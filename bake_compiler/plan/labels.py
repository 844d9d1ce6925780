"""The OCI labels that bakec gives to every image."""

from collections.abc import Mapping

from bake_compiler.model.values import IfSet, Timestamp, Value, Var

_PREFIX = "org.opencontainers.image"
DESCRIPTION = f"{_PREFIX}.description"


def shared_labels(source_url: str) -> Mapping[str, Value]:
    """The labels that all images share: version, revision, time and source."""
    return {
        f"{_PREFIX}.version": Var("TAG"),
        f"{_PREFIX}.revision": IfSet("REVISION", Var("REVISION")),
        f"{_PREFIX}.created": IfSet("SOURCE_DATE_EPOCH", Timestamp("SOURCE_DATE_EPOCH")),
        **({f"{_PREFIX}.source": source_url} if source_url else {}),
    }


def own_labels(title: Value, description: str) -> Mapping[str, Value]:
    """The labels of one image: title and description."""
    return {**({DESCRIPTION: description} if description else {}), f"{_PREFIX}.title": title}
