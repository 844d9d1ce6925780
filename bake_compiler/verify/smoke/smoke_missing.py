"""`smoke-missing`: nothing says how to start the image."""

from bake_compiler.verify.finding import Finding
from bake_compiler.verify.promise import Promise
from bake_compiler.verify.smoke.start import Start

CODE = "smoke-missing"


def check_smoke_missing(promise: Promise, start: Start) -> tuple[Finding, ...]:
    """An image without a smoke command: `--run` has proven nothing of it."""
    if start.command:
        return ()
    message, hint = "the image declares no smoke command", 'give its Image one, such as smoke=("uname", "-m")'
    return (Finding(promise.image, start.platform, CODE, message, hint),)
