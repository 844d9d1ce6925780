"""`entrypoint`: the program that the image starts is missing, or does not run on the platform."""

from bake_compiler.layers.start import start
from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.paths import spelled
from bake_compiler.verify.binaries.steps import fault_of
from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise

CODE = "entrypoint"


def check_entrypoint(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """One finding if the first word of entrypoint and command is missing, not executable, or for another machine."""
    if deep.is_windows:
        return ()
    for program in start(deep.config.config, deep.tree)[:1]:
        if fault := fault_of(program, deep):
            where = f" ({spelled(program.path)})" if program.path != program.name else ""
            message = f"it starts {spelled(program.name)}{where}, which {fault}"
            hint = "look at ENTRYPOINT, CMD and PATH, and at the stage or download that the program comes from"
            return (Finding(promise.image, deep.platform, CODE, message, hint),)
    return ()
