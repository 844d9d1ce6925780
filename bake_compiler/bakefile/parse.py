"""The comparison of a bake file with the plan without buildx: python-hcl2 parses the structure and the literals."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bake_compiler.bakefile.meaning import Comparison
from bake_compiler.errors import ModelError
from bake_compiler.model.values import Expression
from bake_compiler.plan.plan import Plan, PlannedTarget

_OTHERS = frozenset({"description", "matrix", "name", "__is_block__", "__comments__", "__inline_comments__"})


def parse(text: str) -> dict[str, dict[str, Any]]:
    """Return the blocks of a bake file: `{"target": {name: attributes}, "group": …, "variable": …}`, literals as texts.

    Raises:
        ModelError: the text is not valid HCL.
    """
    import hcl2  # noqa: PLC0415 - 100 ms that only this needs
    from lark.exceptions import LarkError  # noqa: PLC0415

    try:
        document = hcl2.loads(text)
    except LarkError as error:
        raise ModelError(f"the bake file is not valid HCL: {error}", hint="run `bakec compile`") from error
    return {
        kind: {str(_literal(name)): body for block in document.get(kind, ()) for name, body in block.items()}
        for kind in ("variable", "function", "group", "target")
    }


def compare_text(plan: Plan, text: str) -> Comparison:
    """Return the differences between the file's blocks and the plan, with the literals in them.

    Raises:
        ModelError: the text is not valid HCL.
    """
    blocks = parse(text)
    targets = {target.name: target for target in _targets(plan)}
    groups: dict[str, object] = {"default": plan.default, **{group.name: group.targets for group in plan.groups}}
    variables: dict[str, object] = {variable.name: variable.default for variable in plan.variables}
    differences = [
        *_names("variable", variables, blocks["variable"]),
        *_names("group", groups, blocks["group"]),
        *_names("target", targets, blocks["target"]),
    ]
    skipped: list[str] = []
    for kind, key, wanted in (("group", "targets", groups), ("variable", "default", variables)):
        for name, value in wanted.items():
            if name in blocks[kind]:
                differences += _values(f"{kind} {name}", key, value, blocks[kind][name].get(key), skipped)
    for name, target in targets.items():
        if name in blocks["target"]:
            differences += _block(target, blocks["target"][name], skipped)
    for function in plan.functions:
        body = blocks["function"].get(function.name, {})
        if _bare(body.get("result")) != _bare(function.result.hcl):
            differences.append(f"function {function.name} gives another result in the file than in the plan")
    return Comparison(tuple(differences), tuple(dict.fromkeys(skipped)))


def _block(target: PlannedTarget, found: Mapping[str, Any], skipped: list[str]) -> Iterator[str]:
    where = f"target {target.name}"
    wanted = {"inherits": target.inherits, **target.attributes} if target.inherits else target.attributes
    for attribute, value in wanted.items():
        yield from _values(where, attribute, value, found.get(attribute), skipped)
    for attribute in sorted(found.keys() - wanted.keys() - _OTHERS):
        yield f"{where}: {attribute} is in the file only"


def _bare(text: object) -> str:
    """Return an expression without the characters that python-hcl2 adds or removes when it renders an expression."""
    return re.sub(r"\s|^\$\{|\}$", "", str(text))


def _targets(plan: Plan) -> Iterator[PlannedTarget]:
    yield plan.common
    yield from plan.abstracts
    yield from {image.block.name: image.block for image in plan.images}.values()


def _names(kind: str, wanted: Mapping[str, object], found: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(set(wanted) ^ set(found)):
        yield f"{kind} {name} is in the {'file' if name in found else 'plan'} only"


def _values(where: str, key: str, wanted: object, found: object, skipped: list[str]) -> Iterator[str]:
    if isinstance(wanted, Expression):
        skipped.append(f"{where}: {key}")
    elif isinstance(wanted, Mapping) and isinstance(found, Mapping):
        parts = {str(_literal(name)): value for name, value in found.items()}
        for name in sorted(set(wanted) | set(parts)):
            yield from _values(where, f"{key}.{name}", wanted.get(name), parts.get(name), skipped)
    elif isinstance(wanted, tuple | list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield f"{where}: {key} has {len(found)} items in the file, {len(wanted)} in the plan"
        for number, (ours, theirs) in enumerate(zip(wanted, found, strict=False)):
            yield from _values(where, f"{key}.{number}", ours, theirs, skipped)
    elif _literal(found) != wanted:
        yield f"{where}: {key} is {_literal(found)!r} in the file, {wanted!r} in the plan"


def _literal(found: object) -> object:
    """Return the value of a literal. python-hcl2 8.1.4 keeps its quotes and doubled openers."""
    if not isinstance(found, str):
        return found
    if found == "null":
        return None
    if not (len(found) > 1 and found.startswith('"') and found.endswith('"')):
        return found
    body = found[1:-1].replace("$${", "${").replace("%%{", "%{")
    return re.sub(r'\\(u[0-9a-fA-F]{4}|[\\"nrt])', _unescape, body)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] == "u" else {"n": "\n", "r": "\r", "t": "\t"}.get(code, code)
