"""What a registry's refusal means: httpx exceptions and HTTP statuses as bakec's own errors."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.registry.address import registry_of, shown
from bake_compiler.registry.exchange import Answer, Ask
from bake_compiler.registry.retry import retry_after

FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError)

_LONGEST_WORDS = 200
_TRANSIENT = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "log in with `docker login {host}`",
    HTTPStatus.FORBIDDEN: "these credentials lack the right; ask the owner of the repository for it",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "the proxy wants credentials: see HTTPS_PROXY",
    HTTPStatus.NOT_FOUND: "it was never pushed there, or was deleted",
    HTTPStatus.TOO_MANY_REQUESTS: "the registry limits requests: wait, log in, or run fewer at once",
}
_FAILING = "the registry itself fails: look at its log, or try again later"
_REFUSING = "look at the registry's log for why it refuses this"
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED})


class WrongContentError(RegistryError):
    """The registry answered with other bytes than their digest says."""


@dataclass(frozen=True)
class Refusal:
    """An answer that is not the one asked for.

    Attributes:
        error: as bakec says it.
        transient: whether the same question may be answered later.
        pause: seconds that the registry wants to be left alone, if it said so.
    """

    error: RegistryError
    transient: bool = False
    pause: float | None = None

    @property
    def missing(self) -> bool:
        """Whether the registry says that it has no such thing."""
        return isinstance(self.error, NotFoundError)


def from_answer(answer: Answer) -> Refusal | None:
    """The refusal that an answer's status stands for; None if it is none."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    failing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    hint = _HINTS.get(answer.status, _FAILING if failing else _REFUSING)
    error = _kind(answer.status)(_message(answer), hint=hint.format(host=registry_of(answer.ask.url)))
    busy = failing or answer.status == HTTPStatus.TOO_MANY_REQUESTS
    return Refusal(error, transient=busy, pause=retry_after(answer.headers))


def from_exception(error: Exception, ask: Ask) -> Refusal:
    """The refusal that an exception of httpx stands for."""
    text, hint = _explain(error)
    detail = f" ({_printable(str(error))})" if str(error) else ""
    kind = AccessError if _is_tls_refusal(error) else RegistryError
    explained = kind(f"{ask.method} {_shown(ask.url)}: {text}{detail}", hint=hint)
    explained.__cause__ = error
    return Refusal(explained, transient=isinstance(error, _TRANSIENT) and not _is_tls_refusal(error))


def _explain(error: Exception) -> tuple[str, str]:
    if _is_tls_refusal(error):
        return (
            "no trusted TLS connection",
            "plain http is for loopback only; trust its certificate: SSL_CERT_FILE",
        )
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time", "the registry, or a proxy before it, is slow or unreachable"
    if isinstance(error, httpx.NetworkError):
        return "no connection", "is the registry running, and its name right? `bakec doctor` looks"
    return "no sound HTTP answer", "is this host a registry? `bakec doctor` looks"


def _kind(status: int) -> type[RegistryError]:
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError
    return AccessError if status in _DENIED else RegistryError


def _message(answer: Answer) -> str:
    status = f"{answer.status} {httpx.codes.get_reason_phrase(answer.status)}".rstrip()
    words = _words(answer.content)
    return f"{answer.ask.method} {_shown(answer.ask.url)}: {status}{f' ({words})' if words else ''}"


def _words(content: bytes) -> str:
    """What the registry itself says (distribution-spec v1.1, "Error codes"), if it does as the spec says."""
    try:
        first = json.loads(content)["errors"][0]
        words = f"{first.get('code', '')}: {first.get('message', '')}"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    return _printable(words)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_WORDS]).strip(": ")


def _shown(url: str) -> str:
    try:
        return shown(url)
    except httpx.InvalidURL:
        return url.partition("?")[0]


def _is_tls_refusal(error: BaseException | None) -> bool:
    """Whether TLS itself said no somewhere below; a connection that was merely cut did not."""
    if isinstance(error, ssl.SSLError):
        return not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return error is not None and _is_tls_refusal(error.__cause__ or error.__context__)
