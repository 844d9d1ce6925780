"""components/ → plan → docker-bake.hcl, and the comparison of the committed file with the models."""

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
    """Return the plan of the project.

    Raises:
        ModelError: all mistakes in the components, or in the lock.
    """
    return plan_with_inputs(root)[0]


def plan_with_inputs(root: Path) -> tuple[Plan, Inputs]:
    """Return the plan, and the files that it names.

    Raises:
        ModelError: all mistakes in the components, or in the lock.
    """
    plan, inputs = plan_unpinned(root)
    return with_pins(plan, inputs.dockerfiles, read_lock(root)), inputs


def plan_unpinned(root: Path) -> tuple[Plan, Inputs]:
    """Return the plan without the pins of the lock and without mirrors, and the files that it names.

    Raises:
        ModelError: all mistakes in the components.
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
    """Return warnings: likely mistakes in the files that may be intended. They do not change the exit code."""
    return problems_of(root, warn_all(plan, inputs))


def plan_part(root: Path, names: Sequence[str]) -> Plan | None:
    """Return the plan of some images and their needs, without reading the models of other components.

    bakec finds these components in the committed bake file. The result is None if the file is small, if a name is not
    the
    name of exactly one image, or if anything is wrong. Then the caller uses `plan_project`, which reports all mistakes.
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
