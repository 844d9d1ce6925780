"""A plan as JSON and as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict

from bake_compiler.bakefile.render import expression
from bake_compiler.document import ProblemDocument, problem_document
from bake_compiler.errors import Problem
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, PlannedExternal, PlannedImage, Wanted
from bake_compiler.plan.bases import path_of, place_of
from bake_compiler.plan.bases import wanted_platforms as wanted_of
from bake_compiler.plan.emulation import source_of
from bake_compiler.plan.explain import how, image_bases
from bake_compiler.plan.origins import origins_of
from bake_compiler.words import counted


class PlanBaseDocument(TypedDict):
    """A base image, in one FROM or COPY of a Dockerfile."""

    name: str
    """The base's name in its familiar form, such as `debian:trixie-slim`."""
    at: str
    """The place that names the base: file and line."""
    platforms: list[str]
    """The platforms that are taken from the base; an empty list means the build platform only."""
    floating: bool
    """Whether the name may mean another image tomorrow, because nothing pins it."""


class PlanImageDocument(TypedDict):
    """One image of the plan."""

    name: str
    """The image's name."""
    component: str
    """The component that declares it."""
    phase: str
    """Its phase."""
    variant: str
    """The variant that the image belongs to; else empty."""
    references: list[str]
    """The public references."""
    architecture_tags: dict[str, str]
    """Public reference → the platform that it names alone."""
    context: str | None
    """The build context; an expression is written as HCL."""
    dockerfile: str | None
    """The Dockerfile, relative to the context; null if it is written inline."""
    stage: str | None
    """The stage that is built; null for the last one."""
    args: dict[str, str | None] | str | None
    """Build arg → value, null for an arg without a value; a text if the args are an expression."""
    needs: list[str]
    """The images of the project that it is built from."""
    bases: list[str] | None
    """The base images; null if bakec can't read the Dockerfile."""
    base_images: list[PlanBaseDocument]
    """Each use of a base image."""
    platforms: dict[str, str]
    """Platform → `native`, `cross` or `emulated` on `host`."""


class ExcludedDocument(TypedDict):
    """An image that its author excluded on one platform."""

    image: str
    """The image's name."""
    platform: str
    """The platform."""
    reason: str
    """The author's reason."""


class SourceDocument(TypedDict):
    """Where an external image comes from."""

    reference: str
    """The vendor's reference."""
    platforms: list[str]
    """The platforms that are taken from there."""


class ExcludedPlatformDocument(TypedDict):
    """A platform that an external image is not wanted for."""

    platform: str
    """The platform."""
    reason: str
    """The author's reason."""


class ExternalDocument(TypedDict):
    """An external image, and what `bakec mirror` would copy."""

    name: str
    """The external image's name."""
    sources: list[SourceDocument]
    """Where it comes from."""
    references: list[str]
    """The references that it gets in the project's registries."""
    platforms: list[str]
    """The platforms that are wanted of it."""
    excluded: list[ExcludedPlatformDocument]
    """The platforms of the project that its author excluded."""


class PlanDocument(TypedDict):
    """What a build would do."""

    schema: Literal["bakec.plan/1"]
    registry: str
    """The registry of the run."""
    tag: str
    """The tag of the run."""
    host: str
    """The platform that is built without emulation."""
    images: list[PlanImageDocument]
    """In the order of the plan."""
    excluded: list[ExcludedDocument]
    """What the authors excluded."""
    external: list[ExternalDocument]
    """External images, if all images are selected."""
    warnings: list[ProblemDocument]
    """Likely mistakes that may be intended."""


def plan_document(
    planned: Plan,
    wanted: Wanted,
    dockerfiles: Mapping[str, str],
    here: Platform,
    externals: Sequence[PlannedExternal] = (),
    warnings: Sequence[Problem] = (),
) -> PlanDocument:
    """The plan of a run as plain dicts and lists, with the external images."""
    return {
        "schema": "bakec.plan/1",
        "registry": wanted.registry,
        "tag": wanted.tag,
        "host": str(here),
        "images": [_image_document(planned, wanted, image, dockerfiles, here) for image in wanted.images],
        "excluded": [
            {"image": each.cell.image, "platform": str(each.cell.platform), "reason": each.reason}
            for each in wanted.excluded
        ],
        "external": [_external_document(planned, wanted, each) for each in externals],
        "warnings": [problem_document(each) for each in warnings],
    }


