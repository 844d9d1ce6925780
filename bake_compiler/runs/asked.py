"""What was asked of a run, as its folder keeps it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from bake_compiler.inputs.image import MadeFrom
from bake_compiler.plan import PlannedImage, Wanted
from bake_compiler.project.root import own_folder
from bake_compiler.runs.options import BuildOptions, decisions
from bake_compiler.system.files import write_whole

ASKED = "run.json"
SCHEMA = "bakec.run/2"
RUNS = Path(".bakec/runs")


@dataclass(frozen=True)
class AskedImage:
    """An image that a run was to build; `sources` is the fingerprint of what the project holds of it."""

    name: str
    phase: str
    platforms: tuple[str, ...]
    needs: tuple[str, ...]
    reference: str
    tags: tuple[str, ...]
    sources: str


@dataclass(frozen=True)
class Asked:
    """What a run was to do, known before it began.

    Attributes:
        run: its id.
        began: seconds since the epoch.
        options: as a person gave them, with the registry and the tag that were used.
        variables: all that buildx was given, as texts.
        slots: how many images were built at once, at most.
        images: in plan order.
        excluded: image, platform and the reason.
        resumes: the run that it resumed; empty when it did not.
    """

    run: str
    began: float
    options: BuildOptions
    variables: dict[str, str]
    slots: int
    images: tuple[AskedImage, ...]
    excluded: tuple[tuple[str, str, str], ...] = ()
    resumes: str = ""


def asked_images(wanted: Wanted, made: Mapping[str, MadeFrom]) -> tuple[AskedImage, ...]:
    """The images of a run, as they are kept, each with the fingerprint of its sources."""
    return tuple(_asked_image(wanted, image, made[image.name].sources) for image in wanted.images)


def needs_within(wanted: Wanted, image: PlannedImage) -> tuple[str, ...]:
    """The images of a run that one of them needs."""
    return tuple(need for need in image.needs if need in wanted.names)


def _asked_image(wanted: Wanted, image: PlannedImage, sources: str) -> AskedImage:
    first, *others = map(str, wanted.references(image))
    platforms = tuple(map(str, image.platforms))
    return AskedImage(image.name, image.phase, platforms, needs_within(wanted, image), first, tuple(others), sources)


@cache
def _asked_type() -> TypeAdapter[Asked]:
    return TypeAdapter(Asked)


def write_asked(root: Path, asked: Asked) -> None:
    """Keep what a run is to do."""
    own_folder(root)
    document = {"schema": SCHEMA, **_asked_type().dump_python(asked, mode="json")}
    write_whole(root / RUNS / asked.run / ASKED, json.dumps(document, indent=1) + "\n")


def read_asked(root: Path, run: str) -> Asked | None:
    """What a run was to do; None if nothing readable is kept, as when it was killed at its very beginning."""
    try:
        return _asked_type().validate_python(_upgraded(json.loads((root / RUNS / run / ASKED).read_bytes())))
    except (OSError, ValueError):  # of pydantic and json, too
        return None


def _upgraded(document: object) -> object:
    """A document of today's schema, also from one of the first, which had some options, beside the rest.

    Raises:
        ValueError: it is of another schema.
    """
    match document:
        case {"schema": schema} if schema == SCHEMA:
            return document
        case {"schema": "bakec.run/1", "given": variables, **rest}:
            options = {name: rest[name] for name in decisions() if name in rest}
            return {**rest, "options": {**options, "variables": variables}}
        case _:
            raise ValueError("not the document of a run")
