"""The parsed Dockerfiles of a plan. Each is parsed once."""

import re
from functools import cache

from bake_compiler.dockerfile import Dockerfile, DockerfileError, parse_dockerfile
from bake_compiler.dockerfile.instructions import syntax_of

OWN_FRONTEND = re.compile(r"$|(?:docker\.io/)?docker/dockerfile(?:-upstream)?\b")


@cache
def parsed(text: str) -> Dockerfile | DockerfileError | None:
    """Return the Dockerfile, or the error. None if the Dockerfile is for a frontend that bakec does not know."""
    try:
        return parse_dockerfile(text)
    except DockerfileError as error:
        return error if OWN_FRONTEND.match(syntax_of(text)) else None
