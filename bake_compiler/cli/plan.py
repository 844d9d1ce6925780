"""bakec plan: what would be built, from what, in which phase, natively or emulated, and why."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bake_compiler.cli.options import (
    Json,
    Platforms,
    ProjectDir,
    Registry,
    Selectors,
    Tag,
    Variables,
    counted,
    parse_platforms,
    print_text,
    root_of,
    run_async,
    select_wanted,
    warn,
)
from bake_compiler.errors import Problem, UsageError

if TYPE_CHECKING:
    from bake_compiler.oci.platform import Platform
    from bake_compiler.plan import Plan, PlannedExternal, PlannedImage, Wanted
    from bake_compiler.verbs.plan.emulation import EmulationMap, Native


def plan(
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    variables: Variables = None,
    why: Annotated[
        str, typer.Option("--why", metavar="IMAGE", help="Explain one image: who says what, and where.")
    ] = "",
    emulation: Annotated[
        bool,
        typer.Option("--emulation", help="Show which RUNs are emulated, and how long they took."),
    ] = False,
    build_platform: Annotated[
        list[str] | None,
        typer.Option(
            "--build-platform",
            metavar="P[,P]",
            help="What is built without emulation; default: with --emulation what the builder says, or its "
            "description, else here.",
        ),
    ] = None,
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Show what would be built, without building it: phases, images, bases, edges, native or emulated.

    Where all images are meant, also what `bakec mirror` would copy from where to where.

    Examples: `bakec plan`, `bakec plan foundation`, `bakec plan backend --platform arm64 --json`,
    `bakec plan --why backend`, `bakec plan --emulation`, `bakec plan --emulation --build-platform arm64`.
    """
    from bake_compiler.plan.externals import externals_with  # noqa: PLC0415
    from bake_compiler.project.loader import read_inputs  # noqa: PLC0415
    from bake_compiler.project.planned import plan_project, warnings_of  # noqa: PLC0415

    root = root_of(project)
    planned = plan_project(root)
    inputs, _ = read_inputs(root, planned)
    warnings = warnings_of(root, planned)
    warn(warnings)
    if why:
        document = _explain(root, planned, why)
        lines = _why_lines(document)
    else:
        wanted = select_wanted(planned, selectors, platforms, registry, tag, variables)
        natives = parse_platforms(build_platform)
        if emulation:
            from bake_compiler.verbs.plan.emulation import map_emulation  # noqa: PLC0415

            found = map_emulation(root, planned, wanted, inputs.dockerfiles, _native(root, planned, natives))
            _print_emulation(found, warnings, as_json=as_json)
            return
        here = natives[0] if natives else host()
        document = to_document(planned, wanted, inputs.dockerfiles, here, externals_with(planned, selectors or ()))
        lines = _lines(document, planned)
    document["warnings"] = [each._asdict() for each in warnings]
    if as_json:
        import json  # noqa: PLC0415

        print_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        print_text("".join(f"{line}\n" for line in lines))


def _print_emulation(found: "EmulationMap", warnings: Sequence[Problem], *, as_json: bool) -> None:
    from bake_compiler.verbs.plan import emulation  # noqa: PLC0415

    if as_json:
        print_text(emulation.render_json(found, warnings))
    elif sys.stdout.isatty() and found.runs:
        _print_table(emulation.HEADER, emulation.rows(found), emulation.summary(found))
    else:
        print_text(emulation.render_plain(found))


def _native(root: Path, planned: "Plan", asked: "tuple[Platform, ...]") -> "Native":
    """The platforms asked for, else those of the builder that builds go to."""
    from bake_compiler.buildx.tools import Tools, ask_all, find_buildx  # noqa: PLC0415
    from bake_compiler.system import process  # noqa: PLC0415
    from bake_compiler.system.environment import BUILDX_BUILDER, using  # noqa: PLC0415
    from bake_compiler.verbs.plan.emulation import Native, judge_native  # noqa: PLC0415

    if asked:
        return Native(frozenset(asked), "--build-platform")
    described, environ = planned.builder, process.scrubbed(os.environ)
    env = using(environ, described.name) if described else environ
    with process.guarded() as runner:
        said = run_async(lambda: ask_all(Tools(runner, root, env, find_buildx(env)), ()))
    is_used = described and env[BUILDX_BUILDER] == described.name
    return judge_native(said, described if is_used else None, host())


