"""Plan + lock → plan: which named contexts pin what."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bake_compiler.errors import ModelError
from bake_compiler.model.lock_file import LOCK_FILE, Locked, render_lock
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan
from bake_compiler.project.planned import plan_project
from bake_compiler.verbs.compile.run import compile_plan
from tests.fakes.project import PROJECT, component, write, write_project

D = Digest.of(b"base")


def locked(name: str, *platforms: str, mirror: str = "") -> Locked:
    return Locked(name, D, tuple(map(Platform.parse, platforms or ("amd64", "arm64"))), "", mirror)


def planned(
    root: Path, dockerfile: str, *bases: Locked, image: str = 'name="web"', project: str = PROJECT, lock: bool = True
) -> Plan:
    write_project(root, {"web": component(image)}, project=project)
    write(root / "components/web/Dockerfile", dockerfile)
    if lock:
        write(root / LOCK_FILE, render_lock(bases))
    return plan_project(root)


def contexts(plan: Plan) -> Mapping[str, object]:
    found = plan.image("web").block.attributes.get("contexts", {})
    assert isinstance(found, Mapping)
    return found


@pytest.mark.parametrize(
    "name",
    ["busybox", "busybox:latest", "docker.io/busybox", "docker.io/library/busybox:latest", "index.docker.io/busybox"],
)
def test_however_a_base_is_written_the_context_has_the_name_that_buildkit_looks_for(tmp_path: Path, name: str) -> None:
    plan = planned(tmp_path, f"FROM {name}\n", locked("busybox"))

    assert contexts(plan) == {"busybox": f"docker-image://busybox:latest@{D}"}


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM ghcr.io/a/b:1\n",
        "FROM scratch\nCOPY --from=ghcr.io/a/b:1 / /\n",
        "FROM scratch\nRUN --mount=from=ghcr.io/a/b:1,target=/x true\n",
        "FROM --platform=$BUILDPLATFORM ghcr.io/a/b:1 AS a\nFROM scratch\nCOPY --from=a / /\n",
        "ARG V=1\nFROM ghcr.io/a/b:$V\n",
    ],
)
def test_wherever_a_base_is_taken_it_is_pinned(tmp_path: Path, dockerfile: str) -> None:
    plan = planned(tmp_path, dockerfile, locked("ghcr.io/a/b:1"))

    assert contexts(plan) == {"ghcr.io/a/b:1": f"docker-image://ghcr.io/a/b:1@{D}"}
    assert plan.unlocked == ()


def test_an_authors_own_context_wins(tmp_path: Path) -> None:
    own = 'name="web", contexts={"busybox": "docker-image://ours:1"}'

    assert contexts(planned(tmp_path, "FROM busybox:latest\n", image=own)) == {"busybox": "docker-image://ours:1"}


def test_a_base_by_digest_needs_no_lock(tmp_path: Path) -> None:
    plan = planned(tmp_path, f"FROM busybox@{D}\n")

    assert (contexts(plan), plan.unlocked) == ({}, ())


def test_without_a_lock_nothing_is_pinned_and_a_mirror_still_counts(tmp_path: Path) -> None:
    mirrors = PROJECT.replace("    tag=", '    mirrors={"docker.io/": "m.example/hub"},\n    tag=')
    dockerfile = f"FROM busybox:1\nCOPY --from=ghcr.io/a/b:1 / /\nCOPY --from=x/y@{D} / /\n"

    assert contexts(planned(tmp_path / "a", dockerfile, lock=False)) == {}
    assert contexts(planned(tmp_path / "b", dockerfile, lock=False, project=mirrors)) == {
        "busybox:1": "docker-image://m.example/hub/library/busybox:1",
        f"x/y@{D}": f"docker-image://m.example/hub/x/y@{D}",
    }


@pytest.mark.parametrize(
    ("bases", "told"),
    [
        ((), "components/web/Dockerfile:1: bakec.lock does not have busybox:1"),
        ((locked("busybox:1", "amd64"),), "components/web/Dockerfile:1: busybox:1 is locked without linux/arm64"),
        ((locked("busybox:1", mirror="m.example/busybox:1"),), "from m.example/busybox:1, the project from another"),
    ],
)
def test_a_stale_lock_compiles_to_nothing_and_says_why(tmp_path: Path, bases: tuple[Locked, ...], told: str) -> None:
    plan = planned(tmp_path, "FROM busybox:1\n", *bases)

    with pytest.raises(ModelError) as caught:
        compile_plan(tmp_path, plan)

    assert told in str(caught.value.problems[0])


def test_the_build_platform_alone_asks_for_no_platform_of_the_lock(tmp_path: Path) -> None:
    dockerfile = "FROM --platform=$BUILDPLATFORM go:1 AS a\nFROM scratch\nCOPY --from=a / /\n"

    assert planned(tmp_path, dockerfile, locked("go:1", "amd64")).unlocked == ()


def test_a_mirror_without_a_host_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        planned(
            tmp_path, "FROM x\n", project=PROJECT.replace("    tag=", '    mirrors={"hub": "m.example"},\n    tag=')
        )

    assert "does not begin with a host" in str(caught.value.problems[0])
