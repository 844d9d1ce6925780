"""What each image of a run is made from, as one fingerprint.

An image with the same fingerprint need not be built again.
"""

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
    """What one image is made from, including everything that its needs are made from.

    Attributes:
        sources: fingerprint of what the project has of the image: definitions in the bake file, Dockerfiles, folders.
        bases: the base images, as far as they are known.
        doubt: why the inputs are not fully known, so that no content tag can be computed. Empty if they are.
        places: base → where the image's own Dockerfile takes it: `components/web/Dockerfile:3`, or the Dockerfile
            alone.
        cross: whether all steps of the image itself run on the build platform, as far as its Dockerfile shows. No step
            is emulated then.
        steps: the image's own FROMs and RUNs, as far as bakec can read them.
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
    """Return image → what it is made from, for the images and all their needs.

    Args:
        root: the project's root. Files are read below it, and in the folders of named contexts.
        plan: the project's plan.
        images: some images of the plan.
        text: the text of the bake file.
        variables: the values of the bake file's variables.
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
    """The text of an image's Dockerfile. Empty if it is not a file of the project."""
    path = path_of(image)
    return _text(root / path) if path else ""


def _ignored(root: Path, folder: str, dockerfile: str) -> str:
    """The text of the .dockerignore that applies: the Dockerfile's own, if there is one, otherwise the folder's."""
    own = root / f"{dockerfile}.dockerignore"
    return _text(own) if dockerfile and own.is_file() else _text(root / inside(folder, ".dockerignore"))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""


def bases_of(images: Iterable[PlannedImage], made: Mapping[str, MadeFrom]) -> Mapping[Base, frozenset[Platform]]:
    """Return base → platforms, for all base images of some images and of their needs.

    The platforms are empty if a base is only used for the builder's own platform.
    """
    found: dict[Base, frozenset[Platform]] = {}
    for image in images:
        for base in made[image.name].bases:
            found[base] = found.get(base, frozenset()).union(wanted_platforms(image, base))
    return found


def content_tag(
    image: PlannedImage, made: MadeFrom, variables: Mapping[str, str], digests: Mapping[Base, Iterable[str]]
) -> str:
    """The content tag of an image. Empty if not all of its inputs are known.

    Secrets are not part of the tag: a hash could reveal them.

    Args:
        image: the image, with the platforms that are wanted.
        made: what the image is made from.
        variables: the variables that buildx gets.
        digests: base → the digests that its name means now. A base that does not exist has no entry.
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
    """Hex digest of texts.

    Each text is hashed with its length, so that two different lists never have the same digest.
    """
    whole = sha256(b"bakec 1")
    for part in parts:
        data = part.encode("utf-8", errors="surrogateescape")
        whole.update(b"%d:%b" % (len(data), data))
    return whole.hexdigest()
