"""Three ways to build and publish a whole project, each in a namespace of its own of one registry."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from bake_compiler.errors import BakecError
from bake_compiler.report import Report
from bake_compiler.report.stored.report import report_from_document
from bake_compiler.report.words.lines import lines
from benchmarks.engine import Engine
from benchmarks.measure import BAKEC, seconds

_BAKE = ("docker", "buildx", "bake")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Site:
    """Where to build: a project and an engine."""

    root: Path
    engine: Engine

    def environment(self, namespace: str) -> dict[str, str]:
        """What a person would set by hand so that it is the build that bakec makes."""
        return {
            **self.engine.environment,
            "REGISTRY": f"{self.engine.registry}/{namespace}",
            "REVISION": self._git("rev-parse", "HEAD"),
            "SOURCE_DATE_EPOCH": self._git("log", "-1", "--format=%ct"),
        }

    def _git(self, *words: str) -> str:
        argv = ("git", *words)
        return subprocess.run(argv, cwd=self.root, capture_output=True, text=True, check=True).stdout.strip()


@dataclass(frozen=True)
class Run:
    """One run of bakec.

    Attributes:
        seconds: wall time.
        cpu: seconds of processor time of bakec's own process, without those that it started.
        megabytes: its peak memory.
        report: what it told.
    """

    seconds: float
    cpu: float
    megabytes: float
    report: Report

    @property
    def share(self) -> float:
        """The part of one core that it took."""
        return self.cpu / self.seconds


def run_bakec(site: Site, *options: str) -> Run:
    """`bakec build all`: preflight, builds, verification in the registry, public tags."""
    argv = (*BAKEC, "build", "all", "--registry", f"{site.engine.registry}/bakec", "--json", *options)
    begin = time.perf_counter()
    with TemporaryFile() as told, TemporaryFile() as said:
        process = subprocess.Popen(argv, cwd=site.root, env=site.engine.environment, stdout=told, stderr=said)
        try:
            peak = _Peak(process.pid)
            peak.start()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is still there to be looked at
            took = time.perf_counter() - begin
            cpu = _cpu_seconds(process.pid)
        finally:
            process.terminate()  # when we are interrupted: its builds end before their engine goes
            status = process.wait()
        told.seek(0)
        said.seek(0)
        if status:
            why = told.read() or said.read()[-2000:]
            sys.exit(f"error: {' '.join(argv)} exited with {status}\n{_in_words(why)}")
        return Run(took, cpu, peak.megabytes, report_from_document(json.load(told)))


def _in_words(told: bytes) -> str:
    """What a report says below its matrix; anything else, such as what a preflight found, as it is."""
    try:
        return "\n".join(words.text for words in lines(report_from_document(json.loads(told))))
    except (ValueError, BakecError):
        return told.decode(errors="replace")


def run_bake(site: Site) -> float:
    """One `docker buildx bake --push` of everything; gives the seconds it took."""
    return seconds((*_BAKE, "--push"), site.root, site.environment("bake"))


def run_loop(site: Site) -> float:
    """Each image for each architecture, one after the other, and then its index; gives the seconds it took."""
    environment = site.environment("loop")
    printed = subprocess.run(
        (*_BAKE, "--progress", "quiet", "--print"), cwd=site.root, env=environment, capture_output=True, check=True
    )
    begin = time.perf_counter()
    for argv in loop_commands(json.loads(printed.stdout)["target"]):
        seconds(argv, site.root, environment)
    return time.perf_counter() - begin


def loop_commands(targets: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """What a script runs to build these targets of `bake --print` one by one, each after those that it needs.

    Raises:
        ValueError: a target has an attribute that the script would leave out.
    """
    for name in TopologicalSorter({name: _needs(target) for name, target in targets.items()}).static_order():
        target = targets[name]
        (tag,) = target["tags"]
        parts = {platform: f"{tag}-{platform.rpartition('/')[2]}" for platform in target["platforms"]}
        for platform, part in parts.items():
            yield (
                *("docker", "buildx", "build", "--push", "--platform", platform, "--tag", part),
                *_options(target, targets),
                target["context"],
            )
        yield ("docker", "buildx", "imagetools", "create", "--tag", tag, *parts.values())


def _needs(target: Mapping[str, Any]) -> list[str]:
    contexts: Mapping[str, str] = target.get("contexts", {})
    return [value.removeprefix("target:") for value in contexts.values() if value.startswith("target:")]


def _options(target: Mapping[str, Any], targets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for attribute, value in target.items():
        match attribute:
            case "dockerfile":
                yield from ("--file", str(Path(target["context"], value)))
            case "target":
                yield from ("--target", value)
            case "args":
                yield from _pairs("--build-arg", value)
            case "labels":
                yield from _pairs("--label", value)
            case "contexts":
                yield from _pairs("--build-context", {name: _by_tag(each, targets) for name, each in value.items()})
            case "attest":
                yield from (word for each in value for word in ("--attest", _comma_separated(each)))
            case "context" | "tags" | "platforms":
                pass  # arguments of their own
            case _:
                raise ValueError(f"the loop knows no {attribute}")


def _pairs(option: str, pairs: Mapping[str, str]) -> Iterator[str]:
    return (word for pair in pairs.items() for word in (option, "=".join(pair)))


def _comma_separated(attestation: str | Mapping[str, str]) -> str:
    """Newer versions of buildx print an object."""
    if isinstance(attestation, str):
        return attestation
    return ",".join("=".join(pair) for pair in sorted(attestation.items(), key=lambda pair: pair[0] != "type"))


def _by_tag(context: str, targets: Mapping[str, Mapping[str, Any]]) -> str:
    """An image of the project is taken from the registry."""
    name = context.removeprefix("target:")
    return context if name == context else f"docker-image://{targets[name]['tags'][0]}"


class _Peak(threading.Thread):
    """Looks at the peak memory of a process until it ends: afterwards nobody can tell."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.megabytes = 0.0
        self._status = Path(f"/proc/{pid}/status")

    def run(self) -> None:
        while peak := self._now():
            self.megabytes = peak
            time.sleep(0.05)

    def _now(self) -> float:
        try:
            lines = self._status.read_text().splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process alone (proc(5): utime and stime leave out its children)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def at_once(report: Report) -> int:
    """The most images that were built at once, from the times of their attempts."""
    attempts = [attempt for image in report.images for attempt in image.attempts]
    changes = sorted(change for each in attempts for change in ((each.began, 1), (max(each.began, each.ended), -1)))
    return max(accumulate(change for _, change in changes), default=0)
