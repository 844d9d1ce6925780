"""The base of every model: frozen, strict, and with the line on which its author wrote it."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError


@dataclass(frozen=True)
class Source:
    """Where an author wrote a model: a file and the line where its call begins. All sources compare equal."""

    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Mistake:
    """A mistake in the components, with its place and, if known, how to fix it."""

    source: Source
    field: str
    message: str
    hint: str = ""


_collected: ContextVar[list[Mistake] | None] = ContextVar("_collected", default=None)


@contextmanager
def collecting_mistakes() -> Iterator[list[Mistake]]:
    """Yield a list that collects mistakes. Within this context, a model with wrong fields does not raise an error."""
    mistakes: list[Mistake] = []
    token = _collected.set(mistakes)
    try:
        yield mistakes
    finally:
        _collected.reset(token)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return a hint with the most similar known name, or with all known names."""
    import difflib  # noqa: PLC0415 - 8 ms that only a mistake needs

    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known are " + ", ".join(sorted(known)) if known else "no such names are declared"


if TYPE_CHECKING:  # pydantic's own declaration, and that no field can be set: type checkers need no plugin
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic_core import ErrorDetails

    @dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field, PrivateAttr))
    class _Frozen(ModelMetaclass):
        pass
else:
    _Frozen = type(BaseModel)


class Model(BaseModel, metaclass=_Frozen):
    """The base class of all models. A model is frozen, accepts no unknown fields, and knows where it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    _source: Source = PrivateAttr(default_factory=Source)

    if not TYPE_CHECKING:  # type checkers see the fields as keyword arguments
        __iter__ = None  # without this, pydantic would accept a model where a list is expected

        def __init__(self, **fields: Any) -> None:
            source = _calling_source()
            mistakes = _collected.get()
            for name, value in fields.items():
                if isinstance(value, set | frozenset):  # pydantic would accept a set, in a different order each time
                    if mistakes is None:
                        raise TypeError(f"{name}: a set has no order; write a list")
                    mistakes.append(Mistake(source, name, "a set has no order", "write a list"))
                    fields[name] = tuple(value)
            try:
                super().__init__(**fields)
            except ValidationError as error:
                if mistakes is None:
                    raise
                mistakes.extend(_mistakes_of(error, source, list(type(self).model_fields)))
                self._stand_in(fields)
            self._source = source

        def _stand_in(self, fields: dict[str, Any]) -> None:
            shell = type(self).model_construct(**fields)
            for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
                object.__setattr__(self, slot, getattr(shell, slot))

    @property
    def source(self) -> Source:
        """Where the author wrote the model."""
        return self._source


def _calling_source() -> Source:
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to know the author's line
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(("bake_compiler.", "pydantic.")):
        frame = frame.f_back
    return Source(frame.f_code.co_filename, frame.f_lineno)


_FIXED = {
    "missing": "is missing",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_WANTED = {
    "string_type": "a text",
    "tuple_type": "a list",
    "dict_type": "a dict",
    "bool_type": "True or False",
    "bool_parsing": "True or False",
}
"""Kind of pydantic's error → the whole message in plain words, or the type that is expected."""
_CLASSES = {
    "str": "a text",
    "int": "an int",
    "bool": "True or False",
    "list": "a list",
    "tuple": "a list",
    "NoneType": "None",
    "Expression": "a Var, Join or Expr",
    "Platform": "a platform such as 'linux/amd64'",
}
_CLASS = re.compile(r"(\w+)(?:'>|$)")


def _mistakes_of(error: ValidationError, source: Source, known: list[str]) -> Iterator[Mistake]:
    problems = error.errors(include_url=False)
    for problem in problems:
        inner = (other["loc"][: len(problem["loc"])] == problem["loc"] for other in problems if other is not problem)
        if problem["type"] == "too_short" and any(inner):
            continue  # this error only repeats that an item was refused
        place = ".".join(str(part) for part in problem["loc"])
        yield Mistake(source, place, *_words(problem, known))


def _words(problem: "ErrorDetails", known: list[str]) -> tuple[str, str]:
    """Return what is wrong with a field, and how to fix it."""
    match problem["type"]:
        case "extra_forbidden":
            return "no such field", did_you_mean(str(problem["loc"][-1]), known)
        case "literal_error":
            return f"must be {problem['ctx']['expected']}", ""
        case "is_instance_of":
            names = _CLASS.findall(problem["ctx"]["class"])
            *others, last = map(_word, names)
            hint = "" if names[0] in _CLASSES else f"write {names[0]}(…)"
            return _other(problem, " or ".join(filter(None, (", ".join(others), last)))), hint
        case kind if kind in _WANTED:
            in_brackets = kind == "tuple_type" and isinstance(problem["input"], str | Model)
            return _other(problem, _WANTED[kind]), "write it in brackets: […]" if in_brackets else ""
        case kind:
            return _FIXED.get(kind, problem["msg"].removeprefix("Value error, ")), ""


def _other(problem: "ErrorDetails", wanted: str) -> str:
    """Return a message about a wrong type. The message never contains the value, which may be a secret."""
    return f"must be {wanted}, and is {_word(type(problem['input']).__name__)}"


def _word(name: str) -> str:
    """Return the name of a class in messages."""
    return _CLASSES.get(name) or f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
