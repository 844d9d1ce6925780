"""A docker that builds nothing: it says what buildx says, pushes made images, and writes buildx's metadata."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bake_compiler.errors import PreflightError
from bake_compiler.oci.reference import Reference
from bake_compiler.system.process import Command
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.inspected import inspected
from tests.fakes.registry import FakeRegistry

INFO = {
    "ServerVersion": "28.5.2",
    "OSType": "linux",
    "Architecture": "x86_64",
    "Driver": "overlayfs",
    "NCPU": 2,
    "MemTotal": 8 << 30,
}
RECORDED = Path(__file__).parents[1] / "unit" / "buildx" / "recorded"
TRANSIENT, AUTHOR, DENIED = "push-503", "failing-step", "push-401"
"""Recordings of a fault that may pass by itself, of one that is the author's, and of one of the registry that stays."""


@dataclass
class Docker:
    """buildx, and git (process.Runner).

    Attributes:
        root: the project's.
        fake: where it pushes.
        mirrors: host → where it pushes too, as far as it is told to.
        plays: image → the recordings that its next attempts fail with; "" is one that succeeds.
        takes: image → seconds of a bake process, 1 where it is not said.
        makes: image → what is pushed in place of a sound image.
        gone_for: the image for whose bake process there is no docker any more.
        metadata: what buildx writes in place of what it should.
        cached: images whose steps all come from the cache.
        bases: base image → what its name stands for; the builder can't ask for others.
        absent: base image → what the builder says of one that can't be had.
        looked_up: the bake files of the look-ups.
        revision: that git tells; empty where there is no checkout.
        platforms: that the builder has.
        store: its image store.
        folder: where it keeps its things.
        qemu: what an emulator says of itself.
        network: what a build container says of its own; nothing where it has no shell.
        crash: how a program of another platform ends.
        version: what buildx says of itself.
        nodes: what `buildx inspect` says in place of the truth.
        baked: the images, in order of their attempts.
        stopped: those of which one was ended before its time.
        inside: how many bake processes there are, and `most`, how many there were at once.
    """

    root: Path
    fake: FakeRegistry
    plays: dict[str, list[str]] = field(default_factory=dict)
    takes: Mapping[str, float] = field(default_factory=dict)
    makes: Mapping[str, Made] = field(default_factory=dict)
    gone_for: str = ""
    metadata: str = ""
    cached: Collection[str] = ()
    bases: dict[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    looked_up: list[dict[str, Any]] = field(default_factory=list)
    revision: str = ""
    platforms: str = "linux/amd64, linux/arm64"
    store: str = "[[driver-type io.containerd.snapshotter.v1]]"
    folder: str = ""
    qemu: str = "qemu-aarch64 version 10.0.2 (Debian 1:10.0.2+ds-2)"
    network: Collection[str] = ("bakec: nameserver 10.0.0.2", "bakec: found deb.test")
    crash: str = "exit code: 255"
    version: str = "github.com/docker/buildx v0.29.1 abc"
    nodes: str = ""
    baked: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    made: Counter[str] = field(default_factory=Counter)
    mirrors: Mapping[str, FakeRegistry] = field(default_factory=dict)

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        match command.argv:
            case ("git", "rev-parse", *_):
                on_line(self.revision)
                return 0 if self.revision else 128
            case ("git", "status", *_):
                on_line(" M a file, so that there is no SOURCE_DATE_EPOCH")
            case (_, "--version"):
                on_line(self.qemu)
            case (*_, "version"):
                on_line(self.version)
            case (*_, "inspect") | (*_, "inspect", "--bootstrap"):
                on_line(self.nodes or inspected(platforms=self.platforms))
            case (*_, "--file", file, "--progress", "rawjson") if file.endswith("bases.json"):
                return self._look_up(json.loads((self.root / file).read_text(encoding="utf-8")), on_line)
            case ("docker", "info", *_):
                on_line(json.dumps({**INFO, "DockerRootDir": self.folder, "DriverStatus": self.store}))
            case (*_, "--file", file, "--progress", "rawjson", "runs" | "network" as target):
                run = self._run_programs if target == "runs" else self._run_network
                return run(command.cwd / file, on_line)
            case _:
                return await self._bake(command, on_line)
        return 0

    def _run_network(self, _path: Path, on_line: Callable[[str], None]) -> int:
        for line in self.network:
            on_line(line)
        return 0 if self.network else 1

    def _run_programs(self, path: Path, on_line: Callable[[str], None]) -> int:
        targets = json.loads(path.read_text(encoding="utf-8"))["target"].values()
        wanted = {platform for target in targets for platform in target["platforms"]}
        if wanted <= set(self.platforms.split(", ")):
            return 0
        error = f'process "/program" did not complete successfully: {self.crash}'
        on_line(_step('[stage-0 2/2] RUN --network=none ["/program"]', error=error))
        on_line(f"ERROR: failed to solve: {error}")
        return 1

    def _look_up(self, file: dict[str, Any], on_line: Callable[[str], None]) -> int:
        self.looked_up.append(file)
        names: set[str] = set()
        for target, asked in file["target"].items():
            *_, name = asked["dockerfile-inline"].split()
            prefix = f"{target} " if len(file["target"]) > 1 else ""
            if name not in self.bases:
                words = self.absent.get(name, "dial tcp 127.0.0.1:5000: connect: connection refused")
                words = f"{name}: failed to resolve source metadata for docker.io/library/{name}: {words}"
                on_line(_step(f"[{prefix}internal] load metadata for docker.io/library/{name}", error=words))
                on_line(f"ERROR: target {target}: failed to solve: {words}")
                return 1
            if name not in names:  # two targets of one base are one vertex, which has the name of either
                reference = Reference.parse(name)
                whole = reference.tagged(reference.tag or "latest")
                text = f"[{prefix}linux/amd64 1/1] FROM {whole}@sha256:{self.bases[name]:0>64}"
                on_line(_step(text))
            names.add(name)
        return 0

    async def _bake(self, command: Command, on_line: Callable[[str], None]) -> int:
        name = command.argv[-1]
        if name == self.gone_for:
            raise PreflightError("'docker' is not on PATH", hint="install Docker with buildx")
        self.commands.append(command)
        self.baked.append(name)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(self.takes.get(name, 1.0))
        except asyncio.CancelledError:
            self.stopped.append(name)
            raise
        finally:
            self.inside -= 1
        failing = self.plays.get(name) or [""]
        if recording := failing.pop(0):
            for line in (RECORDED / f"{recording}.jsonl").read_text(encoding="utf-8").splitlines():
                on_line(line)
            return 1
        on_line(_step("[linux/amd64 1/1] RUN make", cached=name in self.cached))
        digest = self._push(name, command)
        metadata = self.metadata or json.dumps({name: {"containerimage.digest": digest}})
        (self.root / _after(command, "--metadata-file")).write_text(metadata, encoding="utf-8")
        return 0

    def _push(self, name: str, command: Command) -> str:
        self.made[name] += 1
        made = self.makes.get(name) or self._made(name, command.env)
        begin = f"{name}.tags="
        for word in command.argv:
            if word.startswith(begin):
                staged = Reference.parse(word.removeprefix(begin))
                self.mirrors.get(staged.registry, self.fake).push(staged.repository, staged.tag, made)
        return str(made.digest)

    def _made(self, name: str, env: Mapping[str, str]) -> Made:
        """Sound, and other bytes each time."""
        said = {"version": env["TAG"], "title": name} | (
            {"revision": self.revision + "-dirty"} if self.revision else {}
        )
        labels = {f"org.opencontainers.image.{key}": value for key, value in said.items()}
        layers = (f"{name}, build {self.made[name]}".encode(),)
        images = (image_of(each, run={"Labels": labels}, layers=layers) for each in env["PLATFORMS"].split(","))
        return index_of(*images, attested=True)


def _after(command: Command, word: str) -> str:
    return command.argv[command.argv.index(word) + 1]


def _step(name: str, *, cached: bool = False, error: str = "") -> str:
    moment = "2026-11-24T10:00:00Z"
    step = {"digest": name, "name": name, "started": moment, "completed": moment}
    return json.dumps({"vertexes": [{**step, "cached": cached, **({"error": error} if error else {})}]})
