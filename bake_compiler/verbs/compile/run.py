"""Plan → docker-bake.hcl, and the comparison of the committed file with the models."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bake_compiler.bakefile.blocks import _BLOCK, BAKE_FILE, blocks_of, is_large
from bake_compiler.bakefile.render import render, text_difference
from bake_compiler.errors import ModelError
from bake_compiler.model.lock_file import LOCK_FILE
from bake_compiler.plan import Plan, PlannedImage
from bake_compiler.project.files import committed, template
from bake_compiler.system.files import write_whole


def refuse_unlocked(plan: Plan) -> None:
    """Raise an error if there is a lock without one of the base images.

    Raises:
        ModelError: the lock does not have a base image.
    """
    if plan.unlocked:
        hint = "run `bakec lock`, then `bakec compile`"
        raise ModelError(f"{LOCK_FILE} is stale", hint=hint, problems=plan.unlocked)


def compile_plan(root: Path, plan: Plan) -> str:
    """Return the text of docker-bake.hcl.

    Raises:
        ModelError: the template has a mistake, or the lock does not have a base image.
    """
    refuse_unlocked(plan)
    return render(plan, template(root))


def stale(root: Path, text: str, name: str = BAKE_FILE) -> str:
    """Return the diff from the committed file to `text`; empty if both have the same bytes."""
    return text_difference(committed(root, name), text, name)


def write_compiled(path: Path, text: str) -> None:
    """Write the bake file. The file is always complete.

    Raises:
        OSError: the file can't be written; its old content is unchanged.
    """
    write_whole(path, text, folders=False)


def compile_slice(root: Path, plan: Plan, images: Sequence[PlannedImage]) -> str:
    """Return the slice of the bake file for some images: the images, their needs, and common blocks, without groups.

    buildx reads a file of 10,000 targets in 80 s, and a file of a few targets in 0.1 s.
    """
    needed = _with_needs(plan, images)
    kept = tuple(image for image in plan.images if image.block.name in needed or image.name in needed)
    default = tuple(image.name for image in images)
    return compile_plan(root, replace(plan, images=kept, groups=(), default=default))  # whose only group is the default


def refuse_stale(root: Path, plan: Plan, images: Sequence[PlannedImage]) -> None:
    """Raise an error if the committed file differs from the plan. In a large file, only the blocks of the images count.

    Raises:
        ModelError: the file differs.
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
    """Return the names of the images, their needs, and their target blocks."""
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
