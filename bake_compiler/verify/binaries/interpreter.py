"""`interpreter`: a script whose interpreter is missing, or does not run on the platform."""

from bake_compiler.layers.start import Role
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.steps import check_steps
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "interpreter"


def check_interpreter(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """Findings for the interpreters in the `#!` lines of scripts, and for the program that an `env` line starts."""
    hint = "install the interpreter for this platform, or correct the first line of the script"
    return check_steps(promise, deep, Role.INTERPRETER, CODE, hint)
