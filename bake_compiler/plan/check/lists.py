"""Lists that buildx reads as CSV: each id once, and no variable that would break a line apart."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.model.values import Join, variables_of
from bake_compiler.plan.attributes import CSV, merge
from bake_compiler.plan.check.subject import Subject, at


def check_lists(subject: Subject) -> Iterator[Mistake]:
    """Ids that an image has twice, which buildx before 0.20 refuses; variables that break a line of CSV."""
    breaking = {
        name
        for name, default in subject.plan.defaults.items()
        if isinstance(default, str) and any(char in default for char in ',"\r\n') and name != "PLATFORMS"
    }
    for image in subject.plan.images if breaking else ():
        for attribute in CSV & image.attributes.keys():
            for name in breaking.intersection(variables_of(image.attributes[attribute])):
                message = f"variable {name} has a comma, quote or line break, which would break {attribute} apart"
                yield at(image, attribute.replace("-", "_"), message, "write the text itself in its place")
    for image in subject.plan.images:
        for attribute in ("secret", "ssh"):
            if attribute in image.attributes:
                both = merge(subject.plan.common.attributes, image.attributes)[attribute]
                lines = both if isinstance(both, Sequence) else ()
                counted = Counter(_id(line) for line in lines)
                for name in sorted(name for name, count in counted.items() if count > 1):
                    yield at(image, attribute, f"{name} is given twice, with what it inherits", "give it at one level")


def _id(line: object) -> str:
    text = str(line.parts[0] if isinstance(line, Join) else line)
    return text.partition(",")[0] if text.startswith("id=") else text.partition("=")[0]
