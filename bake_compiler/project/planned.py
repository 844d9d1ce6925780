"""components/ → plan → docker-bake.hcl, and whether the committed file is what the models say."""

from collections.abc import Sequence
from pathlib import Path

from bake_compiler.bakefile.blocks import components_of, is_large, means_more
from bake_compiler.errors import Problem
from bake_compiler.model.project import Stack
from bake_compiler.plan import Plan, make_plan
from bake_compiler.plan.check import PlanSubject, check_all, warn_all
from bake_compiler.plan.check.subject import Inputs
from bake_compiler.plan.pins import with_pins
from bake_compiler.project.dockerfiles import settled
from bake_compiler.project.files import committed, read_lock
from bake_compiler.project.loader import load, mistakes_error, problems_of, read_inputs


def plan_project(root: Path) -> Plan:
    """components/ → plan.

    Raises:
        ModelError: with every mistake in the components, or in the lock.
    """
    return plan_with_inputs(root)[0]


def plan_with_inputs(root: Path) -> tuple[Plan, Inputs]:
    """components/ → plan, and the files that it names.

    Raises:
        ModelError: with every mistake in the components, or in the lock.
    """
    plan, inputs = plan_unpinned(root)
    return with_pins(plan, inputs.dockerfiles, read_lock(root)), inputs


def plan_unpinned(root: Path) -> tuple[Plan, Inputs]:
    """components/ → plan as it is without a lock and mirrors, and the files that it names.

    Raises:
        ModelError: with every mistake in the components.
    """
    loaded = load(root)
    if loaded.stack is None:
        raise mistakes_error(root, loaded.mistakes)
    plan = settled(root, make_plan(loaded.stack))
    inputs, missing = read_inputs(root, plan)
    mistakes = [*missing, *check_all(PlanSubject(loaded.stack, plan, inputs))]
    if mistakes:
        raise mistakes_error(root, mistakes)
    return plan, inputs


def warnings_of(root: Path, plan: Plan, inputs: Inputs) -> Sequence[Problem]:
    """What may be meant in the files of a plan, and ends nothing."""
    return problems_of(root, warn_all(plan, inputs))


def plan_part(root: Path, names: Sequence[str]) -> Plan | None:
    """The plan of some images and what they need, without reading the models of all others.

    The committed file says which components those are. None when it is small, when it or the models leave a doubt, or
    when a name is not an image's: then `plan_project` tells what is so.
    """
    text = committed(root)
    if not names or not is_large(text):
        return None
    components = components_of(text, names) if not any(means_more(text, name) for name in names) else {}
    loaded = load(root, only=set(components.values())) if components else None
    if loaded is None or loaded.stack is None or loaded.stack.project.variants:
        return None
    stack = Stack(
        loaded.stack.project.model_copy(update={"groups": ()}),
        {
            name: component.model_copy(update={"images": tuple(i for i in component.images if i.name in components)})
            for name, component in loaded.stack.components.items()
        },
    )
    plan = settled(root, make_plan(stack))
    inputs, missing = read_inputs(root, plan)
    if not components.keys() <= plan.by_name.keys() or missing or any(check_all(PlanSubject(stack, plan, inputs))):
        return None
    return with_pins(plan, inputs.dockerfiles, read_lock(root))
