"""What doctor says of the builder in use, where the project describes one."""

import asyncio
from pathlib import Path

import pytest

from bake_compiler import Builder, Node
from bake_compiler.buildx.tools import Tools
from bake_compiler.project.planned import plan_project
from bake_compiler.verbs.builder import bring_up
from bake_compiler.verbs.doctor.facts import PlannedBuild
from bake_compiler.verbs.doctor.result import CheckResult, CheckState
from bake_compiler.verbs.doctor.run import look
from tests.fakes import virtual_time
from tests.fakes.buildx import Buildx
from tests.fakes.project import PROJECT
from tests.fakes.site import Site

DESCRIBED = """
from bake_compiler import Builder, Node
project = project.model_copy(update={"builder": Builder(
    name="acme", nodes=[Node(endpoint="ssh://ci@arm.example", platforms=["arm64"])],
    certificates={"registry.example": ["ca.pem"]})})
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "ca.pem").write_text("a certificate\n")
    site = Site.make(tmp_path, project=PROJECT + DESCRIBED)
    site.env["BUILDX_CONFIG"] = str(tmp_path / "buildx")
    return site


def made(site: Site, builder: Builder) -> None:
    """Buildx has this builder."""
    fake = Buildx(Path(site.env["BUILDX_CONFIG"]))
    tools = Tools(fake, site.root, site.env, ("docker", "buildx"))
    asyncio.run(bring_up(tools, builder, tell=lambda _: None))


def checked(site: Site) -> CheckResult | None:
    build = site.build()
    job = PlannedBuild(build.edges.with_builder(site.plan.builder), build.plan, build.wanted)
    return next((check for check in virtual_time.run(look(job)) if check.subject == "described builder"), None)


def test_a_builder_that_is_as_described_is_ok_until_its_certificate_changes(site: Site) -> None:
    assert site.plan.builder
    made(site, site.plan.builder)
    before = checked(site)

    (site.root / "ca.pem").write_text("another one\n")
    after = checked(site)

    assert before == CheckResult("described builder", CheckState.OK, "acme is as the project describes it")
    assert after
    assert (after.state, after.mend) == (CheckState.NOTE, "bakec builder up")
    assert "is not as the project describes it: - registry registry.example ca = sha256:" in after.found


def test_what_differs_is_told_and_of_much_only_the_first(site: Site) -> None:
    node = Node(endpoint="ssh://ci@old.example", options={"memory": "2g", "network": "host"})
    made(site, Builder(name="acme", nodes=(node,), mirrors={"docker.io": ("mirror.example",)}))

    check = checked(site)

    assert check
    assert check.found == (
        "acme is not as the project describes it: - endpoint ssh://ci@old.example; "
        '- option memory = "2g"; - option network = "host"; - registry docker.io mirrors = mirror.example; 3 more'
    )


def test_another_builder_that_somebody_chose_is_noted(site: Site) -> None:
    site.env["BUILDX_BUILDER"] = "other"

    check = checked(site)

    assert check
    assert (check.state, check.mend) == (CheckState.NOTE, "unset BUILDX_BUILDER")
    assert check.found == "other is in use, as BUILDX_BUILDER says, and not acme"


def test_a_certificate_that_is_not_there_is_unknown(site: Site) -> None:
    (site.root / "ca.pem").unlink()

    check = checked(site)

    assert check
    assert (check.state, check.found) == (
        CheckState.UNKNOWN,
        "builder acme: certificate ca.pem: No such file or directory",
    )
    assert "put the CA certificate there" in check.mend


def test_where_there_is_none_yet_or_none_is_described_nothing_is_said_of_it(site: Site, tmp_path: Path) -> None:
    site.docker.nodes = 'ERROR: no builder "acme" found'
    assert checked(site) is None

    (tmp_path / "components/project.py").write_text(PROJECT)
    site.plan = plan_project(tmp_path)
    site.docker.nodes = ""
    assert checked(site) is None
