"""bakec build and verify on the real engine and a real registry: the main job, and what must happen when it fails."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import HUB, Stack

pytestmark = pytest.mark.docker

AMD64, ARM64 = "linux/amd64", "linux/arm64"
IMAGES = ("hub", "first", "last")
EVERY_CELL = set(product(IMAGES, (AMD64, ARM64)))
BREAKS_ON_ARM64 = (
    'FROM busybox:stable\nARG TARGETARCH\nRUN if [ "$TARGETARCH" = arm64 ]; then echo no such part; exit 3; fi\n'
)


def platforms_of(index: dict[str, list[dict[str, dict[str, str]]]]) -> set[str]:
    platforms = (entry["platform"] for entry in index["manifests"])
    return {f"{each['os']}/{each['architecture']}" for each in platforms if each["os"] != "unknown"}


def test_builds_verifies_and_publishes_every_image_for_every_platform(stack: Stack) -> None:
    ended = stack.build("all")

    assert ended.status == 0, ended.err
    assert ended.outcomes == dict.fromkeys(EVERY_CELL, "built")
    assert ended.document["published"] is True
    for name in IMAGES:
        answer = stack.manifest(name)
        assert platforms_of(answer.json()) == {AMD64, ARM64}
        assert answer.headers["Docker-Content-Digest"] == ended.image(name)["digest"]


def test_runs_each_image_on_each_platform_as_that_machine(stack: Stack) -> None:
    assert stack.build("all").status == 0

    ended = stack.bakec("verify", "all", "--run", "--json")

    assert ended.status == 0, ended.out + ended.err
    assert ended.outcomes == dict.fromkeys(EVERY_CELL, "verified")
    assert all(f"{name}: verified" in ended.err for name, _ in EVERY_CELL)
    starts = [platform["start"] for image in ended.document["images"] for platform in image["platforms"]]
    assert len(starts) == len(EVERY_CELL)
    assert {start["output"] for start in starts} == {"x86_64", "aarch64"}
    assert all(start["output"] in (stack.root / start["log"]).read_text() for start in starts)


def test_goes_on_after_the_first_success_and_accounts_for_all(stack: Stack) -> None:
    """Failure 1 of the reference stack: a script ended after its first success, with no message, and exit 0."""
    ended = stack.build("all", "-j", "1")

    assert ended.status == 0
    assert len(ended.outcomes) == len(EVERY_CELL)


def test_builds_the_foreign_platform_even_when_the_native_one_is_there(stack: Stack) -> None:
    """Failure 2: "unchanged?" was asked of the native image, so the foreign one was skipped."""
    assert stack.build("hub", "--platform", "amd64").status == 0

    ended = stack.build("hub")

    assert ended.status == 0, ended.err
    assert platforms_of(stack.manifest("hub").json()) == {AMD64, ARM64}


def test_a_failing_image_stops_no_other_and_blocks_those_that_need_it(stack: Stack) -> None:
    """Failure 3: the first failing component stopped all later ones."""
    stack.component("hub", "FROM busybox:stable\nRUN false\n", 'Image(name="hub")')
    stack.component("alone", HUB, 'Image(name="alone")')

    ended = stack.build("all", "-j", "1")

    assert ended.status == 4
    assert ended.outcomes["alone", ARM64] == ended.outcomes["alone", AMD64] == "built"
    for name in ("first", "last"):
        assert {ended.outcomes[name, AMD64], ended.outcomes[name, ARM64]} == {"blocked"}
        assert "hub" in ended.image(name)["cells"][0]["why"]


@pytest.mark.parametrize(
    "words", [("--platform", "amd64,arm64"), ("--platform=amd64,arm64",), ("--platform=aarch64,x86_64",)]
)
def test_a_space_after_platform_is_as_good_as_an_equals_sign(stack: Stack, words: tuple[str, ...]) -> None:
    """Failure 4: `--platform amd64,arm64` silently built native only."""
    ended = stack.build("hub", *words)

    assert ended.status == 0, ended.err
    assert platforms_of(stack.manifest("hub").json()) == {AMD64, ARM64}


def test_a_run_for_one_platform_does_not_take_the_other_from_the_tag(stack: Stack) -> None:
    """Failure 5: both architectures were pushed to one tag, and the last one won."""
    assert stack.build("hub").status == 0
    before = stack.manifest("hub").content

    ended = stack.bakec("build", "hub", "--platform", "arm64")

    assert ended.status == 2
    assert f"has {AMD64}, which this run would take away" in ended.err
    assert stack.manifest("hub").content == before


def test_a_stale_image_of_the_same_tag_does_not_pass_for_this_run(stack: Stack) -> None:
    """Failure 8: the exit status was lost, and a stale image under the tag passed as success."""
    assert stack.build("all").status == 0
    before = {name: stack.manifest(name).content for name in IMAGES}
    stack.component("hub", BREAKS_ON_ARM64, 'Image(name="hub")')

    ended = stack.build("all")

    assert ended.status == 4
    assert ended.document["published"] is False
    assert {name: stack.manifest(name).content for name in IMAGES} == before


def test_expects_both_images_of_one_component(stack: Stack) -> None:
    """Failures 10 and 13: an export left out backend-init and returned 0; hand-kept lists disagreed."""
    ended = stack.build("pair")

    assert ended.status == 0
    assert {name for name, _ in ended.outcomes} == {"first", "last"}
    assert stack.manifest("first").json() != stack.manifest("last").json()
    assert json.loads(stack.bakec("plan", "pair", "--json").out)["images"][1]["stage"] == "last"


def test_no_variable_of_the_environment_reaches_a_build(stack: Stack) -> None:
    """Failure 11: 489 environment keys, 52 of them secrets, were passed as args to every build."""
    leak = "FROM busybox:stable\nARG SECRET_7\nARG GIVEN\nRUN env >/env\n"
    stack.component(
        "leak", leak, 'Image(name="leak", smoke=("cat", "/env"))', args='{"GIVEN": "declared", "SECRET_7": None}'
    )
    secrets = {f"SECRET_{number}": f"hunter{number}" for number in range(52)} | {f"KEY_{n}": "x" for n in range(437)}

    ended = stack.build("leak", env=secrets)

    assert ended.status == 0, ended.err
    at = f"{stack.registry}/{stack.root.name}/leak@{ended.image('leak')['digest']}"
    env = subprocess.run(
        ["docker", "run", "--rm", at, "cat", "/env"], capture_output=True, text=True, check=True
    ).stdout
    inspect = subprocess.run(
        ["docker", "buildx", "imagetools", "inspect", at, "--format", "{{json .}}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    log = (stack.root / ended_log(stack, "leak")).read_text()
    assert "GIVEN=declared" in env
    assert "hunter" not in env + inspect + log


def ended_log(stack: Stack, image: str) -> Path:
    return max((stack.root / ".bakec" / "runs").glob(f"*/{image}.log"), key=lambda path: path.stat().st_mtime)


def test_names_platform_stage_line_and_last_lines_of_a_failure(stack: Stack) -> None:
    stack.component("hub", BREAKS_ON_ARM64, 'Image(name="hub")')

    ended = stack.build("hub")

    assert ended.status == 4
    failure = ended.image("hub")["failure"]
    assert (failure["platform"], failure["line"], failure["tail"]) == (
        ARM64,
        "components/hub/Dockerfile:3",
        ["no such part"],
    )
    assert ended.outcomes == {("hub", ARM64): "failed", ("hub", AMD64): "blocked"}
    assert stack.manifest("hub").status_code == httpx.codes.NOT_FOUND
    for_people = stack.bakec("build", "hub")
    assert "failed hub on linux/arm64 (components/hub/Dockerfile:3" in for_people.out
    assert "| no such part" in for_people.out


def test_finds_the_tag_that_lost_a_platform_and_is_content_after_a_rebuild(stack: Stack) -> None:
    assert stack.build("all").status == 0
    index = stack.manifest("hub").json()
    index["manifests"] = [entry for entry in index["manifests"] if entry["platform"]["architecture"] != "arm64"]
    stack.put_manifest("hub", json.dumps(index).encode(), index["mediaType"])

    ended = stack.bakec("verify", "all", "--json")

    assert ended.status == 6
    codes = [finding["code"] for finding in ended.image("hub")["findings"]]
    assert codes == ["attestation", "platform-missing"]  # the attestation of what is no longer there
    assert ended.outcomes["hub", ARM64] == "failed"
    assert stack.build("all").status == 0
    assert stack.bakec("verify", "all").status == 0


def test_finds_a_tag_that_holds_one_architecture_only(stack: Stack) -> None:
    assert stack.build("hub").status == 0
    entry = next(
        each for each in stack.manifest("hub").json()["manifests"] if each["platform"]["architecture"] == "amd64"
    )
    url = f"http://{stack.registry}/v2/{stack.root.name}/hub/manifests/{entry['digest']}"
    stack.put_manifest("hub", httpx.get(url, headers={"Accept": entry["mediaType"]}).content, entry["mediaType"])

    ended = stack.bakec("verify", "hub", "--json")

    assert ended.status == 6
    assert "not-an-index" in {finding["code"] for finding in ended.image("hub")["findings"]}


def test_finds_one_manifest_under_two_platforms_and_a_label_that_lies(stack: Stack) -> None:
    """Failure 14: a wrong architecture under the right name was found by users."""
    assert stack.build("hub").status == 0
    index = stack.manifest("hub").json()
    by_architecture = {entry["platform"]["architecture"]: entry for entry in index["manifests"]}
    by_architecture["arm64"] |= {key: by_architecture["amd64"][key] for key in ("digest", "size")}
    stack.put_manifest("hub", json.dumps(index).encode(), index["mediaType"])

    ended = stack.bakec("verify", "hub", "--json")

    assert ended.status == 6
    codes = {finding["code"] for finding in ended.image("hub")["findings"]}
    assert {"same-manifest", "platform-lie"} <= codes


def test_says_that_the_registry_is_down_before_it_builds(stack: Stack) -> None:
    stack.bakec("compile")

    ended = stack.bakec("build", "all", "--registry", "127.0.0.1:1")

    assert ended.status == 7
    assert "127.0.0.1:1" in ended.err
    assert not (stack.root / ".bakec/runs").exists()


def test_refuses_to_build_from_a_file_that_is_not_what_the_models_say(stack: Stack) -> None:
    stack.bakec("compile")
    with (stack.root / "docker-bake.hcl").open("a") as file:
        file.write("# edited\n")

    ended = stack.bakec("build", "all")

    assert ended.status == 3
    assert "bakec compile" in ended.err


def test_a_declared_exception_is_excluded_with_its_reason(stack: Stack) -> None:
    only = 'Only(platforms=("amd64",), reason="the vendor has no arm64")'
    stack.component("vendor", HUB, 'Image(name="vendor")', platforms=only)

    ended = stack.build("vendor")

    assert ended.status == 0, ended.err
    assert ended.outcomes == {("vendor", AMD64): "built", ("vendor", ARM64): "excluded"}
    assert ended.document["excluded"][0]["why"] == "the vendor has no arm64"


def test_loads_into_the_engine_without_a_push(stack: Stack) -> None:
    ended = stack.build("hub", "--load")

    assert ended.status == 0, ended.err
    assert set(ended.outcomes.values()) == {"loaded"}
    assert stack.manifest("hub").status_code == httpx.codes.NOT_FOUND
    name = f"{stack.registry}/{stack.root.name}/hub:v1"
    run = subprocess.run(["docker", "run", "--rm", name], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "x86_64"
    subprocess.run(["docker", "image", "rm", "--force", name], check=True, capture_output=True)


def test_the_file_works_by_hand_for_one_group_and_another_tag(stack: Stack) -> None:
    stack.bakec("compile")
    environment = {**os.environ, "REGISTRY": f"{stack.registry}/", "TAG": "v9"}

    subprocess.run(
        ["docker", "buildx", "bake", "--push", "base"], cwd=stack.root, env=environment, check=True, capture_output=True
    )

    assert platforms_of(Stack(stack.root, stack.registry, "v9").manifest("hub").json()) == {AMD64, ARM64}
    assert Stack(stack.root, stack.registry, "v9").manifest("first").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_what_was_done_and_leaves_no_process(stack: Stack, sign: signal.Signals) -> None:
    marker = f"sleep 61{os.getpid() % 1000:03}.{int(sign)}"
    stack.component("slow", f"FROM hub\nRUN {marker}\n", 'Image(name="slow")', needs='["hub"]')
    stack.component("pair", "FROM slow\n", 'Image(name="after")', needs='["slow"]')
    stack.bakec("compile")
    environment = {**os.environ, "BAKEC_REGISTRY": stack.registry}
    argv = [sys.executable, "-m", "bake_compiler", "build", "all", "--json"]
    process = subprocess.Popen(
        argv,
        cwd=stack.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not running(marker) and time.monotonic() < deadline:
        time.sleep(0.2)

    process.send_signal(sign)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    cells = {cell["image"]: cell for image in json.loads(out)["images"] for cell in image["cells"]}
    assert cells["hub"]["outcome"] == "built"
    assert cells["slow"]["outcome"] == cells["after"]["outcome"] == "blocked"
    assert "interrupted" in cells["slow"]["why"]
    assert not running(str(stack.root))
    deadline = time.monotonic() + 20
    while running(marker) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not running(marker)


def running(words: str) -> bool:
    """Whether a process other than ours has these words on its command line."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line and int(process.name) != os.getpid():
            return True
    return False


