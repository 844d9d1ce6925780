"""What buildx must print for a plan with `docker buildx bake --print`, and the differences from what it prints.

The module is pure and does not read HCL: it evaluates the plan itself, with all inherited targets.
Source: buildx bake/bake.go (`Target` as JSON); measured with 0.13.1 and 0.29.1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bake_compiler.model.project import Version
from bake_compiler.plan.attributes import CSV, MAPS, merge
from bake_compiler.plan.evaluate import UNKNOWN, as_text, evaluate
from bake_compiler.plan.features import DESCRIPTION, SINCE
from bake_compiler.plan.lines import csv_fields
from bake_compiler.plan.plan import Plan, PlannedImage, PlannedTarget

Meaning = dict[str, Any]
"""Attribute → text, bool, dict of texts, or frozenset of texts or of sorted pairs."""

_FLAGS = frozenset({"no-cache", "pull"})
_IMPLIED = {"context": ".", "dockerfile": "Dockerfile"}


@dataclass(frozen=True)
class Comparison:
    """The differences between a printed file and a plan, and the values not compared because only buildx knows them."""

    differences: tuple[str, ...]
    skipped: tuple[str, ...]


def compare_meaning(
    plan: Plan, printed: Mapping[str, Any], variables: Mapping[str, object], version: Version
) -> Comparison:
    """Compare what buildx printed for all targets and groups of a file with the plan.

    Args:
        plan: the plan of the models.
        printed: the document of `--print`.
        variables: the variables' values for which buildx printed the document.
        version: the version of this buildx. Attributes that this version does not know are not in the document.
    """
    targets: Mapping[str, Any] = printed.get("target") or {}
    differences = [*_compare_groups(plan, printed.get("group") or {})]
    skipped: list[str] = []
    names = set(plan.by_name) ^ set(targets)
    differences += [f"target {name} is {_only(name in targets)}" for name in sorted(names)]
    for image in plan.images:
        if image.name not in targets:
            continue
        wanted = meaning(plan, image, variables, version)
        found = {name: canonical(name, value) for name, value in targets[image.name].items()}
        differences += [f"target {image.name}: {each}" for each in _compare_target(wanted, found, skipped, image.name)]
    return Comparison(tuple(differences), tuple(dict.fromkeys(skipped)))


def meaning(plan: Plan, image: PlannedImage, variables: Mapping[str, object], version: Version) -> Meaning:
    """Return all attributes of an image's target, as `--print` shows them.

    Values that only buildx knows are UNKNOWN.
    """
    known = {**variables, **image.matrix}
    attributes = merge(plan.common.attributes, image.attributes)
    found: Meaning = dict(_IMPLIED)
    for name, value in attributes.items():
        if SINCE.get(name.replace("-", "_"), version) <= version:
            evaluated = evaluate(value, known)
            found[name] = evaluated if evaluated is UNKNOWN else canonical(name, evaluated)
    epoch = variables.get("SOURCE_DATE_EPOCH")
    if epoch:  # buildx takes the value from the environment (bake/bake.go, `defaultTarget`)
        found["args"] = {"SOURCE_DATE_EPOCH": epoch, **found.get("args", {})}
    if SINCE["entitlements"] <= version:
        found["entitlements"] = frozenset(_entitlements(plan, image, variables))
    if plan.oldest_buildx >= DESCRIPTION <= version and image.block.description:
        found["description"] = image.block.description
    return {name: value for name, value in found.items() if value not in ({}, frozenset(), None)}


def _entitlements(plan: Plan, image: PlannedImage, variables: Mapping[str, object]) -> Iterator[object]:
    """Yield the entitlements of an image, of all its needs, and the one that host networking implies (bake/bake.go)."""
    todo, seen = [image.name], {image.name}
    while todo:
        each = plan.by_name[todo.pop()]
        known = {**variables, **each.matrix}
        said = evaluate(merge(plan.common.attributes, each.attributes).get("entitlements", ()), known)
        yield from said if isinstance(said, tuple) else (UNKNOWN,)
        if _asks_for_host(plan, each.block, known):
            yield "network.host"
        todo += set(each.needs) - seen
        seen.update(each.needs)


def _asks_for_host(plan: Plan, block: PlannedTarget, variables: Mapping[str, object]) -> bool:
    """Whether a target, or a target that it inherits, uses the host's network. buildx adds the entitlement to each."""
    if evaluate(block.attributes.get("network"), variables) == "host":
        return True
    abstracts = {each.name: each for each in (plan.common, *plan.abstracts)}
    parents = (abstracts.get(name) or plan.by_name[name].block for name in block.inherits)
    return any(_asks_for_host(plan, parent, variables) for parent in parents)


