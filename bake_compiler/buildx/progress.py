"""The reader of one bake process's output, line by line.

Source: BuildKit's client/graph.go (SolveStatus) for `--progress rawjson`. buildx 0.13 indents each document over many
lines. Later versions write one document in each line.
"""

import base64
import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

from pydantic_core import from_json

from bake_compiler.buildx.failure import Failure
from bake_compiler.buildx.fault import stated_wait, without_secrets
from bake_compiler.buildx.faults import LOST, classify
from bake_compiler.buildx.name import VertexName, read_name, read_part
from bake_compiler.buildx.step import Step
from bake_compiler.buildx.vertex import Vertex

_WORDS_KEPT = 40
_LONGEST_WORDS = 8192
_LONGEST_DOCUMENT = 100_000


class Progress:
    """The state of one bake process, from its output. It keeps only what a report needs.

    Args:
        target: the target that is built. Steps of other targets get the target's name.

    Attributes:
        total: the number of steps that are known so far, without internal work and parts of exports.
        done: the number of steps that have ended.
        cached: the number of ended steps whose result came from the cache.
    """

    def __init__(self, target: str = "") -> None:
        self.total = self.done = self.cached = 0
        self._target = target
        # by digest; a part of an export by its id
        self._vertexes: dict[tuple[str, str], Vertex] = {}
        self._changed: dict[tuple[str, str], None] = {}
        self._failed: dict[tuple[str, str], None] = {}
        self._exporting: set[str] = set()
        self._speaker = ""
        self._document: list[str] = []
        self._words: deque[str] = deque(maxlen=_WORDS_KEPT)
        self._location = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in order of their beginning.

        Internal work of BuildKit is included only if it was slow or failed.
        """
        worth = (vertex for vertex in self._vertexes.values() if vertex.is_worth_a_step)
        return tuple(vertex.step for vertex in sorted(worth, key=lambda vertex: vertex.began))

    def changes(self) -> list[Step]:
        """Return the steps that began or ended since the last call, in order."""
        changed = [self._vertexes[key] for key in self._changed]
        self._changed.clear()
        news = [vertex for vertex in changed if vertex.is_worth_a_step or vertex.is_told]
        for vertex in news:
            vertex.is_told = True
        return [vertex.step for vertex in news]

    def read(self, line: str) -> list[str]:
        """Read one line of output. Return the lines of a log that a person can read."""
        if self._document or line == "{":
            return self._read_indented(line)
        if not line.startswith("{"):
            return self._say(line)
        if line.startswith('{"statuses":') and not self._exporting and '"logs":' not in line:
            return []  # most lines are of this kind; only the parts of an export are useful
        document = _parse(line)
        return self._say(line) if document is None else self._take(document)

    def _read_indented(self, line: str) -> list[str]:
        if (self._document and not line.startswith((" ", "}"))) or len(self._document) > _LONGEST_DOCUMENT:
            lines, self._document = self._document, []
            return [*(text for begun in lines for text in self._say(begun)), *self.read(line)]
        self._document.append(line)
        if line != "}":
            return []
        document, self._document = _parse("".join(self._document)), []
        return [] if document is None else self._take(document)

    def _say(self, line: str) -> list[str]:
        """Read a line of buildx itself: an error message, or the place in the Dockerfile between two rulers."""
        line = without_secrets(line)
        if _RULER.fullmatch(line) and self._words and _LOCATION.fullmatch(self._words[-1]):
            self._location = self._location or self._words[-1]
        self._words.append(_printable(line[:_LONGEST_WORDS]))
        return [line]

    def _take(self, document: dict[str, Any]) -> list[str]:
        lines: list[str] = []
        for message in _messages(document, "vertexes"):
            lines += self._take_vertex(message)
        for message in _messages(document, "statuses"):
            self._take_part(message)
        for message in _messages(document, "logs"):
            lines += self._take_log(message)
        return lines

    def _take_vertex(self, message: dict[str, Any]) -> list[str]:
        key, text = (_text(message, "digest"), ""), _text(message, "name")
        vertex = self._vertexes.get(key) or self._meet(key, text, read_name(text, self._target))
        if vertex.text != text and vertex.text.startswith(f"[{self._target} ") and not vertex.is_told:
            self._count(vertex, -1)
            vertex.text, vertex.name = text, read_name(text, self._target)  # the step belongs to another target
            self._count(vertex, +1)
        is_new = not vertex.began
        if not self._move(key, message, cached=message.get("cached") is True, error=_text(message, "error")):
            return []
        if vertex.name.exports:
            (self._exporting.discard if vertex.ended else self._exporting.add)(key[0])
        if vertex.failed:
            self._failed[key] = None
        return self._tell(vertex, is_new=is_new)

    def _tell(self, vertex: Vertex, *, is_new: bool) -> list[str]:
        title = f"=> {without_secrets(vertex.text)}"
        lines = [title] if is_new else []
        if vertex.ended:
            lines += vertex.flush()
        if vertex.cached:
            lines = [f"{title}: CACHED"]
        if vertex.error:
            lines.append(f"{title}: ERROR {without_secrets(vertex.error)}")
        return lines

    def _take_part(self, message: dict[str, Any]) -> None:
        key = (_text(message, "vertex"), _text(message, "id"))
        if key[0] not in self._exporting or key[1].startswith("sha256:") or not key[1]:
            return
        if key not in self._vertexes:
            self._meet(key, key[1], read_part(key[1])).is_part = True
        self._move(key, message)

    def _take_log(self, message: dict[str, Any]) -> list[str]:
        vertex = self._vertexes.get((_text(message, "vertex"), ""))
        try:
            data = base64.b64decode(_text(message, "data"))
        except ValueError:
            data = b""
        if vertex is None:
            return without_secrets(data.decode("utf-8", errors="replace")).splitlines()
        lines = vertex.write(data)
        if not lines or self._speaker == vertex.text:
            return lines
        self._speaker = vertex.text
        return [f"=> {without_secrets(vertex.text)}", *lines]

    def _meet(self, key: tuple[str, str], text: str, name: VertexName) -> Vertex:
        vertex = self._vertexes[key] = Vertex(text, name)
        self._count(vertex, +1)
        return vertex

    def _count(self, vertex: Vertex, times: int) -> None:
        if vertex.name.counts:
            self.total += times
            self.done += times * (vertex.ended > 0)
            self.cached += times * vertex.is_from_cache

    def _move(self, key: tuple[str, str], message: dict[str, Any], *, cached: bool = False, error: str = "") -> bool:
        began, ended = _seconds(_text(message, "started")), _seconds(_text(message, "completed"))
        vertex = self._vertexes[key]
        self._count(vertex, -1)
        is_news = vertex.move(began, ended, cached=cached, error=error)
        self._count(vertex, +1)
        if is_news:
            self._changed[key] = None
        return is_news

    def failure(self, status: int, log: str = "") -> Failure:
        """Return why the process failed, after it ended with this exit status.

        Args:
            status: the exit status; negative if a signal ended the process.
            log: path of the whole log.
        """
        ended = f"buildx was ended by signal {-status}" if status < 0 else f"buildx exited with {status}"
        words = self._last_words() or ended
        culprit = None if classify("", words).name == LOST else self._culprit(words)
        cause = culprit.error if culprit else words
        tail = tuple(_printable(line) for line in culprit.tail) if culprit else ()
        fault = classify(culprit.text if culprit else "", cause, "\n".join(tail))
        name = culprit.name if culprit else VertexName("")
        return Failure(
            cause=_printable(without_secrets(cause)) or ended,
            kind=fault.kind,
            platform=name.platform,
            stage=name.stage,
            step=name.words,
            line=self._location,
            tail=tail,
            log=log,
            fault=fault.name,
            transient=fault.transient,
            retry_after=stated_wait(cause) if fault.transient else 0.0,
        )

    def _culprit(self, words: str) -> Vertex | None:
        """Return the vertex that buildx's last message is about.

        Other vertexes may fail without harm, such as a cache import.
        """
        failed = [vertex for vertex in map(self._vertexes.__getitem__, self._failed) if vertex.failed]
        blamed = next((vertex for vertex in failed if without_secrets(vertex.error) in words), None)
        return blamed or next((vertex for vertex in failed if not vertex.text.startswith(_HARMLESS)), None)

    def _last_words(self) -> str:
        """Return the last message that begins with `ERROR:`, up to an empty line.

        Without one, return the last non-empty line.
        """
        words = list(self._words)
        starts = [number for number, line in enumerate(words) if line.startswith("ERROR: ")]
        if not starts:
            return next((line for line in reversed(words) if line.strip()), "")
        lines = takewhile(lambda line: line.strip() and not line.startswith(_ADVERT), words[starts[-1] :])
        return "\n".join(lines).removeprefix("ERROR: ").strip()


_ADVERT = "View build details: "
_HARMLESS = ("importing cache manifest from ", "[auth] ")
_RULER = re.compile(r"-{5,}")
_LOCATION = re.compile(r"\S.*:\d+")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _printable(text: str) -> str:
    """Return the text without characters that move a terminal's cursor or change its colours."""
    return _ESCAPES.sub("", text)


def _parse(text: str) -> dict[str, Any] | None:
    try:
        document = from_json(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _messages(document: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    messages = document.get(key)
    return (message for message in messages if isinstance(message, dict)) if isinstance(messages, list) else iter(())


def _text(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    return value if isinstance(value, str) else ""


def _seconds(text: str) -> float:
    """Return seconds since the epoch, from RFC 3339 with nanoseconds; 0 for any other text."""
    if not text:
        return 0.0
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0.0
