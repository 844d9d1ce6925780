"""What a registry wants to see before it answers (RFC 9110 section 11.6.1; distribution, "Token Authentication")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))', re.DOTALL)
_SCHEME = re.compile(rf"({_WORD})(?=[\s,]|$)")
_BETWEEN = re.compile(r"[\s,]*")
_JUNK = re.compile(r"[^\s,]+")


@dataclass(frozen=True)
class Challenge:
    """One scheme, in lower case, with its parameters; their names are in lower case too."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """Where a token is to be had."""
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        """Whom the token is for."""
        return self.parameters.get("service", "")

    @property
    def scope(self) -> str:
        """What the token must allow."""
        return self.parameters.get("scope", "")

    def for_any_scope(self) -> "Challenge":
        """The same, for questions of whatever scope."""
        return Challenge(self.scheme, {name: value for name, value in self.parameters.items() if name != "scope"})


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Every challenge of a `WWW-Authenticate`, in order; what is none is passed over."""
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(header):
        if match := _BETWEEN.match(header, at):
            at = match.end()
        if match := _PARAMETER.match(header, at):
            if found:
                name, quoted, bare = match.groups()
                value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else bare
                found[-1][1].setdefault(name.lower(), value)
        elif match := _SCHEME.match(header, at):
            found.append((match[1].lower(), {}))
        elif not (match := _JUNK.match(header, at)):
            break
        at = match.end()
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def preferred(header: str) -> Challenge | None:
    """The challenge that bakec can meet: a token if there is a choice, else a password."""
    challenges = parse_challenges(header)
    bearers = (each for each in challenges if each.scheme == "bearer" and each.realm)
    basics = (each for each in challenges if each.scheme == "basic")
    return next(bearers, None) or next(basics, None)
