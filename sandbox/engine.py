"""dockerd with buildx and compose, and the registry beside it: fetched, started, stopped."""

import http.client
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import kernel
from sandbox.archive import STABLE, TESTING, Archive
from sandbox.state import (
    SandboxError,
    State,
    end_processes,
    link,
    own_processes,
    run_step,
    say,
    start_daemon,
    wait_for,
)

GO_PACKAGES = (
    "docker.io",
    "docker-cli",
    "containerd",
    "docker-buildx",
    "docker-compose",
    "docker-registry",
    "qemu-user",
)
OWN_PACKAGES = (  # need the C library of the machine's own release
    *("runc", "libseccomp2", "iptables", "libip4tc2", "libip6tc2", "libxtables12"),
    *("libmnl0", "libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11", "tini"),
)
_COMMANDS = (
    *("dockerd", "docker", "docker-init", "containerd", "docker-registry"),
    *("aarch64-binfmt-P", "runc", "iptables"),
)
_WRAPPED = {"runc": "usr/sbin/runc", "iptables": "usr/sbin/xtables-nft-multi"}  # in the prefix of our own release
_INIT = "usr/bin/tini-static"
_WRAPPER = """#!/bin/sh
own=${{0%/*}}/../prefix/own
LD_LIBRARY_PATH=$own/usr/lib/x86_64-linux-gnu:$own/lib/x86_64-linux-gnu XTABLES_LIBDIR=$own/{modules} \\
    exec "$own/{target}" {word}"$@"
"""
_REGISTRY_ENVIRONMENT = {
    "OTEL_TRACES_EXPORTER": "none",
    "GOGC": "800",  # it makes much garbage for each request: half of its CPU, for some 50 MB of memory
}
_REGISTRY_CONFIG = """version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
http: {{addr: "{address}"}}
"""


def engine_answers(state: State) -> bool:
    """Whether the sandbox's dockerd answers."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(5)
        if link.connect_ex(str(state.socket)):
            return False
        connection = http.client.HTTPConnection("localhost")
        connection.sock = link
        return _ok(connection, "/_ping")


def registry_answers(address: str) -> bool:
    """Whether a registry answers there."""
    return _ok(http.client.HTTPConnection(address, timeout=5), "/v2/")


def has_manifest(address: str, repository: str, tag: str) -> bool:
    """Whether a registry has this tag."""
    return _ok(http.client.HTTPConnection(address, timeout=5), f"/v2/{repository}/manifests/{tag}", "HEAD")


def _ok(connection: http.client.HTTPConnection, path: str, method: str = "GET") -> bool:
    accept = "application/vnd.oci.image.index.v1+json"
    try:
        connection.request(method, path, headers={"Accept": accept})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def fetch(state: State) -> None:
    """Unpack everything that the engine needs, once; testing first, stable if that does not run here."""
    fetched = state.home / "fetched"
    if fetched.exists() and is_fetched(state):
        return
    if fetched.exists():
        say("what was fetched is gone, or was fetched for another place")
        fetched.unlink()
    archive = Archive.of_machine(state)
    say(f"fetching the engine from {archive.uri}")
    archive.update()
    archive.unpack(OWN_PACKAGES, archive.own_release, state.prefix / "own")
    try:
        suite = _fetch_suite(archive, TESTING)
    except SandboxError as error:
        say(f"{TESTING} can't be used ({error.message}); falling back to {STABLE}")
        suite = _fetch_suite(archive, STABLE)
    fetched.write_text(suite)


def is_fetched(state: State) -> bool:
    """Whether each command is there and this sandbox's own: a copied checkout may lead to those of its original."""
    commands = [state.bin / command for command in _COMMANDS]
    commands += [state.prefix / "own" / target for target in _WRAPPED.values()]
    commands += [_plugins(state) / "docker-buildx"]
    return all(path.is_file() and path.resolve().is_relative_to(state.home.resolve()) for path in commands)


def _fetch_suite(archive: Archive, suite: str) -> str:
    state = archive.state
    prefix = state.prefix / suite
    archive.unpack(GO_PACKAGES, suite, prefix)
    _link_commands(state, prefix)
    for command in _COMMANDS:
        run_step(state, "versions", [state.bin / command, "--version"])
    return suite


