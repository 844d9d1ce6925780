"""Which class a failure belongs to, and so whether another attempt may mend it."""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Example:
    """Words of a class that no recording in tests/unit/buildx/recorded has, and where they were found."""

    words: str
    source: str
    vertex: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A class of failures: a row of FAULTS. Patterns are regular expressions, and one that is found is enough.

    Attributes:
        name: of the class.
        text: what BuildKit's or buildx's words look like.
        vertex: what it was doing; a failure without a vertex was doing "".
        output: what a line that the step wrote looks like.
        transient: another attempt may help.
        kind: whose it is.
        examples: each must be found to be of this row.
    """

    name: str
    text: tuple[str, ...]
    vertex: str = ""
    output: str = ""
    transient: bool = False
    kind: Literal["build", "registry"] = "build"
    examples: tuple[Example, ...] = ()

    def fits(self, vertex: str, words: str, output: str = "") -> bool:
        """Whether all of these look like it."""
        return (
            any(re.search(pattern, words) for pattern in self.text)
            and re.search(self.vertex, vertex) is not None
            and re.search(self.output, output, re.MULTILINE) is not None
        )


def bare(words: str) -> str:
    """BuildKit's words without the command line of a RUN and without URL queries: nothing in them is the author's."""
    return _COMMAND.sub("process did not complete successfully", without_secrets(words))


def stated_wait(words: str) -> float:
    """Seconds that the other side asked to wait; 0 when it did not say.

    Registries write `Retry-After: 7`, `retry after 1m30s` or `retry-after: 452.3µs, allowed: 44000/minute`.
    """
    found = _RETRY_AFTER.search(words)
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(found["wait"])) if found else 0.0


def without_secrets(text: str) -> str:
    """The text without what a URL may give away: its query, which may be signed, and its user."""
    return _URL.sub(_public, text) if "://" in text else text


def _public(url: re.Match[str]) -> str:
    place, mark, query = _USER.sub("://", url[0]).partition("?")
    after = query[-1:] if query.endswith((":", ".", ",", ";")) else ""
    return f"{place}?…{after}" if mark else place


# Texts of others may be of any length: each pattern reads a text once, and none tries again from within what it read.
# As Go quotes it, also when it was cut short; the second form is of BuildKit before 0.10.
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
