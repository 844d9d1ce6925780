"""Evaluates values as buildx will, with given variables. The result is UNKNOWN for what only buildx can evaluate."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from bake_compiler.model.values import Expr, Expression, IfSet, Join, Split, Tagged, Timestamp, Var, Word


class _Unknown(Enum):
    UNKNOWN = "only buildx knows"


UNKNOWN: Final = _Unknown.UNKNOWN

_NOT_WORD = re.compile(r"[^a-zA-Z0-9_-]")


def evaluate(value: object, variables: Mapping[str, object]) -> object:
    """Return a value, or a structure of values, with all variables replaced: texts, bools, None, tuples and dicts.

    Raises:
        ValueError: a variable does not exist, or its value does not fit its use.
    """
    match value:
        case str() | bool() | None:
            return value
        case Expression():
            return _evaluate(value, variables)
        case Mapping():
            return {key: evaluate(each, variables) for key, each in value.items()}
        case tuple() | list():
            return tuple(evaluate(each, variables) for each in value)
        case _:
            raise ValueError(f"{value!r} is no value of a bake file")


def as_text(value: object) -> str:
    """Return the text that HCL makes of a variable's value.

    Source: cty convert, number and bool to string.

    Raises:
        ValueError: the value is a list, a map or null.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return f"{value:.15f}".rstrip("0").rstrip(".")
        case str():
            return value
        case _:
            raise ValueError(f"{value!r} is not a text")


def _evaluate(value: Expression, variables: Mapping[str, object]) -> object:  # noqa: PLR0911 - one case a type
    match value:
        case Var(name):
            found = _value_of(name, variables)
            return found if found is None or found is UNKNOWN else as_text(found)
        case Join():
            return _joined([evaluate(part, variables) for part in value.parts])
        case IfSet(variable, then):
            return evaluate(then, variables) if _value_of(variable, variables) != "" else None
        case Timestamp(variable):
            seconds = int(as_text(_value_of(variable, variables)))
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case Word(variable):
            return _NOT_WORD.sub("-", as_text(_value_of(variable, variables)))
        case Split(variable):
            return tuple(as_text(_value_of(variable, variables)).split(","))
        case Tagged():
            registry, *others = (evaluate(each, variables) for each in (value.registry, value.repository, value.tag))
            base = registry.removesuffix("/") if isinstance(registry, str) else registry
            return _joined([base, "/", others[0], ":", others[1]])
        case _:  # Expr, Call
            return UNKNOWN


def _value_of(name: str, variables: Mapping[str, object]) -> object:
    if name not in variables:
        raise ValueError(f"there is no variable {name}")
    found = variables[name]
    return UNKNOWN if isinstance(found, Expr) else found


def _joined(parts: list[object]) -> object:
    return UNKNOWN if UNKNOWN in parts else "".join(map(as_text, parts))
