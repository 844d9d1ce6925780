"""What buildx asks for before it builds, and what it is told."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError
from bake_compiler.plan.evaluate import UNKNOWN
from bake_compiler.verbs.doctor.checks.entitlements import Privilege, judge_entitlements, privileges
from bake_compiler.verbs.doctor.result import CheckState
from tests.fakes.project import component
from tests.fakes.site import Site

NEW, FIRST, OLD = (0, 29, 1), (0, 19, 0), (0, 13, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a sister, to which a link in it leads."""
    for folder in ("in/sub", "out"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "in/link").symlink_to("../out")
    return tmp_path / "in"


INSIDE = (
    {"context": ".", "dockerfile": "Dockerfile", "contexts": {"a": "sub", "b": "target:x", "c": "docker-image://x:1"}},
    {"context": "https://git.test/x.git", "dockerfile": "../../Dockerfile"},
    {
        "secret": ("id=a,env=HOME", "id=b,src=sub/b"),
        "output": ("type=registry",),
        "cache-from": ("type=registry,ref=x",),
    },
    {"output": ("type=tar,dest=-",), "network": "none"},
)
OUTSIDE = (
    ({"context": "link"}, "fs.read", "out"),
    ({"context": "sub", "dockerfile": "../../out/Dockerfile"}, "fs.read", "out/Dockerfile"),
    ({"contexts": {"a": "../out"}}, "fs.read", "out"),
    ({"secret": ("id=a,src=../out/key",)}, "fs.read", "out/key"),
    ({"cache-from": ("type=local,src=../out/cache",)}, "fs.read", "out/cache"),
    ({"cache-to": ("type=local,dest=../out/a/b",)}, "fs.write", "out"),
    ({"output": ("type=local,dest=../out",)}, "fs.write", "out"),
)


@pytest.mark.parametrize("found", INSIDE)
def test_what_is_in_the_project_needs_nothing(root: Path, found: Mapping[str, object]) -> None:
    assert list(privileges(root, found)) == []


@pytest.mark.parametrize(("found", "kind", "path"), OUTSIDE)
def test_what_is_outside_is_asked_for_as_it_is_after_links(
    root: Path, found: Mapping[str, object], kind: str, path: str
) -> None:
    assert list(privileges(root, found)) == [Privilege(kind, str(root.parent / path))]


def test_the_host_s_network_and_what_models_ask_for_is_asked_for(root: Path) -> None:
    found = {"network": "host", "entitlements": ("security.insecure",)}

    assert list(map(str, privileges(root, found))) == ["--allow security.insecure", "--allow network.host"]


@pytest.mark.parametrize("found", [{"context": UNKNOWN}, {"contexts": UNKNOWN}, {"secret": (UNKNOWN,)}])
def test_what_only_buildx_can_tell_is_unknown(root: Path, found: Mapping[str, object]) -> None:
    assert judge_entitlements(privileges(root, found), (), NEW).state is CheckState.UNKNOWN


READ, HOST = Privilege("fs.read", "/opt/keys"), Privilege("network.host")


@pytest.mark.parametrize(
    ("needed", "allowed", "buildx", "state"),
    [
        ([READ], (), NEW, CheckState.BAD),
        ([READ], (), FIRST, CheckState.OK),
        ([READ, HOST], (), OLD, CheckState.OK),
        ([HOST], (), FIRST, CheckState.BAD),
        ([], (), NEW, CheckState.OK),
        ([], (), None, CheckState.UNKNOWN),
        ([READ], ("fs.read=/opt/keys",), NEW, CheckState.OK),
        ([READ], ("fs.read=/opt",), NEW, CheckState.OK),
        ([READ], ("fs=/opt",), NEW, CheckState.OK),
        ([READ], ("fs.read=*",), NEW, CheckState.OK),
        ([READ], ("fs.read=/opt/other", "fs.write=/opt/keys"), NEW, CheckState.BAD),
        ([HOST], ("network.host",), NEW, CheckState.OK),
    ],
)
def test_what_is_asked_for_must_be_allowed(
    needed: list[Privilege], allowed: tuple[str, ...], buildx: tuple[int, ...] | None, state: CheckState
) -> None:
    assert judge_entitlements(needed, allowed, buildx).state is state


def test_a_build_says_what_to_allow_and_gives_it_to_buildx(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    site = Site.make(tmp_path / "project")
    site.docker.bases["busybox:stable"] = "1"
    (site.root / "components/web/keys").symlink_to(keys)
    site.rewrite(web=component('name="web", contexts={"keys": "keys"}'))

    with pytest.raises(PreflightError) as caught:
        site.run("web")

    assert caught.value.message == f"entitlements: buildx asks for fs.read {keys}; nothing was built"
    assert caught.value.hint == f"bakec build --allow fs.read={keys}"
    assert site.run("web", allow=(f"fs.read={keys}",)).exit_code == 0
    assert f"--allow fs.read={keys}" in " ".join(site.docker.commands[-1].argv)
