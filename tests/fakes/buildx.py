"""Builders as buildx keeps them: created, changed, started and removed, with the caches that their nodes have.

Source: buildx 0.29, commands/create.go, commands/rm.go and store/nodegroup.go.
"""

import csv
import json
import shlex
import tomllib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bake_compiler.system.process import Command

_VALUED = ("--name", "--driver", "--node", "--platform", "--buildkitd-flags", "--buildkitd-config")


class _RefusedError(Exception):
    """What buildx says when it ends with 1."""


@dataclass
class Buildx:
    """Builders (process.Runner).

    Attributes:
        store: the folder of its records, as BUILDX_CONFIG names it.
        current: the builder that `use` chose.
        running: nodes that run.
        caches: nodes that have one, of containers.
        dead: nodes that can't be started, or do not answer.
        because: why those that are remote do not.
        waited: seconds for which it waited for them.
        refuses: nodes that can't be created.
    """

    store: Path
    current: str = "default"
    running: set[str] = field(default_factory=set)
    caches: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    because: str = "connection refused"
    waited: float = 0
    refuses: set[str] = field(default_factory=set)

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        _, _, verb, *words = command.argv
        try:
            does = {"create": self._create, "inspect": self._inspect, "rm": self._remove, "du": self._use}
            for line in does[verb](words):
                on_line(line)
        except _RefusedError as error:
            on_line(f"ERROR: {error}")
            return 1
        return 0

    def _create(self, words: Sequence[str]) -> Iterator[str]:
        said = _parsed(words)
        path = self._path(said["--name"])
        builder = json.loads(path.read_text()) if path.exists() else None
        assert (builder is not None) == ("--append" in words or "--leave" in words), words
        builder = builder or {"Name": said["--name"], "Driver": said["--driver"], "Nodes": [], "Dynamic": False}
        if "--leave" in words:
            if len(builder["Nodes"]) == 1:
                raise _RefusedError("can not leave last node, do you want to rm instance instead?")
            builder["Nodes"] = [node for node in builder["Nodes"] if node["Name"] != said["--node"]]
        else:
            self._update(builder, said)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(builder))
        self.current = said["--name"] if "--use" in words else self.current
        yield said["--name"]

    def _update(self, builder: dict[str, Any], said: dict[str, Any]) -> None:
        name, endpoint = said["--node"], said["endpoint"]
        if name in self.refuses:
            raise _RefusedError(f"failed to initialize builder {builder['Name']} ({name}): connection refused")
        if said["--driver"] != builder["Driver"]:
            raise _RefusedError(f"existing instance for {builder['Name']!r} but has mismatched driver")
        if builder["Driver"] == "remote" and not endpoint:
            raise _RefusedError("no remote endpoint provided")
        nodes: list[dict[str, Any]] = builder["Nodes"]
        others = [each for each in nodes if each["Name"] != name]
        if len(others) == len(nodes):
            own = f"kubernetes:///{builder['Name']}?deployment={name}"
            default = own if builder["Driver"] == "kubernetes" else "unix:///var/run/docker.sock"
            nodes.append({"Name": name, "Endpoint": default})
        node = next(each for each in nodes if each["Name"] == name)
        node["Endpoint"] = endpoint or node["Endpoint"]
        if node["Endpoint"] in [other["Endpoint"] for other in others]:
            raise _RefusedError(f"invalid duplicate endpoint {node['Endpoint']}")
        names: str = said.get("--platform", "")
        platforms = [_platform(text) for text in names.split(",") if text]
        node["Platforms"] = platforms or node.get("Platforms") or []
        for other in others:
            other["Platforms"] = [each for each in other["Platforms"] or [] if each not in node["Platforms"]]
        flags = shlex.split(said.get("--buildkitd-flags", ""))
        node["Flags"] = [*flags, "--allow-insecure-entitlement=network.host"] * (builder["Driver"] != "remote")
        node["DriverOpts"] = said["options"] or node.get("DriverOpts")
        if config := said.get("--buildkitd-config"):
            node["Files"] = dict(_files(Path(config)))

    def _inspect(self, words: Sequence[str]) -> Iterator[str]:
        names = [word for word in words if not word.startswith("--")]
        name = names[0] if names else self.current
        path = self._path(name)
        if not path.exists() and name != "default":
            raise _RefusedError(f'no builder "{name}" found')
        known = path.read_text() if path.exists() else '{"Driver": "docker", "Nodes": []}'
        builder = json.loads(known)
        if "--bootstrap" in words:
            started = {node["Name"] for node in builder["Nodes"]} - self.dead
            if builder["Driver"] == "remote" and len(started) < len(builder["Nodes"]):
                self.waited += 20
                raise _RefusedError("context deadline exceeded")
            self.running |= started
            self.caches |= started if builder["Driver"] == "docker-container" else set()
        yield f"Name:   {name}"
        yield f"Driver: {builder['Driver']}"
        yield ""
        yield "Nodes:"
        for node in builder["Nodes"]:
            yield f"Name:     {node['Name']}"
            yield f"Endpoint: {node['Endpoint']}"
            yield f"Status:   {'running' if node['Name'] in self.running else 'inactive'}"

    def _use(self, words: Sequence[str]) -> Iterator[str]:
        """What the cache of each node takes; here nothing."""
        nodes = {node["Name"] for node in json.loads(self._path(words[-1]).read_text())["Nodes"]}
        if nodes & self.dead:
            raise _RefusedError(f'failed to call diskusage: Unavailable: connection error: desc = "{self.because}"')
        yield from ()

    def _remove(self, words: Sequence[str]) -> Iterator[str]:
        *options, name = words
        path = self._path(name)
        if not path.exists():
            raise _RefusedError(f'no builder "{name}" found')
        nodes = {node["Name"] for node in json.loads(path.read_text())["Nodes"]}
        path.unlink()  # whatever comes
        if lost := nodes & self.dead:
            yield f'failed to remove {name}: no answer of "{min(lost)}"'
            raise _RefusedError("failed to remove one or more builders")
        self.running -= nodes
        self.caches -= set() if "--keep-state" in options else nodes
        self.current = "default" if self.current == name else self.current
        yield f"{name} removed"

    def _path(self, name: str) -> Path:
        return self.store / "instances" / name


def _parsed(words: Sequence[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"options": {}, "endpoint": ""}
    rest = iter(words)
    for word in rest:
        if word in _VALUED:
            said[word] = next(rest)
        elif word == "--driver-opt":
            (fields,) = csv.reader([next(rest)], strict=True)
            said["options"] |= dict(each.split("=", 1) for each in fields)
        elif not word.startswith("--"):
            said["endpoint"] = word
    return said


def _platform(text: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def _files(config: Path) -> Iterator[tuple[str, str]]:
    """buildx takes certificates along, and names where they will be in the daemon."""
    text = config.read_text()
    for host, said in tomllib.loads(text).get("registry", {}).items():
        for certificate in map(Path, said.get("ca", ())):
            place = f"certs/{host.replace(':', '_')}/{certificate.name}"
            text = text.replace(json.dumps(str(certificate)), json.dumps(f"/etc/buildkit/{place}"))
            yield place, b64encode(certificate.read_bytes()).decode()
    yield "buildkitd.toml", b64encode(text.encode()).decode()
