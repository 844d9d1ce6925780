"""The verbs, one file each."""

from typing import Annotated

import typer

from bake_compiler.cli.build import build
from bake_compiler.cli.compile import compile_
from bake_compiler.cli.plan import plan
from bake_compiler.cli.verify import verify

app = typer.Typer(
    name="bakec",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("compile")(compile_)
app.command("plan")(plan)
app.command("build")(build)
app.command("verify")(verify)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"bakec {version('bakec')}")
        raise typer.Exit


@app.callback()
def bakec(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with each error.")] = False,
) -> None:
    """Declare container images in typed Python; build, verify and publish them for every architecture.

    Exit codes: 0 all verified, 1 unexpected error, 2 usage, 3 models or plan, 4 a build failed, 5 registry or push,
    6 verification, 7 preflight, 130 interrupted.
    """
