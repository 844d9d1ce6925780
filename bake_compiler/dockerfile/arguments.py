"""The build arguments that a stage can use, and those that need a value.

Source: Docker's Dockerfile reference, "ARG"; BuildKit, dockerfile2llb/convert.go (`dispatchArg`: an ARG without a
default takes the global one, or keeps what the stage's base has set).
"""

import re
from collections.abc import Iterator, Mapping

from bake_compiler.dockerfile.stages import Arg, Dockerfile, Stage

_PLATFORM = re.compile(r"(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)|TARGETSTAGE")
_PROXY = re.compile(r"(?:HTTPS?|FTP|NO|ALL)_PROXY|(?:https?|ftp|no|all)_proxy")


def is_predefined(name: str) -> bool:
    """Whether BuildKit sets this ARG itself, or uses it without a declaration."""
    known = _PLATFORM.fullmatch(name) or _PROXY.fullmatch(name) or name == "SOURCE_DATE_EPOCH"
    return bool(known) or name.startswith("BUILDKIT_")


def declared_args(dockerfile: Dockerfile, stage: Stage, args: Mapping[str, str] | None = None) -> frozenset[str]:
    """Return the names of all ARGs that a build of this stage can use: global ARGs, and those of the stages that run.

    Args:
        dockerfile: the Dockerfile.
        stage: the target stage.
        args: the build args; see `Dockerfile.used_by`.
    """
    used = dockerfile.used_by(stage, args)
    return frozenset(arg.name for known in (dockerfile.args, *(each.args for each in used)) for arg in known)


def unset_args(dockerfile: Dockerfile, stage: Stage, args: Mapping[str, str] | None = None) -> tuple[Arg, ...]:
    """Return the ARGs that are empty in a build of this stage if no value is given. Each is there once, first place.

    An ARG is left out if a default reaches it, if it is global and no FROM uses it, or if it is predefined.

    Args:
        dockerfile: the Dockerfile.
        stage: the target stage.
        args: the build args, which may choose the stages; see `Dockerfile.used_by`.
    """
    used = dockerfile.used_by(stage, args)
    defaults = {arg.name for arg in dockerfile.args if arg.default is not None}
    unset: dict[str, Arg] = {}
    for arg in dockerfile.args:
        if arg.name not in defaults and any(_refers(f"{each.base} {each.platform}", arg.name) for each in used):
            unset.setdefault(arg.name, arg)
    for each in used:
        known = defaults.union(*(_set_names(base) for base in dockerfile.lineage(each, args)))
        for arg in each.args:
            if arg.name not in known:
                unset.setdefault(arg.name, arg)
    return tuple(arg for arg in unset.values() if not is_predefined(arg.name))


def _set_names(stage: Stage) -> Iterator[str]:
    """Return the names that have a value in a stage. `ENV X=$X` gives no value, `ENV X=${X:-1}` gives one."""
    yield from (arg.name for arg in stage.args if arg.default is not None)
    yield from (env.name for env in stage.envs if not _refers(env.value, env.name))


def _refers(text: str, name: str) -> bool:
    """Whether a text needs a variable: it has `$name` or `${name}` without a default."""
    return "$" in text and bool(re.search(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\}})", text))
