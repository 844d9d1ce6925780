"""The map of what is emulated: with the times of the runs that are kept, and what the builder says."""

from dataclasses import replace
from pathlib import Path

import pytest

from bake_compiler import Builder, Node
from bake_compiler.buildx import Step
from bake_compiler.buildx.said import Said
from bake_compiler.buildx.tools import CommandAnswer
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import select
from bake_compiler.project.planned import plan_project
from bake_compiler.report import Attempt, ImageResult, Report
from bake_compiler.runs.asked import Asked, write_asked
from bake_compiler.runs.kept import write_report
from bake_compiler.runs.options import BuildOptions
from bake_compiler.verbs.plan.emulation import EmulationMap, Native, judge_native, map_emulation
from bake_compiler.verbs.plan.emulation_show import emulation_document, emulation_text
from tests.fakes.project import component, write, write_project

AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")
DOCKERFILE = "FROM busybox:stable\nRUN apt-get install -y nginx\nRUN adduser web\n"
INSTALL = "RUN apt-get install -y nginx"


def of(root: Path, dockerfile: str = DOCKERFILE) -> EmulationMap:
    write_project(root, {"web": component('name="web"')})
    write(root / "components/web/Dockerfile", dockerfile)
    plan = plan_project(root)
    text = {"components/web/Dockerfile": dockerfile}
    return map_emulation(root, plan, select(plan, []), text, Native(frozenset({AMD64}), "the builder"))


def keep(root: Path, run: str, *steps: Step) -> None:
    """A run in which web had these steps."""
    write_asked(root, Asked(run, 1.0, BuildOptions(registry="r", tag="1"), {}, slots=1, images=()))
    image = ImageResult("web", "r/web:1", (), attempts=(Attempt(1, 0.0, 9.0, steps),))
    assert write_report(root, Report("build", "r", "1", (image,), (), run=run)) == ""


def step(seconds: float, name: str = INSTALL, platform: Platform = ARM64, *, cached: bool = False) -> Step:
    return Step(name, platform, "", 100.0, 100.0 + seconds, cached)


def seconds(found: EmulationMap) -> list[tuple[int, float | None, str]]:
    return [(each.run.run.line, each.seconds, each.when) for each in found.runs]


def test_a_run_that_is_kept_tells_how_long_each_step_took(tmp_path: Path) -> None:
    keep(tmp_path, "20260101-1", step(49.0), step(2.0, platform=AMD64), step(1.5, "RUN adduser web"))

    assert seconds(of(tmp_path)) == [(2, 49.0, "20260101-1"), (3, 1.5, "20260101-1")]


def test_a_step_from_the_cache_tells_no_time_and_the_run_before_does(tmp_path: Path) -> None:
    keep(tmp_path, "20260101-1", step(49.0))
    keep(tmp_path, "20260102-1", step(0.0, cached=True), step(1.5, "RUN adduser web"))

    assert seconds(of(tmp_path)) == [(2, 49.0, "20260101-1"), (3, 1.5, "20260102-1")]


def test_a_step_that_was_written_otherwise_is_another_one(tmp_path: Path) -> None:
    keep(tmp_path, "20260101-1", step(49.0, "RUN apt-get install -y apache2"))

    assert seconds(of(tmp_path)) == [(2, None, ""), (3, None, "")]


def test_the_longest_comes_first_and_the_last_line_tells_what_could_be_won(tmp_path: Path) -> None:
    keep(tmp_path, "20260101-1", step(1.0), step(3.5, "RUN adduser web"))

    header, first, second, *_, native, last = emulation_text(of(tmp_path)).splitlines()

    assert header.split() == ["image", "platform", "where", "seconds", "kind", "runs"]
    assert first.split() == ["web", "linux/arm64", "components/web/Dockerfile:3", "3.5", "-", "adduser", "web"]
    assert second.split()[:5] == ["web", "linux/arm64", "components/web/Dockerfile:2", "1.0", "apt"]
    assert native == "native: linux/amd64, by the builder"
    assert last.startswith("2 RUNs emulated, 4.5 s when last run; of them 1, 1.0 s when last run, could run")


def test_where_nothing_is_emulated_that_is_said_and_there_is_no_table(tmp_path: Path) -> None:
    told = emulation_text(of(tmp_path, "FROM --platform=$BUILDPLATFORM a AS b\nRUN make\nFROM a\nCOPY --from=b / /\n"))

    assert told == "native: linux/amd64, by the builder\n0 RUNs emulated\n"


def test_a_dockerfile_that_can_not_be_read_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    found = of(tmp_path, "# syntax=acme/own:1\nMAKE it\n")

    assert found.unread == ("web",)
    assert "web: its Dockerfile is none that bakec reads" in emulation_text(found)


def test_the_map_is_a_document(tmp_path: Path) -> None:
    keep(tmp_path, "20260101-1", step(49.0))

    document = emulation_document(of(tmp_path))

    assert (document["schema"], document["native"]) == ("bakec.emulation/1", ["linux/amd64"])
    first, second = document["runs"]
    assert (first["line"], first["seconds"], first["kind"], first["command"]) == (2, 49.0, "apt", INSTALL)
    assert (second["seconds"], second["kind"], second["rewrite"]) == (None, None, None)


TWO = Builder(
    name="acme",
    driver="remote",
    nodes=(
        Node(endpoint="tcp://a.test:1", platforms=("amd64",)),
        Node(endpoint="tcp://b.test:1", platforms=("arm64",)),
    ),
)
UNTOLD = Builder(name="acme", nodes=(Node(endpoint="ssh://a.test"),))
ABSENT = 'ERROR: no builder "acme" found'
RUNNING = """\
Name:   acme
Driver: remote

Nodes:
Name:      acme0
Endpoint:  tcp://a.test:1
Status:    running
Platforms: linux/amd64*, linux/386, linux/arm64

Name:      acme1
Endpoint:  tcp://b.test:1
Status:    running
Platforms: linux/arm64*, linux/amd64
"""
LOST = RUNNING[: RUNNING.rindex("Status")] + "Error:     connection refused\n"


@pytest.mark.parametrize(
    ("inspection", "described", "platforms", "told_by"),
    [
        (RUNNING, TWO, {AMD64, ARM64}, "the builder"),
        (RUNNING, None, {AMD64, ARM64}, "the builder"),
        (LOST, TWO, {AMD64, ARM64}, "the description"),
        (LOST, None, {AMD64}, "the builder"),
        (ABSENT, TWO, {AMD64, ARM64}, "the description"),
        (ABSENT, UNTOLD, {AMD64}, "this machine"),
        (ABSENT, None, {AMD64}, "this machine"),
    ],
)
def test_a_builder_counts_that_runs_whole_before_its_description_and_that_before_this_machine(
    inspection: str, described: Builder | None, platforms: set[Platform], told_by: str
) -> None:
    said = Said(
        CommandAnswer(0, ""), CommandAnswer(0, inspection), CommandAnswer(1, "Cannot connect to the Docker daemon")
    )

    assert judge_native(said, described, AMD64) == Native(frozenset(platforms), told_by)


def test_what_was_judged_by_is_said(tmp_path: Path) -> None:
    found = replace(of(tmp_path), native=Native(frozenset({AMD64, ARM64}), "the description"))

    assert "native: linux/amd64, linux/arm64, by the description of the builder, which is not" in emulation_text(found)
    assert emulation_document(found)["native_told_by"] == "the description"