def test_a_commit_dates_the_image_and_runs_no_step_anew(stack: Stack) -> None:
    """SOURCE_DATE_EPOCH as an argument, as buildx gives it, would date WORKDIR's folder, and all RUNs would follow."""
    worker = "FROM busybox:stable\nWORKDIR /srv\nRUN date +%N >first\nCOPY part /part\nRUN cat /part >second\n"
    stack.component("hub", worker, 'Image(name="hub")')
    stack.component("pair", "FROM hub\nWORKDIR /app\nRUN date\n", 'Image(name="app")', phase='"top"', needs='["hub"]')
    asks = "FROM busybox:stable\nARG SOURCE_DATE_EPOCH\nRUN echo $SOURCE_DATE_EPOCH >/told\n"
    stack.component("asks", asks, 'Image(name="asks", smoke=("cat", "/told"))')
    parts = stack.root / "components/hub/part"
    found = []
    for part, date in (("one", "2021-01-01T00:00:00Z"), ("two", "2022-02-02T00:00:00Z")):
        parts.write_text(f"{part} of {time.time_ns()}")  # an engine that saw this test before has another one cached
        assert stack.bakec("compile").status == 0
        stack.commit(date)
        ended = stack.build("all")
        assert ended.status == 0, ended.err
        found.append((ended, {name: stack.config(name)["created"] for name in ("hub", "app", "asks")}))

    (_, first), (again, second) = found
    assert (set(first.values()), set(second.values())) == ({"2021-01-01T00:00:00Z"}, {"2022-02-02T00:00:00Z"})
    ran = {name: [step["name"] for step in again.steps(name) if not step["cached"]] for name in ("hub", "app", "asks")}
    assert "RUN date +%N >first" not in ran["hub"]
    assert "RUN cat /part >second" in ran["hub"]
    told = stack.bakec("verify", "asks", "--run", "--json").document["images"][0]["platforms"]
    assert {each["start"]["output"] for each in told} == {"1643760000"}
