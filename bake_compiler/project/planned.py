"""components/ → plan → docker-bake.hcl, and whether the committed file is what the models say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bake_compiler.bakefile import render as hcl
from bake_compiler.errors import ModelError, Problem
from bake_compiler.model.lock_file import LOCK_FILE, Locked, parse_lock
from bake_compiler.model.project import Stack
from bake_compiler.plan import Plan, PlannedImage, make_plan
from bake_compiler.plan.check import Subject, check_all, warn_all
from bake_compiler.plan.check.subject import Inputs
from bake_compiler.plan.pins import with_pins
from bake_compiler.project.loader import load, mistakes_error, problems_of, read_inputs

BAKE_FILE = "docker-bake.hcl"
WHOLE_FILE_UP_TO = 100
"""Targets beyond which buildx gets a slice of the file for each image: it reads 100 in 0.2 s, and 10,000 in 80 s."""

_ORIGIN = re.compile(r"# components/([^/\n]+)/component\.py")
_TARGET = re.compile(r'\ntarget "([^"]+)" \{\n')
_LINK = re.compile(r'= "target:([a-zA-Z0-9_-]+)"')
_BLOCK = re.compile(r'^((?:target|variable|function|group) "[^"]+") \{\n(.*?)^\}\n', re.DOTALL | re.MULTILINE)


def plan_project(root: Path) -> Plan:
    """components/ → plan.

    Raises:
        ModelError: with every mistake in the components, or in the lock.
    """
    plan, inputs = plan_unpinned(root)
    return with_pins(plan, inputs.dockerfiles, read_lock(root))


def plan_unpinned(root: Path) -> tuple[Plan, Inputs]:
    """components/ → plan as it is without a lock and mirrors, and the files that it names.

    Raises:
        ModelError: with every mistake in the components.
    """
    loaded = load(root)
    if loaded.stack is None:
        raise mistakes_error(root, loaded.mistakes)
    plan = make_plan(loaded.stack)
    inputs, missing = read_inputs(root, plan)
    mistakes = [*missing, *check_all(Subject(loaded.stack, plan, inputs))]
    if mistakes:
        raise mistakes_error(root, mistakes)
    return plan, inputs


def read_lock(root: Path) -> Mapping[str, Locked] | None:
    """What the project's lock says; None where it has none.

    Raises:
        ModelError: it is no lock.
    """
    path = root / LOCK_FILE
    return parse_lock(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None


def refuse_unlocked(plan: Plan) -> None:
    """Make sure that the lock, if there is one, knows each base image.

    Raises:
        ModelError: it does not.
    """
    if plan.unlocked:
        told = plan.unlocked[0] if len(plan.unlocked) == 1 else "\n  ".join((f"{LOCK_FILE} is stale:", *plan.unlocked))
        raise ModelError(told, hint="run `bakec lock`, then `bakec compile`")


def warnings_of(root: Path, plan: Plan) -> Sequence[Problem]:
    """What may be meant in the files of a plan, and ends nothing."""
    inputs, _ = read_inputs(root, plan)
    return problems_of(root, warn_all(plan, inputs))


def plan_part(root: Path, names: Sequence[str]) -> Plan | None:
    """The plan of some images and what they need, without reading the models of all others.

    The committed file says which components those are. None when it is small, when it or the models leave a doubt, or
    when a name is not an image's: then `plan_project` tells what is so.
    """
    text = committed(root)
    if not names or not is_large(text):
        return None
    components = _components_of(text, names) if not any(_means_more(text, name) for name in names) else {}
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
    plan = make_plan(stack)
    inputs, missing = read_inputs(root, plan)
    if not components.keys() <= plan.by_name.keys() or missing or any(check_all(Subject(stack, plan, inputs))):
        return None
    return with_pins(plan, inputs.dockerfiles, read_lock(root))


def _means_more(text: str, name: str) -> bool:
    """Whether a selector is a group's or a component's name too, and so may mean more than one image."""
    return f'\ngroup "{name}" {{' in text or text.count(f"\n# components/{name}/component.py") > 1


def is_large(text: str) -> bool:
    """Whether a bake file has so many targets that buildx is better given a part of it."""
    return text.count("\ntarget ") > WHOLE_FILE_UP_TO


def _components_of(text: str, names: Sequence[str]) -> Mapping[str, str]:
    """Image → component of the named ones and all that they need; empty when one of them is not in the file."""
    found: dict[str, str] = {}
    places = {match[1]: match.start() for match in _TARGET.finditer(text)}
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        begin = places.get(name, 0)
        origin = _ORIGIN.match(text, text.rfind("\n", 0, begin) + 1) if begin > 0 else None
        if not origin:
            return {}
        found[name] = origin[1]
        todo += _LINK.findall(text, begin, text.find("\n}\n", begin))
    return found


def compile_plan(root: Path, plan: Plan) -> str:
    """Plan → the text of docker-bake.hcl.

    Raises:
        ModelError: the template is broken, or the lock does not know a base image.
    """
    refuse_unlocked(plan)
    return hcl.render(plan, hcl.template(root))


def stale(root: Path, text: str, name: str = BAKE_FILE) -> str:
    """The diff from the committed file to `text`; empty when they are the same bytes."""
    return hcl.difference(committed(root, name), text, name)


def compile_slice(root: Path, plan: Plan, images: Sequence[PlannedImage]) -> str:
    """The part of the bake file that some images need: they, what they need, and what all share; no groups.

    buildx reads a file of 10,000 targets in 80 s, and one of a few in 0.1 s.
    """
    needed = _with_needs(plan, images)
    kept = tuple(image for image in plan.images if image.block.name in needed or image.name in needed)
    default = tuple(image.name for image in images)
    return compile_plan(root, replace(plan, images=kept, groups=(), default=default))  # whose only group is the default


def refuse_stale(root: Path, plan: Plan, images: Sequence[PlannedImage]) -> None:
    """Make sure that the committed file says what the plan says: all of it, or of a large file these images' part.

    Raises:
        ModelError: it does not.
    """
    text = committed(root)
    if is_large(text):
        there = blocks_of(text)
        part = blocks_of(compile_slice(root, plan, images))
        stray = [line for line in _BLOCK.sub("", text).splitlines() if line and not line.startswith("#")]
        wrong = ", ".join(
            [
                *(name for name, body in part.items() if there.get(name) != body and not name.startswith("group")),
                *stray[:3],
            ]
        )
    else:
        wrong = "" if text == compile_plan(root, plan) else "see `bakec compile --check`"
    if wrong:
        raise ModelError(f"{BAKE_FILE} is not what the models say: {wrong[:500]}", hint="run `bakec compile`")


def _with_needs(plan: Plan, images: Sequence[PlannedImage]) -> set[str]:
    """Names of images and of target blocks."""
    found: set[str] = set()
    todo = [image.name for image in images]
    while todo:
        name = todo.pop()
        if name in found or name not in plan.by_name:
            continue
        found.add(name)
        image = plan.by_name[name]
        todo += [*image.needs, *image.block.inherits]
        if image.matrix:
            found.add(image.block.name)
    return found


def blocks_of(text: str) -> Mapping[str, str]:
    """Header → body of each block; bake merges two blocks of one name, so their bodies are one here too."""
    found: dict[str, str] = {}
    for match in _BLOCK.finditer(text):
        found[match[1]] = found.get(match[1], "") + match[2]
    return found


def words_of(plan: Plan, images: Sequence[PlannedImage], text: str) -> Mapping[str, str]:
    """Image → all that a bake file says of it, and of what it inherits, and what it says for all."""
    blocks = blocks_of(text)
    shared = "".join(body for header, body in blocks.items() if not header.startswith(("target", "group")))
    bases = {target.name: target.inherits for target in (plan.common, *plan.abstracts)}
    bases |= {image.block.name: image.block.inherits for image in plan.images}

    def words(name: str) -> Iterator[str]:
        yield blocks.get(f'target "{name}"', "")
        for base in bases.get(name, ()):
            yield from words(base)

    return {image.name: "\0".join((shared, *words(image.block.name), *image.matrix.values())) for image in images}


def committed(root: Path, name: str = BAKE_FILE) -> str:
    """The text of the committed file; empty where there is none."""
    path = root / name
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else ""
