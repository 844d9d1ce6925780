"""Values that say more than a plain text: Var, Join and Expr of an author, and those that bakec itself needs.

A plain text is data and reaches buildx unchanged; only these can refer to anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


class Expression:
    """What buildx evaluates when it reads the bake file."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Var(Expression):
    """The value of a variable of the bake file, or of the image's matrix."""

    name: str
    """of a project's Variable, of bakec's own (REGISTRY, TAG, PLATFORMS, REVISION, SOURCE_DATE_EPOCH), or a key of
    the image's matrix.
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
                    kept[-1] += each  # so that no two texts meet where the file is written
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
    """The parts as one value: a plain text where nothing else is in them."""
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
    """Raw HCL, written into the file as it is: `Expr('upper(TAG)')`. Only buildx knows what it means."""

    hcl: str
    """one expression, on one line, that closes what it opens; ValueError if it is none."""

    def __post_init__(self) -> None:
        if why := _breaks_out(self.hcl):
            raise ValueError(f"Expr({self.hcl!r}): {why}")


_QUOTED = re.compile(r'"(?:[^"\\$%]|\\.|\$\$\{|%%\{|[$%](?!\{))*"')
_PAIRS = {")": "(", "]": "[", "}": "{"}


def _breaks_out(hcl: str) -> str:
    """Why a text is not one expression that stays where it is put; empty when it is."""
    if "\n" in hcl or "\r" in hcl or not hcl.strip():
        return "it must be one expression, on one line"
    bare = _QUOTED.sub("", hcl)
    while (inner := re.sub(r'"[^"]*[$%]\{[^{}"]*\}[^"]*"', "", bare)) != bare:  # a text with a template in it
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
    """`then` when a variable is not empty, else null."""

    variable: str
    then: "Value"


@dataclass(frozen=True, slots=True)
class Timestamp(Expression):
    """A variable's seconds since 1970 as an RFC 3339 time in UTC."""

    variable: str


@dataclass(frozen=True, slots=True)
class Tagged(Expression):
    """The reference of a repository under a registry, REGISTRY where none is said, with a tag."""

    repository: "Value"
    tag: "Value"
    registry: "Value" = THE_REGISTRY


@dataclass(frozen=True, slots=True)
class Word(Expression):
    """A variable's value as a part of a target's name: every other character than a letter, digit, - or _ is a -."""

    variable: str


@dataclass(frozen=True, slots=True)
class Split(Expression):
    """The list that a variable's text holds, separated by commas."""

    variable: str


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function of HCL with structures of values for arguments; only buildx knows what it gives."""

    function: str
    arguments: tuple[object, ...]


Value: TypeAlias = str | Expression
"""A text, or what buildx will make one of."""


def variables_of(value: object) -> Iterator[str]:  # noqa: C901 - one case a type
    """The names of all variables that a value, or a structure of values, refers to; what an Expr says is not read."""
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
    """Whether raw HCL is anywhere in a value or a structure of values."""
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
