#!/usr/bin/env python3
"""Writes docs/reference from the code itself (models.md, cli.md, json/ with JSON Schemas), and `bakec --help`'s text.

`python docs/generate.py` writes them; with `--check` it writes nothing, and ends with 1 and a diff when one is stale.
"""

import ast
import dataclasses
import difflib
import inspect
import json
import re
import sys
import textwrap
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from configparser import ConfigParser
from enum import Enum
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel, TypeAdapter
from typing_extensions import is_typeddict

import bake_compiler
from bake_compiler import errors
from bake_compiler.cli.app import VERBS, make_app
from bake_compiler.cli.documents import DOCUMENTS, EVERY, Document
from bake_compiler.model import Model, Settings, Variable, texts
from bake_compiler.model.values import Expression
from bake_compiler.plan.features import SINCE

HERE = Path(__file__).parent
MAP_BEGINS, MAP_ENDS = "<!-- The map is made by docs/generate.py from .importlinter. -->", "<!-- End of the map. -->"
REFERENCE = HERE / "reference"
_MADE = "<!-- Made by docs/generate.py. Do not edit: change the docstrings, then run `python docs/generate.py`. -->"

_MODELS = """\
# The models

Everything here but Settings is imported from `bake_compiler`. Fields are keywords, except in Var, Join and Expr. A
model can't be changed once it is made. A list may also be written as a tuple. [Writing models](../writing-models.md) is
the guide, [From HCL to bakec](hcl.md) the dictionary.

The oldest buildx that bakec supports is 0.13. A field that came later says so: `Project(buildx=">=…")` must then name
that version or a later one.

The type column uses these words for texts that have a rule:"""

_CLI = """\
# The command line

Every verb finds the project in the working directory or above it, or where `--project` says. The document goes to
stdout, progress and errors go to stderr. An error is two lines, `error: …` and ` hint: …`.

bakec refuses options that contradict each other, and an option that would have no effect beside another: exit code 2,
and nothing is done. It refuses an empty value, such as `--tag ""`, in the same way. An environment variable is a
default for all verbs: it contradicts no option, and an empty variable counts as not set. With `--dry-run`, you
may leave the options of the real run in the command line, except those that ask for a file or a document.

With `--json`, stdout carries one [JSON document](json/README.md): also for an error."""

_JSON = """\
# JSON documents

With `--json`, stdout carries exactly one document, whatever the exit code is. If `--output` names a file, the file gets
the document. Progress, warnings and errors go to stderr.

The field `schema` says which document it is. bakec may add a field without a new number: ignore fields that you do not
know. The number grows if a field changes its meaning or goes. A field is always there; `null` stands for a value that
does not exist or is not known. "object of X" is an object with any keys, and X as each value. A JSON Schema for each
document stands beside this page.

If a verb fails before it has printed its document, it prints `bakec.error/1`: there each mistake in the models has its
file, line and field. If it fails later, as `bakec lock --check` may, the error is on stderr and in the exit code."""

SECTIONS = (
    "Project",
    "Phase",
    "Component",
    "Image",
    "Settings",
    "Only",
    "Requires",
    "Target",
    "Variant",
    "Change",
    "Group",
    "Variable",
    "Validation",
    "Function",
    "External",
    "Var",
    "Join",
    "Expr",
    "Cache",
    "Output",
    "Secret",
    "Ssh",
    "Attest",
    "Builder",
    "Node",
    "Platform",
)
"""The classes in the order in which a reader meets them: all that `bake_compiler` exports, and Settings."""

