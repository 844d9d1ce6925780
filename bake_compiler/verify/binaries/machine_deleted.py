"""`machine-deleted`: a lower layer has files for another machine, and a later layer deletes or replaces them."""

from collections import defaultdict

from bake_compiler.verify.binaries.deep import Deep
from bake_compiler.verify.binaries.machine import by_machine, foreign_machine
from bake_compiler.verify.binaries.paths import unmeant
from bake_compiler.verify.finding import Finding, Severity
from bake_compiler.verify.promise import Promise

CODE = "machine-deleted"


def check_machine_deleted(promise: Promise, deep: Deep) -> tuple[Finding, ...]:
    """One warning for files that no container sees and that every pull downloads.

    They suggest a stage with a fixed platform.
    """
    paths: dict[str, list[str]] = defaultdict(list)
    for binary, hidden in deep.tree.hidden.items():
        if machine := foreign_machine(binary, deep.platform):
            paths[machine] += hidden.paths
    left = {machine: unmeant(promise, deep, found) for machine, found in paths.items()}
    if not any(left.values()):
        return ()
    message = f"lower layers ship files for other machines, which later ones delete: {by_machine(left)}"
    hint = "build this stage for the target's platform, or delete them in the step that makes them"
    return (Finding(promise.image, deep.platform, CODE, message, hint, Severity.WARNING),)
