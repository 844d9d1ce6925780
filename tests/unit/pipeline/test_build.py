"""A build from plan to tags, with a docker that only says what it pushed and a registry in memory."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bake_compiler.oci.platform import Platform
from bake_compiler.pipeline.build import Build
from bake_compiler.pipeline.compile import BAKE_FILE, compile_plan, plan_project
from bake_compiler.pipeline.edges import Edges
from bake_compiler.plan import Plan, select
from bake_compiler.process import Command
from bake_compiler.registry import Registry
from bake_compiler.registry.transport import Request, Response
from bake_compiler.report import Report
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made, image_of, index_of
from tests.fakes.project import component, write_project
from tests.fakes.registry import FakeRegistry

LABELS = {"org.opencontainers.image.version": "1.0", "org.opencontainers.image.title": "web"}
PLATFORMS = ("linux/amd64", "linux/arm64")


def sound() -> Made:
    images = (image_of(platform, run={"Labels": LABELS}) for platform in PLATFORMS)
    return index_of(*images, attested=True)


@dataclass
class Docker:
    """A docker that builds nothing: it pushes this image, and writes what buildx would write of it."""

    root: Path
    fake: FakeRegistry
    pushes: Made

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        match command.argv:
            case ("docker", "buildx", "version"):
                on_line("github.com/docker/buildx v0.29.1 abc")
            case ("docker", "buildx", "inspect"):
                on_line(f"Platforms: {', '.join(PLATFORMS)}")
            case ("docker", "buildx", "bake", *words):
                self.fake.push("web", "staged", self.pushes)
                metadata = {"web": {"containerimage.digest": str(self.pushes.digest)}}
                (self.root / words[words.index("--metadata-file") + 1]).write_text(json.dumps(metadata))
            case _:
                return 128  # git: there is no repository
        return 0


@dataclass
class Stalling:
    """A registry that answers, but for the digest of an index, for which it lets one wait for ever."""

    fake: FakeRegistry
    waited: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, request: Request) -> Response:
        if "/manifests/sha256:" in request.url:
            self.waited.set()
            await asyncio.Event().wait()
        return await self.fake.send(request)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    write_project(tmp_path, {"web": component('name="web"')})
    plan = plan_project(tmp_path)
    (tmp_path / BAKE_FILE).write_text(compile_plan(tmp_path, plan))
    return plan


def build_of(plan: Plan, root: Path, transport: FakeRegistry | Stalling, docker: Docker) -> Build:
    registry = Registry(transport, retry=FakeClock().retry())
    env: Mapping[str, str] = {}
    edges = Edges(root, env, env, docker, registry, lambda _: None)
    return Build(plan, select(plan, ["all"], platforms=tuple(map(Platform.parse, PLATFORMS))), edges)


def outcomes(report: Report) -> list[str]:
    return [str(cell.outcome) for cell in report.cells]


def test_what_was_pushed_is_verified_and_then_public(plan: Plan, tmp_path: Path) -> None:
    fake, made = FakeRegistry(), sound()

    report = asyncio.run(build_of(plan, tmp_path, fake, Docker(tmp_path, fake, made)).run())

    assert (report.exit_code, report.published) == (0, True), [str(finding) for finding in report.images[0].findings]
    assert outcomes(report) == ["built", "built"]
    assert fake.tag("web", "1.0") == str(made.digest)
    assert [platform.platform for platform in report.images[0].platforms] == list(map(Platform.parse, PLATFORMS))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (index_of(*PLATFORMS, attested=True), "label"),
        (index_of(*(image_of(platform, run={"Labels": LABELS}) for platform in PLATFORMS)), "provenance"),
        (index_of(image_of("linux/amd64", run={"Labels": LABELS}), attested=True), "platform-missing"),
    ],
)
def test_what_is_not_as_promised_is_not_public(plan: Plan, tmp_path: Path, wrong: Made, code: str) -> None:
    fake = FakeRegistry()

    report = asyncio.run(build_of(plan, tmp_path, fake, Docker(tmp_path, fake, wrong)).run())

    assert (report.exit_code, report.published) == (6, False)
    assert code in {finding.code for finding in report.images[0].findings}
    assert fake.tag("web", "1.0") is None


def test_what_was_pushed_but_not_verified_before_an_interruption_is_not_built(plan: Plan, tmp_path: Path) -> None:
    fake = FakeRegistry()

    async def interrupted() -> Report:
        stalling = Stalling(fake)
        task = asyncio.create_task(build_of(plan, tmp_path, stalling, Docker(tmp_path, fake, sound())).run())
        await stalling.waited.wait()
        task.cancel()
        return await task

    report = asyncio.run(interrupted())

    assert report.exit_code == 130
    assert outcomes(report) == ["blocked", "blocked"]
    assert {cell.why for cell in report.cells} == {"interrupted before it was verified"}
    assert fake.tag("web", "1.0") is None