WORDS: Mapping[str, tuple[object, str]] = {
    "Text": (texts.Text, "a `str` without NUL and in Unicode's NFC form; `${x}` in it is plain text"),
    "Value": (texts.Value, "a Text, or a `Var`, `Join` or `Expr`"),
    "ArgValue": (texts.ArgValue, "a Value, or an `int`, of which the arg gets the digits"),
    "Flag": (texts.Flag, "`True` or `False`, or a `Var`, `Join` or `Expr`"),
    "Constant": (object, "a Text, number, bool or None, or a list or dict of them; an `Expr` may stand anywhere in it"),
    "Expression": (Expression, "a `Var`, `Join` or `Expr`"),
    "Name": (texts.Name, "lower-case letters, digits, `-` and `_`; begins and ends with a letter or digit"),
    "TargetName": (texts.TargetName, "`_`, then letters, digits, `-` or `_`"),
    "ArgName": (texts.ArgName, "letters, digits and `_`; does not begin with a digit"),
    "LabelKey": (texts.LabelKey, "letters, digits, `.`, `_`, `/` and `-`; begins with a letter or digit"),
    "AnnotationKey": (texts.AnnotationKey, "a LabelKey; may say where it goes: `index,manifest:KEY`"),
    "TagName": (texts.TagName, "a tag as the OCI specification has it, or a `Var` or `Join` that makes one"),
    "ImageReference": (
        texts.ImageReference,
        "an image in a registry, with a tag or a digest: `docker.io/library/redis:7`",
    ),
    "Path": (texts.RelativePath, "a Text: a path that does not begin with `/` or `~`, or a URL"),
    "File": (texts.FilePath, "the path of a file, relative to the project's root, or absolute"),
    "BuilderName": (texts.BuilderName, "lower-case letters, digits, `-`, `_` and `.`; begins with a letter"),
    "Endpoint": (texts.Endpoint, "an address such as `ssh://user@host` or `tcp://host:1234`, or a docker context"),
    "Host": (texts.Host, "a host, with a port and a path where there is one"),
    "Platform": (texts.PlatformName, "a `Platform`, or a text such as `amd64` or `linux/arm64`"),
}
"""What the type column calls the texts of the models: word → the type, and its rule."""


class DocsError(Exception):
    """A page can't be made."""


class Row(NamedTuple):
    """One line of a class's table; an empty default means that the field is required."""

    name: str
    type: str
    default: str
    meaning: str


def meanings(kind: type) -> dict[str, str]:
    """Field → what the docstring under it says, or the Attributes section of the class (`a, b: text` is for both)."""
    _, _, section = (inspect.getdoc(kind) or "").partition("\nAttributes:\n")
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?= {4}\S)", inspect.cleandoc(f"\n{section}").replace("\n", "\n    ")):
        names, _, text = entry.strip().partition(": ")
        found |= dict.fromkeys(names.split(", "), " ".join(text.split())) if text else {}
    return found | dict(_docstrings(kind))


