"""`smoke-machine`: the smoke command ran, but did not name the platform's machine."""

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.start import Start

CODE = "smoke-machine"


def check_smoke_machine(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """A start whose output does not have the word that `uname -m` prints on its platform."""
    machine = start.platform.machine
    if start.status != 0 or machine in start.output.split():
        return ()
    message = f"{start.command}: no word {machine!r} in: {start.told}"
    hint = "let the smoke command end with `uname -m`: then it shows on which machine the image ran"
    return (Finding(promise.image, start.platform, CODE, message, hint),)
