"""Reads the challenges of a 401 answer (RFC 9110 section 11.6.1; distribution, "Token Authentication")."""

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
    """One scheme with its parameters. The scheme and the names of parameters are in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """The URL that gives tokens."""
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        """The service that the token is for."""
        return self.parameters.get("service", "")

    @property
    def scope(self) -> str:
        """The actions that the token must allow."""
        return self.parameters.get("scope", "")

    def for_any_scope(self) -> "Challenge":
        """Return the same challenge without a scope."""
        return Challenge(self.scheme, {name: value for name, value in self.parameters.items() if name != "scope"})


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Return the challenges of a `WWW-Authenticate` header, in order. Invalid parts are ignored."""
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
    """Return the challenge that bakec can answer: with a token if possible, otherwise with a password."""
    challenges = parse_challenges(header)
    bearers = (each for each in challenges if each.scheme == "bearer" and each.realm)
    basics = (each for each in challenges if each.scheme == "basic")
    return next(bearers, None) or next(basics, None)
