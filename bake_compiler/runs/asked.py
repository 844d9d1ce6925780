"""run.json: what a person asked of a run, and the images that the run was going to build."""

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
    """An image that a run was going to build. `sources` is the fingerprint of the image's files in the project."""

    name: str
    phase: str
    platforms: tuple[str, ...]
    needs: tuple[str, ...]
    reference: str
    tags: tuple[str, ...]
    sources: str


@dataclass(frozen=True)
class Asked:
    """The content of run.json, known before the run builds anything.

    Attributes:
        run: the run's id.
        began: seconds since the epoch.
        options: as a person gave them, with the registry and the tag that the run used.
        variables: all variables that buildx got, as texts.
        slots: how many images could be built at the same time.
        images: in plan order.
        excluded: the image, the platform and the reason of each excluded cell.
        resumes: the id of the run that this run resumed; empty for a new run.
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
    """Return the images of a run for run.json, each with the fingerprint of its files."""
    return tuple(_asked_image(wanted, image, made[image.name].sources) for image in wanted.images)


def needs_within(wanted: Wanted, image: PlannedImage) -> tuple[str, ...]:
    """Return the images of the run that `image` needs."""
    return tuple(need for need in image.needs if need in wanted.names)


def _asked_image(wanted: Wanted, image: PlannedImage, sources: str) -> AskedImage:
    first, *others = map(str, wanted.references(image))
    platforms = tuple(map(str, image.platforms))
    return AskedImage(image.name, image.phase, platforms, needs_within(wanted, image), first, tuple(others), sources)


@cache
def _asked_type() -> TypeAdapter[Asked]:
    return TypeAdapter(Asked)


def write_asked(root: Path, asked: Asked) -> None:
    """Write run.json."""
    own_folder(root)
    document = {"schema": SCHEMA, **_asked_type().dump_python(asked, mode="json")}
    write_whole(root / RUNS / asked.run / ASKED, json.dumps(document, indent=1) + "\n")


def read_asked(root: Path, run: str) -> Asked | None:
    """Return the content of run.json.

    None if the file is missing or can't be read: bakec was killed at the very beginning.
    """
    try:
        return _asked_type().validate_python(_upgraded(json.loads((root / RUNS / run / ASKED).read_bytes())))
    except (OSError, ValueError):  # pydantic's and json's errors are ValueErrors
        return None


def _upgraded(document: object) -> object:
    """Return a document of the current schema. The first schema kept some options, beside the other fields.

    Raises:
        ValueError: the document has another schema.
    """
    match document:
        case {"schema": schema} if schema == SCHEMA:
            return document
        case {"schema": "bakec.run/1", "given": variables, **rest}:
            options = {name: rest[name] for name in decisions() if name in rest}
            return {**rest, "options": {**options, "variables": variables}}
        case _:
            raise ValueError("not the document of a run")
