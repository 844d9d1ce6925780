"""What is thought of the network of a build container, and of caches."""

from pathlib import Path

import pytest

from bake_compiler.verbs.doctor.checks.network import judge_network
from bake_compiler.verbs.doctor.facts import PlannedBuild
from bake_compiler.verbs.doctor.result import CheckState
from bake_compiler.verbs.doctor.run import look
from tests.fakes import virtual_time
from tests.fakes.images import index_of
from tests.fakes.project import component
from tests.fakes.registry import Fault
from tests.fakes.site import Site

OK, NOTE, BAD, UNKNOWN = CheckState.OK, CheckState.NOTE, CheckState.BAD, CheckState.UNKNOWN

SERVER, FOUND, LOST = ("nameserver", "10.0.0.2"), ("found", "deb.test"), ("lost", "deb.test")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site.make(tmp_path)
    made.docker.bases["busybox:stable"] = "1"
    return made


@pytest.mark.parametrize(
    ("says", "behind_proxy", "state", "words", "mend"),
    [
        ([SERVER, FOUND], False, OK, "finds deb.test; name servers: 10.0.0.2", ""),
        (
            [SERVER, LOST],
            False,
            NOTE,
            "does not find deb.test; name servers: 10.0.0.2",
            "`dns` in daemon.json",
        ),
        ([LOST], True, NOTE, "name servers: none", "`proxies` in Docker's config.json"),
        (
            [SERVER, FOUND],
            True,
            NOTE,
            "this machine goes through a proxy",
            "`proxies` in Docker's config.json",
        ),
        ([SERVER, ("proxy", "proxy.test"), ("found", "proxy.test")], True, OK, "finds proxy.test", ""),
        (
            [SERVER, ("proxy", "127.0.0.1"), ("found", "127.0.0.1")],
            True,
            NOTE,
            "the build container itself",
            "not",
        ),
        ([SERVER], False, UNKNOWN, "names no host", ""),
    ],
)
def test_what_a_container_says_is_judged(
    says: list[tuple[str, ...]], behind_proxy: bool, state: CheckState, words: str, mend: str
) -> None:
    check = judge_network(says, behind_proxy=behind_proxy)

    assert check.state is state
    assert words in check.found
    assert mend in check.mend


def looked_at(site: Site, subject: str) -> tuple[CheckState, str]:
    build = site.build()
    checks = virtual_time.run(look(PlannedBuild(build.edges, build.plan, build.wanted)))
    (check,) = (check for check in checks if check.subject == subject)
    return check.state, check.found


def test_a_container_of_a_base_of_the_project_is_asked(site: Site) -> None:
    assert looked_at(site, "build network") == (
        OK,
        "a build container finds deb.test; name servers: 10.0.0.2",
    )

    site.docker.network = ()
    assert looked_at(site, "build network")[0] is UNKNOWN


def test_a_build_does_not_ask_what_can_not_end_it(site: Site) -> None:
    site.docker.network = ()

    assert site.run().exit_code == 0
    assert not any("network" in command.argv for command in site.docker.commands)


CACHE = "127.0.0.1:5000/cache:main"


def with_cache(site: Site) -> None:
    site.rewrite(web=component(f'name="web", cache_from=["type=registry,ref={CACHE}", "type=gha"]'))


def test_a_cache_that_is_not_there_yet_is_noted_and_ends_no_build(site: Site) -> None:
    with_cache(site)

    assert looked_at(site, f"cache {CACHE}") == (NOTE, "is not there yet")
    assert site.run().exit_code == 0


def test_a_cache_that_is_there_can_be_read(site: Site) -> None:
    with_cache(site)
    site.fake.push("cache", "main", index_of("linux/amd64"))

    assert looked_at(site, f"cache {CACHE}") == (OK, "can be read")


@pytest.mark.parametrize(("status", "state"), [(403, NOTE), (500, UNKNOWN)])
def test_a_cache_that_may_not_or_can_not_be_read_is_never_ok(site: Site, status: int, state: CheckState) -> None:
    with_cache(site)
    site.fake.faults.append(Fault(status=status, path="/cache/", times=99))

    assert looked_at(site, f"cache {CACHE}")[0] is state
