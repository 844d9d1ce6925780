"""Content digests (OCI image-spec v1.1, descriptor.md, "Digests")."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

_LENGTHS = {"sha256": 64, "sha512": 128}
_HEX = re.compile(r"[a-f0-9]+")


@dataclass(frozen=True, order=True)
class Digest:
    """The digest of some bytes: `sha256:…` or `sha512:…`."""

    algorithm: str
    encoded: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `algorithm:hex`.

        Raises:
            ValueError: not a sha256 or sha512 digest in lower-case hex.
        """
        algorithm, _, encoded = text.partition(":")
        if len(encoded) != _LENGTHS.get(algorithm) or not _HEX.fullmatch(encoded):
            raise ValueError(f"{text!r} is not a digest such as sha256:<64 hex digits>")
        return cls(algorithm, encoded)

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> Self:
        """Return the digest of these bytes."""
        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    def matches(self, content: bytes) -> bool:
        """Whether these bytes have this digest, by the algorithm of this digest."""
        return Digest.of(content, self.algorithm) == self

    @property
    def short(self) -> str:
        """The first 12 hex digits: enough for a person to see whether two digests differ."""
        return self.encoded[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"
