"""A builder as the project describes it, with its certificates, and a builder as buildx's record has it."""

from collections.abc import Mapping
from pathlib import Path

from bake_compiler.builder import Instance, described, plan_changes, stored
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import ModelError, PreflightError
from bake_compiler.model.builder import Builder
from bake_compiler.project.root import own_folder

LOOKING = 60.0
"""Seconds for a command that only reads the state of nodes."""


def builder_difference(tools: Tools, builder: Builder) -> str:
    """Return the diff from buildx's builder to the described builder; empty if equal, or if it is docker's own.

    Raises:
        ModelError: a file that the model names does not exist.
        PreflightError: bakec can't read buildx's record.
    """
    if builder.facts.is_the_engine:
        return ""
    return plan_changes(wanted_builder(tools.root, builder), present(tools, builder.name)).diff


def wanted_builder(root: Path, builder: Builder) -> Instance:
    """Return the builder that the project describes.

    Raises:
        ModelError: a file that the model names does not exist.
    """
    return described(builder, root, {name: _read(root, builder, name) for name in _certificates(builder)})


def present(tools: Tools, name: str) -> Instance | None:
    """Return the builder in buildx's own record; None if there is no record.

    Raises:
        PreflightError: the record does not have buildx's format.
    """
    path = _store(tools.env) / "instances" / name
    try:
        return stored(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        hint = (
            f"see `docker buildx inspect {name}`; `docker buildx rm --keep-state {name}` removes it without its cache"
        )
        raise PreflightError(f"{path} is not as buildx writes it: {error}", hint=hint) from error


def paths_of_certificates(root: Path, builder: Builder) -> dict[str, str]:
    """Return path of a certificate in the project → its absolute path."""
    return {name: str(root / name) for name in _certificates(builder)}


def config_file(root: Path, builder: Builder) -> Path | None:
    """Return the path for the daemons' configuration; None if the builder needs no configuration."""
    if not (builder.mirrors or builder.certificates or builder.http):
        return None
    return own_folder(root) / f"builder-{builder.name}.toml"


def _certificates(builder: Builder) -> list[str]:
    return sorted({file for files in builder.certificates.values() for file in files})


def _read(root: Path, builder: Builder, name: str) -> bytes:
    try:
        return (root / name).read_bytes()
    except OSError as error:
        message = f"builder {builder.name}: certificate {name}: {error.strerror}"
        raise ModelError(
            message, hint="put the CA certificate there, or name another file in components/project.py"
        ) from error


def _store(env: Mapping[str, str]) -> Path:
    """Return the folder of buildx's records. Source: buildx, util/confutil, ConfigDir."""
    if config := env.get("BUILDX_CONFIG"):
        return Path(config)
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker") / "buildx"
