"""The types of texts in models. Each has the rule that buildx, the registry or the file system has for it."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Annotated, Any, get_args

from pydantic import AfterValidator
from pydantic_core import core_schema

from bake_compiler.model.values import Expression, Join
from bake_compiler.oci.mirrors import check_mirror
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference, check_tag


def _check_text(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    if "\0" in text:
        raise ValueError("holds a NUL character, which no build can carry")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("holds half a surrogate pair, which is not text")
    if unicodedata.combining(text[0]):
        raise ValueError("begins with a combining mark, which would join what stands before it")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("is not in Unicode's NFC form: buildx would change it; write unicodedata.normalize('NFC', …)")
    return text


def _matching(pattern: str, what: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(check)


def check_registry(text: str) -> str:
    """Return the text, if it is a registry: a host, optionally with a port, a path, and a slash at the end.

    Raises:
        ValueError: it is not a registry.
    """
    Reference.parse(f"{text.rstrip('/')}/image")
    return text


def check_repository(text: str) -> str:
    """Return the text, if it is a repository pattern.

    Raises:
        ValueError: it does not contain `{image}` once, or is not a repository with an image's name in that place.
    """
    if text.count("{image}") != 1:
        raise ValueError("needs {image} exactly once")
    Reference.parse(f"localhost/{text.replace('{image}', 'image')}")
    return text


def check_own_repository(text: str) -> str:
    """Return the text, if it is a repository, with or without `{image}`.

    Raises:
        ValueError: it is not a repository.
    """
    Reference.parse(f"localhost/{text.replace('{image}', 'image')}")
    if ":" in text or "@" in text:
        raise ValueError(f"{text!r} is not a repository: the tag has a field of its own")
    return text


def _check_image(text: str) -> str:
    reference = Reference.parse(text)
    if not (reference.tag or reference.digest):
        raise ValueError(f"{text!r} names neither a tag nor a digest, and bakec never assumes `latest`")
    return text


def _check_inside(text: str) -> str:
    if text.startswith(("/", "~")) or not text:
        raise ValueError(f"{text!r} is not a path relative to the component or the project")
    return text


def _to_platform(value: object) -> object:
    return Platform.parse(value) if isinstance(value, str) else value


def platforms_of(written: Iterable[Platform | str]) -> tuple[Platform, ...]:
    """Return the platforms of a model's field, without duplicates, in the author's order."""
    return tuple(dict.fromkeys(each if isinstance(each, Platform) else Platform.parse(each) for each in written))


def _check_arg(value: object) -> object:
    match value:
        case bool():  # programs differ in their word for true: "true", "1", "yes"; so bakec chooses none of them
            raise ValueError(f"{value} is not a text; write the text that the Dockerfile expects: 'true', '1' …")
        case int():
            return str(value)
        case _:
            return _check_value(value)


def _check_value(value: object) -> object:
    match value:
        case str():
            return _check_text(value)
        case Join():
            for part in value.parts:
                _check_value(part)
        case _:
            pass
    return value


def _check_registry_name(value: object) -> object:
    return check_registry(value) if isinstance(value, str) else value


def _check_tag_name(value: object) -> object:
    return check_tag(value) if isinstance(value, str) else value


class InstanceOf:
    """Marks a field that takes an instance of one of some classes. A dict does not become an instance.

    pydantic's own marker also builds the whole schema of the class, which costs 4 ms of every start.
    """

    def __init__(self, *classes: type) -> None:
        self.classes = classes

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Callable[[Any], Any]) -> core_schema.CoreSchema:
        """Return a schema for an isinstance check."""
        return core_schema.is_instance_schema(self.classes if len(self.classes) > 1 else self.classes[0])


class AsPlatform:
    """Marks a field that takes a Platform, or its name as a text, and keeps a Platform."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Callable[[Any], Any]) -> core_schema.CoreSchema:
        """Return a schema for an isinstance check, after texts became Platforms."""
        return core_schema.no_info_before_validator_function(_to_platform, core_schema.is_instance_schema(Platform))


