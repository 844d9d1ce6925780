"""Secrets stay out of args, labels, annotations, variables and ENVs: a bake file and an image are read by many."""

import re
from collections.abc import Iterator, Mapping

from bake_compiler.model.base import Mistake
from bake_compiler.model.settings import Settings
from bake_compiler.plan.check.subject import Subject

HINT = "pass it with secret=(Secret(id=…),), or say why it is none: not_secret={…: 'why'}"

_NAME = re.compile(
    r"(?:^|[_.-])(?:pass(?:word|wd|phrase)?|secrets?|tokens?|credentials?|(?:api|access|private|secret|ssh|signing)[_-]?keys?)$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{22,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."
    r"|://[^/\s:@]+:[^/\s:@${}]+@"
)


def looks_like_a_secret(name: str, value: object) -> str:
    """Why a name or a value looks like a secret, in a few words; empty when it does not."""
    if isinstance(value, str) and _VALUE.search(value):
        return "its value looks like a secret"
    return "its name is that of a secret" if _NAME.search(name) and value not in {"", None} else ""


def check_secrets(subject: Subject) -> Iterator[Mistake]:
    """What looks like a secret and is not said to be none, at each level."""
    project = subject.stack.project
    for variable in project.variables:
        why = looks_like_a_secret(variable.name, variable.default)
        if why and variable.name not in project.not_secret:
            yield Mistake(variable.source, "name", f"variable {variable.name}: {why}", HINT)
    for level in (project, *project.targets, *project.variants):
        yield from _in_settings(level, project.not_secret)
    for component in subject.stack.components.values():
        allowed = {**project.not_secret, **component.not_secret}
        yield from _in_settings(component, allowed)
        for image in component.images:
            yield from _in_settings(image, allowed)
            for change in image.variants.values():
                yield from _in_settings(change, {**allowed, **image.not_secret})


def _in_settings(settings: Settings, allowed: Mapping[str, str]) -> Iterator[Mistake]:
    for field in ("args", "labels", "annotations"):
        if field not in settings.model_fields_set:
            continue
        said = getattr(settings, field)
        for name, value in said.items() if isinstance(said, Mapping) else ():
            why = looks_like_a_secret(name, value)
            if why and name not in allowed and name not in settings.not_secret:
                yield Mistake(settings.source, f"{field}.{name}", why, HINT)
