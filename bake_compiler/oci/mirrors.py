"""Mirrors: the registry that an image is read from, in place of the registry in its name."""

from collections.abc import Mapping
from dataclasses import replace

from bake_compiler.oci.reference import Reference


def mirrored(reference: Reference, mirrors: Mapping[str, str]) -> Reference:
    """Return the reference of the same image at its mirror; the reference itself if it has no mirror.

    Args:
        reference: the image by its own name.
        mirrors: prefix of a name → its replacement, both without a slash at their end. Only whole parts of a path match
            (`docker.io/lib` is no prefix of `docker.io/library/busybox`), and the longest prefix wins.
    """
    whole = f"{reference.name}/"
    prefix = max((each for each in mirrors if whole.startswith(f"{each}/")), key=len, default=None)
    if prefix is None:
        return reference
    registry, _, repository = f"{mirrors[prefix]}{reference.name.removeprefix(prefix)}".partition("/")
    return replace(reference, registry=registry, repository=repository)


def check_mirror(name: str) -> str:
    """Return a prefix of image names (a host, with or without a path), without a slash at its end.

    Raises:
        ValueError: the text is not such a prefix.
    """
    bare = name.rstrip("/")
    host, slash, path = bare.partition("/")
    if not (host == "localhost" or "." in host or ":" in host):
        raise ValueError(f"{name!r} does not begin with a host, such as docker.io")
    Reference.parse(f"{host}/{path}{slash}image")
    return bare
