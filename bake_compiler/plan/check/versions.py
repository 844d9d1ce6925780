"""No field needs a newer buildx than the oldest buildx that the project supports."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake, Model
from bake_compiler.plan.check.subject import PlanSubject
from bake_compiler.plan.features import SINCE


def check_versions(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield fields that are newer than `Project(buildx=…)` allows. An older buildx would ignore them silently."""
    oldest = subject.plan.oldest_buildx
    newer = {field: since for field, since in SINCE.items() if since > oldest}
    if not newer:
        return
    for model in _models(subject):
        for field in newer.keys() & model.model_fields_set:
            if getattr(model, field):
                since = ".".join(map(str, newer[field]))
                message = f"needs buildx {since}, and the project supports {subject.stack.project.buildx}"
                yield Mistake(model.source, field, message, f'write Project(buildx=">={since}"), or leave it out')


def _models(subject: PlanSubject) -> Iterator[Model]:
    project = subject.stack.project
    yield from (project, *project.variables, *project.targets, *project.variants)
    for component in subject.stack.components.values():
        yield component
        for image in component.images:
            yield image
            yield from image.variants.values()
