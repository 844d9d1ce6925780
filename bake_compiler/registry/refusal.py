"""Turns a registry's refusal (an HTTP status, or no answer) into bakec's errors."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.registry.address import shown
from bake_compiler.registry.ask import Answer, Ask
from bake_compiler.registry.retry import retry_after
from bake_compiler.registry.transport import NoAnswerError, Reason

_LONGEST_WORDS = 200
_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "these credentials are wrong, or lack the right; log in anew: `docker login {host}`",
    HTTPStatus.FORBIDDEN: "these credentials lack the right: get it, or log in with others, `docker login {host}`",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "the proxy wants credentials: see HTTPS_PROXY",
    HTTPStatus.NOT_FOUND: "it was never pushed there, or was deleted",
    HTTPStatus.TOO_MANY_REQUESTS: "the registry limits requests: wait, log in, or run fewer at once",
}
_ANONYMOUS_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "log in with `docker login {host}`; some registries say so of what does not exist, too",
    HTTPStatus.FORBIDDEN: "log in with `docker login {host}`: this was asked without credentials",
    HTTPStatus.NOT_FOUND: "it was never pushed there, or was deleted, or is private: `docker login {host}`",
}
_FAILING = "the registry itself fails: look at its log, or try again later"
_REFUSING = "look at the registry's log for why it refuses this"
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED})


class WrongContentError(RegistryError):
    """The registry answered with bytes that have another digest."""


class LimitError(RegistryError):
    """The registry sent more bytes than bakec reads, or was slower than bakec waits."""


_NO_ANSWER: Mapping[Reason, tuple[type[RegistryError], str]] = {
    Reason.TIMEOUT: (RegistryError, "the registry, or a proxy before it, is slow or unreachable"),
    Reason.CONNECTION: (RegistryError, "is the registry running, and its name right? `bakec doctor` looks"),
    Reason.NAME: (RegistryError, "is the name of the registry right? else look at the machine's DNS"),
    Reason.TLS: (AccessError, "trust its certificate: SSL_CERT_FILE, or Docker's certs.d/{host}/ca.crt"),
    Reason.PROXY: (AccessError, "see HTTPS_PROXY, or name the host in NO_PROXY"),
    Reason.OFF_LIMITS: (RegistryError, "no sound registry sends its clients there: don't use it"),
    Reason.TOO_MUCH: (LimitError, "this is not what a registry answers"),
    Reason.PROTOCOL: (RegistryError, "is this host a registry? `bakec doctor` looks"),
}
_CLIENT_CERTIFICATE = "show it a certificate of yours: client.cert and client.key in Docker's certs.d/{host}"
_NEW_CERTIFICATE = "give the registry a new certificate; or set this machine's clock, if it is wrong"
_NO_TLS = "it speaks plain http: `--insecure {host}`, and `insecure-registries` in daemon.json for the engine"
_TLS_HINTS: Mapping[str, str] = {  # by OpenSSL's words; otherwise the certificate's authority is not trusted
    "mismatch": "name the registry as its certificate does, or give it a certificate for this name",
    "has expired": _NEW_CERTIFICATE,
    "not yet valid": _NEW_CERTIFICATE,
    "ALERT_CERTIFICATE_REQUIRED": _CLIENT_CERTIFICATE,
    "ALERT_BAD_CERTIFICATE": _CLIENT_CERTIFICATE,
    "ALERT_HANDSHAKE_FAILURE": _CLIENT_CERTIFICATE,
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
}


class RefusedError(Exception):
    """A refusal. This exception never leaves the package.

    Attributes:
        error: bakec's error.
        transient: whether the same question may succeed later.
        pause: seconds that the registry asks bakec to wait, if it does.
    """

    def __init__(self, error: RegistryError, *, transient: bool = False, pause: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.transient = transient
        self.pause = pause

    @property
    def missing(self) -> bool:
        """Whether the registry answered that it has no such content."""
        return isinstance(self.error, NotFoundError)


def from_answer(answer: Answer) -> RefusedError | None:
    """Return the refusal that an answer's status means; None if the answer is not a refusal."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES or answer.status in answer.ask.takes:
        return None
    return refusal_of(answer)


def refusal_of(answer: Answer) -> RefusedError:
    """Return the refusal that an answer's status means."""
    failing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    hint = _HINTS.get(answer.status, _FAILING if failing else _REFUSING)
    if answer.anonymous:
        hint = _ANONYMOUS_HINTS.get(answer.status, hint)
    error = _kind(answer.status)(_message(answer), hint=hint.format(host=answer.ask.registry))
    busy = failing or answer.status == HTTPStatus.TOO_MANY_REQUESTS
    return RefusedError(error, transient=busy, pause=retry_after(answer.headers))


def from_no_answer(error: NoAnswerError, ask: Ask) -> RefusedError:
    """Return the refusal for a question without an answer."""
    detail = f" ({short_words(str(error))})" if str(error) else ""
    kind, hint = _NO_ANSWER[error.reason]
    if error.reason is Reason.TLS:
        hint = next((better for words, better in _TLS_HINTS.items() if words in str(error)), hint)
    explained = kind(f"{request_words(ask)}: {error.reason}{detail}", hint=hint.format(host=ask.registry))
    explained.__cause__ = error
    return RefusedError(explained, transient=error.passing)


def request_words(ask: Ask) -> str:
    """Return the method and URL of a question, for a person."""
    return f"{ask.method} {shown(ask.url)}"


def short_words(text: str) -> str:
    """Return a registry's text, shortened and safe for a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_WORDS]).strip(": ")


def _kind(status: int) -> type[RegistryError]:
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError
    return AccessError if status in _DENIED else RegistryError


def _message(answer: Answer) -> str:
    words = _words(answer.content)
    return f"{request_words(answer.ask)}: {answer.status}{_phrase(answer.status)}{f' ({words})' if words else ''}"


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _words(content: bytes) -> str:
    """Return the registry's own code and message (distribution-spec v1.1, "Error codes"); empty if it has none."""
    try:
        first = json.loads(content)["errors"][0]
        words = f"{first.get('code', '')}: {first.get('message', '')}"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
    return short_words(words)
