"""doctor on the real engine and registry: all well, then broken."""

import json

import pytest

from tests.integration.conftest import Stack

pytestmark = pytest.mark.docker


def states(stack: Stack, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
    assert stack.bakec("compile").status == 0
    ended = stack.bakec("doctor", "--json", *words)
    return ended.status, {check["subject"]: check for check in json.loads(ended.out)["checks"]}


def test_where_a_build_would_succeed_all_is_well_and_the_programs_of_both_platforms_ran(stack: Stack) -> None:
    status, found = states(stack)

    assert (status, {name: check for name, check in found.items() if check["state"] == "bad"}) == (0, {})
    for subject in ("buildx", "builder", "linux/amd64", "linux/arm64", f"registry {stack.registry}", "base images"):
        assert found[subject]["state"] == "ok", found[subject]


def test_a_platform_without_emulation_a_base_without_it_and_a_registry_that_is_gone_are_found_at_once(
    stack: Stack,
) -> None:
    project = stack.root / "components/project.py"
    project.write_text(project.read_text().replace('"arm64")', '"arm64", "riscv64")'))

    status, found = states(stack, "--registry", "127.0.0.1:1/none")

    assert status == 7
    wrong = {name: check for name, check in found.items() if check["state"] == "bad"}
    assert set(wrong) == {"linux/riscv64", "registry 127.0.0.1:1", "base images"}
    assert "exec format error" in wrong["linux/riscv64"]["found"]
    assert "--install riscv64" in wrong["linux/riscv64"]["mend"]
    assert "busybox" in wrong["base images"]["found"]
    assert "is not made for linux/riscv64" in wrong["base images"]["found"]
    assert all(check["mend"] for check in wrong.values())
