"""Mistakes between an image and its Dockerfile: missing stages, ARGs and files, and args that have no effect."""

from collections.abc import Iterator, Mapping, Sequence

from bake_compiler.dockerfile import (
    Arg,
    Dockerfile,
    DockerfileError,
    Stage,
    declared_args,
    is_predefined,
    unset_args,
)
from bake_compiler.model.base import Mistake, Source
from bake_compiler.model.project import Change, Image
from bake_compiler.plan.attributes import merged_map
from bake_compiler.plan.check.own_files import ignore_of, line_against, sources_with_own_files
from bake_compiler.plan.check.secrets import looks_like_a_secret
from bake_compiler.plan.check.subject import PlanSubject, at
from bake_compiler.plan.parsed import parsed
from bake_compiler.plan.paths import URL, inside
from bake_compiler.plan.plan import PlannedImage

_NAME_THEM = "name the last stage, FROM … AS NAME, and choose with stage="


def check_dockerfiles(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield stages, args and copied files that do not fit, and Dockerfiles that can't be read."""
    for image in subject.plan.images:
        inline = image.attributes.get("dockerfile-inline")
        path, text = "", inline if isinstance(inline, str) else None
        if not inline and (context := image.text("context")) is not None:
            path = inside(context, image.text("dockerfile") or "")
            text = subject.inputs.dockerfiles.get(path)
        if text is not None:
            args = merged_map("args", subject.plan.common.attributes, image.attributes)
            yield from _check_image(subject, image, path, parsed(text), args)


def _check_image(
    subject: PlanSubject,
    image: PlannedImage,
    path: str,
    dockerfile: Dockerfile | DockerfileError | None,
    args: Mapping[str, object] | None,
) -> Iterator[Mistake]:
    if dockerfile is None:
        return
    if isinstance(dockerfile, DockerfileError):
        message = f"not a Dockerfile that bakec can read: {dockerfile.message}"
        yield Mistake(*_place(image, path, dockerfile.line), message)
        return
    stage = image.attributes.get("target")
    if isinstance(stage, str) and (stage.isdecimal() or dockerfile.stage(stage) is None):
        names = ", ".join(each.name for each in dockerfile.stages if each.name) or "none has a name"
        yield at(image, "stage", f"{path or 'the inline Dockerfile'} has no stage {stage!r}", f"its stages: {names}")
        return
    if stage is None and len(dockerfile.finals) > 1:
        names = " or ".join(repr(each.name) for each in dockerfile.finals if each.name)
        message = f"{path or 'the inline Dockerfile'} has several final stages, and the image chooses no stage"
        yield at(
            image,
            "stage",
            message,
            f"write stage={names}" if all(each.name for each in dockerfile.finals) else _NAME_THEM,
        )
    built = dockerfile.stage(stage) if isinstance(stage, str) else dockerfile.stages[-1]
    if built is None or not (stage is None or isinstance(stage, str)):
        return
    given = {name: value for name, value in (args or {}).items() if isinstance(value, str)}
    used = dockerfile.used_by(built, given)
    if args is not None:
        yield from _check_args(image, path, (dockerfile, built, given), args)
    yield from _check_copies(subject, image, path, used)
    yield from _check_own_files(subject, image, path, used)
    yield from _check_envs(image, path, dockerfile.args, used)


def _check_args(
    image: PlannedImage,
    path: str,
    build: tuple[Dockerfile, Stage, Mapping[str, str]],
    args: Mapping[str, object],
) -> Iterator[Mistake]:
    declared = declared_args(*build)
    own = image.attributes.get("args", {})
    for name in own if isinstance(own, Mapping) else ():
        if name not in declared and not is_predefined(name) and not _is_shared(image, name, build[0]):
            where = path or "the inline Dockerfile"
            known = ", ".join(sorted(declared)) or "none"
            yield at(
                image, "args", f"{where} declares no ARG {name} for what is built", f"it declares: {known}", key=name
            )
    dockerfile, built, given = build
    parts = [dockerfile.args, *(stage.args for stage in dockerfile.used_by(built, given))]
    if all(arg.default is not None or arg.name in args for part in parts for arg in part):
        return  # the usual case, and fast to check
    for arg in unset_args(*build):
        if arg.name not in args:
            hint = f'write args={{"{arg.name}": …}}, with None if no value is meant'
            message = f"ARG {arg.name} has no default and {image.name} gives it no value"
            yield Mistake(*_place(image, path, arg.line), message, hint)


def _is_shared(image: PlannedImage, name: str, dockerfile: Dockerfile) -> bool:
    """Whether an arg is set for several images, and is declared in the stage of another image."""
    source, _ = image.place("args", name)
    own = isinstance(image.models[0], Image | Change) and source is image.models[0].source
    return not own and any(arg.name == name for stage in dockerfile.stages for arg in stage.args)


def _place(image: PlannedImage, path: str, line: int) -> tuple[Source, str]:
    """A line of a Dockerfile, or the model in which the author wrote an inline Dockerfile."""
    return (Source(path, line), "") if path else image.place("dockerfile_inline")


def _check_copies(subject: PlanSubject, image: PlannedImage, path: str, used: Sequence[Stage]) -> Iterator[Mistake]:
    context = image.text("context")
    if context is None or URL in context:
        return
    place = _dockerignore(subject, context, path)
    if not place:
        return
    ignore = ignore_of(subject.inputs.ignores[place])
    for stage in used:
        for copy in stage.copies:
            for source in copy.sources if copy.literal else ():
                if ignore.excludes(source):
                    message = f"{copy.instruction} {source}: {place} excludes it, so there is nothing to copy"
                    yield Mistake(
                        *_place(image, path, copy.line), message, f"add !{source} to {place}, or don't copy it"
                    )


def _check_own_files(subject: PlanSubject, image: PlannedImage, path: str, used: Sequence[Stage]) -> Iterator[Mistake]:
    context = image.text("context")
    if context is None or URL in context or inside(context, ".") != ".":
        return
    place = _dockerignore(subject, context, path)
    ignored = subject.inputs.ignores.get(place, "")
    text = subject.inputs.dockerfiles[path] if path else image.text("dockerfile-inline") or ""
    for stage in used:
        for copy in stage.copies:
            for source in sources_with_own_files(copy, text, ignored):
                message = f"{copy.instruction} {source}: copies .bakec with the logs of all runs, so it is never cached"
                hint = f"write {line_against(ignored)} as the last line of {place or '.dockerignore'}"
                yield Mistake(*_place(image, path, copy.line), message, hint)


def _dockerignore(subject: PlanSubject, context: str, path: str) -> str:
    """The path of the .dockerignore that applies to a Dockerfile. Empty if there is none."""
    places = (f"{path}.dockerignore" if path else "", inside(context, ".dockerignore"))
    return next((each for each in places if each in subject.inputs.ignores), "")


def _check_envs(image: PlannedImage, path: str, shared: Sequence[Arg], used: Sequence[Stage]) -> Iterator[Mistake]:
    allowed = {name for model in image.models for name in model.not_secret}
    said = [(env.name, env.value, env.line) for stage in used for env in stage.envs]
    said += [
        (arg.name, arg.default or "", arg.line) for args in (shared, *(each.args for each in used)) for arg in args
    ]
    for name, value, line in said:
        if not value.startswith("$") and name not in allowed and (why := looks_like_a_secret(name, value)):
            hint = "mount it: RUN --mount=type=secret,id=…; or say why it is not a secret: not_secret={…: 'why'}"
            yield Mistake(
                *_place(image, path, line), f"{name}: {why}, and it would be in the image for all to read", hint
            )
