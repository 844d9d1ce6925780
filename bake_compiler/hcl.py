"""Plan → HCL text through docker-bake.hcl.j2, and HCL text → dict to check it.

The template only arranges; each value passes through `quote`, so that no text can change the structure.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from bake_compiler.errors import ModelError
from bake_compiler.plan.plan import Plan, PlannedImage

TEMPLATE = "docker-bake.hcl.j2"
OLDEST_BUILDX = "0.13"

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
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def quote(text: str) -> str:
    """An HCL string literal that means exactly this text.

    Source: HCL native syntax specification, "Quoted template expressions": `${` and `%{` open templates and are
    written doubled; a JSON string is not an HCL string.
    """
    escaped = text.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")
    return f'"{escaped}"'


def render(plan: Plan, template: str) -> str:
    """The bake file of a plan: same plan and template, same text.

    Raises:
        ModelError: the template is not valid, or asks for what a plan does not have.
    """
    import jinja2  # noqa: PLC0415 - 40 ms that only a compile needs

    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - HCL, not HTML: the hcl filter quotes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"hcl": _literal, "comment": _comment, "title_labels": _title_labels}
    try:
        return environment.from_string(template).render(
            plan=plan, default=_default_targets(plan), oldest_buildx=OLDEST_BUILDX
        )
    except jinja2.TemplateSyntaxError as error:
        raise ModelError(f"{TEMPLATE}:{error.lineno}: {error.message}", hint="mend the template") from error
    except jinja2.UndefinedError as error:
        raise ModelError(f"{TEMPLATE}: {error.message}", hint="mend the template") from error


def template(root: Path) -> str:
    """The project's own template if it has one, else bakec's."""
    own = root / TEMPLATE
    if own.is_file():
        return own.read_text(encoding="utf-8")
    packaged = resources.files("bake_compiler") / TEMPLATE
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parent.parent / TEMPLATE).read_text(encoding="utf-8")  # an editable install


def parse(text: str) -> dict[str, Any]:
    """The blocks of a bake file: `{"target": {name: attributes}, "group": …, "variable": …}`, literals unquoted.

    Raises:
        ModelError: not valid HCL.
    """
    import hcl2  # noqa: PLC0415 - 100 ms that only a check needs
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        document = hcl2.loads(text)
    except LarkError as error:
        raise ModelError(f"the bake file is not valid HCL: {error}", hint=f"mend {TEMPLATE}") from error
    return {
        kind: {_unquote(name): body for block in document.get(kind, ()) for name, body in block.items()}
        for kind in ("variable", "function", "group", "target")
    }


def check(plan: Plan, text: str) -> None:
    """Parse a rendered file back and hold its structure against the plan.

    Raises:
        ModelError: not valid HCL, or its groups, targets or their places are not the plan's.
    """
    blocks = parse(text)
    expected = {
        "group": {"default", *(group.name for group in plan.groups)},
        "target": {"_common", *(image.name for image in plan.images)},
    }
    for kind, names in expected.items():
        if difference := names ^ set(blocks[kind]):
            listed = ", ".join(sorted(difference))
            raise ModelError(f"{kind}s differ between the plan and its file: {listed}", hint=f"mend {TEMPLATE}")
    for image in plan.images:
        target = blocks["target"][image.name]
        for key, value in {"context": image.context, "dockerfile": image.dockerfile}.items():
            if _unquote(str(target.get(key))) != value:
                message = f"target {image.name}: {key} is {target.get(key)} in the file, {quote(value)} in the plan"
                raise ModelError(message, hint=f"mend {TEMPLATE}")


def difference(committed: str, generated: str, name: str) -> str:
    """A unified diff from the committed file to the generated one; empty when they are the same."""
    lines = difflib.unified_diff(
        committed.splitlines(keepends=True),
        generated.splitlines(keepends=True),
        f"{name} (committed)",
        f"{name} (generated)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _literal(value: str | Sequence[str] | Mapping[str, str], indent: int = 0) -> str:
    match value:
        case str():
            return quote(value)
        case Mapping():
            width = max(map(len, map(quote, value)))
            pad = "  " * (indent + 1)
            lines = (f"{pad}{quote(key):<{width}} = {quote(text)}\n" for key, text in value.items())
            return "{\n" + "".join(lines) + "  " * indent + "}"
        case _:
            return "[" + ", ".join(map(quote, value)) + "]"


def _comment(text: str) -> str:
    return _INVISIBLE.sub(" ", text).strip()


def _title_labels(image: PlannedImage) -> Mapping[str, str]:
    described = {"org.opencontainers.image.description": image.description} if image.description else {}
    return {"org.opencontainers.image.title": image.name, **described, **image.labels}


def _default_targets(plan: Plan) -> tuple[str, ...]:
    phase_groups = tuple(group.name for group in plan.groups if group.name in plan.phases)
    return phase_groups or tuple(image.name for image in plan.images)


def _unquote(literal: str) -> str:
    """The text behind python-hcl2's rendering of a literal, which keeps quotes and doubled openers (8.1.4)."""
    if not (literal.startswith('"') and literal.endswith('"')):
        return literal
    body = literal[1:-1].replace("$${", "${").replace("%%{", "%{")
    return re.sub(r'\\(u[0-9a-fA-F]{4}|[\\"nrt])', _unescape, body)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] == "u" else {"n": "\n", "r": "\r", "t": "\t"}.get(code, code)
