"""bakec: declare container images in typed Python; build, verify and publish them for every architecture.

This is what a component author imports.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bake_compiler.model import (
        Attest,
        Builder,
        Cache,
        Change,
        Component,
        Expr,
        External,
        Function,
        Group,
        Image,
        Join,
        Node,
        Only,
        Output,
        Phase,
        Project,
        Requires,
        Secret,
        Ssh,
        Target,
        Validation,
        Var,
        Variable,
        Variant,
    )
    from bake_compiler.oci.platform import Platform

__all__ = [
    "Attest",
    "Builder",
    "Cache",
    "Change",
    "Component",
    "Expr",
    "External",
    "Function",
    "Group",
    "Image",
    "Join",
    "Node",
    "Only",
    "Output",
    "Phase",
    "Platform",
    "Project",
    "Requires",
    "Secret",
    "Ssh",
    "Target",
    "Validation",
    "Var",
    "Variable",
    "Variant",
]


__version__: str
"""The version of the package that is installed."""


def __getattr__(name: str) -> object:
    """A model when it is first asked for: pydantic costs 100 ms that `bakec --help` need not pay."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - as the models: only who asks pays

        return version("bakec")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bake_compiler import model  # noqa: PLC0415
    from bake_compiler.oci.platform import Platform  # noqa: PLC0415

    found: object = Platform if name == "Platform" else getattr(model, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
