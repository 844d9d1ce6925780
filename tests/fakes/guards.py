"""Who may ask a fake registry what: passwords and tokens, as distribution's `auth: htpasswd` and `auth: token` do."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}


@dataclass
class Basic:
    """Each request needs a user and a password.

    Attributes:
        users: name → password.
    """

    users: Mapping[str, str]

    def refusal(self, method: str, repository: str, authorization: str, place: str) -> str | None:
        """The `WWW-Authenticate` of a 401; None: come in."""
        del method, repository, place
        return None if user_of(authorization, self.users) else 'Basic realm="fake"'


@dataclass
class Tokens:
    """Each request needs a token of its own scope, to be had at `/token`.

    Attributes:
        users: name → password.
        identity_tokens: token → name.
        public: repositories that anybody may pull from.
        lifetime: seconds of a token.
        states_lifetime: whether an answer says so.
        key: the member of the answer that holds the token.
        realm: where tokens are to be had; the registry's own `/token` unless told.
        scheme: the challenge; a format of `{realm}` and `{scope}`.
        clock: seconds that pass.
        issued: token → scope and the second of its end.
        given: scopes, in the order of asking.
    """

    users: Mapping[str, str] = field(default_factory=dict)
    identity_tokens: Mapping[str, str] = field(default_factory=dict)
    public: frozenset[str] = frozenset()
    lifetime: float = 300.0
    states_lifetime: bool = True
    key: str = "token"
    realm: str = ""
    scheme: str = 'Bearer realm="{realm}",service="fake, registry",scope="{scope}"'
    clock: Callable[[], float] = lambda: 0.0
    issued: dict[str, tuple[str, float]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    def refusal(self, method: str, repository: str, authorization: str, place: str) -> str | None:
        """The `WWW-Authenticate` of a 401; None: come in."""
        scope = f"repository:{repository}:{_ACTIONS.get(method, 'pull,push')}" if repository else ""
        granted, until = self.issued.get(authorization.removeprefix("Bearer "), ("", -1.0))
        if self.clock() < until and _covers(granted, scope):
            return None
        return self.scheme.format(realm=self.realm or f"{place}/token", scope=scope)

    def answer(self, query: Mapping[str, str], form: bytes, authorization: str) -> tuple[int, bytes]:
        """The status and body of a question for a token."""
        fields = dict(parse_qsl(form.decode())) or query
        user = self.identity_tokens.get(fields.get("refresh_token", "")) or user_of(authorization, self.users)
        scope = fields.get("scope", "")
        if (authorization or "refresh_token" in fields) and not user:
            return 401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "wrong user or password"}]}'
        public = scope.rpartition(":")[0].removeprefix("repository:") in self.public and scope.endswith(":pull")
        token = uuid.uuid4().hex
        self.issued[token] = (scope if user or public else "nothing", self.clock() + self.lifetime)
        self.given.append(scope)
        lifetime = {"expires_in": self.lifetime} if self.states_lifetime else {}
        return 200, json.dumps({self.key: token, **lifetime}).encode()


Guard = Basic | Tokens


def user_of(authorization: str, users: Mapping[str, str]) -> str:
    """Who sent a Basic `Authorization`; empty: nobody that is known."""
    kind, _, pair = authorization.partition(" ")
    if kind != "Basic":
        return ""
    name, _, password = base64.b64decode(pair).decode().partition(":")
    return name if users.get(name) == password else ""


def _covers(granted: str, wanted: str) -> bool:
    where, _, needed = wanted.rpartition(":")
    given = (each.rpartition(":") for each in granted.split())
    return not wanted or any(
        place == where and set(needed.split(",")) <= set(can.split(",")) for place, _, can in given
    )
