"""A stream that ignores errors: a closed pipe must not end a build."""

from typing import Any, TextIO


class Deaf:
    """A text stream that drops text which it can't write. Everything else works as on the wrapped stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write the text, if possible."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush, if possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return
