"""Each registry in `also` is a valid registry."""

from collections.abc import Iterator

from bake_compiler.model.base import Mistake, did_you_mean
from bake_compiler.model.texts import check_registry
from bake_compiler.model.values import has_expr, variables_of
from bake_compiler.plan.check.subject import PlanSubject
from bake_compiler.plan.evaluate import UNKNOWN, evaluate


def check_registries(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield registries of `also` that are not valid, with the variables' defaults."""
    project, known = subject.stack.project, subject.plan.defaults
    for value in project.also:
        unknown = next((name for name in variables_of(value) if name not in known), "")
        if unknown:
            yield Mistake(project.source, "also", f"unknown variable {unknown!r}", did_you_mean(unknown, [*known]))
            continue
        if has_expr(value):
            message = "Expr in a registry: bakec asks the registry itself and must know its name"
            yield Mistake(project.source, "also", message, "write Var or Join")
            continue
        text: object = None
        try:
            text = evaluate(value, known)
            check_registry(text if isinstance(text, str) else "")
        except ValueError:
            told = "something that only buildx knows" if text is UNKNOWN else repr(text)
            message = f"with the variables' defaults the registry is {told}, which is not a registry"
            yield Mistake(project.source, "also", message, "write a host, with a port and a path where there is one")
