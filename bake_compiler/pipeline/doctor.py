"""bakec doctor: all that a build would need, looked at at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bake_compiler.buildx import BakeRun
from bake_compiler.doctor import (
    Check,
    State,
    bad,
    check_builder,
    check_buildx,
    check_platform,
    check_registry,
    check_room,
    good,
    unknown,
)
from bake_compiler.errors import BakecError, ModelError
from bake_compiler.oci.reference import Reference
from bake_compiler.pipeline.bases import absent_bases, look_up
from bake_compiler.pipeline.compile import BAKE_FILE, committed, refuse_stale
from bake_compiler.pipeline.edges import Edges
from bake_compiler.pipeline.inputs import bases_of, made_from
from bake_compiler.pipeline.runs import stored_report
from bake_compiler.plan import Plan, Wanted
from bake_compiler.preflight import Tools, find_buildx

_COMPILE = "bakec compile"


async def examine(edges: Edges, plan: Plan, wanted: Wanted) -> tuple[Check, ...]:
    """Every check of what a build of these images would need; what can't be looked at is unknown.

    Args:
        edges: through which the world is looked at; nothing is changed but for an upload that is begun and cancelled.
        plan: the project's.
        wanted: what of it would be built.
    """
    tools = Tools(edges.runner, edges.root, edges.env, find_buildx(edges.env))
    platforms = sorted({cell.platform for cell in wanted.cells})
    checks = (
        check_buildx(tools),
        check_builder(tools),
        *(check_platform(tools, platform) for platform in platforms),
        check_room(tools, _stored(edges.root)),
        *(check_registry(edges.registry, each) for each in _one_of_each_registry(wanted)),
    )
    found, bases = await asyncio.gather(asyncio.gather(*checks), _bases(edges, tools, plan, wanted))
    return (*found, *bases, _bake_file(edges.root, plan, wanted))


def doctor_document(checks: Sequence[Check]) -> dict[str, Any]:
    """The checks as plain dicts and lists."""
    return {
        "schema": "bakec.doctor/1",
        "good": not any(check.state is State.BAD for check in checks),
        "checks": [
            {"subject": check.subject, "state": str(check.state), "found": check.found, "mend": check.mend}
            for check in checks
        ],
    }


def render_doctor(checks: Sequence[Check]) -> str:
    """What a person reads: each check in a line, and below what is wrong what mends it."""
    width = max(len(check.subject) for check in checks)
    lines: list[str] = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.subject:<{width}}  {check.found}")
        if check.mend:
            lines.append(f"{'':{9 + width}}   hint: {check.mend}")
    return "".join(f"{line}\n" for line in lines)


def _one_of_each_registry(wanted: Wanted) -> tuple[Reference, ...]:
    """The first repository in each registry that a build would push to."""
    found: dict[str, Reference] = {}
    for image in wanted.images:
        for reference in wanted.references(image):
            found.setdefault(reference.registry, reference)
    return tuple(found.values())


def _stored(root: Path) -> int:
    """Bytes of the last run's images; 0 when there was none."""
    try:
        report = stored_report(root)
    except BakecError:
        return 0
    return sum(platform.size for image in report.images for platform in image.platforms)


def _bake_file(root: Path, plan: Plan, wanted: Wanted) -> Check:
    try:
        refuse_stale(root, plan, wanted.images)
    except ModelError as error:
        return bad(BAKE_FILE, error.message, _COMPILE)
    return good(BAKE_FILE, "is what the models say")


async def _bases(edges: Edges, tools: Tools, plan: Plan, wanted: Wanted) -> tuple[Check, ...]:
    subject = "base images"
    text = committed(edges.root)
    made = await asyncio.to_thread(made_from, edges.root, plan, wanted.images, text, wanted.variables)
    bases = bases_of(wanted.images, made)
    with TemporaryDirectory(prefix="bakec-doctor-") as folder:
        run = BakeRun(edges.root, edges.env, {}, push=False, staging="", metadata=Path(folder), buildx=tools.buildx)
        found = await look_up(edges.runner, run, bases)
    absent = await absent_bases(edges.registry, bases, made, found)
    if absent:
        return tuple(bad(subject, words, "mend the name, or choose another base") for words in absent)
    missing = sorted(base.name for base in bases if base not in found.digests)
    if missing:
        return (unknown(subject, f"the builder does not tell of {', '.join(missing)}"),)
    return (good(subject, f"{len(bases)} found, for each platform that is built"),)