def _docstrings(kind: type) -> Iterator[tuple[str, str]]:
    """The attributes of a class under which a docstring stands, each with it."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    for attribute, below in pairwise(declared.body) if isinstance(declared, ast.ClassDef) else ():
        match attribute, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def summary(kind: type) -> str:
    """What the docstring says before its Attributes section."""
    return (inspect.getdoc(kind) or "").partition("\nAttributes:\n")[0].strip()


def type_name(hint: object) -> str:
    """A type as a reader would write it."""
    for word, (known, _) in WORDS.items():
        if hint == known:
            return word
    return _compound(hint) if get_origin(hint) else str(getattr(hint, "__name__", hint)).replace("NoneType", "None")


def _compound(hint: object) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return type_name(parts[0])
    if origin is Literal:
        return " | ".join(f'"{part}"' for part in parts)
    if origin in {Union, types.UnionType}:
        names = [type_name(part) for part in parts]
        if {"str", "Expression"} <= set(names):
            names = ["Value" if name == "str" else name for name in names if name != "Expression"]
        return " | ".join(names)
    if origin is tuple:
        return f"list[{type_name(parts[0])}]"
    return f"dict[{', '.join(map(type_name, parts))}]"


def rows(kind: type) -> Iterator[Row]:
    """The fields of a class that are its own, in the order of its source."""
    said = meanings(kind)
    for name, hint, default in _fields(kind):
        meaning = said.get(name.removeprefix("*"), "")
        yield Row(name, type_name(hint), default, meaning + _since(kind, name, meaning))


def faults(kind: type) -> Iterator[str]:
    """What a docstring lacks: a field that it does not describe, or one that it describes and that is not there."""
    said = list(meanings(kind))
    there = [name.removeprefix("*") for name, _, _ in _fields(kind)]
    yield from (f"{kind.__name__}.{name}: its docstring does not describe it" for name in there if name not in said)
    yield from (f"{kind.__name__}.{name}: described, but there is no such field" for name in said if name not in there)


def _fields(kind: type) -> Iterator[tuple[str, object, str]]:
    """Name, type and default of each field that the class does not inherit from Settings."""
    if not issubclass(kind, Model):
        hints = get_type_hints(kind if dataclasses.is_dataclass(kind) else kind.__init__, include_extras=True)
        for name, parameter in inspect.signature(kind).parameters.items():
            every = parameter.kind is parameter.VAR_POSITIONAL
            required = every or parameter.default is parameter.empty
            yield "*" * every + name, hints[name], "" if required else _shown(parameter.default)
        return
    hints = get_type_hints(kind, include_extras=True)
    inherited = Settings.model_fields if issubclass(kind, Settings) and kind is not Settings else {}
    for name, field in kind.model_fields.items():
        if name not in inherited or name in kind.__annotations__:
            default = field.get_default(call_default_factory=True, validated_data={})
            yield name, hints[name], "" if field.is_required() else _shown(default)


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return f"[{', '.join(map(_shown, default))}]"
    if isinstance(default, Model):
        said = (f"{name}={_shown(getattr(default, name))}" for name in sorted(default.model_fields_set))
        return f"{type(default).__name__}({', '.join(said)})"
    return f'"{default}"' if isinstance(default, str) else repr(default)


def _since(kind: type, field: str, meaning: str) -> str:
    if field not in SINCE or not issubclass(kind, Settings | Variable):
        return ""
    version = f"buildx {'.'.join(map(str, SINCE[field]))}"
    return "" if version in meaning else f" Since {version}."


def models_page() -> str:
    """docs/reference/models.md.

    Raises:
        DocsError: with every field that no docstring describes.
    """
    kinds = [_kind(name) for name in SECTIONS]
    found = [fault for kind in kinds for fault in faults(kind)]
    found += [f"{name}: not in SECTIONS of docs/generate.py" for name in bake_compiler.__all__ if name not in SECTIONS]
    if found:
        raise DocsError("\n".join(found))
    words = ((f"`{word}`", rule) for word, (_, rule) in WORDS.items())
    links = " · ".join(f"[{name}](#{name.lower()})" for name in SECTIONS)
    return _page(_MODELS, _table(("word", "is"), words), f"Sections: {links}", *map(_section, kinds))


def _kind(name: str) -> type:
    kind: type = Settings if name == "Settings" else getattr(bake_compiler, name)
    return kind


def _section(kind: type) -> str:
    fields = ((f"`{row.name}`", _linked(row.type), _default(row.default), row.meaning) for row in rows(kind))
    inherits = issubclass(kind, Settings) and kind is not Settings
    parts = [f"## {kind.__name__}", summary(kind)]
    parts += ["Every field of [Settings](#settings) may be given too."] if inherits else []
    return "\n\n".join([*parts, _table(("field", "type", "default", "meaning"), fields)])


def _linked(type_: str) -> str:
    """The type as code, with a link where it names one of the documented classes."""
    parts = re.split(rf"\b({'|'.join(SECTIONS)})\b", type_)
    codes = (f"`{part}`" if part else "" for part in parts)
    return "".join(
        f"[{code}](#{part.lower()})" if part in SECTIONS else code for part, code in zip(parts, codes, strict=True)
    )


def _default(text: str) -> str:
    return f"`{text}`" if text else "required"


def cli_page() -> str:
    """docs/reference/cli.md."""
    verbs = (f"## bakec {verb}\n\n{_help(*verb.split())}" for verb in _verbs())
    return _page(_CLI, f"## bakec\n\n{_help()}", *verbs, _exit_codes())


def _verbs() -> Iterator[str]:
    """Every verb, each followed by its own ones."""
    commands: Mapping[str, Any] = typer.main.get_command(make_app()).commands  # type: ignore[attr-defined]
    for verb in VERBS:
        yield verb
        yield from (f"{verb} {own}" for own in getattr(commands[verb], "commands", ()))


def _help(*verbs: str) -> str:
    return f"```text\n{_help_of(*verbs)}\n```"


def _help_of(*verbs: str) -> str:
    command: Any = typer.main.get_command(make_app())
    outer = command.context_class(command, info_name="bakec", terminal_width=80, **command.context_settings)
    for verb in verbs:
        command = command.commands[verb]
        outer = command.context_class(command, info_name=verb, parent=outer, terminal_width=80)
    for parameter in command.params:
        if parameter.name == "jobs":
            parameter.show_default = False  # the number of this machine's cores
    return "\n".join(line.rstrip() for line in command.get_help(outer).splitlines())


def help_text() -> str:
    """bake_compiler/cli/help.txt: what `bakec --help` prints. To make it takes 80 ms."""
    return f"{_help_of()}\n"


def _exit_codes() -> str:
    described = inspect.getdoc(make_app().registered_callback.callback) or ""  # type: ignore[union-attr]
    codes = re.findall(r"(\d+) ([^,.]+)", described.replace("\n", " ").partition("Exit codes:")[2])
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.BakecError))
    told = {kind.exit_code: summary(kind).partition("\n")[0] for kind in kinds if "exit_code" in vars(kind)}
    told |= {0: "All that was asked for is done.", 1: "bakec itself is at fault; run it again with `--debug`."}
    lines = ((code, meaning.strip(), told[int(code)]) for code, meaning in codes)
    return "## Exit codes\n\n" + _table(("code", "means", "when"), lines)


def _table(head: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> str:
    cells = [head, ("---",) * len(head), *(tuple(cell.replace("|", "\\|") for cell in line) for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _page(*parts: str) -> str:
    return "\n\n".join([_MADE, *parts]) + "\n"


def json_page() -> str:
    """docs/reference/json/README.md.

    Raises:
        DocsError: with every field that no docstring describes.
    """
    kinds = dict.fromkeys(kind for document in DOCUMENTS for kind in _objects(document.kind))
    found = [f"{kind.__name__}.{name}: no docstring describes it" for kind in kinds for name in _undescribed(kind)]
    if found:
        raise DocsError("\n".join(found))
    shown: list[type] = []
    sections = [_document_section(document, shown) for document in DOCUMENTS]
    lines = ((f"[{each.schema}](#{_anchor(each.schema)})", _origins(each), _json_summary(each)) for each in DOCUMENTS)
    return _page(_JSON, _table(("document", "comes from", "holds"), lines), *sections)


def _undescribed(kind: type) -> Iterator[str]:
    said = {**_KEYS, **_json_meanings(kind)}
    yield from (name for name in _json_fields(kind) if name not in said)


_KEYS = {"schema": "The document's id.", "event": "The event's name."}


def _document_section(document: Document, shown: list[type]) -> str:
    """A document, and the objects in it that no earlier document has."""
    kinds = [kind for kind in _objects(document.kind) if kind not in shown]
    shown += kinds
    schema = f"From {_origins(document)}. [JSON Schema]({_schema_name(document)})."
    parts = [f"## {document.schema}", _json_summary(document), schema]
    for kind in kinds:
        if kind is not document.kind:
            parts += [f"### {_object_name(kind)}", summary(kind).partition("\n")[0]]
        rows = (
            (f"`{name}`", _json_type(hint), _json_meanings(kind).get(name, ""))
            for name, hint in _json_fields(kind).items()
        )
        parts.append(_table(("field", "type", "meaning"), rows))
    return "\n\n".join(parts)


def _json_summary(document: Document) -> str:
    kinds = get_args(document.kind)
    said = (
        f"One of {len(kinds)} events; only the first event of a run has `schema`." if kinds else summary(document.kind)
    )
    return said.partition("\n")[0]


def _origins(document: Document) -> str:
    verbs = (f"{verb if verb == EVERY else f'`bakec {verb}`'} {when}" for verb, when in document.printed_by.items())
    return ", ".join((*map(str.rstrip, verbs), *(f"`bakec {verb}`" for verb in document.written_by)))


def _objects(hint: Any) -> Iterable[type]:
    """The objects of a document, each once: itself first, then what its fields hold."""
    found: dict[type, None] = {}

    def look(hint: Any) -> None:
        if _is_object(hint):
            if hint not in found:
                found[hint] = None
                for inner in _json_fields(hint).values():
                    look(inner)
            return
        for inner in get_args(hint):
            look(inner)

    look(hint)
    return tuple(found)


def _is_object(hint: Any) -> bool:
    return is_typeddict(hint) or (isinstance(hint, type) and issubclass(hint, BaseModel))


def _json_fields(kind: type) -> dict[str, Any]:
    """Key → type, as they stand in the document."""
    hints = get_type_hints(kind, include_extras=True)
    if issubclass(kind, BaseModel):
        return {field.alias or name: hints[name] for name, field in kind.model_fields.items()}
    return hints


def _json_meanings(kind: type) -> dict[str, str]:
    """Key → what the docstrings say, also of what another TypedDict adds to it."""
    found: dict[str, str] = {}
    for base in (*getattr(kind, "__orig_bases__", ()), kind):
        found |= meanings(base) if _is_object(base) else {}
    return {name: f"{words[0].upper()}{words[1:]}" for name, words in found.items()}


def _object_name(kind: type) -> str:
    return kind.__name__.removesuffix("Document")


def _json_type(hint: Any) -> str:
    """A type as a reader of JSON calls it, with a link where it is an object."""
    if hint in _JSON_TYPES:
        return _JSON_TYPES[hint]
    if _is_object(hint):
        return f"[{_object_name(hint)}](#{_anchor(_object_name(hint))})"
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return " or ".join(f'`"{each}"`' for each in parts or hint)
    if origin is Annotated:  # what a release file reads as a value, and writes as a text
        return _JSON_TYPES[str]
    inner = [_json_type(part) for part in parts if part is not Ellipsis]
    if origin in {Union, types.UnionType}:
        return " or ".join(inner)
    last = f"({inner[-1]})" if " or " in inner[-1] else inner[-1]
    return f"object of {last}" if origin is dict else f"list of {last}"


_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9-]", "", heading.lower())


def _schema_name(document: Document) -> str:
    return f"{document.schema.removeprefix('bakec.').partition('/')[0]}.schema.json"


def json_schema(document: Document) -> dict[str, Any]:
    """The JSON Schema of a document, in the words of its docstrings."""
    schema: dict[str, Any] = TypeAdapter(document.kind).json_schema(mode="serialization")
    described = {kind.__name__: kind for kind in _objects(document.kind)}
    for name, part in {getattr(document.kind, "__name__", ""): schema, **schema.get("$defs", {})}.items():
        if kind := described.get(name):
            part["description"] = summary(kind).partition("\n")[0]
            for field, words in _json_meanings(kind).items():
                part["properties"][field] = {"description": words, **part["properties"][field]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": document.schema}
    return {**schema, **head}


def _schema_page(document: Document) -> str:
    return json.dumps(json_schema(document), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def how_it_works_page() -> str:
    """docs/how-it-works.md, with the map of the rooms made anew; the rest of the page is written by people."""
    page = (HERE / "how-it-works.md").read_text(encoding="utf-8")
    before, begin, rest = page.partition(MAP_BEGINS)
    _, end, after = rest.partition(MAP_ENDS)
    if not begin or not end:
        raise DocsError(f"docs/how-it-works.md: no map between {MAP_BEGINS} and {MAP_ENDS}")
    return f"{before}{begin}\n{_map()}{end}{after}"


def _map() -> str:
    """A row for each room, in the order of `.importlinter`, with the first sentence of the room's docstring."""
    contracts = ConfigParser()
    contracts.read(HERE.parent / ".importlinter", encoding="utf-8")
    layers = contracts["importlinter:contract:chain"]["layers"].strip().splitlines()
    rows = ((str(number), *_room(room.strip())) for number, layer in enumerate(layers, 1) for room in layer.split("|"))
    return _table(("layer", "room", "contains"), rows) + "\n"


