"""What one bake process says of itself, line by line.

Source: BuildKit's client/graph.go (SolveStatus) for `--progress rawjson`.
"""

import base64
import re
from collections import deque
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bake_compiler.buildx.failure import Failure
from bake_compiler.oci.platform import Platform

TAIL_LINES = 20


class _Vertex(BaseModel):
    model_config = ConfigDict(extra="ignore")

    digest: str
    name: str = ""
    error: str = ""


class _Log(BaseModel):
    model_config = ConfigDict(extra="ignore")

    vertex: str
    data: str = ""


class _Status(BaseModel):
    model_config = ConfigDict(extra="ignore")

    vertexes: list[_Vertex] = Field(default_factory=list)
    logs: list[_Log] = Field(default_factory=list)


@dataclass
class Progress:
    """What one bake process said, line by line; keeps only what a report needs."""

    names: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    tails: dict[str, deque[str]] = field(default_factory=dict)
    words: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    def read(self, line: str) -> list[str]:
        """Take one line of output; returns it as the lines of a log that a person can read."""
        if not line.startswith("{"):
            self.words.append(line)
            return [line]
        try:
            status = _Status.model_validate_json(line)
        except ValidationError:
            self.words.append(line)
            return [line]
        return [*self._read_vertexes(status), *self._read_logs(status)]

    def _read_vertexes(self, status: _Status) -> list[str]:
        lines = []
        for vertex in status.vertexes:
            if vertex.digest not in self.names:
                self.names[vertex.digest] = vertex.name
                lines.append(f"=> {vertex.name}")
            if vertex.error and vertex.digest not in self.errors:
                self.errors[vertex.digest] = vertex.error
                lines.append(f"=> {vertex.name}: ERROR {vertex.error}")
        return lines

    def _read_logs(self, status: _Status) -> list[str]:
        lines = []
        for log in status.logs:
            text = base64.b64decode(log.data).decode("utf-8", errors="replace").splitlines()
            self.tails.setdefault(log.vertex, deque(maxlen=TAIL_LINES)).extend(text)
            lines += text
        return lines

    def failure(self, status: int, log: str = "") -> Failure:
        """Why it failed, once the process ended with this exit status."""
        culprit = next((vertex for vertex, error in self.errors.items() if "context canceled" not in error), "")
        where = _VERTEX.match(self.names.get(culprit, ""))
        cause = self.errors.get(culprit) or self._last_word() or f"buildx exited with {status}"
        pushed = "failed to push" in cause or self.names.get(culprit, "").startswith(("exporting", "pushing"))
        return Failure(
            cause=cause.removeprefix("ERROR: "),
            kind="registry" if pushed else "build",
            platform=_platform(where["platform"]) if where and where["platform"] else None,
            stage=(where["stage"] or "") if where else "",
            step=self.names[culprit][where.end() :].strip() if where else self.names.get(culprit, ""),
            line=next((word for word in self.words if _LOCATION.fullmatch(word)), ""),
            tail=tuple(self.tails.get(culprit, ())),
            log=log,
        )

    def _last_word(self) -> str:
        return next((word for word in reversed(self.words) if word.startswith("ERROR")), "") or next(
            (word for word in reversed(self.words) if word.strip()), ""
        )


# `[linux/arm64 build 3/5] RUN …`; cross-built `[linux/amd64->arm64 build 3/5]`; several targets `[web linux/arm64 …]`.
_VERTEX = re.compile(
    r"\[(?:[a-zA-Z0-9_-]+ )??(?P<platform>[a-z]+/[a-z0-9/]+(?:->[a-z0-9/]+)?)? ?(?P<stage>[^\s\]]+)? ?\d+/\d+\]"
)
_LOCATION = re.compile(r"[^\s:]+:\d+")


def _platform(text: str) -> Platform | None:
    try:
        return Platform.parse(text.rpartition("->")[2])
    except ValueError:
        return None
