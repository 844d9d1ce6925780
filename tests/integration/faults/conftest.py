"""Small projects, bakec run as a person runs it but never for ever, and engines of a test's own that it may break."""

import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.fakes.faulty import Faulty, faulty
from tests.fakes.whole import Whole, start
from tests.integration.conftest import Ended, Stack

PLATFORMS = ("linux/amd64", "linux/arm64")
LONGEST_SECONDS = 150
GONE_SECONDS = 15


class Told(Ended):
    """How a run ended, and how it came to that."""

    @property
    def told(self) -> str:
        """The last things that it said, for whoever reads of a test that failed."""
        lines = [line[:600] for line in self.err.splitlines() if '"step-changed"' not in line]
        return "\n".join([f"bakec ended with {self.status}", *lines[-12:]])

    @property
    def attempts(self) -> dict[str, int]:
        """Image → how often it was attempted."""
        return {image["name"]: len(image["attempts"]) for image in self.document["images"]}

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Of all attempts that failed, in whichever image."""
        tries = [attempt for image in self.document["images"] for attempt in image["attempts"]]
        return [attempt["failure"] for attempt in tries if attempt["failure"]]

    @property
    def kept(self) -> set[str]:
        """The images that an earlier run had built."""
        return {image["name"] for image in self.document["images"] if image["kept_from"]}

    @property
    def unchanged(self) -> set[str]:
        """The images that the registry had, made from the same inputs."""
        return {image for (image, _), outcome in self.outcomes.items() if outcome == "unchanged"}

    @property
    def digests(self) -> dict[str, str | None]:
        """Image → what it came to."""
        return {image["name"]: image["digest"] for image in self.document["images"]}


@dataclass(frozen=True)
class Running:
    """A run of bakec that goes on."""

    process: Whole
    out: Path
    err: Path

    def until(self, word: str) -> None:
        """Wait until its progress has this word."""
        wait_for(f"{word!r} in the progress", lambda: word in self.err.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, f"it ended before {word!r}: {self.err.read_text()[-2000:]}"

    def until_events(self, number: int) -> None:
        """Wait until so many things happened, or all that will."""
        wait_for(
            f"event {number}",
            lambda: self.err.read_bytes().count(b"\n") >= number or self.process.poll() is not None,
            LONGEST_SECONDS,
        )

    def kill(self) -> bool:
        """As nothing can prepare for; False when it had ended before."""
        self.process.kill()
        return self.process.wait() == -signal.SIGKILL

    def end(self) -> Told:
        """Wait for its end, which comes."""
        try:
            status = self.process.wait(LONGEST_SECONDS)
        except TimeoutError:
            self.kill()
            raise
        return Told(status, self.out.read_text(), self.err.read_text())


@dataclass(frozen=True)
class Faulted(Stack):
    """A project of small images, each with something in it that no cache knows.

    Attributes:
        upstream: the registry itself, where the other one leads.
    """

    upstream: str

    @property
    def runs(self) -> Path:
        """Where bakec keeps its runs."""
        return self.root / ".bakec" / "runs"

    def image(self, name: str, *steps: str, needs: Sequence[str] = (), base: str = "scratch") -> None:
        """Write an image of a component of its own; its last steps are these."""
        base = needs[0] if needs else base
        phase, needed = ('"top"', str(list(needs))) if needs else ('"base"', "[]")
        dockerfile = "\n".join([f"FROM {base}", f"COPY it /{name}", *steps, ""])
        self.component(name, dockerfile, f'Image(name="{name}")', phase=phase, needs=needed)
        self.change(name)

    def change(self, name: str) -> None:
        """Change what an image is built from."""
        (self.root / "components" / name / "it").write_text(f"{uuid4()} {name}\n")

    def begin(self, *words: str, env: Mapping[str, str] | None = None) -> Running:
        """Start bakec."""
        environment = {**os.environ, **(env or {}), "BAKEC_REGISTRY": self.registry, "BAKEC_TAG": self.tag}
        # beside the project: what works in there may be what the test is about
        out, err = (self.root.with_name(f"{uuid4()}.{kind}") for kind in ("out", "err"))
        with out.open("wb") as to_out, err.open("wb") as to_err:
            return Running(start(words, self.root, environment, to_out, to_err), out, err)

    def begin_build(self, *words: str, env: Mapping[str, str] | None = None) -> Running:
        """Compile, then start to build, with events and the report as JSON."""
        compiled = self.bakec("compile")
        assert compiled.status == 0, compiled.err
        return self.begin("build", *words, "--json", env=env)

    def bakec(self, *words: str, env: Mapping[str, str] | None = None) -> Told:
        """Run bakec to its end, after which nothing that it started is left."""
        return self.end(self.begin(*words, env=env))

    def end(self, running: Running) -> Told:
        """Wait for the end of bakec and of all that it started."""
        ended = running.end()
        self.is_quiet()
        return ended

    def build(self, *words: str, env: Mapping[str, str] | None = None) -> Told:
        """Compile, then build with the report as JSON."""
        return self.end(self.begin_build(*words, env=env))

    def resume(self, *words: str, env: Mapping[str, str] | None = None) -> Told:
        """Build what the last run left, with the report as JSON."""
        return self.bakec("build", "--resume", *words, "--json", env=env)

    def is_quiet(self) -> None:
        """Whatever bakec started is gone, or goes within seconds."""
        wait_for("the end of what bakec started", lambda: not processes_in(self.root), GONE_SECONDS)

    def is_published(self, ended: Told, *images: str, unchanged: Collection[str] = ()) -> None:
        """All of these images, and no others, are built, but for the unchanged ones, and named by their public tags."""
        assert ended.status == 0, ended.told
        built = (image for image in images if image not in unchanged)
        assert ended.outcomes == every_cell("built", *built) | every_cell("unchanged", *unchanged)
        assert ended.document["published"] is True
        assert self.public_digests(*images) == ended.digests

    def public_digests(self, *images: str) -> dict[str, str | None]:
        """Image → what its public tag names; None when there is no such tag."""
        sound = Stack(self.root, self.upstream, self.tag)
        return {image: sound.manifest(image).headers.get("Docker-Content-Digest") for image in images}


def processes_in(folder: Path) -> list[str]:
    """The command lines of all processes that work in a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile
    return [line for line in found if line]


def wait_for(what: str, happened: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it happened.

    Raises:
        AssertionError: it did not within that time.
    """
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"no {what} within {seconds:.0f} s"
        time.sleep(0.02)


def every_cell(outcome: str, *images: str) -> dict[tuple[str, str], str]:
    """All cells of some images, ended alike."""
    return {(image, platform): outcome for image in images for platform in PLATFORMS}


@pytest.fixture
def faulty_registry(registry: str) -> Iterator[Faulty]:
    """The tests' registry, behind what makes it fail."""
    with faulty(registry) as proxy:
        yield proxy


@pytest.fixture
def project(tmp_path: Path, faulty_registry: Faulty) -> Faulted:
    """A project without images, pushed to the registry that fails."""
    root = tmp_path / f"faults-{uuid4().hex[:8]}"
    (root / "components").mkdir(parents=True)
    (root / "components" / "project.py").write_text(
        "from bake_compiler import Phase, Project\n\n"
        f'project = Project(name="faults", registry="127.0.0.1:1", repository="{root.name}/{{image}}", tag="v0",\n'
        '    platforms=("amd64", "arm64"), phases=(Phase(name="base"), Phase(name="top")))\n'
    )
    return Faulted(root, faulty_registry.address, "v1", faulty_registry.upstream)
