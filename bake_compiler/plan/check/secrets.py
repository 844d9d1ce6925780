"""Secrets must not be in args, labels, annotations, variables and ENVs: many people read a bake file and an image."""

import re
from collections.abc import Collection, Iterator, Mapping

from bake_compiler.model.base import Mistake
from bake_compiler.model.project import Target, Variant
from bake_compiler.model.settings import Attest, Cache, Output, Settings
from bake_compiler.model.values import Join
from bake_compiler.plan.check.subject import PlanSubject, at

HINT = "pass it with secret=(Secret(id=…),), or say why it is not a secret: not_secret={…: 'why'}"

_ENTRIES = frozenset({"cache_from", "cache_to", "output", "attest"})
_FIELDS = frozenset({"args", "labels", "annotations"})
_NAME = re.compile(
    r"(?:pass(?:word|wd|phrase)|(?:^|[_.-])(?:pwd|secrets?|tokens?|credentials?)"
    r"|(?:^|[_.-])(?:api|access|private|secret|ssh|signing)[_-]?keys?)$",
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
    """Why a name or a value looks like a secret, in a few words. Empty if it does not."""
    if any(_VALUE.search(text) for text in _texts(value)):
        return "its value looks like a secret"
    return "its name looks like the name of a secret" if _NAME.search(name) and value not in ("", None) else ""


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Join():
            yield from (part for part in value.parts if isinstance(part, str))
        case tuple() | list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)
        case _:
            return


def check_secrets(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield what looks like a secret and is not listed in `not_secret`, at each level."""
    project = subject.stack.project
    for variable in project.variables:
        why = looks_like_a_secret(variable.name, variable.default) or looks_like_a_secret("", variable.example)
        if why and variable.name not in project.not_secret:
            yield Mistake(variable.source, "name", f"variable {variable.name}: {why}", HINT)
    for level in (project, *project.targets, *project.variants):
        yield from _in_settings(level, project.not_secret)
    seen: set[int] = set()
    for image in subject.plan.images:
        for name in sorted(image.secret_variables & subject.plan.defaults.keys()):
            message = f"{name} is also a variable of the bake file, which the secret would set"
            yield at(image, "secret", message, "rename the variable")
        allowed = {name for model in image.models for name in model.not_secret}
        for model in image.models[:-1]:
            if not isinstance(model, Target | Variant) and (allowed or id(model) not in seen):
                seen.add(id(model))
                yield from _in_settings(model, allowed)


def _in_settings(settings: Settings, said_to_be_none: Collection[str]) -> Iterator[Mistake]:
    allowed = {*said_to_be_none, *settings.not_secret}
    for field in _ENTRIES & settings.model_fields_set:
        said = getattr(settings, field)
        for entry in said if isinstance(said, tuple) else ():
            pairs = entry.pairs() if isinstance(entry, Cache | Output | Attest) else (("", entry),)
            for name, value in pairs:
                if (why := looks_like_a_secret(name, value)) and name not in allowed:
                    yield Mistake(settings.source, field, f"{name}{': ' if name else ''}{why}", HINT)
    for name, value in settings.contexts.items() if isinstance(settings.contexts, Mapping) else ():
        if (why := looks_like_a_secret("", value)) and name not in allowed:
            yield Mistake(settings.source, f"contexts.{name}", why, HINT)
    for field in _FIELDS & settings.model_fields_set:
        said = getattr(settings, field)
        for name, value in said.items() if isinstance(said, Mapping) else ():
            if (why := looks_like_a_secret(name, value)) and name not in allowed:
                yield Mistake(settings.source, f"{field}.{name}", why, HINT)
