"""Explains a plan: what is built, from what, natively or emulated, and where an image's settings come from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bake_compiler.dockerfile import Dockerfile
from bake_compiler.model.base import Source as Place
from bake_compiler.model.project import Change, Component, Image, Target, Variant
from bake_compiler.model.settings import Settings
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import familiar
from bake_compiler.plan.contexts import IMAGE
from bake_compiler.plan.emulation import DockerfileSource, dockerfile_of, emulated_runs
from bake_compiler.plan.parsed import parsed
from bake_compiler.plan.paths import URL
from bake_compiler.plan.plan import Plan, PlannedImage

CROSS, EMULATED, NATIVE = "cross-built", "emulated", "native"


@dataclass(frozen=True)
class ImageBases:
    """What an image is built from, as its Dockerfile says.

    Attributes:
        external: the base images of its stages, by their names in the Dockerfile. If a named context replaces a name,
            the
            context's image stands here, with a digest if a lock pins it. scratch and other contexts are left out.
        cross: whether every step runs on the build platform, so that no platform is emulated.
        steps: the FROMs and RUNs of its stages, in order, as written.
        readable: whether bakec could read the Dockerfile. If not, the other fields are unknown.
    """

    external: tuple[str, ...] = ()
    cross: bool = False
    steps: tuple[str, ...] = ()
    readable: bool = False


def image_bases(image: PlannedImage, dockerfiles: Mapping[str, str]) -> ImageBases:
    """Return what an image is built from, as its Dockerfile says."""
    context = image.text("context") or ""
    _, text = dockerfile_of(image, dockerfiles)
    dockerfile = parsed(text) if text is not None and URL not in context else None
    if not isinstance(dockerfile, Dockerfile):
        return ImageBases()
    stage = image.text("target")
    built = dockerfile.stage(stage) if stage else dockerfile.stages[-1]
    used = dockerfile.used_by(built) if built else ()
    found = image.attributes.get("contexts", {})
    contexts = found if isinstance(found, Mapping) else {}
    internal = {each.name.lower() for each in dockerfile.stages if each.name} | {"scratch"}
    named = (name for each in used for name in (each.base, *dockerfile.images(each)))
    outside = [name for name in named if name.lower() not in internal]
    taken = {name: contexts.get(familiar(name), f"{IMAGE}{name}") for name in outside}
    external = (each.removeprefix(IMAGE) for each in taken.values() if isinstance(each, str) and each.startswith(IMAGE))
    cross = all("BUILDPLATFORM" in dockerfile.platform(each) or not each.runs for each in used)
    steps = (text for each in used for text in (f"{each.platform} {each.base}", *(run.text for run in each.runs)))
    return ImageBases(tuple(dict.fromkeys(external)), cross, tuple(steps), readable=True)


def how(platform: Platform, host: Platform, source: DockerfileSource | None) -> str:
    """Return whether a platform is built natively on a machine, cross-built, or emulated. If unknown: emulated."""
    if source and next(emulated_runs("", source, platform, [host]), None) is not None:
        return EMULATED
    if platform == host:
        return NATIVE
    return CROSS if source else EMULATED


def users_of(plan: Plan, name: str) -> tuple[str, ...]:
    """The images that need this image."""
    return tuple(image.name for image in plan.images if name in image.needs)


def origins(image: PlannedImage) -> Iterator[tuple[str, str, Place]]:
    """Yield which declaration sets which field: the field, who sets it, and where.

    The strongest comes first for each field.
    """
    models = image.models
    for field in sorted({field for model in models for field in model.model_fields_set & Settings.model_fields.keys()}):
        for model in models:
            if field in model.model_fields_set:
                yield field, _who(model), model.source


def _who(model: Settings) -> str:
    match model:
        case Image(name=name):
            return f"image {name}"
        case Component():
            return "its component"
        case Variant(name=name):
            return f"variant {name}"
        case Change():
            return "its change in the variant"
        case Target(name=name):
            return f"abstract target {name}"
        case _:
            return "the project"
