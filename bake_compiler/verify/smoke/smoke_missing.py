"""`smoke-missing`: the image has no smoke command."""

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.start import Start

CODE = "smoke-missing"


def check_smoke_missing(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """One finding if the image has no smoke command. `--run` proves nothing about such an image."""
    if start.command:
        return ()
    message, hint = "the image declares no smoke command", 'give its Image one, such as smoke=("uname", "-m")'
    return (Finding(promise.image, start.platform, CODE, message, hint),)
