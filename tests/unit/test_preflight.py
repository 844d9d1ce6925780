"""What is wrong with a machine is said before anything is built."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bake_compiler.errors import PreflightError
from bake_compiler.oci.platform import Platform
from bake_compiler.preflight import builder_platforms, check_machine
from bake_compiler.process import Command

ARM64 = Platform.parse("arm64")


@dataclass(frozen=True)
class Machine:
    """A machine whose docker says these things."""

    version: str = "github.com/docker/buildx v0.29.1 abc"
    platforms: str = "linux/amd64*, linux/amd64/v2, linux/arm64, unheard/of"
    status: int = 0

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        if command.argv[-1] == "version":
            on_line(self.version)
            return 0
        on_line(f"Name: default\nPlatforms: {self.platforms}" if not self.status else "Cannot connect to the engine")
        return self.status


def complaint(machine: Machine) -> str:
    with pytest.raises(PreflightError) as caught:
        asyncio.run(check_machine(machine, Path(), {}, [ARM64]))
    assert caught.value.exit_code == 7
    assert caught.value.hint
    return caught.value.message


def test_a_machine_that_can_do_the_job_is_no_error() -> None:
    asyncio.run(check_machine(Machine(), Path(), {}, [ARM64]))


def test_no_buildx_an_old_one_and_a_dead_engine_are_told_apart() -> None:
    assert "no buildx" in complaint(Machine(version="docker: 'buildx' is not a docker command"))
    assert "too old" in complaint(Machine(version="github.com/docker/buildx v0.12.1 abc"))
    assert "Cannot connect to the engine" in complaint(Machine(status=1))


def test_a_platform_that_the_builder_lacks_is_named() -> None:
    assert "can't build for linux/arm64" in complaint(Machine(platforms="linux/amd64, linux/386"))


def test_platforms_of_all_nodes_count() -> None:
    text = "Platforms: linux/amd64*\nName: second\nPlatforms: linux/arm64, unheard/of"

    assert builder_platforms(text) == {Platform.parse("amd64"), ARM64}
