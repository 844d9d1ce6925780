"""The registry client: manifests, blobs and tags over HTTP, and everything under a tag as one value.

Source: OCI distribution-spec v1.1 and the distribution project's API.
"""

from bake_compiler.registry.client import Registry
from bake_compiler.registry.connect import connect
from bake_compiler.registry.fetch import fetch_snapshot, trouble_of
from bake_compiler.registry.refusal import LimitError, WrongContentError
from bake_compiler.registry.retry import Retry
from bake_compiler.registry.upload import Arrival

__all__ = [
    "Arrival",
    "LimitError",
    "Registry",
    "Retry",
    "WrongContentError",
    "connect",
    "fetch_snapshot",
    "trouble_of",
]
