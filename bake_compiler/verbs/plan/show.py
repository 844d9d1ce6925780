"""A plan as JSON and as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bake_compiler.bakefile.render import expression
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, PlannedExternal, PlannedImage, Wanted
from bake_compiler.plan.bases import path_of, place_of
from bake_compiler.plan.bases import wanted_platforms as wanted_of
from bake_compiler.plan.emulation import source_of
from bake_compiler.plan.explain import how, image_bases
from bake_compiler.plan.origins import origins_of
from bake_compiler.words import counted


def plan_document(
    planned: Plan,
    wanted: Wanted,
    dockerfiles: Mapping[str, str],
    here: Platform,
    externals: Sequence[PlannedExternal] = (),
) -> dict[str, Any]:
    """The plan of a run as plain dicts and lists, with the images of others that are in sight."""
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
    }


def _image_document(
    planned: Plan, wanted: Wanted, image: PlannedImage, dockerfiles: Mapping[str, str], here: Platform
) -> dict[str, Any]:
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
) -> Iterator[dict[str, Any]]:
    origins = origins_of(planned, image, dockerfiles.get(path_of(image), ""), wanted.variables)
    for base, line in origins.bases.items():
        if line:  # else no stage takes it
            yield {
                "name": base.name,
                "at": place_of(image, line),
                "platforms": list(map(str, wanted_of(image, base))),
                "floating": base.floats,
            }


def _external_document(planned: Plan, wanted: Wanted, external: PlannedExternal) -> dict[str, Any]:
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


def plan_lines(document: dict[str, Any], planned: Plan) -> Iterator[str]:
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
        yield from _externalplan_lines(external)
    for each in document["excluded"]:
        yield f"excluded: {each['image']} {each['platform']}: {each['reason']}"
    cells = sum(len(image["platforms"]) for image in images)
    emulated = sum(way == "emulated" for image in images for way in image["platforms"].values())
    yield f"{counted(len(images), 'image')}, {counted(cells, 'build')}, {emulated} emulated on {document['host']}"


def _base_words(bases: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Each name once, with what is not to be seen in it."""
    for name in dict.fromkeys(base["name"] for base in bases):
        uses = [base for base in bases if base["name"] == name]
        said = ["floating"] if uses[0]["floating"] else []
        said += [] if any(use["platforms"] for use in uses) else ["build platform only"]
        yield f"{name} ({', '.join(said)})" if said else name


def _externalplan_lines(external: dict[str, Any]) -> Iterator[str]:
    yield f"external {external['name']}: {', '.join(external['platforms'])}, by bakec mirror"
    sources = [f"{each['reference']} ({', '.join(each['platforms'])})" for each in external["sources"]]
    yield f"    from {', '.join(sources)}"
    yield f"    → {', '.join(external['references'])}"
    for each in external["excluded"]:
        yield f"excluded: {external['name']} {each['platform']}: {each['reason']}"


def _among(before: str, names: list[str] | tuple[str, ...]) -> str:
    return before + ", ".join(names) if names else ""
