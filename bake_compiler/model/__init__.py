"""The models that component authors write, as frozen values."""

from bake_compiler.model.base import Mistake, Model, Source, collecting_mistakes, did_you_mean
from bake_compiler.model.builder import Builder, Node
from bake_compiler.model.project import (
    Change,
    Component,
    External,
    Function,
    Group,
    Image,
    Only,
    Phase,
    Project,
    Requires,
    Stack,
    Target,
    Validation,
    Variable,
    Variant,
)
from bake_compiler.model.settings import Attest, Cache, Output, Secret, Settings, Ssh
from bake_compiler.model.values import Expr, Join, Var

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
    "Mistake",
    "Model",
    "Node",
    "Only",
    "Output",
    "Phase",
    "Project",
    "Requires",
    "Secret",
    "Settings",
    "Source",
    "Ssh",
    "Stack",
    "Target",
    "Validation",
    "Var",
    "Variable",
    "Variant",
    "collecting_mistakes",
    "did_you_mean",
]
