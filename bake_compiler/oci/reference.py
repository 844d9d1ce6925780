"""Image references: registry, repository, tag and digest.

Source: distribution/reference (reference.go, grammar) and Docker's default domain rules (normalize.go).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from bake_compiler.oci.digest import Digest

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::([0-9]{{1,5}}))?")
_LAST_PORT = 65535
_LONGEST_NAME = 255
_HUB = "docker.io"


@dataclass(frozen=True, order=True)
class Reference:
    """The reference of an image: `registry/repository:tag@digest`. Docker Hub's short names are resolved."""

    registry: str
    repository: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference as `docker pull` does: `nginx`, `ghcr.io/acme/web:1.0`, `[::1]:5000/a@sha256:…`.

        A text with neither tag nor digest keeps both empty: `latest` is never assumed.

        Raises:
            ValueError: not a valid reference; the message names the wrong part.
        """
        name, _, digest = text.partition("@")
        head, slash, tail = name.rpartition("/")
        tail, _, tag = tail.partition(":")
        registry, repository = _split_registry(head + slash + tail)
        host = _REGISTRY.fullmatch(registry)
        if not host or int(host[1] or 0) > _LAST_PORT:
            raise ValueError(f"{text!r}: {registry!r} is not a registry host")
        if len(repository) > _LONGEST_NAME or not _REPOSITORY.fullmatch(repository):
            raise ValueError(
                f"{text!r}: {repository!r} is not a repository"
                f" (up to {_LONGEST_NAME} lower-case letters, digits and . _ - /)"
            )
        if tag or name.endswith(":"):
            check_tag(tag)
        return cls(registry, repository, tag, Digest.parse(digest) if digest or "@" in text else None)

    def at(self, digest: Digest) -> Self:
        """Return a reference to a digest in the same repository, without the tag."""
        return replace(self, tag="", digest=digest)

    def tagged(self, tag: str) -> Self:
        """Return a reference to a tag in the same repository, without the digest."""
        return replace(self, tag=check_tag(tag), digest=None)

    @property
    def familiar(self) -> str:
        """The name under which BuildKit looks for a named context: no Docker Hub host, no `library/`, no `:latest`.

        Source: frontend/dockerui/config.go, `NamedContext`; distribution/reference, `FamiliarString`.
        """
        short = str(replace(self, tag="") if self.tag == "latest" and not self.digest else self)
        if self.registry != _HUB:
            return short
        is_official = "/" not in self.repository.removeprefix("library/")
        return short.removeprefix(f"{_HUB}/library/" if is_official else f"{_HUB}/")

    @property
    def name(self) -> str:
        """`registry/repository`."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def one_of_each_repository(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Return the first reference of each repository, in order."""
    found: dict[str, Reference] = {}
    for reference in references:
        found.setdefault(reference.name, reference)
    return tuple(found.values())


def familiar(name: str) -> str:
    """Return the familiar form of an image's name; the text itself if it is not a reference."""
    try:
        return Reference.parse(name).familiar
    except ValueError:
        return name


def check_tag(tag: str) -> str:
    """Return the tag itself.

    Raises:
        ValueError: not a valid tag (distribution-spec v1.1, "Pulling manifests").
    """
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is not a tag: up to 128 letters, digits, and . _ - (not first)")
    return tag


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or first.startswith("[") or "." in first or ":" in first):
        return (_HUB if first == "index.docker.io" else first), _official(first, rest)
    return _HUB, _official(_HUB, name)


def _official(registry: str, repository: str) -> str:
    hub = registry in {_HUB, "index.docker.io"}
    return f"library/{repository}" if hub and "/" not in repository else repository
