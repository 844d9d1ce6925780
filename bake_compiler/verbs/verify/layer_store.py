"""Keeps layers that were read, on disk, by their digests. A kept layer has all that a second reading would give."""

import hashlib
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from bake_compiler.layers.layer import Layer, LayerFacts
from bake_compiler.oci.digest import Digest

VERSION: Final = 2
"""Raise this number when the reading of layers, or the form of the records, changes."""


class LayerStore:
    """A directory with one file for each layer: version and checksum, facts, records.

    The store only saves time: a file that is damaged, unreadable or of another version is ignored.

    Args:
        directory: the directory; it is made when the first layer is kept.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, digest: Digest) -> Layer | None:
        """Return the layer with this digest; None if it is not kept."""
        try:
            stamp, _, content = self._path(digest).read_bytes().partition(b"\n")
            if stamp != _stamp(content):
                return None
            facts, _, packed = content.partition(b"\n")
            layer = Layer(LayerFacts.model_validate_json(facts), packed)
        except (OSError, ValueError):
            return None
        return layer if layer.facts.digest == digest else None

    def put(self, layer: Layer) -> None:
        """Keep a layer. Its file is there whole or not at all.

        Raises:
            OSError: the directory can't be written.
        """
        content = layer.facts.model_dump_json().encode() + b"\n" + layer.packed
        self._directory.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._directory, prefix=".new-", delete=False) as file:
            new = Path(file.name)
            try:
                file.write(_stamp(content) + b"\n" + content)
                file.flush()
                new.replace(self._path(layer.facts.digest))
            finally:
                with suppress(FileNotFoundError):
                    new.unlink()

    def _path(self, digest: Digest) -> Path:
        return self._directory / f"{digest.algorithm}-{digest.encoded}"


def _stamp(content: bytes) -> bytes:
    return f"bakec layer {VERSION} {hashlib.sha256(content).hexdigest()}".encode()
