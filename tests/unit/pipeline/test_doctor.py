"""What doctor says of a machine, a builder and a registry; each thing is broken once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bake_compiler.doctor import Check, State, check_buildx, check_room
from bake_compiler.errors import PreflightError
from bake_compiler.pipeline.compile import BAKE_FILE
from bake_compiler.pipeline.doctor import doctor_document, examine, render_doctor
from bake_compiler.preflight import Tools
from bake_compiler.process import Command
from tests.fakes.registry import Fault
from tests.fakes.site import Site

HOST = "registry 127.0.0.1:5000"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    return made


def looked_at(site: Site, *selectors: str) -> dict[str, Check]:
    build = site.build(*selectors)
    checks = asyncio.run(examine(build.edges, build.plan, build.wanted))
    return {check.subject: check for check in checks}


def wrong(site: Site) -> dict[str, Check]:
    return {name: check for name, check in looked_at(site).items() if check.state is not State.OK}


def test_where_all_is_well_each_thing_is_ok_and_nothing_is_left_behind(site: Site) -> None:
    found = looked_at(site)

    assert set(found) == {
        "buildx",
        "builder",
        "linux/amd64",
        "linux/arm64",
        "disk",
        HOST,
        "base images",
        BAKE_FILE,
    }
    assert {check.state for name, check in found.items() if name != "disk"} == {State.OK}
    assert found["buildx"].found == "0.29.1"
    assert site.fake.uploads == 0
    assert site.docker.baked == []
    assert not (site.root / ".bakec").exists()


def test_a_platform_whose_programs_do_not_run_is_bad_whatever_the_builder_says_of_itself(site: Site) -> None:
    site.docker.platforms = "linux/amd64"

    assert set(wrong(site)) == {"linux/arm64"}
    check = wrong(site)["linux/arm64"]
    assert check.found == "the builder can't run its programs: exit code: 255"
    assert "--install arm64" in check.mend


def test_an_image_store_that_takes_no_index_is_bad(site: Site) -> None:
    site.docker.store = "[[Backing Filesystem extfs]]"

    check = wrong(site)["builder"]
    assert (check.state, "takes no index" in check.found) == (State.BAD, True)
    assert check.mend.startswith("docker buildx create")


def test_a_builder_of_which_no_node_runs_is_bad(site: Site) -> None:
    site.docker.nodes = "Name: a\nDriver: docker-container\nStatus: stopped"

    assert "no node of it runs" in wrong(site)["builder"].found


def test_a_builder_that_does_not_answer_is_bad_with_its_last_words(site: Site) -> None:
    site.docker.nodes = 'ERROR: no builder "mine" found'

    assert wrong(site)["builder"].found == 'ERROR: no builder "mine" found'


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (Fault(status=403, method="POST", times=9), State.BAD, "403"),
        (Fault(status=404, method="POST", times=9), State.BAD, "404"),
        (Fault(reset=True, method="POST", times=99), State.BAD, "connection"),
        (Fault(status=202, method="POST", headers={"Date": "Wed, 25 Nov 2020 00:00:00 GMT"}), State.BAD, "behind"),
        (Fault(status=202, method="POST", headers={"Date": "Wed, 25 Nov 2099 00:00:00 GMT"}), State.BAD, "ahead of"),
        (Fault(status=202, method="POST", headers={"Date": "late"}), State.UNKNOWN, "does not tell its time"),
        (Fault(status=202, method="POST", headers={"Location": "http://evil.test/x"}), State.OK, "can be pushed"),
        (Fault(status=500, method="DELETE", times=99), State.OK, "can be pushed"),
    ],
)
def test_a_registry_that_may_not_be_pushed_to_or_lives_in_another_time(
    site: Site, fault: Fault, state: State, words: str
) -> None:
    site.fake.faults.append(fault)

    check = looked_at(site)[HOST]

    assert check.state is state
    assert words in check.found.lower()
    assert bool(check.mend) is (state is State.BAD)
    assert all("evil" not in request.place for request in site.fake.requests)


def test_each_base_that_is_not_there_is_bad_with_its_place(site: Site) -> None:
    (site.root / "components/web/Dockerfile").write_text("FROM none:1\n")
    site.docker.absent = {"none:1": "not found"}

    assert wrong(site)["base images"].found == "web, components/web/Dockerfile:1: there is no image none:1"


def test_bases_of_which_the_builder_does_not_tell_are_unknown(site: Site) -> None:
    site.docker.bases.clear()

    check = wrong(site)["base images"]
    assert (check.state, check.found) == (State.UNKNOWN, "the builder does not tell of busybox:stable")


def test_a_bake_file_that_is_stale_or_not_there_is_bad(site: Site) -> None:
    (site.root / BAKE_FILE).write_text("# nothing\n")
    assert wrong(site)[BAKE_FILE].mend == "bakec compile"

    (site.root / BAKE_FILE).unlink()
    assert wrong(site)[BAKE_FILE].state is State.BAD


@dataclass
class Gone:
    """No program at all, but for those that are named."""

    says: dict[str, str] = field(default_factory=dict)

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        text = self.says.get(command.argv[-1])
        if text is None:
            raise PreflightError(f"{command.argv[0]!r} is not on PATH")
        on_line(text)
        return 0


def test_without_docker_what_needs_it_is_unknown_and_the_rest_is_looked_at(site: Site) -> None:
    build = site.build()
    edges = replace(build.edges, runner=Gone())

    found = {check.subject: check.state for check in asyncio.run(examine(edges, build.plan, build.wanted))}

    assert found == {
        "buildx": State.BAD,
        "builder": State.UNKNOWN,
        "linux/amd64": State.UNKNOWN,
        "linux/arm64": State.UNKNOWN,
        "disk": State.UNKNOWN,
        HOST: State.OK,
        "base images": State.UNKNOWN,
        BAKE_FILE: State.OK,
    }


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("github.com/docker/buildx v0.12.1 abc", "0.12.1 is older than 0.13"),
        ("no such command", "docker has no buildx"),
    ],
)
def test_an_old_buildx_and_none_are_bad(tmp_path: Path, version: str, found: str) -> None:
    check = asyncio.run(check_buildx(Tools(Gone({"version": version}), tmp_path, {}, ("docker", "buildx"))))

    assert (check.state, check.found) == (State.BAD, found)
    assert "0.13 or newer" in check.mend


def test_a_disk_is_held_against_what_the_last_run_made(tmp_path: Path) -> None:
    here = Tools(Gone({"{{.DockerRootDir}}": str(tmp_path)}), tmp_path, {}, ("docker", "buildx"))

    little, much = (asyncio.run(check_room(here, stored)) for stored in (0, 10**18))

    assert little.found.endswith("of which a build may need 2.0")
    assert (much.state, much.mend.startswith("see `docker buildx du`")) == (State.BAD, True)


def test_the_disk_of_another_machine_is_unknown(tmp_path: Path) -> None:
    there = Tools(Gone(), tmp_path, {"DOCKER_HOST": "ssh://builder"}, ("docker", "buildx"))

    assert asyncio.run(check_room(there, 0)) == Check("disk", State.UNKNOWN, "the engine is on another machine")


def test_what_a_person_and_a_program_read() -> None:
    checks: Sequence[Check] = (
        Check("buildx", State.OK, "0.29.1"),
        Check("linux/arm64", State.BAD, "the builder can't run its programs", "register QEMU"),
        Check("disk", State.UNKNOWN, "the engine is on another machine"),
    )

    assert render_doctor(checks).splitlines() == [
        "ok       buildx       0.29.1",
        "bad      linux/arm64  the builder can't run its programs",
        "                       hint: register QEMU",
        "unknown  disk         the engine is on another machine",
    ]
    document = doctor_document(checks)
    assert (document["schema"], document["good"]) == ("bakec.doctor/1", False)
    assert document["checks"][1] == {
        "subject": "linux/arm64",
        "state": "bad",
        "found": "the builder can't run its programs",
        "mend": "register QEMU",
    }
    assert doctor_document(checks[:1])["good"] is True
    assert doctor_document(checks[2:])["good"] is True
