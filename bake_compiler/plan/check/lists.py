"""Checks lists that buildx reads as CSV: each id occurs once, and no variable would split a line."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.model.values import Join, variables_of
from bake_compiler.plan.attributes import CSV, Attributes, merge
from bake_compiler.plan.check.subject import PlanSubject, at
from bake_compiler.plan.lines import csv_fields

ONCE = "give it at one level"


def check_lists(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield ids that an image has twice, which buildx before 0.20 refuses, and variables that split a line of CSV."""
    yield from _ids(subject)
    yield from _variables(subject)


def _ids(subject: PlanSubject) -> Iterator[Mistake]:
    project, common = subject.stack.project, subject.plan.common.attributes
    for attribute in ("secret", "ssh"):
        shared = _twice(attribute, common)
        for name in sorted(shared):
            yield Mistake(project.source, attribute, f"{name} is given twice, inherited values included", ONCE)
        for image in subject.plan.images:
            if attribute in image.attributes:
                for name in sorted(_twice(attribute, merge(common, image.attributes)) - shared):
                    yield at(image, attribute, f"{name} is given twice, inherited values included", ONCE)


def _twice(attribute: str, attributes: Attributes) -> set[str]:
    lines = attributes.get(attribute, ())
    counted = Counter(_id(attribute, line) for line in lines) if isinstance(lines, Sequence) else Counter()
    return {name for name, count in counted.items() if count > 1}


def _id(attribute: str, line: object) -> str:
    text = "".join(
        part if isinstance(part, str) else "?" for part in (line.parts if isinstance(line, Join) else [line])
    )
    if attribute == "ssh":
        return text.partition("=")[0]
    return f"id={csv_fields(attribute, text).get('id', text)}"


def _variables(subject: PlanSubject) -> Iterator[Mistake]:
    breaking = {
        name
        for name, default in subject.plan.defaults.items()
        if isinstance(default, str) and any(char in default for char in ',"\r\n') and name != "PLATFORMS"
    }
    if not breaking:
        return
    hint = "write the text itself instead of the variable"
    for attribute, name in _breaking(subject.plan.common.attributes, breaking):
        yield Mistake(subject.stack.project.source, attribute.replace("-", "_"), _told(attribute, name), hint)
    for image in subject.plan.images:
        for attribute, name in _breaking(image.attributes, breaking):
            yield at(image, attribute.replace("-", "_"), _told(attribute, name), hint)


def _breaking(attributes: Attributes, names: set[str]) -> Iterator[tuple[str, str]]:
    for attribute in sorted(CSV & attributes.keys()):
        for name in sorted(names.intersection(variables_of(attributes[attribute]))):
            yield attribute, name


def _told(attribute: str, name: str) -> str:
    return f"variable {name} has a comma, quote or line break, which would split {attribute}"
