"""Provenance as BuildKit writes it: which image was built, for which platform, from which base images.

Source: in-toto Statement v0.1 and v1; SLSA provenance v0.2 and v1; BuildKit docs/attestations/slsa-definitions.md.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, unquote

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform

PREDICATE = "in-toto.io/predicate-type"
"""The annotation of a layer that names the type of the statement in it."""

_PREFIX = "https://slsa.dev/provenance/"
_IMAGE = "pkg:docker/"


def is_provenance(annotations: Mapping[str, str]) -> bool:
    """Whether a layer with these annotations is a provenance statement."""
    return annotations.get(PREDICATE, "").startswith(_PREFIX)


@dataclass(frozen=True)
class ProvenanceBase:
    """An image that a build took something from: its name with the tag, and the digest that it had."""

    name: str
    digest: Digest | None


@dataclass(frozen=True)
class Provenance:
    """One provenance statement.

    Attributes:
        subjects: digests of the manifests that the statement is about.
        platforms: the platforms that the statement names for them.
        bases: the images that the build read, in the order of the statement.
    """

    subjects: tuple[Digest, ...]
    platforms: tuple[Platform, ...]
    bases: tuple[ProvenanceBase, ...]

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read an in-toto statement.

        Raises:
            ValueError: the content is not a statement, or its type is not provenance.
        """
        try:
            statement = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ValueError("the statement is not JSON") from error
        if not isinstance(statement, dict) or not str(statement.get("predicateType", "")).startswith(_PREFIX):
            raise ValueError("the statement is not one of provenance")
        predicate = _map(statement.get("predicate"))
        subjects = _maps(statement.get("subject"))
        definition = _map(predicate.get("buildDefinition"))
        materials = (*_maps(predicate.get("materials")), *_maps(definition.get("resolvedDependencies")))
        return cls(
            tuple(digest for subject in subjects if (digest := _digest(subject))),
            tuple(dict.fromkeys(_platforms(subjects))),
            tuple(dict.fromkeys(_bases(materials))),
        )


def _platforms(subjects: Iterable[Mapping[str, Any]]) -> Iterator[Platform]:
    for subject in subjects:
        _, _, qualifiers = str(subject.get("name", "")).partition("?")
        for text in parse_qs(qualifiers).get("platform", ()):
            with suppress(ValueError):
                yield Platform.parse(text)


def _bases(materials: Iterable[Mapping[str, Any]]) -> Iterator[ProvenanceBase]:
    for material in materials:
        uri = str(material.get("uri", ""))
        if uri.startswith(_IMAGE):
            name, _, tag = uri.removeprefix(_IMAGE).partition("?")[0].partition("@")
            yield ProvenanceBase(unquote(name) + (f":{unquote(tag)}" if tag else ""), _digest(material))


def _digest(thing: Mapping[str, Any]) -> Digest | None:
    for algorithm, encoded in _map(thing.get("digest")).items():
        with suppress(ValueError):
            return Digest.parse(f"{algorithm}:{encoded}")
    return None


def _maps(value: object) -> tuple[Mapping[str, Any], ...]:
    return tuple(map(_map, value)) if isinstance(value, list) else ()


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
