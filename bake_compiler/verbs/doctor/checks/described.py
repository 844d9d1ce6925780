"""The builder in use: whether it is the one that the project describes, and as it describes it."""

from bake_compiler.verbs.doctor.checks.check import Check, good, note

_SUBJECT = "described builder"
_SHOWN = 4


def check_described(name: str, in_use: str, diff: str) -> Check:
    """A build may go well on another one: of the right mirrors, certificates and nodes nothing is sure then.

    Args:
        name: of the builder that the project describes.
        in_use: what BUILDX_BUILDER names.
        diff: from what buildx has to what the project describes.
    """
    if in_use != name:
        return note(_SUBJECT, f"{in_use} is in use, as BUILDX_BUILDER says, and not {name}", "unset BUILDX_BUILDER")
    changed = [f"{line[0]} {line[1:].strip()}" for line in diff.splitlines()[2:] if line[0] != " "]
    if not changed:
        return good(_SUBJECT, f"{name} is as the project describes it")
    more = [f"{len(changed) - _SHOWN} more"] * (len(changed) > _SHOWN)
    found = f"{name} is not as the project describes it: {'; '.join([*changed[:_SHOWN], *more])}"
    return note(_SUBJECT, found, "bakec builder up")
