"""Mirrors: where an image is taken from in place of the registry that its name says."""

from collections.abc import Mapping
from dataclasses import replace

from bake_compiler.oci.reference import Reference


def mirrored(reference: Reference, mirrors: Mapping[str, str]) -> Reference:
    """The same image at its mirror; the reference itself where no mirror is for it.

    Args:
        reference: by its own name.
        mirrors: beginning of a name → what stands in its place, both without a slash at their end; whole parts count
            (`docker.io/lib` is no beginning of `docker.io/library/busybox`), and the longest one wins.
    """
    whole = f"{reference.name}/"
    prefix = max((each for each in mirrors if whole.startswith(f"{each}/")), key=len, default=None)
    if prefix is None:
        return reference
    registry, _, repository = f"{mirrors[prefix]}{reference.name.removeprefix(prefix)}".partition("/")
    return replace(reference, registry=registry, repository=repository)


def check_mirror(name: str) -> str:
    """A beginning of image names: a host, and a path where there is one; a slash at its end is taken away.

    Raises:
        ValueError: it is none.
    """
    bare = name.rstrip("/")
    host, slash, path = bare.partition("/")
    if not (host == "localhost" or "." in host or ":" in host):
        raise ValueError(f"{name!r} does not begin with a host, such as docker.io")
    Reference.parse(f"{host}/{path}{slash}image")
    return bare
