"""Reads JSON only if every reader reads the same from it.

Engines are written in Go. Go's reader accepts `Layers` for `layers`, and uses the last of two members with one name. So
an image could mean one thing to an engine and another thing to bakec.
"""

import json
from collections.abc import Mapping, Sequence

_DESCRIPTOR = {"annotations", "artifacttype", "digest", "mediatype", "platform", "size", "urls"}
_MANIFEST = {"config", "layers", "manifests", "schemaversion", "subject"}
_CONFIG = {"architecture", "cmd", "diff_ids", "entrypoint", "env", "labels", "os", "rootfs", "variant", "workingdir"}
_MATTER = _DESCRIPTOR | _MANIFEST | _CONFIG


def read_members(content: bytes) -> Mapping[str, object]:
    """Return the members of a JSON object.

    Raises:
        ValueError: the content is not JSON, or not an object, or a member that matters is there twice at any depth.
    """
    try:
        members = json.loads(content, object_pairs_hook=_told_once)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(members, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - wrong content, not a wrong type of ours
    return members


def _told_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len({name.casefold() for name in members}) == len(pairs):
        return members
    known: set[str] = set()
    for name in (name.casefold() for name, _ in pairs):
        if name in known & _MATTER:
            raise ValueError(f"it has {name!r} twice: readers differ in which one counts")
        known.add(name)
    return members
