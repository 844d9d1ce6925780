"""A program of its own: when bakec is gone, however it went, ends the process groups that it left behind.

bakec writes `+GROUP` and `-GROUP` on its standard input as processes begin and end; the end of that input is the end of
bakec. Started as a plain script, without bakec's packages: it has to be there in no time.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def main() -> None:
    """Listen until bakec is gone, then end what is left: asked first, then killed."""
    left: set[int] = set()
    for line in sys.stdin:
        (left.add if line.startswith("+") else left.discard)(int(line[1:]))
    end = time.monotonic() + GRACE_SECONDS
    alive = [group for group in left if send(group, signal.SIGINT)]
    while alive and time.monotonic() < end:
        time.sleep(0.05)
        alive = [group for group in alive if send(group, 0)]
    for group in alive:
        send(group, signal.SIGKILL)


def send(group: int, sign: int) -> bool:
    """Send a signal to a process group; whether there was somebody to send it to."""
    try:
        os.killpg(group, sign)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
