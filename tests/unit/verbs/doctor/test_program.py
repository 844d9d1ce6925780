"""The smallest program of each architecture."""

import platform
import subprocess
from pathlib import Path

import pytest

from bake_compiler.layers.binary import identify
from bake_compiler.layers.elf import Elf, ElfUse
from bake_compiler.layers.machines import is_foreign
from bake_compiler.oci.platform import Platform
from bake_compiler.verbs.doctor.program import smallest_program


@pytest.mark.parametrize("name", ["amd64", "386", "arm64", "arm/v7", "riscv64", "ppc64le", "s390x"])
def test_it_is_a_binary_of_its_architecture(name: str) -> None:
    wanted = Platform.parse(name)

    content = smallest_program(wanted)

    assert content is not None
    found = identify(content)
    assert isinstance(found, Elf)
    assert (found.use, is_foreign(found.machine, wanted)) == (ElfUse.EXECUTABLE, False)


def test_it_runs_and_ends_well_where_it_is_native(tmp_path: Path) -> None:
    content = smallest_program(Platform.parse(platform.machine()))
    assert content is not None
    path = tmp_path / "program"
    path.write_bytes(content)
    path.chmod(0o755)

    assert subprocess.run([path], check=False, capture_output=True).returncode == 0
    assert subprocess.run([path, "its", "name"], check=False, capture_output=True).returncode == 2


@pytest.mark.parametrize("name", ["windows/amd64", "linux/mips64le", "linux/loong64"])
def test_there_is_none_for_other_systems_and_machines(name: str) -> None:
    system, architecture = name.split("/")

    assert smallest_program(Platform(system, architecture)) is None
