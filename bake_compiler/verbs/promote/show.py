"""A promotion as JSON."""

from typing import Any

from bake_compiler.release_file import ReleaseFile
from bake_compiler.verbs.promote.run import Promoted


def promotion_document(release: ReleaseFile, promoted: Promoted, name: str, *, dry_run: bool) -> dict[str, Any]:
    """A promotion as plain dicts and lists; `name` is its id, by which it is rolled back."""
    return {
        "schema": "bakec.promotion/1",
        "release": name,
        "run": release.run,
        "tag": release.tag,
        "dry_run": dry_run,
        "tags": [
            {
                "tag": str(move.tag),
                "digest": str(move.to.digest),
                "before": str(move.old.digest) if move.old else None,
            }
            for move in promoted.moves
        ],
    }
