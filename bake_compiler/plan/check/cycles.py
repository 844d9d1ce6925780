"""No image needs itself, no abstract target inherits itself, and no group contains itself."""

from collections.abc import Iterator, Mapping, Sequence

from bake_compiler.model.base import Mistake
from bake_compiler.model.project import Change, Variant
from bake_compiler.plan.check.subject import PlanSubject, at_need
from bake_compiler.plan.plan import PlannedImage


def check_cycles(subject: PlanSubject) -> Iterator[Mistake]:
    """Yield cycles of needs, of abstract targets, and of groups: one cycle for each connected set of cycles."""
    plan, project = subject.plan, subject.stack.project
    for cycle in cycles({image.name: image.needs for image in plan.images}):
        edges = [(plan.by_name[name], need) for name, need in zip(cycle, (*cycle[1:], cycle[0]), strict=True)]
        image, need = next((edge for edge in edges if _of_variant(*edge)), edges[0])
        yield at_need(image, need, _told(cycle), "drop one edge")
    targets = {target.name: target for target in project.targets}
    for cycle in cycles({name: tuple(target.inherits) for name, target in targets.items()}):
        yield Mistake(targets[cycle[0]].source, "inherits", _told(cycle), "drop one edge")
    groups = {group.name: group for group in project.groups}
    held = {name: [each for each in group.members if each not in plan.by_name] for name, group in groups.items()}
    for cycle in cycles(held):
        yield Mistake(groups[cycle[0]].source, "members", _told(cycle), "drop one edge")


def _told(cycle: Sequence[str]) -> str:
    return "a cycle: " + " → ".join([*cycle, cycle[0]])


def _of_variant(image: PlannedImage, need: str) -> bool:
    """Whether a need comes from a variant, and not from the image that the variant changes."""
    plain = need.removesuffix(f"-{image.variant}")
    return any(plain in model.needs for model in image.models if isinstance(model, Variant | Change))


def cycles(edges: Mapping[str, Sequence[str]]) -> Iterator[Sequence[str]]:
    """Yield one cycle for each connected set of cycles in a graph, as names in order. Linear time, any depth."""
    done: set[str] = set()
    for start in sorted(edges):
        if start not in done and (cycle := _find(start, edges, done)):
            yield cycle


def _find(start: str, edges: Mapping[str, Sequence[str]], done: set[str]) -> Sequence[str]:
    path = {start: None}  # ordered, with a fast lookup
    walks = [iter(edges[start])]
    while walks:
        following = next(walks[-1], None)
        if following is None:
            walks.pop()
            done.add(path.popitem()[0])
        elif following in path:
            names = list(path)
            done.update(names)
            return names[names.index(following) :]
        elif following not in done and following in edges:
            path[following] = None
            walks.append(iter(edges[following]))
    return ()
