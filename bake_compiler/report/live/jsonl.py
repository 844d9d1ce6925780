"""Events as JSON lines, for a program that follows a run."""

import json
from typing import TextIO

from bake_compiler.report.events import Event
from bake_compiler.report.stored.events import event_document


class JsonLines:
    """Writes each event at once, as one line of JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Write an event."""
        self._stream.write(f"{json.dumps(event_document(event))}\n")
        self._stream.flush()
