"""Warnings for named contexts that replace nothing: BuildKit looks for their names in another form.

bake passes a name on unchanged. Only `docker buildx build --build-context` corrects it.

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
"""Separates a name from the platform for which its context is."""


def warn_contexts(plan: Plan, sources: Sequence[tuple[PlannedImage, DockerfileSource]]) -> Iterator[Mistake]:
    """Yield each name of a context that BuildKit would find only in another form."""
    known: dict[tuple[object, ...], frozenset[str]] = {}  # most images of a component share its Dockerfile and args
    for image, read in sources:
        same = (id(read.dockerfile), *read.args.items())
        if same not in known:
            known[same] = frozenset(_names(read))
        names = known[same]
        for key in contexts_of(plan, image) or ():
            form = _looked_for(key, names)
            if form and form != key:
                message = f"replaces nothing: BuildKit looks for {form!r}"
                yield at(image, "contexts", message, f"write {form!r} instead of {key!r}", key=key)


def _looked_for(key: str, names: Collection[str]) -> str:
    """The form in which a Dockerfile with these names would use the context. Empty if there is no such form."""
    name, mark, platform = key.partition(_FOR)
    forms = (name, familiar(name), name.lower())
    return next((f"{form}{mark}{_whole(platform)}" for form in forms if form in names), "")


def _whole(platform: str) -> str:
    try:
        return str(Platform.parse(platform))
    except ValueError:
        return platform


def _names(read: DockerfileSource) -> Iterator[str]:
    """Yield the names for which BuildKit looks: stages in small letters, images in their familiar form."""
    for stage in read.dockerfile.stages:
        if stage.name:
            yield stage.name.lower()
        base = read.dockerfile.base(stage, read.args)
        if base and base != "scratch":
            yield familiar(base)
        yield from map(familiar, read.dockerfile.images(stage))
