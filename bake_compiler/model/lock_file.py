"""bakec.lock: the digests of base images at the time of locking, one block of lines for each base. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bake_compiler.errors import ModelError, Problem
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform

LOCK_FILE = "bakec.lock"

_VERSION = 1
_HEAD = f"""\
# What each base image's name stands for. Made by `bakec lock`: commit it, and move it with `bakec lock --update`.
version = {_VERSION}
"""
_AGAIN = "fix it, or remove it and run `bakec lock`"


@dataclass(frozen=True, order=True)
class Locked:
    """What the name of one base image stood for at the time of locking.

    Attributes:
        name: in its short form, as in a named context: `busybox` for `docker.io/library/busybox:latest`.
        digest: of the index, or of the manifest if there is no index.
        platforms: the base's platforms, sorted.
        resolved: the time at which the registry returned the digest, in UTC: `2026-11-28T13:00:00Z`.
        mirror: a reference without digest, if builds take the base from a mirror.
    """

    name: str
    digest: Digest
    platforms: tuple[Platform, ...]
    resolved: str
    mirror: str = ""


def render_lock(bases: Iterable[Locked]) -> str:
    """Return the text of the lock. The order of the bases does not change the text."""
    return "\n".join([_HEAD, *("".join(f"{line}\n" for line in _block(base)) for base in sorted(bases))])


def _block(base: Locked) -> Iterator[str]:
    yield f"[base.{json.dumps(base.name)}]"  # a reference has only letters for which JSON's quotes are valid TOML
    if base.mirror:
        yield f"mirror = {json.dumps(base.mirror)}"
    yield f'digest = "{base.digest}"'
    yield f"platforms = {json.dumps(list(map(str, base.platforms)))}"
    yield f'resolved = "{base.resolved}"'


def parse_lock(text: str) -> Mapping[str, Locked]:
    """Return name → locked base.

    Raises:
        ModelError: the text is not a lock, or the lock of a later bakec; the message names the place.
    """
    import tomllib  # noqa: PLC0415 - 4 ms that only a project with a lock needs

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise _mistake(f"not valid TOML: {error}", line=int(line[1]) if line else 0) from error
    if document.get("version") != _VERSION:
        message = f"it is {document.get('version')!r}, and this bakec reads {_VERSION}"
        raise _mistake(message, "version", hint="use the bakec that wrote it, or remove it and run `bakec lock`")
    bases = document.get("base", {})
    if not isinstance(bases, dict):
        raise _mistake("not a table", "base")
    return {name: _locked(name, said) for name, said in sorted(bases.items())}


def _locked(name: str, said: object) -> Locked:
    try:
        match said:
            case {"digest": str(digest), "platforms": [*platforms], "resolved": str(resolved), **more}:
                known = tuple(sorted(_platform(each) for each in platforms))
                return Locked(name, Digest.parse(digest), known, resolved, str(more.get("mirror", "")))
            case _:
                raise ValueError("it needs digest, platforms and resolved")  # noqa: TRY301
    except ValueError as error:
        raise _mistake(str(error), f"base.{name}") from error


def _mistake(message: str, field: str = "", *, line: int = 0, hint: str = _AGAIN) -> ModelError:
    return ModelError.of(Problem(LOCK_FILE, line, field, message, hint))


def _platform(text: object) -> Platform:
    parts = str(text).split("/")
    if not 2 <= len(parts) <= 3:  # noqa: PLR2004 - system, architecture, variant
        raise ValueError(f"{text!r} is not a platform")
    return Platform.of(*parts)
