"""`smoke-timeout`: the smoke command did not end in time."""

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.start import Start

CODE = "smoke-timeout"


def check_smoke_timeout(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """One finding if the smoke command was stopped because its time was up."""
    if not start.command or start.status is not None:
        return ()
    message = f"{start.command}: ended after {start.seconds:.0f} s: {start.told}"
    hint = "emulation is slow: a smoke command should start little and end by itself; or raise --timeout"
    return (Finding(promise.image, start.platform, CODE, message, hint),)