def _room(name: str) -> tuple[str, str]:
    folder = HERE.parent / "bake_compiler" / name
    is_folder = folder.is_dir()
    module = folder / "__init__.py" if is_folder else folder.with_suffix(".py")
    first = (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
    if not first:
        raise DocsError(f"{module}: no docstring, which the map of docs/how-it-works.md needs")
    sentence = re.match(r".+?[.](?=\s|$)", " ".join(first.split()))
    return f"`{name}/`" if is_folder else f"`{name}.py`", sentence[0] if sentence else first


PAGES: Mapping[str, Callable[[], str]] = {
    "models.md": models_page,
    "cli.md": cli_page,
    "json/README.md": json_page,
    **{f"json/{_schema_name(document)}": partial(_schema_page, document) for document in DOCUMENTS},
    "../../bake_compiler/cli/help.txt": help_text,
    "../how-it-works.md": how_it_works_page,
}


def stale() -> str:
    """A diff from the committed pages to what they should be; empty when they are the same."""
    return "".join(_difference(REFERENCE / name, make()) for name, make in PAGES.items())


def _difference(path: Path, text: str) -> str:
    there = path.read_text(encoding="utf-8") if path.is_file() else ""
    names = f"{path.name} (committed)", f"{path.name} (generated)"
    return "".join(difflib.unified_diff(there.splitlines(keepends=True), text.splitlines(keepends=True), *names))


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    (REFERENCE / "json").mkdir(parents=True, exist_ok=True)
    try:
        if arguments == ["--check"]:
            difference = stale()
            sys.stdout.write(difference)
            return int(bool(difference))
        for name, make in PAGES.items():
            (REFERENCE / name).write_text(make(), encoding="utf-8")
    except DocsError as error:
        told = "".join(f"error: {line}\n" for line in str(error).splitlines())
        sys.stderr.write(f"{told} hint: fix the docstrings, then run `python docs/generate.py`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
