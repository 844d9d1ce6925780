"""A builder twice: as the project describes it, with its certificates, and as buildx's own record has it."""

from collections.abc import Mapping
from pathlib import Path

from bake_compiler.builder import Instance, described, plan_changes, stored
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import ModelError, PreflightError
from bake_compiler.model.builder import Builder
from bake_compiler.project.root import own_folder

LOOKING = 60.0
"""Seconds for a command that only looks at nodes."""


def builder_difference(tools: Tools, builder: Builder) -> str:
    """The diff from what buildx has to what the project describes; empty when they are the same, or it is docker's own.

    Raises:
        ModelError: a file that it names is not there.
        PreflightError: the record of buildx can't be read.
    """
    if builder.facts.is_the_engine:
        return ""
    return plan_changes(wanted_builder(tools.root, builder), present(tools, builder.name)).diff


def wanted_builder(root: Path, builder: Builder) -> Instance:
    """What the project describes.

    Raises:
        ModelError: a file that it names is not there.
    """
    return described(builder, root, {name: _read(root, builder, name) for name in _certificates(builder)})


def present(tools: Tools, name: str) -> Instance | None:
    """What buildx's own record says of a builder; None where it has none.

    Raises:
        PreflightError: it is not as buildx writes it.
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
    """Certificate, as the project names it → where it is."""
    return {name: str(root / name) for name in _certificates(builder)}


def config_file(root: Path, builder: Builder) -> Path | None:
    """Where its daemons' configuration is written for buildx; None where they have none."""
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
    """Source: buildx, util/confutil, ConfigDir."""
    if config := env.get("BUILDX_CONFIG"):
        return Path(config)
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/")) / ".docker") / "buildx"
