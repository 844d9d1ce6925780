"""`smoke-failed`: the smoke command did not succeed."""

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.start import Start

CODE = "smoke-failed"
_DOCKER_FAILED = 125


def check_smoke_failed(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """One finding if the smoke command ended with another exit status than 0."""
    if not start.status:
        return ()
    message = f"{start.command}: exit status {start.status}: {start.told}"
    own = "run it again by hand; `exec format error` means a binary of another machine, or no emulation here"
    hint = "docker itself could not start it: is this platform native here, or emulated?"
    return (Finding(promise.image, start.platform, CODE, message, hint if start.status == _DOCKER_FAILED else own),)
