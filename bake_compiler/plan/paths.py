"""Paths of a build, relative to the project's root, and for Dockerfiles to the context."""

import posixpath
from functools import cache

from bake_compiler.model.values import Value

URL = "://"


@cache
def inside(base: str, path: str) -> str:
    """The path joined to `base`, without `.` and `..` in it."""
    return posixpath.normpath(posixpath.join(base, path))


def is_outside(path: str) -> bool:
    """Whether a path from the project's root leads out of the project."""
    return path == ".." or path.startswith(("../", "/"))


def dockerfile_from(context: Value, base: str, dockerfile: Value) -> Value:
    """A Dockerfile's path from the context, as bake wants it. If one of the two is not a path, it stays as it is."""
    if not isinstance(dockerfile, str) or not isinstance(context, str) or URL in context:
        return dockerfile
    return _from(context, inside(base, dockerfile))


def model_file(component: str) -> str:
    """The path of the file that declares a component."""
    return f"components/{component}/component.py"


@cache
def _from(context: str, path: str) -> str:
    return posixpath.relpath(path, context)
