"""The verbs, one module each. bakec imports only the module of the verb that it runs."""

from importlib import import_module
from typing import Annotated

import typer

import bake_compiler
from bake_compiler.cli.verb import Verb

VERBS = {
    "compile": "compile_",
    "plan": "plan",
    "lock": "lock",
    "graph": "graph",
    "build": "build",
    "verify": "verify",
    "report": "report",
    "release": "release",
    "mirror": "mirror",
    "promote": "promote",
    "rollback": "rollback",
    "clean": "clean",
    "doctor": "doctor",
    "builder": "builder",
}
"""Verb, in the order of --help → the function in its module, or the app with verbs of its own."""


def make_app(verb: str = "") -> typer.Typer:
    """Return the command line with one verb, or with all verbs if there is no verb of this name."""
    app = typer.Typer(
        name="bakec",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(bakec)
    for name in (verb,) if verb in VERBS else VERBS:
        module = import_module(f"bake_compiler.cli.{name}")
        found = getattr(module, VERBS[name])
        if isinstance(found, typer.Typer):
            for own in found.registered_commands:
                own.cls = Verb
            about = found.registered_callback
            summary = about.callback.__doc__ if about and about.callback else None
            app.add_typer(found, name=name, short_help=summary)  # typer never cuts a short_help
        else:
            app.command(name, cls=Verb)(found)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bakec {bake_compiler.__version__}")
        raise typer.Exit


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
