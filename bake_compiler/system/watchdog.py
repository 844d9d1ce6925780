"""A separate program that ends the process groups that bakec left behind, if bakec is killed.

bakec writes `+GROUP` and `-GROUP` to this program's stdin as processes begin and end. The end of stdin means that bakec
is gone. The program is a plain script that imports none of bakec's packages, because it must start at once.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def main() -> None:
    """Read stdin until bakec is gone. Then interrupt the remaining process groups, wait, and kill them."""
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
    """Send a signal to a process group. Return whether the group exists."""
    try:
        os.killpg(group, sign)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
