"""Options that several verbs share, and the parsing of their values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bake_compiler.cli.documents import json_help
from bake_compiler.errors import BakecError, UsageError

if TYPE_CHECKING:
    from bake_compiler.oci.platform import Platform
    from bake_compiler.plan import Plan, Wanted


def complete_selector(incomplete: str) -> list[str]:
    """Return selectors for completion in a shell; empty if there is no project here or it has mistakes."""
    from bake_compiler.plan.select import known  # noqa: PLC0415
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415

    try:
        names = known(plan_project(root_of(None)))
    except BakecError:
        return []
    return [name for name in names if name.startswith(incomplete)]


ProjectDir = Annotated[
    Path | None, typer.Option("--project", metavar="DIR", help="The project's root; default: here or above.")
]
Selectors = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SELECTOR]...",
        help="all (the default), a phase, a component, an image, or component/image.",
        autocompletion=complete_selector,
    ),
]
Platforms = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        metavar="P[,P]",
        envvar="BAKEC_PLATFORM",
        help="amd64, arm64, x86_64, aarch64, linux/arm64/v8 …; default: all of the project's.",
    ),
]
Registry = Annotated[
    str, typer.Option("--registry", metavar="HOST[/PATH]", envvar="BAKEC_REGISTRY", help="Default: the project's.")
]
Tag = Annotated[str, typer.Option("--tag", metavar="TAG", envvar="BAKEC_TAG", help="Default: the project's.")]
Variables = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="NAME=VALUE", help="A variable of the bake file; may be repeated."),
]
Deep = Annotated[bool, typer.Option("--deep", help="Also check in every layer that binaries are for the platform.")]
Insecure = Annotated[
    list[str] | None,
    typer.Option(
        "--insecure", metavar="HOST", help="A registry to use over plain http; loopback registries always are."
    ),
]
Sign = Annotated[
    str,
    typer.Option(
        "--sign",
        metavar="KEY|keyless",
        help="Sign every image with cosign before any public tag moves: with a key, or keyless.",
        autocompletion=lambda: ["keyless"],
    ),
]
SigningConfig = Annotated[
    Path | None,
    typer.Option(
        "--signing-config",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        resolve_path=True,
        help="cosign's file with the log and time stamp services; default: Sigstore's public ones.",
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="WHAT",
        help="A permission for buildx: fs.read=PATH, fs.write=PATH, network.host, security.insecure.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, metavar="N", help="Images at the same time; default: by the builder's CPUs and memory."
    ),
]


def json_option(verb: str) -> Any:
    """Return the option `--json` of a verb. Its help names the documents that the verb prints."""
    return typer.Option("--json", help=json_help(verb))


def root_of(project: Path | None) -> Path:
    """Return the absolute path of the project's root."""
    from bake_compiler.project.root import find_root  # noqa: PLC0415

    if project is not None and not project.is_dir():
        raise UsageError(f"--project: {project} is not a directory", hint="name the project's root")
    return find_root((project or Path.cwd()).resolve())


def parse_platforms(texts: Sequence[str] | None) -> "tuple[Platform, ...]":
    """Return the platforms of `--platform` values. Each value may list several platforms.

    Raises:
        UsageError: a platform is unknown or empty. bakec never builds for the machine's own platform silently.
    """
    from bake_compiler.oci.platform import Platform  # noqa: PLC0415

    names = [name for text in texts or () for name in text.split(",")]
    try:
        return tuple(Platform.parse(name) for name in names)
    except ValueError as error:
        raise UsageError(f"--platform: {error}", hint="write --platform amd64,arm64") from error


def parse_variables(texts: Sequence[str] | None) -> dict[str, str]:
    """Return name → value from `--var` values.

    Raises:
        UsageError: a value is not NAME=VALUE.
    """
    for text in texts or ():
        if "=" not in text:
            raise UsageError(f"--var: {text!r} is not NAME=VALUE", hint="write --var GO_VERSION=1.25")
    return dict(text.partition("=")[::2] for text in texts or ())


def is_reference(text: str) -> bool:
    """Whether a text is a reference of an image in a registry. Only references contain a tag or a digest."""
    return ":" in text or "@" in text


def given_names(context: typer.Context) -> frozenset[str]:
    """Return the names of the parameters that the command line or the environment sets."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(name for name, each in sources.items() if each and each.name in {"COMMANDLINE", "ENVIRONMENT"})


def select_wanted(
    plan: "Plan",
    selectors: Sequence[str] | None,
    platforms: Sequence[str] | None,
    registry: str,
    tag: str,
    variables: Sequence[str] | Mapping[str, str] | None = None,
) -> "Wanted":
    """Return the images, platforms and variables that the shared options select.

    Raises:
        UsageError: an option selects something that does not exist or is not possible.
    """
    from bake_compiler.model.texts import check_registry  # noqa: PLC0415
    from bake_compiler.oci.reference import check_tag  # noqa: PLC0415
    from bake_compiler.plan import select  # noqa: PLC0415

    for option, text, check in (("--tag", tag, check_tag), ("--registry", registry, check_registry)):
        try:
            check(text) if text else None
        except ValueError as error:
            raise UsageError(f"{option}: {error}", hint=f"see `bakec build --help` for {option}") from error
    return select(
        plan,
        selectors or [],
        platforms=parse_platforms(platforms),
        registry=registry.rstrip("/"),
        tag=tag,
        variables=variables if isinstance(variables, Mapping) else parse_variables(variables),
    )
