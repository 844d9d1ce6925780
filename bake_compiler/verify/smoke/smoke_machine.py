"""`smoke-machine`: the smoke command ran and did not print the platform's machine."""

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.start import Start

CODE = "smoke-machine"

# `uname -m` prints the kernel's machine: a 64-bit kernel can run 32-bit programs; QEMU shows the newest that it knows
_WORDS = {
    "386": {"i386", "i486", "i586", "i686", "x86_64"},
    "arm": {"armv5tel", "armv6l", "armv7l", "armv8l", "aarch64"},
}


def check_smoke_machine(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """One finding if the output has no word that `uname -m` prints on the platform."""
    machine = start.platform.machine
    words = _WORDS.get(start.platform.architecture, {machine})
    if start.status != 0 or words & set(start.output.split()):
        return ()
    message = f"{start.command}: no word {machine!r} in: {start.told}"
    hint = "let the smoke command end with `uname -m`: then it shows on which machine the image ran"
    return (Finding(promise.image, start.platform, CODE, message, hint),)
