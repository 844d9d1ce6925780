"""Returns what a planned image promises: the labels, annotations and attestations that its bake target asks for."""

from collections.abc import Iterator, Mapping

from bake_compiler.oci.platform import Platform
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.evaluate import UNKNOWN, evaluate
from bake_compiler.plan.lines import csv_fields
from bake_compiler.plan.plan import Plan, PlannedImage
from bake_compiler.verify.promise import Annotation, Level, Promise


def promise_of(plan: Plan, image: PlannedImage, variables: Mapping[str, object]) -> Promise:
    """Return what is known of an image before it is built. Values that only buildx can evaluate may be anything.

    Args:
        plan: the plan that has the image.
        image: the image, with the platforms that are wanted.
        variables: values of the bake file's variables. REVISION and SOURCE_DATE_EPOCH are those of the build, if known.

    Raises:
        ValueError: with these variables, the text of a reference is not a valid reference.
    """
    attributes = merge(plan.common.attributes, image.attributes)
    known = {**variables, **image.matrix}
    first, *_ = image.references(variables)
    return Promise(
        image.name,
        first,
        image.platforms,
        labels=_labels(evaluate(attributes.get("labels", {}), known)),
        annotations=tuple(_annotations(evaluate(attributes.get("annotations", ()), known))),
        provenance=_has_provenance(evaluate(attributes.get("attest", ()), known)),
        foreign=image.foreign,
    )


def _labels(labels: object) -> dict[str, str | None]:
    if not isinstance(labels, Mapping):
        return {}
    return {key: _known(value) for key, value in labels.items() if value is not None}


def _annotations(lines: object) -> Iterator[Annotation]:
    """Source: buildx util/buildflags; BuildKit exporter/containerimage/exptypes, annotation keys."""
    for line in _texts(lines):
        key, _, value = line.partition("=")
        levels, _, name = key.rpartition(":")
        for said in (levels or Level.MANIFEST).split(","):
            level, _, platform = said.rstrip("]").partition("[")
            yield Annotation(Level(level), Platform.parse(platform) if platform else None, name, value)


def _has_provenance(lines: object) -> bool:
    """Whether the target asks for provenance. If there are several lines, the last line counts."""
    said = (csv_fields("attest", line) for line in _texts(lines))
    asked = [fields.get("disabled") != "true" for fields in said if fields.get("type") == "provenance"]
    return bool(asked) and asked[-1]


def _texts(lines: object) -> Iterator[str]:
    yield from (line for line in lines if isinstance(line, str)) if isinstance(lines, tuple) else ()


def _known(value: object) -> str | None:
    return None if value is UNKNOWN else str(value)
