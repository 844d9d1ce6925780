"""What the sandbox changes in the kernel, and how it takes it back: a bridge, NAT for it, and arm64 emulation."""

import contextlib
import fcntl
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sandbox.state import SandboxError, State, run_step

# linux/sockios.h, linux/if.h
_ADD_BRIDGE, _DELETE_BRIDGE = 0x89A0, 0x89A1
_SET_FLAGS, _SET_ADDRESS, _SET_NETMASK = 0x8914, 0x8916, 0x891C
_UP_RUNNING = 0x1 | 0x40

BINFMT = Path("/proc/sys/fs/binfmt_misc")
_INTERFACES = Path("/sys/class/net")
# The ELF header of a little-endian 64-bit AArch64 executable or shared object, and which of its bits count.
_AARCH64_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_AARCH64_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def subnet(state: State) -> str:
    """The bridge's network, such as `10.213.17`: chosen by the sandbox's key, without the last part."""
    number = int(state.key, 16)
    return f"10.{200 + number % 50}.{number // 50 % 256}"


def add_bridge(state: State) -> None:
    """Make the bridge with its address, up, and let its containers reach the network."""
    with _control() as control:
        if not (_INTERFACES / state.bridge).exists():
            fcntl.ioctl(control, _ADD_BRIDGE, state.bridge.encode() + b"\0")
        for request, address in ((_SET_ADDRESS, f"{subnet(state)}.1"), (_SET_NETMASK, "255.255.255.0")):
            packed = struct.pack("16sHH4s8x", state.bridge.encode(), socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(control, request, packed)
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", state.bridge.encode(), _UP_RUNNING))
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    for rule in _rules(state):
        if not _iptables_ok(state, "-C", rule):
            run_step(state, "network", [state.bin / "iptables", "-w", *_placed("-I", rule)])


def remove_bridges(state: State) -> None:
    """Remove the bridge, its rules, and the bridges of networks that its engine made."""
    for rule in _rules(state):
        while _iptables_ok(state, "-C", rule):
            run_step(state, "network", [state.bin / "iptables", "-w", *_placed("-D", rule)])
    with _control() as control:
        for name in (state.bridge, *_compose_bridges(state)):
            if (_INTERFACES / name).exists():
                fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", name.encode(), 0))
                fcntl.ioctl(control, _DELETE_BRIDGE, name.encode() + b"\0")


def _control() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _compose_bridges(state: State) -> Iterator[str]:
    """Bridges `br-ID` whose network the engine's own store knows."""
    store = state.home / "docker" / "network" / "files" / "local-kv.db"
    known = store.read_bytes() if store.is_file() else b""
    for interface in _INTERFACES.glob("br-*"):
        if interface.name.removeprefix("br-").encode() in known:
            yield interface.name


def _rules(state: State) -> tuple[tuple[str, ...], ...]:
    """(table, chain, what) of each rule that is ours."""
    network = f"{subnet(state)}.0/24"
    return (
        ("nat", "POSTROUTING", "-s", network, "!", "-o", state.bridge, "-j", "MASQUERADE"),
        ("filter", "FORWARD", "-i", state.bridge, "-j", "ACCEPT"),
        ("filter", "FORWARD", "-o", state.bridge, "-j", "ACCEPT"),
    )


def _placed(action: str, rule: tuple[str, ...]) -> list[str]:
    table, chain, *what = rule
    return ["-t", table, action, chain, *what]


def _iptables_ok(state: State, action: str, rule: tuple[str, ...]) -> bool:
    if not (state.bin / "iptables").exists():
        return False
    argv = [str(state.bin / "iptables"), "-w", *_placed(action, rule)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def add_emulation(state: State) -> None:
    """Register QEMU for arm64 under the sandbox's own name.

    Flags: P keeps argv[0], which QEMU knows only from its own file name (`…-binfmt-P`); O and C open the program as
    its owner; F opens QEMU at once, so that it works inside any container.

    Raises:
        SandboxError: the kernel refused.
    """
    if not (BINFMT / "register").exists():
        run_step(state, "emulation", ["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT])
        (state.home / "mounted-binfmt").touch()
    if _entry(state).exists():
        return
    try:
        register(BINFMT, _entry(state).name, state.bin / "aarch64-binfmt-P", "POCF")
    except OSError as error:
        raise SandboxError(
            f"step emulation: the kernel refused to register QEMU: {error.strerror}",
            f"is binfmt_misc writable? see {BINFMT}",
        ) from error


def register(binfmt: Path, name: str, interpreter: Path, flags: str) -> None:
    """Make an entry for arm64.

    Args:
        binfmt: where binfmt_misc is mounted.
        name: of the entry.
        interpreter: what runs the programs.
        flags: of the entry.

    Raises:
        OSError: the kernel refused.
    """
    (binfmt / "register").write_text(f":{name}:M::{_AARCH64_MAGIC}:{_AARCH64_MASK}:{interpreter}:{flags}")


def remove_emulation(state: State) -> None:
    """Take the entry back, and the mount if it was ours and nobody else uses it by now."""
    entry = _entry(state)
    if entry.exists():
        entry.write_text("-1")
    mounted = state.home / "mounted-binfmt"
    others = [path for path in BINFMT.glob("*") if path.name not in {"register", "status"}]
    if mounted.exists():
        if not others:
            run_step(state, "emulation", ["umount", BINFMT])
        mounted.unlink()


def _entry(state: State) -> Path:
    return BINFMT / f"bakec-{state.key}-aarch64"


def remove_mounts(state: State) -> None:
    """Unmount whatever is mounted below the sandbox's directories, innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].replace("\\040", " ") for line in lines]
    own = [point for point in points if Path(point).is_relative_to(state.home) or Path(point).is_relative_to(state.run)]
    for point in sorted(own, key=len, reverse=True):
        subprocess.run(["/bin/umount", "-l", point], check=False, capture_output=True)


def remove_cgroups(state: State) -> None:
    """Remove the empty cgroups that the engine's containers left."""
    for top in Path("/sys/fs/cgroup").glob(f"**/bakec-{state.key}"):
        for folder in sorted((path for path in (top, *top.glob("**/")) if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()


def report_kernel(state: State) -> list[str]:
    """Names of what the sandbox has in the kernel now; empty after `down`."""
    left = [f"bridge {state.bridge}"] if (_INTERFACES / state.bridge).exists() else []
    left += [f"binfmt entry {_entry(state).name}"] if _entry(state).exists() else []
    return left
