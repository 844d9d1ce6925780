"""A project with three images, of which one needs another, and all that it takes to build them: nothing of it is real.

Time is virtual: a bake process takes one second.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, select
from bake_compiler.project.planned import plan_project
from bake_compiler.registry import Registry
from bake_compiler.registry.transport import Request, Response
from bake_compiler.report import ImageResult, Report
from bake_compiler.report.events import Event
from bake_compiler.runs.asked import Asked
from bake_compiler.runs.kept import journal_of, last_run
from bake_compiler.runs.options import BuildOptions, resumed
from bake_compiler.system.journal import read_journal
from bake_compiler.system.process import Command
from bake_compiler.verbs.build.run import Build
from bake_compiler.verbs.compile.run import compile_plan
from bake_compiler.verbs.edges import Edges
from tests.fakes import virtual_time
from tests.fakes.clock import FakeClock
from tests.fakes.cosign import FakeCosign
from tests.fakes.docker import Docker
from tests.fakes.project import PROJECT, component, write_project
from tests.fakes.registry import FakeRegistry

COMPONENTS = {
    "hub": component('name="hub"'),
    "web": component('name="web", needs=["hub"]', phase="last"),
    "other": component('name="other"'),
}


@dataclass
class Site:
    """Such a project.

    Attributes:
        root: its folder.
        fake: its registry.
        docker: its engine.
        lags: part of a method and path, such as `PUT /v2/web` → seconds before the registry answers.
        listens: is told what is told.
        told: all that was.
        mirrors: host → another registry.
        cosign: what signs.
    """

    root: Path
    fake: FakeRegistry
    docker: Docker
    plan: Plan
    lags: dict[str, float] = field(default_factory=dict)
    listens: Callable[[Event], None] = lambda _: None
    told: list[Event] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    mirrors: dict[str, FakeRegistry] = field(default_factory=dict)
    cosign: FakeCosign | None = None

    @classmethod
    def make(
        cls,
        root: Path,
        components: Mapping[str, str] = COMPONENTS,
        project: str = PROJECT,
        mirrors: Sequence[str] = (),
    ) -> "Site":
        fake, others = FakeRegistry(), {host: FakeRegistry() for host in mirrors}
        write_project(root, dict(components), project=project)
        return cls(root, fake, Docker(root, fake, mirrors=others), _compiled(root), mirrors=others)

    def rewrite(self, **components: str) -> None:
        """Change components, and compile."""
        write_project(self.root, components)
        self.plan = _compiled(self.root)

    async def send(self, request: Request) -> Response:
        """Answer, after the lag (registry.transport.Transport)."""
        place = f"{request.method} {request.url}"
        for part, seconds in self.lags.items():
            method, _, path = part.partition(" ")
            if place.startswith(method) and path in place:
                await asyncio.sleep(seconds)
        there = (other for host, other in self.mirrors.items() if f"//{host}/" in place)
        return await next(there, self.fake).send(request)

    def build(self, *selectors: str, only: Sequence[str] = (), resumes: Asked | None = None, **options: Any) -> Build:
        """A build of all that is selected, for `only` these platforms; options are those of BuildOptions."""
        retry = FakeClock().retry()
        edges = Edges(
            self.root, self.env, self.env, self._runner, Registry(self, retry=retry), self._tell, self.root / "binfmt"
        )
        asked = BuildOptions(selectors=selectors, platforms=tuple(only), **options)
        if resumes:
            asked = resumed(resumes.run, resumes.options, asked, {*options, *["selectors"] * bool(selectors)})
        wanted = select(
            self.plan,
            asked.selectors,
            platforms=tuple(map(Platform.parse, asked.platforms)),
            registry=asked.registry,
            tag=asked.tag,
            variables=asked.variables,
        )
        return Build(self.plan, wanted, edges, asked, resumes, jitter=lambda: 0.5)

    async def _runner(self, command: Command, on_line: Callable[[str], None]) -> int:
        """Run a command (process.Runner)."""
        runs = self.cosign if self.cosign and command.argv[0] == "cosign" else self.docker
        return await runs(command, on_line)

    def run(self, *selectors: str, **options: Any) -> Report:
        """Build to the end."""
        return virtual_time.run(self.build(*selectors, **options).run())

    def resume(self, *selectors: str, **options: Any) -> Report:
        """Build what the last run left, as it was asked; options are those that are given again."""
        earlier = last_run(self.root)
        self.docker.baked.clear()
        return self.run(*selectors, resumes=earlier, **options)

    def interrupted(self, seconds: float, *selectors: str, **options: Any) -> Report:
        """Build, and press Ctrl-C after so many seconds."""
        return virtual_time.run(self._interrupted(seconds, partial(self.build, *selectors, **options)))

    async def _interrupted(self, seconds: float, build: Callable[[], Build]) -> Report:
        running = asyncio.create_task(build().run())
        await asyncio.sleep(seconds)
        assert not running.done()
        running.cancel()
        return await running

    def killed_after(self, entries: int, run: str) -> None:
        """Make it look as if that run was killed when it had written so many entries."""
        path = journal_of(self.root, run)
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:entries]))
        path.with_name("report.json").unlink(missing_ok=True)

    def journal(self, run: str) -> list[str]:
        """What happened: the names of the entries, with their image's."""
        entries = read_journal(journal_of(self.root, run))
        return [
            " ".join(filter(None, (entry["event"], entry.get("image") or entry.get("result", {}).get("name"))))
            for entry in entries
        ]

    @property
    def public(self) -> dict[str, str | None]:
        """Image → the digest that its public tag names."""
        return {name: self.fake.tag(name, "1.0") for name in ("hub", "web", "other")}

    def _tell(self, event: Event) -> None:
        self.told.append(event)
        self.listens(event)


def image(report: Report, name: str) -> ImageResult:
    """One image of a report."""
    return next(image for image in report.images if image.name == name)


def outcomes(report: Report) -> dict[str, str]:
    """Image → how it ended, on all of its platforms."""
    return {image.name: " ".join(sorted({str(cell.outcome) for cell in image.cells})) for image in report.images}


def _compiled(root: Path) -> Plan:
    plan = plan_project(root)
    (root / BAKE_FILE).write_text(compile_plan(root, plan), encoding="utf-8")
    return plan
