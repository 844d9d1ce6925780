"""Paths of a build, as seen from the project's root and, for Dockerfiles, from the context."""

import posixpath
from functools import cache

from bake_compiler.model.values import Value

URL = "://"


@cache
def inside(base: str, path: str) -> str:
    """The path as seen from where `base` is seen, without `.` and `..` in it."""
    return posixpath.normpath(posixpath.join(base, path))


def is_outside(path: str) -> bool:
    """Whether a path, seen from the project's root, leads out of the project."""
    return path == ".." or path.startswith(("../", "/"))


def dockerfile_from(context: Value, base: str, dockerfile: Value) -> Value:
    """A Dockerfile as bake wants it, relative to the context; as it is where one of the two is not a path."""
    if not isinstance(dockerfile, str) or not isinstance(context, str) or URL in context:
        return dockerfile
    return _from(context, inside(base, dockerfile))


def model_file(component: str) -> str:
    """Where a component is declared."""
    return f"components/{component}/component.py"


@cache
def _from(context: str, path: str) -> str:
    return posixpath.relpath(path, context)
