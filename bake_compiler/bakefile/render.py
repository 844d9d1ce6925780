"""Plan → HCL text, with the template docker-bake.hcl.j2.

The template only arranges the values. Each value passes through `expression`, so no text can change the structure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from bake_compiler.errors import ModelError, Problem
from bake_compiler.model.project import Function, Variable
from bake_compiler.model.values import (
    THE_REGISTRY,
    THE_TAG,
    Call,
    Expr,
    Expression,
    IfSet,
    Join,
    Split,
    Tagged,
    Timestamp,
    Value,
    Var,
    Word,
)
from bake_compiler.plan.evaluate import as_text
from bake_compiler.plan.features import DESCRIPTION
from bake_compiler.plan.plan import Plan, PlannedGroup, PlannedTarget

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "docker-bake.hcl.j2"
_FIX = "fix the template"
Block: TypeAlias = PlannedTarget | PlannedGroup | Variable | Function

_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        **{
            chr(code): f"\\u{code:04x}"
            for code in (*range(0x20), 0x7F, 0x85, 0x2028, 0x2029)
            if chr(code) not in "\n\r\t"
        },
    }
)
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f\x85\u2028\u2029]|[$%]\{')
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_WIDTH = 110
_LONG = 200_000
_SHOWN = 20
_EPOCH = "1970-01-01T00:00:00Z"


@lru_cache(maxsize=4096)
def quote(text: str) -> str:
    """Return the HCL string literal for a text.

    Source: HCL native syntax specification, "Quoted template expressions". `${` and `%{` open templates, so they are
    written
    doubled. A JSON string is not always an HCL string.

    Source: HCL native syntax specification, "Quoted template expressions": `${` and `%{` open templates and are written
    doubled; a JSON string is not an HCL string.
    """
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    if not _SPECIAL.search(text):
        return text
    return text.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")


def expression(value: object, indent: int = 0) -> str:  # noqa: PLR0911 - one case a type
    """Return the HCL expression for a value of a plan: a text, number, bool, None, list, map, or expression."""
    match value:
        case str():
            return quote(value)
        case dict():  # first, for speed: most of a file is texts and maps of texts
            return _map(value, indent)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return as_text(value)
        case Expression():
            return _reference(value, indent)
        case Sequence():
            return _list([expression(each, indent + 1) for each in value], indent)
        case _:
            raise TypeError(f"{value!r} has no place in a bake file")


def _reference(value: Expression, indent: int) -> str:  # noqa: PLR0911 - one case a type
    match value:
        case Var(name):
            return name
        case Expr(hcl):
            return hcl
        case Join():
            return f'"{"".join(_template(value.parts))}"'
        case IfSet(variable, then):
            return f'{variable} != "" ? {expression(then)} : null'
        case Timestamp(variable):
            return f'timeadd("{_EPOCH}", "${{{variable}}}s")'
        case Tagged():
            function, *arguments = _call_of(value)
            return f"{function}({', '.join(map(expression, arguments))})"
        case Word(variable):
            return f'regex_replace({variable}, "[^a-zA-Z0-9_-]", "-")'
        case Split(variable):
            return f'split(",", {variable})'
        case Call(function, arguments):
            return f"{function}({', '.join(expression(each, indent) for each in arguments)})"
        case _:
            raise TypeError(f"{value!r} has no place in a bake file")


def _template(parts: Sequence[object]) -> Iterator[str]:
    """Yield the parts of a quoted template. Dollars before an interpolation would escape it, so they become a part."""
    for part, following in zip(parts, (*parts[1:], ""), strict=True):
        if not isinstance(part, str):
            yield f"${{{expression(part)}}}"
        elif isinstance(following, str) or not part.endswith("$"):
            yield _escaped(part)
        else:
            text = part.rstrip("$")
            yield f'{_escaped(text)}${{"{part[len(text) :]}"}}'


def _map(value: Mapping[str, object], indent: int) -> str:
    if not value:
        return "{}"
    keys = list(map(quote, value))
    width = max(map(len, keys))
    pad = "  " * (indent + 1)
    lines = (
        f"{pad}{key:<{width}} = {expression(each, indent + 1)}\n"
        for key, each in zip(keys, value.values(), strict=True)
    )
    return "{\n" + "".join(lines) + "  " * indent + "}"


def _list(items: Sequence[str], indent: int) -> str:
    line = f"[{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return line
    pad = "  " * (indent + 1)
    return "[\n" + "".join(f"{pad}{item},\n" for item in items) + "  " * indent + "]"


def render(plan: Plan, template: str) -> str:
    """Return the bake file of a plan. The same plan and template give the same text.

    Raises:
        ModelError: the template is not valid, or uses a name that does not exist.
    """
    import jinja2  # noqa: PLC0415 - 20 ms that only a compile needs

    described = plan.oldest_buildx >= DESCRIPTION
    try:
        return compiled(template, described=described).render(
            plan=plan,
            described=described,
            oldest_buildx=".".join(map(str, plan.oldest_buildx)),
            functions={_call_of(tag)[0] for image in plan.images for tag in _tags_of(image.block)},
        )
    except jinja2.TemplateSyntaxError as error:
        raise ModelError.of(Problem(TEMPLATE, error.lineno, "", error.message or "", _FIX)) from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise ModelError.of(Problem(TEMPLATE, 0, "", str(error), _FIX)) from error


@lru_cache(maxsize=4)
def compiled(template: str, *, described: bool) -> "Template":
    """Return the compiled template. It is kept, because the build of a large project renders a slice for each image."""
    import jinja2  # noqa: PLC0415 - 20 ms that only a compile needs

    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - HCL, not HTML: the hcl filter quotes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "hcl": expression,
        "comment": _comment,
        "body": lambda block: "".join(_body(block, described=described)),
    }
    return environment.from_string(template)


def _tags_of(block: PlannedTarget) -> Iterator[Tagged]:
    tags = block.attributes.get("tags", ())
    yield from (tag for tag in tags if isinstance(tag, Tagged)) if isinstance(tags, tuple) else ()


def _call_of(tag: Tagged) -> "tuple[str, *tuple[Value, ...]]":
    """Return the function of the file that makes the tag, and its arguments."""
    if tag.registry != THE_REGISTRY:
        return "ref_at", tag.registry, tag.repository, tag.tag
    return ("ref", tag.repository) if tag.tag == THE_TAG else ("ref_tag", tag.repository, tag.tag)


def _body(block: Block, *, described: bool) -> Iterator[str]:
    """Yield the lines between the braces of a block."""
    lines: dict[str, str] = {}
    match block:
        case PlannedTarget():
            yield from _target_body(block, described=described)
        case Variable():
            if block.description and not described:
                yield f"  # {_comment(block.description)}\n"
            lines |= {"description": quote(block.description)} if block.description and described else {}
            lines |= {"type": block.type} if block.type else {}
            yield from _aligned({**lines, "default": expression(block.default, 1)})
            for each in block.validation:
                checks = {"condition": expression(each.condition), "error_message": expression(each.error)}
                yield f"  validation {{\n{''.join(f'  {line}' for line in _aligned(checks))}  }}\n"
        case Function():
            lines |= {"params": f"[{', '.join(block.params)}]"}
            lines |= {"variadic_params": block.variadic} if block.variadic else {}
            yield from _aligned({**lines, "result": expression(block.result)})
        case PlannedGroup():
            lines |= {"description": quote(block.description)} if block.description and described else {}
            yield from _aligned({**lines, "targets": expression(block.targets, 1)})


def _aligned(lines: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, lines))
    return (f"  {name:<{width}} = {value}\n" for name, value in lines.items())


def _target_body(target: PlannedTarget, *, described: bool) -> Iterator[str]:
    lines: dict[str, object] = {"inherits": target.inherits} if target.inherits else {}
    if described and target.description and not target.name.startswith("_"):
        lines["description"] = target.description
    if target.matrix:
        lines |= {"matrix": target.matrix, "name": target.target_name}
    lines |= target.attributes
    width = max((10, *map(len, lines))) if lines else 0
    for name, value in lines.items():
        if name in target.notes:
            yield f"  # {_comment(target.notes[name])}\n"
        yield f"  {name:<{width}} = {expression(value, 1)}\n"


def text_difference(committed: str, generated: str, name: str) -> str:
    """Return a unified diff from the committed file to the generated file; empty if they are equal.

    For long files the diff has whole paragraphs, and not all of them: the time of a line diff grows with the square.
    """
    if committed == generated:
        return ""
    if max(len(committed), len(generated)) > _LONG:
        return _by_paragraphs(committed, generated, name)
    import difflib  # noqa: PLC0415 - 8 ms that only a difference needs

    lines = difflib.unified_diff(
        committed.splitlines(keepends=True),
        generated.splitlines(keepends=True),
        f"{name} (committed)",
        f"{name} (generated)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _by_paragraphs(committed: str, generated: str, name: str) -> str:
    before, after = dict.fromkeys(committed.split("\n\n")), dict.fromkeys(generated.split("\n\n"))
    gone = [("-", paragraph) for paragraph in before if paragraph not in after]
    new = [("+", paragraph) for paragraph in after if paragraph not in before]
    shown = [*gone[:_SHOWN], *new[:_SHOWN]]
    left = len(gone) + len(new) - len(shown)
    lines = [f"--- {name} (committed)", f"+++ {name} (generated)"]
    lines += [f"{sign}{line}" for sign, paragraph in shown for line in (*paragraph.splitlines(), "")]
    lines += [f"… and {left} more paragraphs"] if left else []
    lines += ["the same paragraphs in another order"] if not shown else []
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    if text.isascii() and text.isprintable():  # most texts are, and the test is quick
        return text.strip()
    return _INVISIBLE.sub(" ", text).strip()
