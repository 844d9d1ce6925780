"""Reads Dockerfiles and .dockerignore files, with BuildKit's rules."""

from bake_compiler.dockerfile.arguments import declared_args, is_predefined, unset_args
from bake_compiler.dockerfile.ignore import Ignore, parse_ignore
from bake_compiler.dockerfile.instructions import DockerfileError
from bake_compiler.dockerfile.parse import parse_dockerfile
from bake_compiler.dockerfile.stages import AUTOMATIC, Arg, Copy, Dockerfile, Env, Run, Stage

__all__ = [
    "AUTOMATIC",
    "Arg",
    "Copy",
    "Dockerfile",
    "DockerfileError",
    "Env",
    "Ignore",
    "Run",
    "Stage",
    "declared_args",
    "is_predefined",
    "parse_dockerfile",
    "parse_ignore",
    "unset_args",
]
