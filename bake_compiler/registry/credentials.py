"""The user's credentials at a registry, as `docker login` stored them.

Source: docker/cli, cli/config/configfile/file.go and cli/config/credentials; docker-credential-helpers, "Development".
"""

import asyncio
import base64
import json
import os
import re
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bake_compiler.errors import AccessError
from bake_compiler.registry.quirks import quirks_of, without_alias

Helper = Callable[[str, str], Awaitable[tuple[int, str]]]
"""Asks a credential helper (name, server), and returns its exit status and output."""

_IDENTITY_TOKEN = "<token>"  # noqa: S105 - the user name that marks an identity token
_NOT_FOUND = "credentials not found"
_HELPER_SECONDS = 30.0
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password, or an identity token. An identity token is sent only to the realm, to get tokens."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class Credentials(Protocol):
    """A source of credentials."""

    async def find(self, registry: str) -> Credential | None:
        """Return the credentials for a registry, as in a reference; None if there are none.

        Raises:
            AccessError: there are credentials, and they can't be read.
        """


def _absent_is_empty(value: Any) -> Any:
    return {} if value is None else value


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")

    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""

    def credential(self) -> Credential | None:
        """Return the credentials of the entry.

        Raises:
            ValueError: `auth` is not base64 of USER:PASSWORD.
        """
        username, password = self.username, self.password
        if self.auth:
            username, colon, password = base64.b64decode(self.auth).decode().partition(":")
            if not colon:
                raise ValueError("auth is not base64 of USER:PASSWORD")
            password = password.rstrip("\0")
        if self.identitytoken:
            return Credential(identity_token=self.identitytoken)
        return Credential(username, password) if username else None


class _Config(BaseModel):
    model_config = ConfigDict(extra="ignore")

    auths: Annotated[dict[str, _Entry], BeforeValidator(_absent_is_empty)] = Field(default_factory=dict)
    creds_store: str = Field(default="", alias="credsStore")
    cred_helpers: Annotated[dict[str, str], BeforeValidator(_absent_is_empty)] = Field(
        default_factory=dict, alias="credHelpers"
    )


class DockerConfig:
    """The credentials in a `config.json`, and in the helpers that it names. The file is read at the first question.

    Args:
        file: the config.json; without this file there are no credentials.
        helper: asks a credential helper.
    """

    def __init__(self, file: Path, helper: Helper) -> None:
        self._file = file
        self._helper = helper
        self._config: _Config | None = None

    async def find(self, registry: str) -> Credential | None:
        """Return the credentials for a registry: from the registry's helper, else from the store, else from the file.

        Raises:
            AccessError: the file can't be read, or a helper fails.
        """
        if self._config is None:
            self._config = self._read()
        config = self._config
        own = next((name for server, name in config.cred_helpers.items() if _host(server) == registry), "")
        if helper := own or config.creds_store:
            found = await self._ask(helper, registry)
            if found:
                return found
        entry = config.auths.get(_server(registry)) or next(
            (entry for server, entry in config.auths.items() if _host(server) == registry), None
        )
        try:
            return entry.credential() if entry else None
        except ValueError as error:
            raise self._unreadable(f"the entry of {registry} is damaged", registry) from error

    def _read(self) -> _Config:
        try:
            return _Config.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return _Config()
        except OSError as error:
            raise self._unreadable(error.strerror or "it can't be read") from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise self._unreadable(": ".join(filter(None, (where, first["type"])))) from None

    def _unreadable(self, what: str, registry: str = "") -> AccessError:
        login = f"docker login {registry}".rstrip()
        return AccessError(f"{self._file}: {what}", hint=f"fix the file, or log in again: `{login}`")

    async def _ask(self, name: str, registry: str) -> Credential | None:
        if not _HELPER_NAME.fullmatch(name):
            raise self._unreadable(f"{name!r} is not the name of a credential helper")
        status, text = await self._helper(name, _server(registry))
        if status and _NOT_FOUND in text:
            return None
        try:
            said = json.loads("null" if status else text)
            username, secret = str(said["Username"]), str(said["Secret"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise AccessError(
                f"docker-credential-{name} returns no credentials for {registry} (exit status {status})",
                hint=f"try it: `echo {_server(registry)} | docker-credential-{name} get`, or `docker login {registry}`",
            ) from None
        if username == _IDENTITY_TOKEN:
            return Credential(identity_token=secret)
        return Credential(username, secret) if username or secret else None


def real_helper(environ: Mapping[str, str], seconds: float = _HELPER_SECONDS) -> Helper:
    """Return a function that runs `docker-credential-NAME get`, as docker does, with a limit of time in seconds."""

    async def ask(name: str, server: str) -> tuple[int, str]:
        program = f"docker-credential-{name}"
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                "get",
                env=dict(environ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise AccessError(
                f"{program} can't be started: {error.strerror}",
                hint="docker's config.json names this helper: install it, or remove the entry and log in again",
            ) from error
        try:
            async with asyncio.timeout(seconds):
                out, _ = await process.communicate(server.encode())
        except TimeoutError as error:
            raise AccessError(
                f"{program} does not answer within {seconds:g} s", hint="does it wait for input? unlock its store"
            ) from error
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return process.returncode or 0, out.decode(errors="replace")

    return ask


def _server(registry: str) -> str:
    """Return docker's key for a registry in config.json."""
    return quirks_of(registry).credentials_key or registry


def _host(server: str) -> str:
    """Return the registry of a key in config.json. Old keys are URLs."""
    host = server.partition("://")[2] or server
    host = host.partition("/")[0]
    return without_alias(host)
