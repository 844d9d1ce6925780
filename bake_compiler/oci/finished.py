"""Reads from a provenance when its build ended.

Source: SLSA provenance v0.2 (`metadata.buildFinishedOn`) and v1 (`runDetails.metadata.finishedOn`).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def finished_at(content: bytes) -> float | None:
    """Return when the build ended, in seconds since the epoch; None if the provenance statement has no such time."""
    try:
        predicate = _map(_map(json.loads(content)).get("predicate"))
    except (ValueError, RecursionError):
        return None
    older, newer = _map(predicate.get("metadata")), _map(_map(predicate.get("runDetails")).get("metadata"))
    text = older.get("buildFinishedOn") or newer.get("finishedOn")
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