def _link_commands(state: State, prefix: Path) -> None:
    for folder in ("usr/bin", "usr/sbin", "usr/libexec/docker"):
        for command in sorted((prefix / folder).glob("*")):
            if command.name.startswith(("docker", "containerd", "ctr")) and command.is_file():
                link(state.bin / command.name, command)
    qemu = next(path for path in prefix.glob("usr/bin/qemu-aarch64*") if path.is_file())
    link(state.bin / "aarch64-binfmt-P", qemu)
    own = state.prefix / "own"
    link(state.bin / "docker-init", own / _INIT)  # which `docker run --init` wants, and builders in containers
    modules = next((path for path in own.glob("**/xtables") if path.is_dir()), own).relative_to(own)
    for name, target in _WRAPPED.items():
        word = "iptables " if name == "iptables" else ""
        script = _WRAPPER.format(modules=modules, target=target, word=word)
        (state.bin / name).write_text(script)
        (state.bin / name).chmod(0o755)
    for plugin in (prefix / "usr/libexec/docker/cli-plugins").glob("docker-*"):
        link(_plugins(state) / plugin.name, plugin)


def _plugins(state: State) -> Path:
    return state.docker_config / "cli-plugins"


def start(state: State) -> None:
    """Bring the registry, the emulation, the bridge and dockerd up.

    What is left of a half-killed sandbox goes first: dockerd waits 10 s for a containerd that it did not start, and
    keeps the address of a registry that had to come back on another port.
    """
    whole = engine_answers(state) and registry_answers(state.registry) and _registry_is_ours(state)
    if not whole:
        stop(state)
        state.run.mkdir(parents=True, exist_ok=True)
        _start_registry(state)
    kernel.add_emulation(state)
    kernel.add_bridge(state)
    if not whole:
        start_dockerd(state)


def _registry_is_ours(state: State) -> bool:
    for pid in own_processes(state):
        try:
            if "docker-registry" in Path(f"/proc/{pid}/cmdline").read_text():
                return True
        except OSError:
            continue
    return False


def _start_registry(state: State) -> None:
    wanted = int(state.registry.rpartition(":")[2])
    port = wanted if _is_free(wanted) else _is_free(0)
    state.port_file.write_text(str(port))
    say(f"starting a registry on {state.registry}")
    config = state.home / "registry.yml"
    config.write_text(_REGISTRY_CONFIG.format(root=state.home / "registry", address=state.registry))
    start_daemon(state, "registry", [state.bin / "docker-registry", "serve", config], _REGISTRY_ENVIRONMENT)
    wait_for("registry", state, lambda: registry_answers(state.registry), 20)


def _is_free(port: int) -> int:
    """The port when it can be had (any free one for 0), else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def start_dockerd(state: State, settings: Mapping[str, object] | None = None, words: Sequence[str | Path] = ()) -> None:
    """Start dockerd on its bridge, and wait until it answers.

    Args:
        state: whose it is.
        settings: of daemon.json, in place of the usual ones.
        words: of another command, which starts it.
    """
    say("starting dockerd")
    (state.docker_config / "config.json").write_text(json.dumps({"proxies": {"default": _proxies(os.environ)}}))
    (state.run / "docker.pid").unlink(missing_ok=True)
    config = {
        "features": {"containerd-snapshotter": True},
        "bridge": state.bridge,
        "cgroup-parent": f"bakec-{state.key}",
        "data-root": str(state.home / "docker"),
        "exec-root": str(state.run / "exec"),
        "pidfile": str(state.run / "docker.pid"),
        "hosts": [f"unix://{state.socket}"],
        "iptables": False,
        "ip6tables": False,
        "registry-mirrors": [f"http://{state.registry}"],
        "max-concurrent-uploads": 8,
        "shutdown-timeout": 1,  # seconds in which a container may end by itself; `down` needs no more
        **(settings or {}),
    }
    path = state.home / "daemon.json"
    path.write_text(json.dumps(config, indent=2))
    environment = {"PATH": f"{state.bin}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    start_daemon(state, "dockerd", [*words, state.bin / "dockerd", "--config-file", path], environment)
    wait_for("dockerd", state, lambda: engine_answers(state), 60)


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The machine's proxies as Docker's client hands them to builds and containers."""
    names = {"httpProxy": "http_proxy", "httpsProxy": "https_proxy", "noProxy": "no_proxy"}
    found = {key: environment.get(name) or environment.get(name.upper()) for key, name in names.items()}
    return {key: value for key, value in found.items() if value}


def stop(state: State) -> None:
    """End and remove everything that `start` made; what is gone already is no error."""
    end_processes(state)
    kernel.remove_mounts(state)
    kernel.remove_bridges(state)
    kernel.remove_emulation(state)
    kernel.remove_cgroups(state)
    shutil.rmtree(state.run, ignore_errors=True)


def suite(state: State) -> str:
    """The Debian suite that the engine is from."""
    return (state.home / "fetched").read_text()


def versions(state: State) -> str:
    """One line: what runs and where it is from."""
    words = [f"from Debian {suite(state)}"]
    for argv in (["docker", "--version"], ["docker", "buildx", "version"], ["docker", "compose", "version", "--short"]):
        environment = {**os.environ, **state.environment()}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
        words.append(done.stdout.strip())
    return " · ".join(words)
