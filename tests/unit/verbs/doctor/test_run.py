"""What doctor says of a machine, a builder and a registry; each thing is broken once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bake_compiler.bakefile.blocks import BAKE_FILE
from bake_compiler.buildx.said import Machine, Said, ask_all
from bake_compiler.buildx.tools import CommandAnswer
from bake_compiler.cli.output import error_text
from bake_compiler.errors import ModelError, PreflightError
from bake_compiler.system.process import Command
from bake_compiler.verbs.doctor.checks.disk import judge_disk
from bake_compiler.verbs.doctor.checks.docker import judge_docker
from bake_compiler.verbs.doctor.checks.memory import judge_memory
from bake_compiler.verbs.doctor.facts import PlannedBuild
from bake_compiler.verbs.doctor.result import CheckResult, CheckState, UnfitError
from bake_compiler.verbs.doctor.run import look
from bake_compiler.verbs.doctor.show import doctor_document, render_doctor
from tests.fakes import virtual_time
from tests.fakes.images import image_of, index_of
from tests.fakes.inspected import inspected
from tests.fakes.project import PROJECT
from tests.fakes.registry import Fault
from tests.fakes.site import Site

OK, NOTE, BAD, UNKNOWN = CheckState.OK, CheckState.NOTE, CheckState.BAD, CheckState.UNKNOWN

HOST = "registry 127.0.0.1:5000"
MINE, GO = "127.0.0.1:5000/base:1", "127.0.0.1:5000/go:1"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    for name in ("hub", "web", "other"):
        (made.root / f"components/{name}/Dockerfile").write_text("FROM busybox:stable\nRUN make\n")
    return made


def looked_at(site: Site, *selectors: str) -> dict[str, CheckResult]:
    build = site.build(*selectors)
    return {
        check.subject: check for check in virtual_time.run(look(PlannedBuild(build.edges, build.plan, build.wanted)))
    }


def wrong(site: Site) -> dict[str, CheckResult]:
    return {name: check for name, check in looked_at(site).items() if check.state not in {OK, NOTE} and name != "disk"}


def test_where_all_is_well_each_thing_is_ok_and_nothing_is_left_behind(site: Site) -> None:
    found = looked_at(site)

    assert set(found) == {
        "docker",
        "buildx",
        "builder",
        "disk",
        "memory",
        "linux/amd64",
        "linux/arm64",
        HOST,
        "base images",
        "Dockerfiles",
        "entitlements",
        BAKE_FILE,
        "build network",
    }
    assert {check.state for name, check in found.items() if name != "disk"} == {OK}
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
    assert (check.state, "takes no index" in check.found) == (BAD, True)
    assert check.mend.startswith("docker buildx create")
    assert '{"features": {"containerd-snapshotter": true}}` into daemon.json' in check.mend


def test_a_builder_of_which_no_node_runs_is_bad(site: Site) -> None:
    site.docker.nodes = inspected("docker-container", state="stopped")

    assert "no node of it runs" in wrong(site)["builder"].found


def test_the_builder_of_a_daemon_that_is_down_is_bad_with_the_error_of_its_node(site: Site) -> None:
    down = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock"
    site.docker.nodes = inspected("", state="").replace("Status:           ", f"Error: {down}")

    assert wrong(site)["builder"] == CheckResult(
        "builder", BAD, down, "start Docker, or see what `docker buildx ls` says"
    )


def test_a_builder_that_does_not_answer_is_bad_with_its_last_words(site: Site) -> None:
    site.docker.nodes = 'ERROR: no builder "mine" found'

    assert wrong(site)["builder"].found == 'ERROR: no builder "mine" found'


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (Fault(status=403, method="POST", times=9), BAD, "403"),
        (Fault(status=404, method="POST", times=9), BAD, "404"),
        (Fault(reset=True, method="POST", times=99), BAD, "connection"),
        (Fault(status=202, method="POST", headers={"Date": "Wed, 25 Nov 2020 00:00:00 GMT"}), BAD, "behind"),
        (
            Fault(status=202, method="POST", headers={"Date": "Wed, 25 Nov 2099 00:00:00 GMT"}),
            BAD,
            "ahead of",
        ),
        (Fault(status=202, method="POST", headers={"Date": "late"}), UNKNOWN, "does not tell its time"),
        (Fault(status=202, method="POST", headers={"Location": "http://evil.test/x"}), OK, "can be pushed"),
        (Fault(status=500, method="DELETE", times=99), OK, "can be pushed"),
    ],
)
def test_a_registry_that_may_not_be_pushed_to_or_lives_in_another_time(
    site: Site, fault: Fault, state: CheckState, words: str
) -> None:
    site.fake.faults.append(fault)

    check = looked_at(site)[HOST]

    assert check.state is state
    assert words in check.found.lower()
    assert bool(check.mend) is (state is BAD)
    assert all("evil" not in request.place for request in site.fake.requests)


def test_each_base_that_is_not_there_is_bad_with_its_place(site: Site) -> None:
    (site.root / "components/web/Dockerfile").write_text("FROM none:1\n")
    site.docker.absent = {"none:1": "not found"}

    assert wrong(site)["base images"].found == (
        "web (component web), components/web/Dockerfile:1: there is no image none:1"
    )


def found_of_bases(site: Site) -> list[str]:
    build = site.build()
    checks = virtual_time.run(look(PlannedBuild(build.edges, build.plan, build.wanted)))
    return [check.found for check in checks if check.subject == "base images"]


def test_of_each_base_it_is_told_what_it_is_whether_it_floats_and_for_whom_it_is(site: Site) -> None:
    pin = f"{MINE}@{site.fake.push('base', '1', index_of('linux/amd64', 'linux/arm64')).digest}"
    site.fake.push("go", "1", image_of("linux/amd64"))
    site.docker.bases |= {pin: "1", GO: "2"}
    dockerfile = f"FROM --platform=$BUILDPLATFORM {GO} AS go\nFROM {pin}\nCOPY --from=go / /\n"
    (site.root / "components/web/Dockerfile").write_text(dockerfile)

    assert found_of_bases(site) == [
        f"{pin}: an index of linux/amd64, linux/arm64",
        f"{GO}: the one manifest of linux/amd64; only for the build platform; its tag floats",
        "busybox:stable: there; its registry did not say what it is; its tag floats",
    ]


def test_where_nothing_is_taken_from_elsewhere_that_is_told(site: Site) -> None:
    for name in ("hub", "web", "other"):
        (site.root / f"components/{name}/Dockerfile").write_text("FROM scratch\n")

    assert found_of_bases(site) == ["none is taken from elsewhere"]


def test_bases_of_which_the_builder_does_not_tell_are_unknown(site: Site) -> None:
    site.docker.bases.clear()

    check = wrong(site)["base images"]
    assert (check.state, check.found) == (UNKNOWN, "the builder does not tell of busybox:stable")


DOWNLOADS = "FROM busybox:stable\nRUN wget https://example.com/amd64/tool\n"


def test_what_of_a_dockerfile_is_for_one_platform_is_noted_and_ends_no_build(site: Site) -> None:
    (site.root / "components/web/Dockerfile").write_text(DOWNLOADS)

    check = looked_at(site)["Dockerfiles"]

    assert check.state is NOTE
    assert check.found.startswith("components/web/Dockerfile:2: https://example.com/amd64/tool is for amd64 alone")
    assert "one_platform={'https://example.com/amd64/tool': 'why'}" in check.mend
    assert looked_at(site, "other")["Dockerfiles"].state is OK
    assert site.run().exit_code == 0


def test_a_dockerfile_that_bakec_can_not_read_is_unknown(site: Site) -> None:
    (site.root / "components/web/Dockerfile").write_text("# syntax=acme/own:1\nMAKE it\n")

    check = looked_at(site)["Dockerfiles"]

    assert (check.state, check.found) == (UNKNOWN, "none that bakec reads: of web")


def test_a_bake_file_that_is_stale_or_not_there_is_bad(site: Site) -> None:
    (site.root / BAKE_FILE).write_text("# nothing\n")
    assert wrong(site)[BAKE_FILE].mend == "bakec compile"

    (site.root / BAKE_FILE).unlink()
    assert wrong(site)[BAKE_FILE].state is BAD


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

    found = {check.subject: check.state for check in asyncio.run(look(PlannedBuild(edges, build.plan, build.wanted)))}

    assert found == {
        "docker": BAD,
        "buildx": BAD,
        "builder": UNKNOWN,
        "disk": UNKNOWN,
        "memory": OK,
        "linux/amd64": UNKNOWN,
        "linux/arm64": UNKNOWN,
        HOST: OK,
        "base images": UNKNOWN,
        "Dockerfiles": OK,
        "entitlements": UNKNOWN,
        BAKE_FILE: OK,
        "build network": UNKNOWN,
    }


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("github.com/docker/buildx v0.12.1 abc", "0.12.1 is older than 0.13"),
        ("no such command", "docker has no buildx"),
    ],
)
def test_an_old_buildx_and_none_are_bad(site: Site, version: str, found: str) -> None:
    site.docker.version = version

    check = wrong(site)["buildx"]

    assert (check.state, check.found) == (BAD, found)
    assert "0.13 or newer" in check.mend


def test_a_buildx_that_is_older_than_the_models_need_is_bad(site: Site) -> None:
    site.plan = replace(site.plan, oldest_buildx=(0, 31))

    assert wrong(site)["buildx"].found == "0.29.1 is older than 0.31"


def test_a_disk_is_held_against_what_the_last_run_made(site: Site, tmp_path: Path) -> None:
    site.docker.folder = str(tmp_path)
    build = site.build()
    tools = PlannedBuild(build.edges, build.plan, build.wanted).tools
    said = asyncio.run(ask_all(tools, ()))

    little, much = (judge_disk(tools, said, stored) for stored in (0, 10**18))

    assert little.found.endswith("of which a build may need 2.0")
    assert (much.state, much.mend.startswith("see `docker buildx du`")) == (BAD, True)


@pytest.mark.parametrize("driver", ["remote", "kubernetes"])
def test_the_disk_of_another_machine_is_unknown_and_no_engine_is_needed_there(site: Site, driver: str) -> None:
    site.docker.nodes = inspected(driver, "linux/amd64*, linux/arm64")

    assert looked_at(site)["disk"] == CheckResult("disk", UNKNOWN, "the builder's disk is on another machine")
    assert looked_at(site)["docker"].state is OK


@pytest.mark.parametrize(("driver", "state"), [("docker", BAD), ("docker-container", BAD), ("remote", NOTE)])
def test_an_engine_that_does_not_answer_is_bad_where_the_builder_needs_one(driver: str, state: CheckState) -> None:
    inspection = CommandAnswer(0, inspected(driver))

    check = judge_docker(
        Said(CommandAnswer(0, ""), inspection, CommandAnswer(1, "Cannot connect to the Docker daemon\n"))
    )

    assert (check.state, check.found.partition(";")[0]) == (state, "Cannot connect to the Docker daemon")


@pytest.mark.parametrize(
    ("memory", "slots", "state", "mend"),
    [
        (0, 4, UNKNOWN, ""),
        (8 << 30, 4, OK, ""),
        (2 << 30, 4, NOTE, "-j 2"),
        (1, 1, OK, ""),
    ],
)
def test_memory_is_held_against_the_images_that_are_built_at_once(
    memory: int, slots: int, state: CheckState, mend: str
) -> None:
    check = judge_memory(Machine("docker", 1, 2, memory, ()), slots, 1 << 30)

    assert (check.state, check.mend) == (state, mend)


# What runs another machine's programs.


ARM64 = "7f454c460201010000000000000000000200b700"
MASK = "ffffffffffffff00fffffffffffffffffeffffff"


def register(site: Site, interpreter: str, flags: str = "POCF", *, enabled: bool = True) -> Path:
    folder = site.root / "binfmt"
    folder.mkdir(exist_ok=True)
    (folder / "status").write_text("enabled\n")
    (folder / "register").touch()
    (folder / "python").write_text("enabled\ninterpreter /usr/bin/python\nflags: \nextension .py\n")
    path = folder / "qemu-aarch64"
    on = "enabled" if enabled else "disabled"
    path.write_text(f"{on}\ninterpreter {interpreter}\nflags: {flags}\noffset 0\nmagic {ARM64}\nmask {MASK}\n")
    return path


def emulator(site: Site) -> str:
    path = site.root / "qemu-aarch64"
    path.touch()
    return str(path)


def test_a_sound_emulator_is_told_with_its_version_and_flags(site: Site) -> None:
    register(site, emulator(site))

    check = looked_at(site)["linux/arm64"]

    assert (check.state, check.found) == (OK, "its programs run, by QEMU 10.0, flags POCF")
    assert looked_at(site)["linux/amd64"].found == "its programs run, natively"


def test_an_emulator_whose_file_is_gone_is_told_by_its_name(site: Site) -> None:
    register(site, "/gone/qemu-aarch64")

    assert looked_at(site)["linux/arm64"].found == "its programs run, by /gone/qemu-aarch64, flags POCF"


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("qemu-aarch64 version 9.2.0", "tonistiigi/binfmt#215"),
        ("qemu-aarch64 version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)", "libc-bin and Node crash"),
        ("qemu-aarch64 version 5.2.0 (Debian)", "docker/buildx#542"),
    ],
)
def test_a_version_that_is_known_to_crash_is_noted_with_where_that_is_told(site: Site, says: str, words: str) -> None:
    register(site, emulator(site))
    site.docker.qemu = says

    check = looked_at(site)["linux/arm64"]

    assert check.state is NOTE
    assert words in check.found
    assert "register QEMU" in check.mend


@pytest.mark.parametrize("says", ["qemu-aarch64 version 7.2.15", "qemu-aarch64 version 11.1.0", "no version"])
def test_a_version_of_which_nothing_is_known_is_ok(site: Site, says: str) -> None:
    register(site, emulator(site))
    site.docker.qemu = says

    assert looked_at(site)["linux/arm64"].state is OK


def test_an_entry_without_p_is_noted(site: Site) -> None:
    register(site, emulator(site), flags="OCF")

    check = looked_at(site)["linux/arm64"]

    assert (check.state, "without P" in check.found, "POCF" in check.mend) == (NOTE, True, True)


def broken_emulator(site: Site, how: str) -> None:
    site.docker.platforms = "linux/amd64"
    site.docker.crash = "exit code: 1" if how == "name" else "exit code: 139"
    if how == "none":
        register(site, emulator(site)).unlink()
    else:
        register(site, emulator(site), "PO" if how == "no F" else "POCF", enabled=how != "disabled")


@pytest.mark.parametrize(
    ("how", "found", "mend"),
    [
        ("none", "exit code: 139; binfmt_misc has no entry for them", "--install arm64"),
        ("disabled", "qemu-aarch64 is disabled", "echo 1 > "),
        ("no F", "has no flag F, so containers don't find", "--install arm64"),
        ("name", "takes their name for an argument", "ends in -binfmt-P"),
        ("crash", "exit code: 139; they are run by", "--install arm64"),
    ],
)
def test_why_programs_do_not_run_is_looked_for_in_binfmt_misc(site: Site, how: str, found: str, mend: str) -> None:
    broken_emulator(site, how)

    check = wrong(site)["linux/arm64"]

    assert check.state is BAD
    assert found in check.found
    assert mend in check.mend


def test_a_platform_of_which_no_program_is_run_in_a_build_is_only_noted(site: Site) -> None:
    text = "FROM --platform=$BUILDPLATFORM busybox:stable AS a\nRUN make\nFROM scratch\nCOPY --from=a /a /\n"
    for name in ("hub", "web", "other"):
        (site.root / f"components/{name}/Dockerfile").write_text(text)
    site.docker.platforms = "linux/amd64"

    check = looked_at(site)["linux/arm64"]

    assert (check.state, check.found.rpartition("; ")[2]) == (
        NOTE,
        "all steps of its images run on the build platform",
    )
    (site.root / "components/hub/Dockerfile").write_text("FROM busybox:stable\nRUN make\n")
    assert looked_at(site)["linux/arm64"].state is BAD


NODES = """\
Name:   acme
Driver: {driver}

