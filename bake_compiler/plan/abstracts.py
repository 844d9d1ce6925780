"""Makes blocks from the author's abstract targets, and computes what each target passes on to its heirs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from bake_compiler.model.project import Project, Target
from bake_compiler.plan.attributes import Attributes, merge, settings_attributes, without_repeats, written_order
from bake_compiler.plan.contexts import linked
from bake_compiler.plan.plan import PlannedTarget

Parents: TypeAlias = Mapping[str, Attributes]
"""Abstract target → its own attributes merged with all inherited ones."""


def plan_abstracts(project: Project) -> tuple[tuple[PlannedTarget, ...], Parents]:
    """Return the abstract targets by name, and for each name all attributes, inherited ones included."""
    targets = {target.name: target for target in project.targets}
    blocks = {name: _block(target, targets) for name, target in sorted(targets.items())}
    settled: dict[str, Attributes] = {}

    def settle(name: str, path: tuple[str, ...]) -> Attributes:
        if name in path or name not in blocks:
            return {}  # `check` reports this
        if name not in settled:
            block = blocks[name]
            parents = {parent: settle(parent, (*path, name)) for parent in block.inherits}
            settled[name] = merge(inherited(block.inherits, parents), block.attributes)
        return settled[name]

    return tuple(blocks.values()), {name: settle(name, ()) for name in blocks}


def inherited(names: Sequence[str], parents: Parents) -> Attributes:
    """All attributes of several parents together. A later parent wins over an earlier one."""
    found: Attributes = {}
    for name in names:
        found = merge(found, parents.get(name, {}))
    return found


def without_ancestors(names: Iterable[str], targets: Mapping[str, Target]) -> tuple[str, ...]:
    """The parents, except those that a later parent inherits anyway. The order stays the same."""
    unique = tuple(dict.fromkeys(names))
    return tuple(
        name
        for number, name in enumerate(unique)
        if not any(name in _ancestors(later, targets) for later in unique[number + 1 :])
    )


def _ancestors(name: str, targets: Mapping[str, Target]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        parents = targets[each].inherits if (each := todo.pop()) in targets else ()
        todo += [parent for parent in parents if parent not in found]
        found.update(parents)
    return found


def _block(target: Target, targets: Mapping[str, Target]) -> PlannedTarget:
    attributes: Attributes = settings_attributes(target, ".")
    if target.needs:
        attributes = merge({"contexts": linked(target.needs)}, attributes)
    inherits = without_ancestors(target.inherits, targets)
    return PlannedTarget(target.name, target.description, inherits, written_order(without_repeats(attributes, {})))
