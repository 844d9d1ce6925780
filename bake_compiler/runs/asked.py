"""What was asked of a run, as its folder keeps it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bake_compiler.inputs.image import Made
from bake_compiler.plan import PlannedImage, Wanted
from bake_compiler.project.root import own_folder
from bake_compiler.system.files import write_whole

ASKED = "run.json"
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
        selectors, platforms: as they were given.
        registry, tag: where to.
        given: variables that were set for this run alone, as texts.
        variables: all that buildx was given, as texts.
        push, deep: as the options of these names.
        slots: how many images were built at once, at most.
        images: in plan order.
        excluded: image, platform and the reason.
        resumes: the run that it resumed; empty when it did not.
        sign, signing_config: as the options of these names; empty when nothing was to be signed.
    """

    run: str
    began: float
    selectors: tuple[str, ...]
    platforms: tuple[str, ...]
    registry: str
    tag: str
    given: dict[str, str]
    variables: dict[str, str]
    push: bool
    deep: bool
    slots: int
    images: tuple[AskedImage, ...]
    excluded: tuple[tuple[str, str, str], ...] = ()
    resumes: str = ""
    sign: str = ""
    signing_config: str = ""


def asked_images(wanted: Wanted, made: Mapping[str, Made]) -> tuple[AskedImage, ...]:
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
    document = {"schema": "bakec.run/1", **_asked_type().dump_python(asked, mode="json")}
    write_whole(root / RUNS / asked.run / ASKED, json.dumps(document, indent=1) + "\n")


def read_asked(root: Path, run: str) -> Asked | None:
    """What a run was to do; None when it was killed before that was kept."""
    try:
        return _asked_type().validate_json((root / RUNS / run / ASKED).read_bytes())
    except (OSError, ValidationError):
        return None
