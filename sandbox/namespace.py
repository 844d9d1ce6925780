"""Start a command as a program of its own: for it the kernel has no network, and a binfmt_misc of its own, empty.

Source: user_namespaces(7); Linux 6.7, "binfmt_misc: enable sandboxed mounts".
"""

import ctypes
import os
import sys
from pathlib import Path

_BINFMT = "/proc/sys/fs/binfmt_misc"
_NEW_MOUNTS, _NEW_USERS, _NEW_NETWORK = 0x20000, 0x10000000, 0x40000000  # linux/sched.h
_PRIVATE = 0x4000 | 0x40000  # linux/mount.h: MS_REC, MS_PRIVATE
_USERS = "0 0 65536"  # by fewer than all, runc knows that it may not say what devices there are


def main(command: list[str]) -> None:
    """Become the command, there."""
    own = os.getpid()
    inside, mapped = os.pipe()
    helper = os.fork()
    if not helper:  # stays outside: nobody within may say who its users are
        os.close(mapped)
        os.read(inside, 1)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{own}/{name}").write_text(_USERS)
        os._exit(0)
    _call("unshare", _NEW_USERS | _NEW_MOUNTS | _NEW_NETWORK)
    os.close(mapped)
    if os.waitpid(helper, 0)[1]:
        raise OSError(f"the users of {own} could not be mapped")
    _call("mount", None, b"/", None, _PRIVATE, None)
    _call("mount", b"binfmt_misc", _BINFMT.encode(), b"binfmt_misc", 0, None)
    os.execvp(command[0], command)  # noqa: S606 - an argument vector, as everywhere


def _call(name: str, *arguments: bytes | int | None) -> None:
    if ctypes.CDLL(None, use_errno=True)[name](*arguments):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
