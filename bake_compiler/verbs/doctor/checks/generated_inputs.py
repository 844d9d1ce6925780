"""The files that models declare as made before a build exist."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import PlannedImage
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good

_SUBJECT = "generated inputs"


async def check_generated_inputs(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the files that the models declare as generated exist."""
    return judge_inputs(facts.build.root, facts.build.images, facts.build.platforms)


def judge_inputs(root: Path, images: Iterable[PlannedImage], platforms: Iterable[Platform]) -> tuple[CheckResult, ...]:
    """Return the missing files, grouped by the command that makes them. Empty if the models declare no files.

    Args:
        root: the project's root.
        images: the images to build, and their needs.
        platforms: the platforms to build.
    """
    wanted = frozenset(platforms)
    users: dict[tuple[str, str], set[str]] = {}
    for image in images:
        for each in (one.on(platform) for one in image.requires for platform in wanted & frozenset(image.platforms)):
            users.setdefault((each.command, each.path), set()).add(image.name)
    missing: dict[str, dict[str, set[str]]] = {}
    for (command, path), names in sorted(users.items()):
        if not _is_there(root / path):
            missing.setdefault(command, {})[path] = names
    if missing:
        return tuple(bad(_SUBJECT, _told(paths), command) for command, paths in missing.items())
    return (good(_SUBJECT, f"{len({path for _, path in users})} found"),) if users else ()


def _told(paths: Mapping[str, set[str]]) -> str:
    return "not there: " + ", ".join(f"{path} (for {', '.join(sorted(names))})" for path, names in paths.items())


def _is_there(path: Path) -> bool:
    """Whether a path exists. An empty folder counts as missing."""
    return any(path.iterdir()) if path.is_dir() else path.exists()
