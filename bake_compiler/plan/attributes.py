"""Converts settings to target attributes, with bake's names and in the order in which they are written."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from bake_compiler.model.settings import Attest, Cache, Output, Secret, Settings, Ssh
from bake_compiler.model.values import Call, Expression, Join, Value, joined
from bake_compiler.plan.contexts import named_context
from bake_compiler.plan.lines import csv_line

Attribute: TypeAlias = "Value | bool | Mapping[str, Value | None] | Sequence[Value]"
Attributes: TypeAlias = Mapping[str, Attribute]

ORDER = (
    "context",
    "dockerfile",
    "dockerfile-inline",
    "target",
    "contexts",
    "platforms",
    "args",
    "labels",
    "annotations",
    "tags",
    "cache-from",
    "cache-to",
    "output",
    "secret",
    "ssh",
    "attest",
    "no-cache",
    "no-cache-filter",
    "pull",
    "network",
    "shm-size",
    "ulimits",
    "extra-hosts",
    "entitlements",
    "call",
)
"""Every target attribute that a plan may have; source: buildx bake reference, "Target"."""

_RANK = {name: number for number, name in enumerate(ORDER)}
MAPS = frozenset({"args", "labels", "contexts", "extra-hosts"})
ADDED = frozenset({"annotations", "cache-from", "no-cache-filter", "ulimits", "entitlements"})
IDENTIFIED = frozenset({"secret", "ssh"})
REPLACED = frozenset({"tags", "platforms", "cache-to", "output"})
CSV = frozenset({"cache-from", "cache-to", "output", "secret", "attest"})


def written_order(attributes: Mapping[str, Attribute]) -> Attributes:
    """The same attributes, in the order in which they are written."""
    return {name: attributes[name] for name in sorted(attributes, key=_RANK.__getitem__)}


def settings_attributes(settings: Settings, base: str) -> dict[str, Attribute]:
    """Return the attributes of one level, with bake's names. Fields that the author did not set are left out.

    Args:
        settings: the settings of any level.
        base: the folder to which its paths are relative, from the project's root.
    """
    said = settings.model_fields_set
    found: dict[str, Attribute] = {}
    for field in said & _CONVERTED.keys():
        value = getattr(settings, field)
        if value is not None:
            found[field.replace("_", "-")] = value if isinstance(value, Expression) else _CONVERTED[field](value)
    if "contexts" in found and isinstance(settings.contexts, Mapping):
        found["contexts"] = {name: named_context(value, base) for name, value in sorted(settings.contexts.items())}
    return found


def merge(lower: Attributes, upper: Attributes) -> dict[str, Attribute]:
    """Return `upper` merged over `lower`, as buildx merges a target over the target that it inherits.

    Source: buildx bake/bake.go, `Target.Merge`; measured with 0.13.1 and 0.29.1.
    """
    merged = dict(lower)
    for name, value in upper.items():
        merged[name] = merge_one(name, merged[name], value) if name in merged else value
    return merged


def merged_map(name: str, lower: Attributes, upper: Attributes) -> Mapping[str, Value | None] | None:
    """Merge one attribute that is a map. Return an empty map if no level sets it, and None if it is raw HCL."""
    said = [attributes[name] for attributes in (lower, upper) if name in attributes]
    found = merge_one(name, said[0], said[1]) if said[1:] else next(iter(said), {})
    return found if isinstance(found, Mapping) else None


def without_repeats(own: Mapping[str, Attribute], inherited: Attributes) -> dict[str, Attribute]:
    """The same attributes. Items of lists that are inherited anyway are left out.

    buildx 0.29.1 removes repeated caches from a list that a target shares with its heirs. Then one target has the
    caches
    of another.
    """
    found = dict(own)
    for name in ADDED & own.keys():
        mine, theirs = own[name], inherited.get(name, ())
        if isinstance(mine, tuple) and isinstance(theirs, tuple):
            found[name] = tuple(each for each in dict.fromkeys(mine) if each not in theirs)
            if not found[name]:
                del found[name]
    return found


def merge_one(name: str, lower: Attribute, upper: Attribute) -> Attribute:
    """Merge one attribute, by the rule for its name."""
    if name in MAPS:
        if isinstance(lower, Mapping) and isinstance(upper, Mapping):
            given = {key: each for key, each in upper.items() if each is not None or key not in lower}
            return dict(sorted({**lower, **given}.items()))
        return Call("merge", (lower, upper))
    if name in REPLACED or isinstance(upper, str | bool):
        return upper
    if isinstance(lower, tuple) and isinstance(upper, tuple):
        if name == "attest":
            return _by_type(lower, upper)
        return (*lower, *(each for each in upper if name in IDENTIFIED or each not in lower))
    return Call("concat", (lower, upper)) if isinstance(lower, tuple) or isinstance(upper, tuple) else upper


def _by_type(lower: Sequence[Value], upper: Sequence[Value]) -> tuple[Value, ...]:
    given = {_type_of(each) for each in upper}
    return (*(each for each in lower if _type_of(each) not in given), *upper)


def _type_of(attest: Value) -> str:
    first = attest.parts[0] if isinstance(attest, Join) else attest
    return str(first).partition(",")[0]


def _lines(entries: Sequence[Cache | Output | Secret | Attest | Value]) -> tuple[Value, ...]:
    return tuple(each if isinstance(each, str | Expression) else csv_line(each.pairs()) for each in entries)


def _ssh_lines(entries: Sequence[Ssh]) -> tuple[Value, ...]:
    return tuple(
        joined(each.id, *(part for number, path in enumerate(each.paths) for part in (",="[not number], path)))
        for each in entries
    )


def _annotations(entries: Mapping[str, Value]) -> tuple[Value, ...]:
    return tuple(joined(f"{key}=", value) for key, value in sorted(entries.items()))


def _sorted(entries: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(sorted(entries.items()))


def _as_it_is(value: Attribute) -> Attribute:
    return value


_CONVERTED: Mapping[str, Callable[[Any], Attribute]] = {
    "args": _sorted,
    "labels": _sorted,
    "annotations": _annotations,
    "contexts": _sorted,
    "cache_from": _lines,
    "cache_to": _lines,
    "output": _lines,
    "secret": _lines,
    "ssh": _ssh_lines,
    "attest": _lines,
    "no_cache": _as_it_is,
    "no_cache_filter": _as_it_is,
    "pull": _as_it_is,
    "network": _as_it_is,
    "shm_size": _as_it_is,
    "ulimits": _as_it_is,
    "extra_hosts": _sorted,
    "entitlements": _as_it_is,
    "call": _as_it_is,
}
