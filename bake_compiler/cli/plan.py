"""bakec plan: what would be built, from what, in which phase."""

import json
import sys
from typing import TYPE_CHECKING, Any

from bake_compiler.cli.options import Json, Platforms, ProjectDir, Registry, Selectors, Tag, root_of, select_wanted

if TYPE_CHECKING:
    from bake_compiler.plan import Wanted


def plan(
    selectors: Selectors = None,
    platforms: Platforms = None,
    tag: Tag = "",
    registry: Registry = "",
    project: ProjectDir = None,
    as_json: Json = False,
) -> None:
    """Show what would be built, without building it.

    Examples: `bakec plan`, `bakec plan foundation`, `bakec plan backend --platform arm64 --json`.
    """
    from bake_compiler import pipeline  # noqa: PLC0415

    wanted = select_wanted(pipeline.plan_project(root_of(project)), selectors, platforms, registry, tag)
    if as_json:
        sys.stdout.write(json.dumps(to_document(wanted), indent=2, ensure_ascii=False) + "\n")
        return
    for image in wanted.images:
        needs = f", needs {', '.join(image.needs)}" if image.needs else ""
        places = " ".join(map(str, image.platforms))
        sys.stdout.write(f"{image.phase}: {image.name} ({places}) from {image.context}{needs}\n")
        sys.stdout.write(f"  → {wanted.reference(image)}\n")
    for exclusion in wanted.excluded:
        sys.stdout.write(f"excluded: {exclusion.cell}: {exclusion.reason}\n")
    sys.stdout.write(f"{len(wanted.images)} images, {len(wanted.cells)} builds\n")


def to_document(wanted: "Wanted") -> dict[str, Any]:
    """The plan of a run as plain dicts and lists."""
    return {
        "schema": "bakec.plan/1",
        "registry": wanted.registry,
        "tag": wanted.tag,
        "images": [
            {
                "name": image.name,
                "component": image.component,
                "phase": image.phase,
                "reference": str(wanted.reference(image)),
                "context": image.context,
                "dockerfile": image.dockerfile,
                "stage": image.stage,
                "args": dict(image.args),
                "needs": list(image.needs),
                "platforms": list(map(str, image.platforms)),
            }
            for image in wanted.images
        ],
        "excluded": [
            {"image": each.cell.image, "platform": str(each.cell.platform), "reason": each.reason}
            for each in wanted.excluded
        ],
    }
