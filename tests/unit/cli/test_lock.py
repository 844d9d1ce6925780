"""bakec lock as a person types it, against registries on sockets; there is no Docker."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bake_compiler.model.lock_file import LOCK_FILE
from tests.fakes import command
from tests.fakes.images import image_of, index_of
from tests.fakes.limits import no_room
from tests.fakes.project import PROJECT, component, write, write_project
from tests.fakes.registry import FakeRegistry, Fault

BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def fake() -> FakeRegistry:
    fake = FakeRegistry()
    fake.push("busybox", "1", index_of(*map(image_of, BOTH)))
    fake.push("tools", "2", index_of(*map(image_of, BOTH), annotations={"is": "tools"}))
    return fake


@pytest.fixture
def host(fake: FakeRegistry) -> Iterator[str]:
    with fake.serve() as host:
        yield host


@pytest.fixture
def root(tmp_path: Path, host: str) -> Path:
    write_project(
        tmp_path,
        {"hub": component('name="hub"'), "web": component('name="web", needs=["hub"]', phase="last")},
    )
    write(tmp_path / "components/hub/Dockerfile", f"FROM {host}/busybox:1\n")
    write(tmp_path / "components/web/Dockerfile", f"FROM hub\nCOPY --from={host}/tools:2 / /\n")
    return tmp_path


def bakec(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", "NO_COLOR": "1"}
    return command.bakec(*words, cwd=root, env=environment)


def asked(root: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """The bases of `bakec lock --json` by their names without the host."""
    done = bakec(root, "lock", "--json", *words)
    assert done.returncode == code, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "bakec.lock/1"
    return {each["name"].partition("/")[2]: each for each in document["bases"]}


def lock(root: Path) -> str:
    return (root / LOCK_FILE).read_text()


def move(fake: FakeRegistry, name: str, tag: str) -> str:
    """Push another index under a tag; its digest."""
    return str(fake.push(name, tag, index_of(*map(image_of, BOTH), annotations={"is": "moved"})).digest)


def test_a_first_lock_holds_every_base_and_the_bake_file_pins_them(root: Path, host: str) -> None:
    bakec(root, "compile")  # which remembers that there was no lock
    first = bakec(root, "lock")

    assert first.returncode == 0, first.stderr
    assert first.stderr == "bakec.lock: written; now run `bakec compile`, 2 base images\n"
    assert [line.split()[:2] for line in first.stdout.splitlines()] == [
        ["new", f"{host}/busybox:1"],
        ["new", f"{host}/tools:2"],
    ]

    assert "written" in bakec(root, "compile").stderr
    assert bakec(root, "compile", "--check").returncode == 0
    compiled = (root / "docker-bake.hcl").read_text()

    digest = asked(root)["busybox:1"]["digest"]
    assert f'"{host}/busybox:1" = "docker-image://{host}/busybox:1@{digest}"' in compiled
    assert compiled.count("docker-image://") == 2


def test_a_lock_that_can_not_be_written_is_as_it_was(root: Path, fake: FakeRegistry) -> None:
    bakec(root, "lock")
    before = lock(root)
    move(fake, "busybox", "1")

    with no_room():
        ended = bakec(root, "lock", "--update")

    assert (ended.returncode, ended.stderr) == (1, f"error: {root / LOCK_FILE}: File too large\n")
    assert lock(root) == before


def test_a_second_lock_asks_for_nothing_and_changes_nothing(root: Path, fake: FakeRegistry) -> None:
    bakec(root, "lock")
    before = lock(root)
    move(fake, "busybox", "1")
    asked_before = len(fake.requests)

    assert bakec(root, "lock").stderr == "bakec.lock: is up to date, 2 base images\n"
    assert (lock(root), len(fake.requests)) == (before, asked_before)


def test_a_new_base_is_added_and_an_old_one_dropped_while_the_others_stay(
    root: Path, fake: FakeRegistry, host: str
) -> None:
    bakec(root, "lock")
    was = asked(root)["busybox:1"]["digest"]
    move(fake, "busybox", "1")
    fake.push("go", "3", index_of(*map(image_of, BOTH), annotations={"is": "go"}))
    write(root / "components/web/Dockerfile", f"FROM hub\nCOPY --from={host}/go:3 / /\n")

    assert bakec(root, "compile").returncode == 3  # a lock that does not know a base is stale

    found = asked(root)

    assert {name: each["state"] for name, each in found.items()} == {
        "busybox:1": "same",
        "go:3": "new",
        "tools:2": "unused",
    }
    assert found["busybox:1"]["digest"] == was
    assert "tools:2" not in lock(root)
    assert bakec(root, "compile").returncode == 0


def test_check_tells_what_moved_and_what_is_made_from_it(root: Path, fake: FakeRegistry, host: str) -> None:
    bakec(root, "lock")
    assert bakec(root, "lock", "--check").returncode == 0
    before, was = lock(root), asked(root)["busybox:1"]["digest"]
    now = move(fake, "busybox", "1")

    told = bakec(root, "lock", "--check")
    found = asked(root, "--check", code=6)["busybox:1"]

    assert told.returncode == 6
    assert f"error: {host}/busybox:1 is moved\n hint: `bakec lock --update`" in told.stderr
    assert "touches hub (linux/amd64, linux/arm64); web (linux/amd64, linux/arm64)" in told.stdout
    assert (found["state"], found["was"], found["digest"]) == ("moved", was, now)
    assert found["touches"] == {"hub": list(BOTH), "web": list(BOTH)}
    assert lock(root) == before


def test_update_moves_what_is_named_and_no_more(root: Path, fake: FakeRegistry, host: str) -> None:
    bakec(root, "lock")
    for name, tag in (("busybox", "1"), ("tools", "2")):
        move(fake, name, tag)

    one = asked(root, "--update", f"{host}/tools:2")
    assert {name: each["state"] for name, each in one.items()} == {"busybox:1": "same", "tools:2": "moved"}

    every = asked(root, "--update")
    assert {name: each["state"] for name, each in every.items()} == {"busybox:1": "moved", "tools:2": "same"}
    assert bakec(root, "lock", "--check").returncode == 0


def test_check_without_a_lock_ends_with_6_and_writes_none(root: Path) -> None:
    told = bakec(root, "lock", "--check")

    assert told.returncode == 6
    assert not (root / LOCK_FILE).exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--check", "--update"), "--check can't be combined with --update: it writes nothing"),
        (("busybox",), "BASE needs --update"),
        (("--update", "busybax"), "no Dockerfile takes 'busybax' by a tag"),
    ],
)
def test_words_that_make_no_sense_are_refused(root: Path, words: tuple[str, ...], told: str) -> None:
    done = bakec(root, "lock", *words)

    assert done.returncode == 2
    assert told in done.stderr


def test_a_base_without_a_wanted_platform_is_an_error_with_image_component_line_and_what_it_has(
    root: Path, fake: FakeRegistry, host: str
) -> None:
    fake.push("busybox", "1", index_of(image_of("linux/amd64"), image_of("linux/s390x")))

    told = bakec(root, "lock")

    assert told.returncode == 7
    assert (
        f"error: hub (component hub), components/hub/Dockerfile:1: {host}/busybox:1 is not made for linux/arm64,"
        " but for linux/amd64, linux/s390x\n hint: choose another base" in told.stderr
    )
    assert not (root / LOCK_FILE).exists()


def test_a_pin_that_is_one_platforms_manifest_is_an_error_where_others_are_wanted(
    root: Path, fake: FakeRegistry, host: str
) -> None:
    amd64 = image_of("linux/amd64")
    fake.push("busybox", "1", index_of(amd64, image_of("linux/arm64")))
    write(root / "components/hub/Dockerfile", f"\nFROM {host}/busybox:1@{amd64.digest}\n")

    told = bakec(root, "lock")

    assert told.returncode == 7
    assert "hub (component hub), components/hub/Dockerfile:2" in told.stderr
    assert f"busybox:1@{amd64.digest} is the manifest of linux/amd64 alone, not an index: linux/arm64" in told.stderr


def test_a_pinned_index_and_what_only_the_build_platform_takes_are_well(
    root: Path, fake: FakeRegistry, host: str
) -> None:
    index = fake.push("busybox", "1", index_of(*map(image_of, BOTH)))
    fake.push("go", "1", image_of("linux/amd64"))
    dockerfile = (
        f"FROM --platform=$BUILDPLATFORM {host}/go:1 AS go\nFROM {host}/busybox@{index.digest}\nCOPY --from=go / /\n"
    )
    write(root / "components/hub/Dockerfile", dockerfile)

    found = asked(root)

    assert found[f"busybox@{index.digest}"]["state"] == "pinned"
    assert (found["go:1"]["state"], found["go:1"]["index"]) == ("new", False)
    assert found["go:1"]["notes"] == ["only for the build platform"]


def test_what_no_lock_can_hold_is_noted_as_floating(root: Path, host: str) -> None:
    write(root / "components/hub/Dockerfile", f"# syntax={host}/tools:2\nFROM {host}/busybox:1\n")
    write(root / "components/web/Dockerfile", "FROM hub\n")

    found = asked(root)["tools:2"]

    assert found["state"] == "floating"
    assert "no lock holds it" in found["notes"][0]
    assert "tools:2" not in lock(root)


def test_an_image_that_no_pin_reaches_is_named_with_why(root: Path, host: str) -> None:
    raw = component('name="web", contexts=Expr("{}")', phase="last")
    write(root / "components/web/component.py", raw.replace("Component, Image", "Component, Expr, Image"))
    write(root / "components/web/Dockerfile", f"FROM {host}/busybox:1\n")
    bakec(root, "lock")

    told = bakec(root, "lock", "--check")
    busybox = asked(root, "--check")["busybox:1"]

    why = "its contexts are raw HCL, to which no pin can be added; write them as a map, or add the digest to the name"
    assert told.returncode == 0
    assert f"  note: not pinned for web, components/web/Dockerfile:1: {why}\n" in told.stdout
    assert {each["image"]: each["unpinned"] for each in busybox["uses"]} == {"hub": None, "web": why}
    assert bakec(root, "compile", "-o", "-").stdout.count("docker-image://") == 1


def test_a_base_that_another_image_takes_by_a_named_context_is_not_pinned_there(root: Path, host: str) -> None:
    by_context = f'name="web", contexts={{"base": "docker-image://{host}/busybox:1"}}'
    write(root / "components/web/component.py", component(by_context, phase="last"))
    write(root / "components/web/Dockerfile", "FROM base\n")

    (note,) = asked(root)["busybox:1"]["notes"]

    assert note.startswith("not pinned for web, components/web/Dockerfile:1: a named context or `# syntax=` names it")


def test_all_that_is_not_there_is_said_at_once(root: Path, host: str) -> None:
    write(root / "components/hub/Dockerfile", f"FROM {host}/none:1\n")
    write(root / "components/web/Dockerfile", f"FROM {host}/none:2\n")

    told = bakec(root, "lock")

    assert told.returncode == 7
    assert f"hub (component hub), components/hub/Dockerfile:1: there is no image {host}/none:1" in told.stderr
    assert f"web (component web), components/web/Dockerfile:1: there is no image {host}/none:2" in told.stderr


def mirror(root: Path, host: str, place: str) -> None:
    text = PROJECT.replace("    tag=", f'    mirrors={{"{host}/": "{place}/mirror/"}},\n    tag=')
    write(root / "components/project.py", text)


def test_a_mirror_that_holds_the_same_is_where_pins_point(root: Path, fake: FakeRegistry, host: str) -> None:
    other = FakeRegistry()
    for name, tag in (("busybox", "1"), ("tools", "2")):
        content = index_of(*map(image_of, BOTH), annotations={} if name == "busybox" else {"is": "tools"})
        fake.push(name, tag, content)
        other.push(f"mirror/{name}", tag, content)
    with other.serve() as place:
        mirror(root, host, place)
        found = asked(root)

        assert found["busybox:1"]["mirror"] == f"{place}/mirror/busybox:1"
        compiled = bakec(root, "compile", "-o", "-").stdout
        pin = f'"docker-image://{place}/mirror/busybox:1@{found["busybox:1"]["digest"]}"'
        assert f'"{host}/busybox:1" = {pin}' in compiled

        move(fake, "busybox", "1")
        told = bakec(root, "lock", "--update")

    assert told.returncode == 6
    assert f"{place}/mirror/busybox:1 does not hold what {host}/busybox:1 is: sha256:" in told.stderr


def test_a_mirror_is_taken_at_its_word_where_the_registry_itself_is_out_of_reach(
    root: Path, fake: FakeRegistry
) -> None:
    with fake.serve() as place:
        for name, tag in (("busybox", "1"), ("tools", "2")):
            fake.push(f"mirror/{name}", tag, index_of(*map(image_of, BOTH)))
        write(root / "components/hub/Dockerfile", "FROM 127.0.0.1:9/busybox:1\n")
        write(root / "components/web/Dockerfile", "FROM hub\n")
        mirror(root, "127.0.0.1:9", place)

        found = asked(root)["busybox:1"]

    assert found["state"] == "new"
    assert found["notes"] == [f"127.0.0.1:9 could not be asked whether {place}/mirror/busybox:1 is the same"]


def test_a_registry_that_does_not_say_ends_with_5_and_nothing_is_written(root: Path, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(status=403, path="busybox", times=9))

    told = bakec(root, "lock")

    assert told.returncode == 5
    assert "hub (component hub), components/hub/Dockerfile:1: " in told.stderr
    assert not (root / LOCK_FILE).exists()
