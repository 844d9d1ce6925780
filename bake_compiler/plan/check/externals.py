"""External images: each has a source for every platform, one tag, and a place of its own."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake
from bake_compiler.model.project import External, Project
from bake_compiler.model.texts import platforms_of
from bake_compiler.model.values import THE_TAG
from bake_compiler.oci.reference import Reference
from bake_compiler.plan.check.subject import PlanSubject, claim
from bake_compiler.plan.evaluate import evaluate
from bake_compiler.plan.plan import Plan


def check_externals(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield the mistakes in the declarations of external images."""
    names: dict[str, str] = {}
    project = subject.stack.project
    taken = _public(subject.plan) if project.external else {}
    for external in project.external:
        yield from claim(names, external.name, "an external image", external.source, "rename one")
        yield from _sources(external)
        yield from _platforms(project, external)
    for planned in subject.plan.external:
        place = f"{planned.repository}:{planned.tag}"
        writer = taken.setdefault(place, planned.name)
        if writer != planned.name:
            yield Mistake(planned.model, "name", f"{place} is also written by {writer}", "give each its own")


def _sources(external: External) -> Iterator[Mistake]:
    at = external.source
    if bool(external.image) == bool(external.images):
        said = "are both given" if external.image else "are both missing"
        yield Mistake(at, "image", f"image and images {said}", "give one of them: where the vendor has the image")
        return
    texts = (external.image,) if external.image else tuple(external.images.values())
    tags = {Reference.parse(text).tag for text in texts if text}
    if external.tag is None and (len(tags) > 1 or "" in tags):
        said = "its images have different tags" if len(tags) > 1 else "its image has no tag"
        yield Mistake(at, "tag", f"{said}, so `tag` must be given", "give the tag of the copy: tag='1.0'")


def _platforms(project: Project, external: External) -> Iterator[Mistake]:
    at, all_of_them = external.source, set(platforms_of(project.platforms))
    only = set(platforms_of(external.platforms.platforms)) if external.platforms else all_of_them
    for platform in sorted(only - all_of_them):
        yield Mistake(at, "platforms", f"{platform} is not a platform of the project", "leave it out, or add it there")
    for platform in sorted(only - external.of_platforms.keys()) if external.images else ():
        hint = f"give its image, or platforms=Only(platforms=[…], reason='no {platform} from this vendor')"
        yield Mistake(at, "images", f"no image for {platform}", hint)
    for platform in sorted(external.of_platforms.keys() - only):
        yield Mistake(at, "images", f"{platform} is not one of its platforms", "leave it out")


def _public(plan: Plan) -> dict[str, str]:
    """Return public tag → its image, for the project's own images, with the variables' defaults."""
    taken = {}
    for image in plan.images:
        for tag in image.tags:
            try:
                text = plan.defaults["TAG"] if tag == THE_TAG else evaluate(tag, {**plan.defaults, **image.matrix})
            except ValueError:
                continue
            taken[f"{image.repository}:{text}"] = f"the image {image.name}"
    return taken