Nodes:
Name:      acme0
Endpoint:  {endpoint}
Status:    running
Platforms: linux/arm64*, linux/amd64

Name:      acme1
Endpoint:  tcp://b.test:1
Status:    running
Platforms: linux/amd64*
"""


def test_with_a_node_for_each_platform_all_are_native(site: Site) -> None:
    site.docker.nodes = NODES.format(driver="remote", endpoint="tcp://a.test:1")

    found = looked_at(site)

    assert {found[f"linux/{name}"].found for name in ("amd64", "arm64")} == {"its programs run, natively"}


def test_what_a_node_of_this_machine_is_only_told_to_build_is_emulated(site: Site) -> None:
    register(site, emulator(site))
    site.docker.nodes = NODES.format(driver="docker-container", endpoint="unix:///var/run/docker.sock")

    assert looked_at(site)["linux/arm64"].found == "its programs run, by QEMU 10.0, flags POCF"


def test_emulators_of_another_machine_are_not_looked_for_here(site: Site) -> None:
    register(site, emulator(site))
    site.env["DOCKER_HOST"] = "ssh://there"

    assert looked_at(site)["linux/arm64"].found == "its programs run"


# What `bakec mirror` copies.

EXTERNAL = """
    external=(
        External(name="postgres", image="hub.test/postgres:15"),
        External(name="ocean", images={"amd64": "hub.test/ocean:4", "arm64": "hub.test/ocean-arm:4"}),
    ),
    tag="""


@pytest.fixture
def mirroring(tmp_path: Path) -> Site:
    """The same with images of others."""
    project = PROJECT.replace("import Phase", "import External, Phase").replace("\n    tag=", EXTERNAL)
    site = Site.make(tmp_path, project=project)
    site.fake.push("postgres", "15", index_of("linux/amd64", "linux/arm64", "linux/s390x"))
    site.fake.push("ocean", "4", image_of("linux/amd64"))
    site.fake.push("ocean-arm", "4", index_of("linux/arm64"))
    return site


def externals(site: Site) -> list[CheckResult]:
    build = site.build()
    checks = virtual_time.run(look(PlannedBuild(build.edges, build.plan, build.wanted, externals=build.plan.external)))
    return [check for check in checks if check.subject.startswith("external ")]


def test_of_each_place_that_is_copied_from_it_is_told_what_it_has(mirroring: Site) -> None:
    assert [(check.subject, str(check.state), check.found) for check in externals(mirroring)] == [
        ("external ocean", "ok", "hub.test/ocean:4 has linux/amd64"),
        ("external ocean", "ok", "hub.test/ocean-arm:4 has linux/arm64"),
        ("external postgres", "ok", "hub.test/postgres:15 has linux/amd64, linux/arm64, linux/s390x"),
    ]


@pytest.mark.parametrize(
    ("fault", "state", "found", "mend"),
    [
        (Fault(status=404), BAD, "there is no image hub.test/ocean-arm:4", "fix the name"),
        (Fault(status=403), BAD, "GET https://hub.test/v2/ocean-arm/manifests/4: 403 Forbidden", "hub.test"),
        (Fault(status=418), UNKNOWN, "GET https://hub.test/v2/ocean-arm/manifests/4: 418", ""),
    ],
)
def test_a_place_that_can_not_be_copied_from_is_told_with_why(
    mirroring: Site, fault: Fault, state: CheckState, found: str, mend: str
) -> None:
    mirroring.fake.faults.append(replace(fault, path="ocean-arm", times=9))

    (check,) = (check for check in externals(mirroring) if check.state is not OK)

    assert (check.subject, check.state) == ("external ocean", state)
    assert check.found.startswith(found)
    assert mend in check.mend


def test_a_vendor_that_lacks_a_platform_is_bad(mirroring: Site) -> None:
    mirroring.fake.push("postgres", "15", index_of("linux/amd64"))

    check = externals(mirroring)[-1]

    assert (check.state, check.found) == (BAD, "hub.test/postgres:15 has no linux/arm64, but linux/amd64")
    assert "platforms=Only(…)" in check.mend


def test_a_registry_that_is_only_mirrored_to_is_tried_too(mirroring: Site) -> None:
    build = mirroring.build("hub")
    job = PlannedBuild(build.edges, build.plan, build.wanted, push=False, externals=build.plan.external)

    found = {check.subject: check.found for check in virtual_time.run(look(job))}

    assert found[HOST] == "127.0.0.1:5000/ocean can be pushed to"


def test_a_build_asks_nothing_of_what_is_mirrored(mirroring: Site) -> None:
    mirroring.run()

    assert not any("hub.test" in request.place or "ocean" in request.path for request in mirroring.fake.requests)


# The preflight of a build.


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_built(site: Site) -> None:
    site.docker.platforms, site.docker.version = "linux/amd64", "github.com/docker/buildx v0.12.1 abc"
    site.fake.faults.append(Fault(status=403, method="POST", times=9))
    (site.root / "components/web/Dockerfile").write_text("FROM none:1\nRUN make\n")
    (site.root / BAKE_FILE).write_text("# nothing\n")
    site.docker.absent = {"none:1": "not found"}

    with pytest.raises(UnfitError) as caught:
        site.run()

    assert caught.value.exit_code == 7
    assert [problem.file for problem in caught.value.problems] == [
        "buildx",
        "linux/arm64",
        HOST,
        "base images",
        BAKE_FILE,
    ]
    assert all(problem.hint for problem in caught.value.problems)
    assert error_text(caught.value).splitlines()[-2:] == [
        "error: 5 faults; nothing was built",
        " hint: fix all problems, then check with `bakec doctor`",
    ]
    assert doctor_document(caught.value.checks)["good"] is False
    assert (site.docker.baked, (site.root / ".bakec").exists()) == ([], False)


def test_one_fault_is_an_error_with_what_mends_it(site: Site) -> None:
    site.docker.store = "[[Backing Filesystem extfs]]"

    with pytest.raises(UnfitError) as caught:
        site.run()

    assert caught.value.message.startswith("builder: driver docker")
    assert caught.value.message.endswith("; nothing was built")
    assert caught.value.hint.startswith("docker buildx create")


def test_without_preflight_what_can_be_built_is_but_never_from_another_file(site: Site) -> None:
    site.docker.store = "[[Backing Filesystem extfs]]"
    assert site.run(preflight=False).exit_code == 0
    assert not any(request.method == "POST" for request in site.fake.requests)

    (site.root / BAKE_FILE).write_text("# nothing\n")
    with pytest.raises(ModelError, match="is not what the models say"):
        site.run(preflight=False)


def test_what_is_only_loaded_needs_no_registry(site: Site) -> None:
    build = site.build()
    job = PlannedBuild(build.edges, build.plan, build.wanted, push=False)

    assert not any(check.subject.startswith("registry") for check in virtual_time.run(look(job)))


def test_what_is_unknown_or_only_noted_ends_no_build(site: Site) -> None:
    site.docker.bases.clear()
    register(site, emulator(site), flags="OCF")

    assert site.run().exit_code == 0


def test_what_a_person_and_a_program_read() -> None:
    checks: Sequence[CheckResult] = (
        CheckResult("buildx", OK, "0.29.1"),
        CheckResult("linux/arm64", BAD, "the builder can't run its programs", "register QEMU"),
        CheckResult("disk", UNKNOWN, "the engine is on another machine"),
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