class OrExpression:
    """Marks a field `Something | Expression`: an Expression is always valid, any other value must be of the first type.

    pydantic's own union would report the errors of both types, with pydantic's names.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> core_schema.CoreSchema:
        """Return the schema of the first type, which also accepts an Expression."""
        first, *others = get_args(source)

        def check(value: object, inner: Callable[[object], object]) -> object:
            if isinstance(value, Expression) or (value is None and type(None) in others):
                return value
            return inner(value)

        return core_schema.no_info_wrap_validator_function(check, handler(first))


Text = Annotated[str, AfterValidator(_check_text)]
"""A text that reaches buildx unchanged: no NUL, no lone surrogate, Unicode NFC (buildx normalizes HCL to NFC)."""
Value = Annotated[str | Expression, InstanceOf(str, Expression), AfterValidator(_check_value)]
"""A Text, or a Var, Join or Expr."""
ArgValue = Annotated[str | int | Expression, InstanceOf(str, int, Expression), AfterValidator(_check_arg)]
"""A Value, or an int, which becomes its digits."""
Flag = Annotated[bool | Expression, InstanceOf(bool, Expression)]
"""True or false, or a Var, Join or Expr."""
TagName = Annotated[str | Expression, InstanceOf(str, Expression), AfterValidator(_check_tag_name)]
"""A tag, or a Var, Join or Expr that makes one."""
RegistryName = Annotated[str | Expression, InstanceOf(str, Expression), AfterValidator(_check_registry_name)]
"""A host, optionally with a port and a path, or a Var or Join that makes one."""
ImageReference = Annotated[str, AfterValidator(_check_image)]
"""An image in a registry, with a tag or a digest."""
MirrorName = Annotated[str, AfterValidator(check_mirror)]
"""The beginning of image names: a host, optionally with a port and a path."""
NAME = re.compile(r"[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*")
Name = Annotated[str, _matching(NAME.pattern, "a name: lower-case letters, digits, - and _")]
TargetName = Annotated[
    str, _matching(r"_[a-zA-Z0-9_-]+", "the name of an abstract target: _ and then letters, digits, - or _")
]
ArgName = Annotated[str, _matching(r"[A-Za-z_][A-Za-z0-9_]*", "a name as variables have: letters, digits and _")]
LabelKey = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._/-]*", "a label key: letters, digits, . _ / -")]
AnnotationKey = Annotated[
    str,
    _matching(
        r"(?:(?:index|index-descriptor|manifest|manifest-descriptor)(?:\[[a-z0-9/]+\])?(?:,(?:index|index-descriptor|manifest|manifest-descriptor)(?:\[[a-z0-9/]+\])?)*:)?[A-Za-z0-9][A-Za-z0-9._/-]*",
        "an annotation key, such as org.opencontainers.image.url or index,manifest:org.opencontainers.image.url",
    ),
]
RelativePath = Annotated[Text, AfterValidator(_check_inside)]
FilePath = Annotated[Text, _matching(r"[^-~\s][^\n\r]*", "a path of a file")]
BuilderName = Annotated[
    str, _matching(r"[a-z][a-z0-9_.-]*", "a name of a builder or a node: a letter, then a-z 0-9 _ . -")
]
Endpoint = Annotated[
    str, _matching(r"(?:[A-Za-z0-9/][^\s\"\\]*)?", "an endpoint, such as ssh://user@host or tcp://host:1234")
]
OptionName = Annotated[str, _matching(r"[A-Za-z][A-Za-z0-9_.-]*", "the name of an option of the driver")]
Host = Annotated[
    str, _matching(r"[A-Za-z0-9\[][A-Za-z0-9.:_/\]-]*", "a host, with a port and a path where there is one")
]
PlatformName = Annotated[Platform | str, AsPlatform()]