def _image_document(
    planned: Plan, wanted: Wanted, image: PlannedImage, dockerfiles: Mapping[str, str], here: Platform
) -> PlanImageDocument:
    bases, source = image_bases(image, dockerfiles), source_of(planned, image, dockerfiles)
    args = image.attributes.get("args", {})
    return {
        "name": image.name,
        "component": image.component,
        "phase": image.phase,
        "variant": image.variant,
        "references": list(map(str, wanted.references(image))),
        "architecture_tags": {
            str(tag): str(platform) for tag, platform in wanted.architecture_references(image).items()
        },
        "context": _shown(image.attributes.get("context")),
        "dockerfile": _shown(image.attributes.get("dockerfile")),
        "stage": _shown(image.attributes.get("target")),
        "args": {name: _shown(value) for name, value in args.items()} if isinstance(args, Mapping) else _shown(args),
        "needs": list(image.needs),
        "bases": list(bases.external) if bases.readable else None,
        "base_images": list(_base_documents(planned, wanted, image, dockerfiles)),
        "platforms": {str(each): how(each, here, source) for each in image.platforms},
    }


def _base_documents(
    planned: Plan, wanted: Wanted, image: PlannedImage, dockerfiles: Mapping[str, str]
) -> Iterator[PlanBaseDocument]:
    origins = origins_of(planned, image, dockerfiles.get(path_of(image), ""), wanted.variables)
    for base, line in origins.bases.items():
        if line:  # else no stage takes it
            yield {
                "name": base.name,
                "at": place_of(image, line),
                "platforms": list(map(str, wanted_of(image, base))),
                "floating": base.floats,
            }


def _external_document(planned: Plan, wanted: Wanted, external: PlannedExternal) -> ExternalDocument:
    """What `bakec mirror` would copy."""
    return {
        "name": external.name,
        "sources": [
            {"reference": str(place), "platforms": list(map(str, platforms))} for place, platforms in external.taken
        ],
        "references": list(map(str, external.references(wanted.variables))),
        "platforms": list(map(str, external.platforms)),
        "excluded": [
            {"platform": str(each), "reason": external.only_reason}
            for each in planned.platforms
            if each not in external.platforms
        ],
    }


def _shown(value: object) -> str | None:
    """A text as it is, an expression as HCL."""
    return value if isinstance(value, str) or value is None else expression(value)


def plan_lines(document: PlanDocument, planned: Plan) -> Iterator[str]:
    """The document of a plan as text."""
    images = document["images"]
    for phase in planned.phases:
        members = [image for image in images if image["phase"] == phase]
        if members:
            yield f"{phase}: {counted(len(members), 'image')}"
        for image in members:
            platforms = ", ".join(f"{name} {way}" for name, way in image["platforms"].items())
            stage = f", stage {image['stage']}" if image["stage"] else ""
            yield f"  {image['name']}: {platforms}"
            yield (
                f"    from {image['context']}{stage}"
                + _among(" on ", list(_base_words(image["base_images"])))
                + _among(" needing ", image["needs"])
            )
            yield f"    → {', '.join((*image['references'], *image['architecture_tags']))}"
    for external in document["external"]:
        yield from _external_lines(external)
    for each in document["excluded"]:
        yield f"excluded: {each['image']} {each['platform']}: {each['reason']}"
    cells = sum(len(image["platforms"]) for image in images)
    emulated = sum(way == "emulated" for image in images for way in image["platforms"].values())
    yield f"{counted(len(images), 'image')}, {counted(cells, 'build')}, {emulated} emulated on {document['host']}"


def _base_words(bases: Sequence[PlanBaseDocument]) -> Iterator[str]:
    """Yield each base's name once, with facts that the name does not show."""
    for name in dict.fromkeys(base["name"] for base in bases):
        uses = [base for base in bases if base["name"] == name]
        said = ["floating"] if uses[0]["floating"] else []
        said += [] if any(use["platforms"] for use in uses) else ["build platform only"]
        yield f"{name} ({', '.join(said)})" if said else name


def _external_lines(external: ExternalDocument) -> Iterator[str]:
    yield f"external {external['name']}: {', '.join(external['platforms'])}, by bakec mirror"
    sources = [f"{each['reference']} ({', '.join(each['platforms'])})" for each in external["sources"]]
    yield f"    from {', '.join(sources)}"
    yield f"    → {', '.join(external['references'])}"
    for each in external["excluded"]:
        yield f"excluded: {external['name']} {each['platform']}: {each['reason']}"


def _among(before: str, names: list[str] | tuple[str, ...]) -> str:
    return before + ", ".join(names) if names else ""
