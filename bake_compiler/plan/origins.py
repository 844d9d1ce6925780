"""What an image is built from and the project does not build: base images, and folders of the project. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bake_compiler.dockerfile import Dockerfile, DockerfileError, parse_dockerfile
from bake_compiler.oci.reference import familiar
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.contexts import IMAGE, TARGET
from bake_compiler.plan.evaluate import UNKNOWN, evaluate
from bake_compiler.plan.paths import URL, inside
from bake_compiler.plan.plan import Plan, PlannedImage

_REFERENCE = re.compile(r"[\w.:/@-]+")
_NATIVE = re.compile(r"\$(BUILDPLATFORM|\{BUILDPLATFORM\})")
_TARGET_PLATFORM = re.compile(r"\$(TARGETPLATFORM|\{TARGETPLATFORM\})")
BUILDER = "$BUILDPLATFORM"
_AFRESH = ("no-cache", "no-cache-filter", "pull")


@dataclass(frozen=True, order=True)
class Base:
    """An image from outside the project.

    Attributes:
        name: the name in a Dockerfile or a named context.
        platform: the value of `FROM --platform`. Empty if that is the platform that is built.
    """

    name: str
    platform: str = ""

    @property
    def floats(self) -> bool:
        """Whether the name can mean another image tomorrow."""
        return "@" not in self.name


@dataclass(frozen=True)
class Origins:
    """What one image is built from, besides the images that it needs.

    Attributes:
        bases: base → the line of the stage that uses it, as far as bases are known. The line is 0 if only a named
            context
            names the base.
        named: the bases that a FROM, a COPY or a mount names itself. A named context can replace them.
        folders: folder, and the Dockerfile whose own .dockerignore applies to it, both from the project's root.
        doubt: why its inputs can't all be known before it is built. Empty if they are known.
    """

    bases: Mapping[Base, int] = field(default_factory=dict)
    named: frozenset[Base] = frozenset()
    folders: frozenset[tuple[str, str]] = frozenset()
    doubt: str = ""


class _DoubtfulError(Exception):
    """An input is not known before the build."""


def origins_of(plan: Plan, image: PlannedImage, text: str, variables: Mapping[str, object]) -> Origins:
    """Return what an image is built from.

    Args:
        plan: the plan that has the image.
        image: the image.
        text: the text of its Dockerfile. Empty if it is not a file of the project.
        variables: the values of the bake file's variables.
    """
    attributes = merge(plan.common.attributes, image.attributes)
    found = {key: evaluate(value, {**variables, **image.matrix}) for key, value in attributes.items() if key != "tags"}
    bases: dict[Base, int] = {}
    named: set[Base] = set()
    folders: set[tuple[str, str]] = set()
    try:
        doubts = [*_doubts_of_attributes(found), *_find_contexts(found, folders)]
        inline = found.get("dockerfile-inline")
        dockerfile = parse_dockerfile(inline if isinstance(inline, str) else text)
        doubts += _find_bases(dockerfile, found, bases, named)
        doubts += _find_unused(found, bases)
    except (_DoubtfulError, DockerfileError) as error:
        doubts = [str(error)]
    return Origins(bases, frozenset(named & bases.keys()), frozenset(folders), next(iter(doubts), ""))


def _doubts_of_attributes(found: Mapping[str, object]) -> Iterator[str]:
    for name, value in found.items():
        if name in _AFRESH and value:
            yield f"{name} is set"
        elif _has_unknown(value):
            yield f"{name} is an expression that only buildx evaluates"


def _has_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, tuple) else value is UNKNOWN


def _find_contexts(found: Mapping[str, object], folders: set[tuple[str, str]]) -> Iterator[str]:
    context, dockerfile = found.get("context", "."), found.get("dockerfile", "Dockerfile")
    if not isinstance(context, str) or URL in context or not isinstance(dockerfile, str):
        raise _DoubtfulError("its context is not a folder of the project")
    folders.add((inside("", context), inside(context, dockerfile)))
    contexts = found.get("contexts")
    for value in contexts.values() if isinstance(contexts, Mapping) else ():
        if isinstance(value, str) and value.startswith(IMAGE):
            continue
        if not isinstance(value, str) or URL in value:
            yield f"a named context is {value}, whose content is not known before the build"
        elif not value.startswith(TARGET):
            folders.add((inside("", value), ""))


def _find_unused(found: Mapping[str, object], bases: dict[Base, int]) -> Iterator[str]:
    """Yield doubts about images that named contexts name and no stage uses.

    An ONBUILD may use them, for any platform.
    """
    taken = {base.name for base in bases}
    for _, value in _texts(found, "contexts"):
        name = value.removeprefix(IMAGE)
        if name != value and name not in taken:
            yield from _find_base(Base(name, BUILDER), 0, bases)


def _find_bases(
    dockerfile: Dockerfile, found: Mapping[str, object], bases: dict[Base, int], taken: set[Base]
) -> Iterator[str]:
    args = dict(_texts(found, "args"))
    contexts = dict(_texts(found, "contexts"))
    target = found.get("target")
    last = dockerfile.stage(target) if isinstance(target, str) else dockerfile.stages[-1]
    if last is None:
        raise _DoubtfulError(f"its Dockerfile has no stage {target}")
    stages = dockerfile.used_by(last, args)
    for stage in stages:
        platform = _TARGET_PLATFORM.sub("", stage.platform)
        if "$" in _NATIVE.sub("", platform):
            yield f"FROM --platform={stage.platform} is not known before the build"
            platform = ""
        base = dockerfile.base(stage, args)
        names = [(base, platform)] if base is not None else []
        names += [(name, "") for name in dockerfile.images(stage)]
        for name, wanted in names:
            context = contexts.get(familiar(name))
            if context is None:
                yield from _find_base(Base(name, wanted), stage.line, bases)
                taken.add(Base(name, wanted))
            elif context.startswith(IMAGE):
                yield from _find_base(Base(context.removeprefix(IMAGE), wanted), stage.line, bases)
        if stage.fetches:
            yield f"line {stage.fetches}: ADD takes content from outside the project"
    if dockerfile.syntax:
        yield from _find_base(Base(dockerfile.syntax, BUILDER), 1, bases)


def _find_base(base: Base, line: int, bases: dict[Base, int]) -> Iterator[str]:
    if base.name == "scratch":
        return
    if _REFERENCE.fullmatch(base.name):
        bases.setdefault(base, line)
    else:
        yield f"FROM {base.name} is not known before the build"


def _texts(found: Mapping[str, object], attribute: str) -> Iterator[tuple[str, str]]:
    values = found.get(attribute)
    if isinstance(values, Mapping):
        yield from ((str(key), value) for key, value in values.items() if isinstance(value, str))
