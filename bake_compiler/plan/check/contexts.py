"""Named contexts that take the place of nothing: their keys are written in a form for which BuildKit does not look.

bake hands a key on as it is; `docker buildx build --build-context` alone puts it right.

Source: BuildKit, frontend/dockerui/config.go, `NamedContext`; frontend/dockerfile/dockerfile2llb/convert.go,
`buildDispatchStates`, `resolveBaseImage`; buildx, bake/bake.go, `toNamedContexts`.
"""

from collections.abc import Collection, Iterator, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import familiar
from bake_compiler.plan.bases import contexts_of
from bake_compiler.plan.check.subject import at
from bake_compiler.plan.emulation import DockerfileSource
from bake_compiler.plan.plan import Plan, PlannedImage

_FOR = "::"
"""Between a name and the one platform that its context is for."""


def warn_contexts(plan: Plan, sources: Sequence[tuple[PlannedImage, DockerfileSource]]) -> Iterator[Mistake]:
    """Each key that BuildKit would find in another form."""
    known: dict[tuple[object, ...], frozenset[str]] = {}  # most images of a component have its Dockerfile and its args
    for image, read in sources:
        same = (id(read.dockerfile), *read.args.items())
        if same not in known:
            known[same] = frozenset(_names(read))
        names = known[same]
        for key in contexts_of(plan, image) or ():
            form = _looked_for(key, names)
            if form and form != key:
                message = f"takes the place of nothing: BuildKit looks for {form!r}"
                yield at(image, "contexts", message, f"write {form!r} in place of {key!r}", key=key)


def _looked_for(key: str, names: Collection[str]) -> str:
    """The form of a key in which a Dockerfile with these names takes it; empty where it does in none."""
    name, mark, platform = key.partition(_FOR)
    forms = (name, familiar(name), name.lower())
    return next((f"{form}{mark}{_whole(platform)}" for form in forms if form in names), "")


def _whole(platform: str) -> str:
    try:
        return str(Platform.parse(platform))
    except ValueError:
        return platform


def _names(read: DockerfileSource) -> Iterator[str]:
    """What BuildKit looks for: the names of stages in small letters, those of images in their familiar form."""
    for stage in read.dockerfile.stages:
        if stage.name:
            yield stage.name.lower()
        base = read.dockerfile.base(stage, read.args)
        if base and base != "scratch":
            yield familiar(base)
        yield from map(familiar, read.dockerfile.images(stage))
