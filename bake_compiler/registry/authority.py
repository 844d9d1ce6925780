"""Gets the passwords and tokens that a registry asks for, and renews tokens before they expire.

Source: distribution, "Token Authentication Specification" and "OAuth2 Token Authentication".
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from bake_compiler.errors import AccessError, NotFoundError
from bake_compiler.registry.address import is_private, may_follow, same_host, shown
from bake_compiler.registry.ask import Answer, Ask
from bake_compiler.registry.challenge import Challenge, preferred
from bake_compiler.registry.credentials import Credential, Credentials
from bake_compiler.registry.exchange import Authorization, Exchange
from bake_compiler.registry.refusal import RefusedError, request_words, short_words
from bake_compiler.registry.transport import NoAnswerError

_CLIENT = "bakec"
_LARGEST_TOKEN_ANSWER = 256 * 1024
_DENIALS = (AccessError, NotFoundError)
_LIFETIME = 60.0  # seconds, for a token without a stated lifetime
_LONGEST_LIFETIME = 86_400
_SAFE = re.compile(r"[!-~]+")
_USED = 0.9  # the part of its lifetime after which a token is renewed


@dataclass(frozen=True, slots=True)
class _Pass:
    """An authorization, and the time when it expires."""

    authorization: Authorization
    until: float


class Authority:
    """Gets and keeps one token for each registry and scope, also if many questions wait for the same token.

    Args:
        exchange: sends the questions to the realm; it adds no credentials.
        credentials: the user's credentials; None: ask anonymously.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, exchange: Exchange, credentials: Credentials | None, clock: Callable[[], float]) -> None:
        self._exchange = exchange
        self._credentials = credentials
        self._clock = clock
        self._challenges: dict[str, Challenge] = {}
        self._passes: dict[tuple[str, str], asyncio.Task[_Pass | None]] = {}

    async def authorization(self, ask: Ask) -> Authorization | None:
        """Return the authorization for a first attempt: the kind that the registry wanted for the last question.

        Raises:
            RefusedError, AccessError: the realm gives no token.
        """
        challenge = self._challenges.get(ask.registry) if ask.scope else None
        if challenge is None:
            return None
        return await self._pass(ask, challenge, None)

    async def renewed(self, ask: Ask, sent: Authorization | None, headers: Mapping[str, str]) -> Authorization | None:
        """Return the authorization after a 401; None if bakec has no better one.

        Raises:
            RefusedError, AccessError: the realm gives no token.
        """
        challenge = preferred(headers.get("WWW-Authenticate", "")) if ask.scope else None
        if challenge is None:
            return None
        if _covers(ask.scope, challenge.scope):
            challenge = challenge.for_any_scope()
        if not challenge.scope.startswith("repository:"):
            self._challenges[ask.registry] = challenge
        better = await self._pass(ask, challenge, sent)
        return better if better != sent else None

    async def _pass(self, ask: Ask, challenge: Challenge, stale: Authorization | None) -> Authorization | None:
        key = (ask.registry, ask.scope if challenge.scheme == "bearer" else "")
        task = self._passes.get(key)
        if task is None or (task.done() and self._is_spent(task, stale)):
            task = self._passes[key] = asyncio.ensure_future(self._get(ask, challenge))
        found = task.result() if task.done() else await asyncio.shield(task)
        return found.authorization if found else None

    def _is_spent(self, task: asyncio.Task[_Pass | None], stale: Authorization | None) -> bool:
        if task.cancelled() or task.exception():
            return True
        found = task.result()
        return found is not None and (found.authorization == stale or found.until <= self._clock())

    async def _get(self, ask: Ask, challenge: Challenge) -> _Pass | None:
        who = await self._credentials.find(ask.registry) if self._credentials else None
        if challenge.scheme == "bearer":
            return await self._token(ask, challenge, who)
        if who is None or who.identity_token:
            return None
        _check_private(ask, ask.url)
        return _Pass(Authorization(_basic(who)), float("inf"))

    async def _token(self, ask: Ask, challenge: Challenge, who: Credential | None) -> _Pass:
        if not may_follow(ask.url, challenge.realm):
            raise AccessError(
                f"{request_words(ask)}: names {short_words(shown(challenge.realm))} as the place to get tokens",
                hint="bakec gets tokens over https, or from loopback for loopback",
            )
        if who:
            _check_private(ask, challenge.realm)
        asked_at = self._clock()
        question = _question(ask, challenge, who)
        try:
            answer = await self._exchange.ask(question)
        except RefusedError as refused:
            if isinstance(refused.error.__cause__, NoAnswerError) or not isinstance(refused.error, _DENIALS):
                raise
            anew = "these credentials were refused: log in anew with" if who else "log in with"
            raise AccessError(refused.error.message, hint=f"{anew} `docker login {ask.registry}`") from refused
        token, lifetime = _read_token(answer)
        return _Pass(Authorization(f"Bearer {token}", anonymous=who is None), asked_at + lifetime * _USED)


def _covers(wanted: str, challenged: str) -> bool:
    """Whether a token for the wanted scopes (maybe of several repositories) allows what a challenge asks for."""
    scopes = [scope.rpartition(":") for scope in wanted.split()]
    return all(
        any(place == own and {*actions.split(",")} <= {*may.split(",")} for own, _, may in scopes)
        for place, _, actions in (scope.rpartition(":") for scope in challenged.split())
    )


def _question(ask: Ask, challenge: Challenge, who: Credential | None) -> Ask:
    realm = urlsplit(challenge.realm)
    scopes = (challenge.scope or ask.scope).split()
    onward = not same_host(ask.url, challenge.realm)
    wanted = [("service", challenge.service)] if challenge.service else []
    if who and who.identity_token:
        form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", who.identity_token),
            ("client_id", _CLIENT),
            *wanted,
            ("scope", " ".join(scopes)),
        ]
        url = urlunsplit(realm._replace(fragment=""))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode(form).encode()
        return Ask("POST", url, headers, content, ask.registry, limit=_LARGEST_TOKEN_ANSWER, onward=onward)
    wanted += [("scope", scope) for scope in scopes]
    if who:
        wanted += [("account", who.username), ("client_id", _CLIENT)]
    query = urlencode([*parse_qsl(realm.query, keep_blank_values=True), *wanted])
    url = urlunsplit(realm._replace(query=query, fragment=""))
    headers = {"Authorization": _basic(who)} if who else {}
    return Ask("GET", url, headers, None, ask.registry, limit=_LARGEST_TOKEN_ANSWER, onward=onward)


def _read_token(answer: Answer) -> tuple[str, float]:
    """Return the token and its lifetime in seconds, or raise AccessError."""
    try:
        said = json.loads(answer.content)
        token = str(said.get("token") or said.get("access_token") or "")
        lifetime = said.get("expires_in")
    except (ValueError, AttributeError, RecursionError):
        token, lifetime = "", None
    if not _SAFE.fullmatch(token):
        raise AccessError(
            f"{request_words(answer.ask)}: answered without a token",
            hint="is this the realm of a registry? ask its owner",
        )
    sound = isinstance(lifetime, int | float) and lifetime > 0
    return token, float(min(lifetime, _LONGEST_LIFETIME)) if sound else _LIFETIME


def _check_private(ask: Ask, url: str) -> None:
    if not is_private(url):
        raise AccessError(
            f"{request_words(ask)}: wants credentials, and bakec sends no credentials over plain http",
            hint="serve the registry over https",
        )


def _basic(who: Credential) -> str:
    pair = base64.b64encode(f"{who.username}:{who.password}".encode()).decode()
    return f"Basic {pair}"
