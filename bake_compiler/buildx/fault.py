"""Classes of build failures. The class says whether a retry may help."""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Example:
    """A message of a class that has no recording in tests/unit/buildx/recorded, and the source of the message."""

    words: str
    source: str
    vertex: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A class of failures: a row of FAULTS. Patterns are regular expressions; one match is enough.

    Attributes:
        name: the name of the class.
        text: patterns of BuildKit's or buildx's message.
        vertex: pattern of the name of the vertex that failed; a failure without a vertex has the name "".
        output: pattern of a line that the step printed.
        transient: whether a retry may help.
        kind: who is to blame: `build` or `registry`.
        examples: messages that must be classified as this row.
    """

    name: str
    text: tuple[str, ...]
    vertex: str = ""
    output: str = ""
    transient: bool = False
    kind: Literal["build", "registry"] = "build"
    examples: tuple[Example, ...] = ()

    def fits(self, vertex: str, words: str, output: str = "") -> bool:
        """Whether the vertex, the message and the output match this class."""
        return (
            any(re.search(pattern, words) for pattern in self.text)
            and re.search(self.vertex, vertex) is not None
            and re.search(self.output, output, re.MULTILINE) is not None
        )


def bare(words: str) -> str:
    """Return BuildKit's message without the author's words: the command line of a RUN, and URL queries."""
    return _COMMAND.sub("process did not complete successfully", without_secrets(words))


def stated_wait(words: str) -> float:
    """Return the seconds that the other side asked to wait; 0 if it did not ask.

    Registries write `Retry-After: 7`, `retry after 1m30s` or `retry-after: 452.3µs, allowed: 44000/minute`.
    """
    found = _RETRY_AFTER.search(words)
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(found["wait"])) if found else 0.0


def without_secrets(text: str) -> str:
    """Return the text without the secret parts of URLs: the query, which may be a signature, and the user."""
    return _URL.sub(_public, text) if "://" in text else text


def _public(url: re.Match[str]) -> str:
    place, mark, query = _USER.sub("://", url[0]).partition("?")
    after = query[-1:] if query.endswith((":", ".", ",", ";")) else ""
    return f"{place}?…{after}" if mark else place


# A message may have any length, so each pattern reads a text once, without backtracking.
# The text as Go quotes it, also if it was cut. The second form is from BuildKit before 0.10.
_COMMAND = re.compile(
    r'process "(?:[^"\\]|\\.)*+(?:" did not complete successfully|\\?"?\Z)|executor failed running \[(?:.*\]|.*)',
    re.DOTALL,
)
_URL = re.compile(r"[A-Za-z0-9+.-]://[^\s\"']+")
_USER = re.compile(r"://[^/?#]*@")
_NUMBER, _UNIT = r"\d{1,9}(?:\.\d{1,9})?", r"(?:ns|µs|us|ms|s|m|h)"
_RETRY_AFTER = re.compile(rf"retry[- ]after:?\s+(?P<wait>(?:{_NUMBER}{_UNIT})+|{_NUMBER})", re.IGNORECASE)
_DURATION = re.compile(rf"({_NUMBER})({_UNIT}?)")
_UNITS = {"": 1.0, "ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
