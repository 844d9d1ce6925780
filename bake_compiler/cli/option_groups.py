"""The groups of options in `--help`: one table for all verbs."""

from collections.abc import Mapping
from typing import Any

ARGUMENTS = "Arguments"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "What to work on": (
        "--platform",
        "--tag",
        "--registry",
        "--var",
        "--resume",
        "--rebuild",
        "--release",
        "--why",
        "--emulation",
        "--build-platform",
        "--update",
        "--staged",
        "--journals",
        "--older-than",
        "--project",
    ),
    "How to work": (
        "--check",
        "--by",
        "--push",
        "--deep",
        "--foreign",
        "--run",
        "--timeout",
        "--jobs",
        "--retries",
        "--retry-pause",
        "--fail-fast",
        "--preflight",
        "--allow",
        "--insecure",
        "--bootstrap",
        "--allow-loss",
        "--with-cache",
        "--delete",
        "--dry-run",
    ),
    "Publishing": ("--allow-partial", "--sign", "--signing-config"),
    "Output": ("--format", "--output", "--release-file", "--junit", "--plain", "--quiet", "--json", "--help"),
}
"""Heading → options, as people write them."""

_PLACES = {option: (place, heading) for place, (heading, each) in enumerate(GROUPS.items(), 1) for option in each}


def group_of(parameter: Any) -> tuple[int, str]:
    """Return the place and the heading of the group of an option or an argument.

    Raises:
        KeyError: no group has the option.
    """
    if parameter.param_type_name == "argument":
        return 0, ARGUMENTS
    return _PLACES[max(parameter.opts, key=len)]