def _print_table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]], below: Iterator[str]) -> None:
    """For a terminal: commands cut to a line."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from bake_compiler.report.words.lines import printable  # noqa: PLC0415

    console = Console(highlight=False)
    table = Table()
    for name in header:
        is_last = name == header[-1]
        table.add_column(name, justify="right" if name == "seconds" else "left", no_wrap=is_last, ratio=int(is_last))
    for row in rows:
        table.add_row(*(Text(printable(word), overflow="ellipsis" if word == row[-1] else "fold") for word in row))
    console.print(table)
    for line in below:
        console.print(Text(printable(line)), soft_wrap=True)


def host() -> "Platform":
    """The platform of this machine, as Linux containers see it."""
    import platform as machine  # noqa: PLC0415

    from bake_compiler.oci.platform import Platform  # noqa: PLC0415

    return Platform.parse(machine.machine())


def to_document(
    planned: "Plan",
    wanted: "Wanted",
    dockerfiles: Mapping[str, str],
    here: "Platform",
    externals: "Sequence[PlannedExternal]" = (),
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
    planned: "Plan", wanted: "Wanted", image: "PlannedImage", dockerfiles: Mapping[str, str], here: "Platform"
) -> dict[str, Any]:
    from bake_compiler.plan.emulation import source_of  # noqa: PLC0415
    from bake_compiler.plan.explain import bases_of, how  # noqa: PLC0415

    bases, source = bases_of(image, dockerfiles), source_of(planned, image, dockerfiles)
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
    planned: "Plan", wanted: "Wanted", image: "PlannedImage", dockerfiles: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    from bake_compiler.plan.bases import path_of, place_of  # noqa: PLC0415
    from bake_compiler.plan.bases import wanted as wanted_of  # noqa: PLC0415
    from bake_compiler.plan.origins import origins_of  # noqa: PLC0415

    origins = origins_of(planned, image, dockerfiles.get(path_of(image), ""), wanted.variables)
    for base, line in origins.bases.items():
        if line:  # else no stage takes it
            yield {
                "name": base.name,
                "at": place_of(image, line),
                "platforms": list(map(str, wanted_of(image, base))),
                "floating": base.floats,
            }


def _external_document(planned: "Plan", wanted: "Wanted", external: "PlannedExternal") -> dict[str, Any]:
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
    from bake_compiler.bakefile.render import expression  # noqa: PLC0415

    return value if isinstance(value, str) or value is None else expression(value)


def _lines(document: dict[str, Any], planned: "Plan") -> Iterator[str]:
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


def _base_words(bases: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Each name once, with what is not to be seen in it."""
    for name in dict.fromkeys(base["name"] for base in bases):
        uses = [base for base in bases if base["name"] == name]
        said = ["floating"] if uses[0]["floating"] else []
        said += [] if any(use["platforms"] for use in uses) else ["build platform only"]
        yield f"{name} ({', '.join(said)})" if said else name


def _external_lines(external: dict[str, Any]) -> Iterator[str]:
    yield f"external {external['name']}: {', '.join(external['platforms'])}, by bakec mirror"
    sources = [f"{each['reference']} ({', '.join(each['platforms'])})" for each in external["sources"]]
    yield f"    from {', '.join(sources)}"
    yield f"    → {', '.join(external['references'])}"
    for each in external["excluded"]:
        yield f"excluded: {external['name']} {each['platform']}: {each['reason']}"


def _among(before: str, names: list[str] | tuple[str, ...]) -> str:
    return before + ", ".join(names) if names else ""


def _explain(root: Path, planned: "Plan", name: str) -> dict[str, Any]:
    """Why an image is as it is, as plain dicts and lists."""
    from bake_compiler.model.base import did_you_mean  # noqa: PLC0415
    from bake_compiler.plan.explain import origins, users_of  # noqa: PLC0415

    if name not in planned.by_name:
        raise UsageError(f"no image is called {name!r}", hint=did_you_mean(name, list(planned.by_name)))
    image = planned.image(name)

    def place(file: str, line: int) -> str:
        path = Path(file)
        return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{line}"

    own = image.models[0].source
    return {
        "schema": "bakec.why/1",
        "name": name,
        "description": image.description,
        "declared": place(own.file, own.line),
        "component": image.component,
        "phase": image.phase,
        "needs": list(image.needs),
        "needed_by": list(users_of(planned, name)),
        "platforms": list(map(str, image.platforms)),
        "platforms_why": image.only_reason or "the platforms of the project",
        "inherits": list(image.block.inherits),
        "said": [
            {"field": field, "by": who, "at": place(source.file, source.line)} for field, who, source in origins(image)
        ],
    }


def _why_lines(why: dict[str, Any]) -> Iterator[str]:
    yield f"{why['name']}: {why['description']}" if why["description"] else why["name"]
    yield f"  declared in {why['declared']}, component {why['component']}, phase {why['phase']}"
    needed = ", ".join(why["needed_by"]) or "none"
    yield f"  needs {', '.join(why['needs']) or 'no other image'}; needed by {needed}"
    yield f"  for {', '.join(why['platforms'])}: {why['platforms_why']}"
    yield f"  inherits {', '.join(why['inherits'])}"
    for each in why["said"]:
        yield f"  {each['field']}: {each['by']} says so, {each['at']}"
