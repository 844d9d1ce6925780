"""Values that are more than a plain text: Var, Join and Expr for authors, and more for bakec itself.

A plain text is data and reaches buildx unchanged. Only the values of this module can refer to anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


class Expression:
    """A value that buildx evaluates when it reads the bake file."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Var(Expression):
    """The value of a variable of the bake file, or of the image's matrix."""

    name: str
    """the name of one of the project's variables, of bakec's own (REGISTRY, TAG, PLATFORMS, REVISION,
    SOURCE_DATE_EPOCH), or of a key in the image's matrix.
    """


THE_TAG = Var("TAG")
THE_REGISTRY = Var("REGISTRY")


def _require_value(part: object) -> None:
    if not isinstance(part, str | Expression):
        raise TypeError(f"Join takes texts, Var, Join and Expr, not {part!r}")


class Join(Expression):
    """Texts and other values, one after the other: `Join("debian:", Var("SUITE"), "-slim")`."""

    __slots__ = ("parts",)
    parts: "tuple[Value, ...]"
    """the texts and values, in order."""

    def __init__(self, *parts: "Value") -> None:
        kept: list[Value] = []
        for part in parts:
            _require_value(part)
            for each in part.parts if isinstance(part, Join) else (part,):
                if isinstance(each, str) and kept and isinstance(kept[-1], str):
                    kept[-1] += each  # two texts in a row become one text
                elif each != "":
                    kept.append(each)
        object.__setattr__(self, "parts", tuple(kept))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Join is frozen: {name} can't be set to {value!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Join) and other.parts == self.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __repr__(self) -> str:
        return f"Join({', '.join(map(repr, self.parts))})"


def joined(*parts: "Value") -> "Value":
    """Return the parts as one value: a plain text if all parts are texts."""
    made = Join(*parts)
    match made.parts:
        case ():
            return ""
        case (one,):
            return one
        case _:
            return made


@dataclass(frozen=True, slots=True)
class Expr(Expression):
    """Raw HCL, written into the bake file unchanged: `Expr('upper(TAG)')`. Only buildx knows its value."""

    hcl: str
    """one expression on one line, with all brackets closed. Anything else raises ValueError."""

    def __post_init__(self) -> None:
        if why := _breaks_out(self.hcl):
            raise ValueError(f"Expr({self.hcl!r}): {why}")


_QUOTED = re.compile(r'"(?:[^"\\$%]|\\.|\$\$\{|%%\{|[$%](?!\{))*"')
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _breaks_out(hcl: str) -> str:
    """Return why a text is not one complete expression; empty if it is one."""
    if "\n" in hcl or "\r" in hcl or not hcl.strip():
        return "it must be one expression, on one line"
    bare = _QUOTED.sub("", hcl)
    while (inner := re.sub(r'"[^"]*[$%]\{[^{}"]*\}[^"]*"', "", bare)) != bare:  # a text that contains a template
        bare = inner
    if '"' in bare or "<<" in bare:
        return "a text in it does not end"
    if "#" in bare or "//" in bare or "/*" in bare:
        return "a comment would hide what follows it"
    opened: list[str] = []
    for char in bare:
        if char in "([{":
            opened.append(char)
        elif char == "," and not opened:
            return "it is more than one expression"
        elif char in ")]}" and (not opened or opened.pop() != _PAIRS[char]):
            return f"{char!r} closes what it did not open"
    return f"{opened[-1]!r} is not closed" if opened else ""


@dataclass(frozen=True, slots=True)
class IfSet(Expression):
    """`then` if a variable is not empty, otherwise null."""

    variable: str
    then: "Value"


@dataclass(frozen=True, slots=True)
class Timestamp(Expression):
    """The RFC 3339 time in UTC for a variable with seconds since 1970."""

    variable: str


@dataclass(frozen=True, slots=True)
class Tagged(Expression):
    """The reference of a repository in a registry, by default REGISTRY, with a tag."""

    repository: "Value"
    tag: "Value"
    registry: "Value" = THE_REGISTRY


@dataclass(frozen=True, slots=True)
class Word(Expression):
    """A variable's value as a part of a target's name. Each character except letters, digits, - and _ becomes -."""

    variable: str


@dataclass(frozen=True, slots=True)
class Split(Expression):
    """The list of the comma-separated items in a variable's text."""

    variable: str


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A call of an HCL function with structures of values as arguments. Only buildx knows the result."""

    function: str
    arguments: tuple[object, ...]


Value: TypeAlias = str | Expression
"""A text, or a value that buildx evaluates to a text."""


def variables_of(value: object) -> Iterator[str]:  # noqa: C901 - one case a type
    """Yield the names of all variables in a value or a structure of values, except those in an Expr."""
    match value:
        case Var(name):
            yield name
        case Join():
            for part in value.parts:
                yield from variables_of(part)
        case IfSet(variable, then):
            yield variable
            yield from variables_of(then)
        case Timestamp(variable) | Word(variable) | Split(variable):
            yield variable
        case Tagged(repository, tag, registry):
            yield from variables_of((registry, repository, tag))
        case Call(_, arguments):
            yield from variables_of(arguments)
        case dict():
            for each in value.values():
                yield from variables_of(each)
        case tuple() | list():
            for each in value:
                yield from variables_of(each)
        case _:
            return


def has_expr(value: object) -> bool:  # noqa: PLR0911 - one case a type
    """Whether a value, or a structure of values, contains raw HCL."""
    match value:
        case Expr() | Call():
            return True
        case Join():
            return any(map(has_expr, value.parts))
        case IfSet():
            return has_expr(value.then)
        case Tagged(repository, tag, registry):
            return has_expr((registry, repository, tag))
        case dict():
            return any(map(has_expr, value.values()))
        case tuple() | list():
            return any(map(has_expr, value))
        case _:
            return False
