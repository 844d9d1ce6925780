"""All that a build needs on the real engine and registry: several things wrong at once, then all of it well."""

import pytest

from tests.integration.conftest import Stack
from tests.integration.doctor.conftest import PLATFORMS, doctor

pytestmark = pytest.mark.docker


def test_what_is_wrong_is_found_at_once_by_doctor_and_by_a_build_and_once_it_is_mended_all_is_well(
    stack: Stack,
) -> None:
    project = stack.root / "components/project.py"
    sound = project.read_text()
    project.write_text(sound.replace(PLATFORMS, '("amd64", "arm64", "riscv64")'))
    nowhere = ("--registry", "127.0.0.1:1/none")

    status, checks = doctor(stack, *nowhere)

    assert status == 7
    wrong = {name: check for name, check in checks.items() if check["state"] == "bad"}
    assert set(wrong) == {"linux/riscv64", "registry 127.0.0.1:1", "base images", "docker-bake.hcl"}
    assert "exec format error" in wrong["linux/riscv64"]["found"]
    assert "--install riscv64" in wrong["linux/riscv64"]["mend"]
    assert "busybox" in wrong["base images"]["found"]
    assert "is not made for linux/riscv64" in wrong["base images"]["found"]
    assert "is the registry running, and its name right?" in wrong["registry 127.0.0.1:1"]["mend"]
    assert wrong["docker-bake.hcl"]["mend"] == "bakec compile"

    refused = stack.bakec("build", "all", "--json", *nowhere)

    assert refused.status == 7
    assert {each["subject"] for each in refused.document["checks"] if each["state"] == "bad"} == set(wrong)
    assert all(f"error: {name}: " in refused.err for name in wrong)
    assert not (stack.root / ".bakec/runs").exists()

    project.write_text(sound)
    stack.bakec("compile")

    status, checks = doctor(stack)

    assert status == 0
    for subject in (
        *("docker", "buildx", "builder", "disk", "linux/amd64", "linux/arm64"),
        *(f"registry {stack.registry}", "base images", "Dockerfiles", "entitlements", "docker-bake.hcl"),
    ):
        assert checks[subject]["state"] == "ok", checks[subject]
