"""What each image of a run is made from, in one fingerprint: what has the same one need not be built twice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from bake_compiler.bakefile.blocks import image_words
from bake_compiler.inputs.folder import folder_digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, PlannedImage, explain
from bake_compiler.plan.bases import path_of, place_of, wanted_platforms
from bake_compiler.plan.order import needs_first, with_needs
from bake_compiler.plan.origins import Base, origins_of
from bake_compiler.plan.paths import inside

_LENGTH = 32  # hex digits of a content tag
_SAID_ELSEWHERE = frozenset({"REGISTRY", "PLATFORMS"})


@dataclass(frozen=True)
class MadeFrom:
    """What one image is made from, and with it all that it needs.

    Attributes:
        sources: fingerprint of what the project holds of it: words in the bake file, Dockerfiles, folders.
        bases: the images from elsewhere, as far as they are known.
        doubt: why that is not all, so that nobody can tell whether the image is what it would be now; or empty.
        places: of the bases that it takes itself: `components/web/Dockerfile:3`, or the Dockerfile alone.
        cross: all of its own steps run on the build platform, as far as its Dockerfile tells; none is emulated.
        steps: its own FROMs and RUNs, as far as bakec can read them.
    """

    sources: str
    bases: frozenset[Base]
    doubt: str
    places: Mapping[Base, str] = field(default_factory=dict)
    cross: bool = False
    steps: Sequence[str] = ()


def made_from(
    root: Path, plan: Plan, images: Iterable[PlannedImage], text: str, variables: Mapping[str, object]
) -> Mapping[str, MadeFrom]:
    """What the images, and those that they need, are made from.

    Args:
        root: the project's root; what is read is below it, and where a named context says.
        plan: the project's.
        images: some of it.
        text: of the bake file.
        variables: the values of its variables.
    """
    needed = needs_first([plan.by_name[image.name] for image in with_needs(images, plan.by_name)])
    words = image_words(plan, needed, text)
    digest = cache(lambda folder, dockerfile: folder_digest(root, folder, _ignored(root, folder, dockerfile)))
    found: dict[str, MadeFrom] = {}
    for image in needed:
        dockerfile = _dockerfile(root, image)
        origins = origins_of(plan, image, dockerfile, variables)
        parts, doubt = [words[image.name], dockerfile], origins.doubt
        try:
            parts += [digest(folder, own) for folder, own in sorted(origins.folders)]
        except OSError as error:
            doubt = doubt or f"{error.filename}: {error.strerror}"
        needs = [found[need] for need in image.needs if need in found]
        read = explain.image_bases(image, {path_of(image): dockerfile})
        found[image.name] = MadeFrom(
            _hashed([*parts, *(need.sources for need in needs)]),
            frozenset(origins.bases).union(*(need.bases for need in needs)),
            next((each for each in (doubt, *(need.doubt for need in needs)) if each), ""),
            {base: place_of(image, line) for base, line in origins.bases.items()},
            read.cross,
            read.steps,
        )
    return found


def _dockerfile(root: Path, image: PlannedImage) -> str:
    """The text of an image's Dockerfile; empty where it is not a file of the project."""
    path = path_of(image)
    return _text(root / path) if path else ""


def _ignored(root: Path, folder: str, dockerfile: str) -> str:
    """The text of the .dockerignore that counts: the Dockerfile's own, if it has one, or the folder's."""
    own = root / f"{dockerfile}.dockerignore"
    return _text(own) if dockerfile and own.is_file() else _text(root / inside(folder, ".dockerignore"))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""


def bases_of(images: Iterable[PlannedImage], made: Mapping[str, MadeFrom]) -> Mapping[Base, frozenset[Platform]]:
    """The images from elsewhere that some images, and what they need, are made from, and for which platforms.

    For none where only the builder's own counts.
    """
    found: dict[Base, frozenset[Platform]] = {}
    for image in images:
        for base in made[image.name].bases:
            found[base] = found.get(base, frozenset()).union(wanted_platforms(image, base))
    return found


def content_tag(
    image: PlannedImage, made: MadeFrom, variables: Mapping[str, str], digests: Mapping[Base, Iterable[str]]
) -> str:
    """The tag of an image that is made from just this; empty when not all of it is known.

    Secrets are no part of it: what they are hashed to would tell of them.

    Args:
        image: for the platforms wanted of it.
        made: what it is made from.
        variables: what buildx is given.
        digests: what the bases' names stand for now; of a base that is not there nobody knows.
    """
    if made.doubt or not made.bases <= digests.keys():
        return ""
    return f"staged-{_hashed(_parts(image, made, variables, digests))[:_LENGTH]}"


def _parts(
    image: PlannedImage, made: MadeFrom, variables: Mapping[str, str], digests: Mapping[Base, Iterable[str]]
) -> Iterator[str]:
    yield from (image.name, made.sources, *map(str, sorted(image.platforms)))
    yield from (f"{name}={variables[name]}" for name in sorted(variables.keys() - _SAID_ELSEWHERE))
    for base in sorted(made.bases):
        yield from (base.name, base.platform, *sorted(digests[base]))


def _hashed(parts: Iterable[str]) -> str:
    """Of texts, each with its length, so that no two lists of them look alike."""
    whole = sha256(b"bakec 1")
    for part in parts:
        data = part.encode("utf-8", errors="surrogateescape")
        whole.update(b"%d:%b" % (len(data), data))
    return whole.hexdigest()