def canonical(name: str, value: Any) -> Any:
    """Return an attribute's value in one form, which is the same for old buildx, new buildx and the plan."""
    if name in _FLAGS:
        return {"true": True, "false": False}.get(value, value)
    if name in MAPS:
        return {key: each for key, each in value.items() if each is not None}
    if name == "ssh":
        return frozenset(map(_ssh, value))
    if name in CSV:
        return frozenset(_fields(name, each) for each in value)
    if isinstance(value, str | bool) or value is None:
        return value
    return frozenset(value)


def _fields(attribute: str, entry: Any) -> Any:
    """Return a cache, output, secret or attestation as sorted pairs."""
    if isinstance(entry, Mapping):
        return tuple(sorted((key, as_text(value)) for key, value in entry.items()))
    if not isinstance(entry, str):
        return entry
    return tuple(sorted(csv_fields(attribute, entry).items()))


def _ssh(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return entry.get("id"), tuple(entry.get("paths") or ())
    if not isinstance(entry, str):
        return entry
    name, _, paths = entry.partition("=")
    return name, tuple(paths.split(",")) if paths else ()


def _compare_target(wanted: Meaning, found: Meaning, skipped: list[str], image: str) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        ours, theirs = wanted.get(name), found.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            unknown = {key for key, value in ours.items() if value is UNKNOWN}
            skipped += [f"{image}: {name}.{key}" for key in sorted(unknown)]
            for key in sorted((ours.keys() | theirs.keys()) - unknown):
                if not is_same(ours.get(key), theirs.get(key)):
                    yield f"{name}.{key} is {_told(theirs.get(key))} in the file, {_told(ours.get(key))} in the plan"
        elif ours is UNKNOWN or (isinstance(ours, frozenset) and UNKNOWN in ours):
            skipped.append(f"{image}: {name}")
        elif not is_same(ours, theirs):
            yield f"{name} is {_told(theirs)} in the file, {_told(ours)} in the plan"


def is_same(ours: Any, theirs: Any) -> bool:
    """Whether two values are equal. buildx 0.29.1 prints `${` and `%{` doubled in args, labels and annotations."""
    if ours == theirs:
        return True
    if isinstance(ours, frozenset):
        return bool(frozenset(map(_doubled, ours)) == theirs)
    return bool(_doubled(ours) == theirs)


def _doubled(value: Any) -> Any:
    return value.replace("${", "$${").replace("%{", "%%{") if isinstance(value, str) else value


def _compare_groups(plan: Plan, printed: Mapping[str, Any]) -> Iterator[str]:
    for group in plan.groups:
        found = (printed.get(group.name) or {}).get("targets")
        if found is None:
            yield f"group {group.name} is {_only(there=False)}"
        elif set(found) != set(group.targets):
            yield f"group {group.name} has {_told(found)} in the file, {_told(group.targets)} in the plan"


def _only(there: bool) -> str:
    return "in the file only" if there else "in the plan only"


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, frozenset | set | list | tuple):
        shown: Sequence[Any] = sorted(map(str, value))
        return f"[{', '.join(shown)}]"
    return repr(value)
