"""Emulation broken on purpose, in an engine for which the kernel has entries of its own: no other one sees them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bake_compiler.buildx.said import Said
from bake_compiler.buildx.tools import CommandAnswer, Tools, find_buildx
from bake_compiler.oci.platform import Platform
from bake_compiler.system import process
from bake_compiler.verbs.doctor.checks.platforms import run_programs
from bake_compiler.verbs.doctor.program import smallest_program
from bake_compiler.verbs.doctor.result import CheckResult, CheckState
from sandbox import kernel, namespace
from sandbox.node import Node, node
from sandbox.state import State as Sandbox
from tests.fakes.inspected import inspected

pytestmark = [pytest.mark.docker, pytest.mark.sandbox]

FOREIGN = Platform.parse("arm64")
ENTRY = "tests"


@pytest.fixture(scope="module")
def engine(sandbox: Sandbox) -> Iterator[Node]:
    """An engine without emulation."""
    if subprocess.run([sys.executable, namespace.__file__, "true"], capture_output=True, check=False).returncode:
        pytest.skip("the kernel has one binfmt_misc for the whole machine: Linux 6.7 is needed")
    with node(sandbox, "apart", apart=True) as own:
        yield own


@pytest.fixture
def qemu(sandbox: Sandbox) -> Path:
    """The sandbox's emulator, by the name by which it knows that it is told argv[0]."""
    return sandbox.bin / "aarch64-binfmt-P"


@contextmanager
def registered(engine: Node, interpreter: Path, flags: str) -> Iterator[Path]:
    """An entry, in place of none."""
    kernel.register(engine.binfmt, ENTRY, interpreter, flags)
    try:
        yield engine.binfmt / ENTRY
    finally:
        (engine.binfmt / ENTRY).write_text("-1")


def runs_there(engine: Node, tmp_path: Path) -> CheckResult:
    """What doctor says of the platform."""
    env = process.scrubbed({**os.environ, **engine.environment()})
    tools = Tools(process.run, tmp_path, env, find_buildx(env))
    said = Said(CommandAnswer(0, ""), CommandAnswer(0, inspected(platforms="")), CommandAnswer(1, ""))
    (check,) = asyncio.run(run_programs(tools, said, [FOREIGN], engine.binfmt))
    return check


def a_sound_entry_mends_it(engine: Node, qemu: Path, tmp_path: Path) -> None:
    with registered(engine, qemu, "POCF"):
        check = runs_there(engine, tmp_path)
    assert (check.state, "by QEMU" in check.found, "POCF" in check.found) == (CheckState.OK, True, True)


def test_no_entry_is_told_and_a_sound_one_mends_it(engine: Node, qemu: Path, tmp_path: Path) -> None:
    check = runs_there(engine, tmp_path)

    assert (check.state, check.found.rpartition("; ")[2]) == (CheckState.BAD, "binfmt_misc has no entry for them")
    assert "exec format error" in check.found
    assert "--install arm64" in check.mend
    a_sound_entry_mends_it(engine, qemu, tmp_path)


def test_a_disabled_entry_is_mended_by_the_command_that_doctor_names(engine: Node, qemu: Path, tmp_path: Path) -> None:
    with registered(engine, qemu, "POCF") as entry:
        entry.write_text("0")
        check = runs_there(engine, tmp_path)
        assert (check.state, f"{entry} is disabled" in check.found) == (CheckState.BAD, True)

        subprocess.run(check.mend, shell=True, check=True)  # noqa: S602 - as a person pastes it

        assert runs_there(engine, tmp_path).state is CheckState.OK


def test_an_entry_without_f_is_told_and_a_sound_one_mends_it(engine: Node, qemu: Path, tmp_path: Path) -> None:
    with registered(engine, qemu, "POC"):
        check = runs_there(engine, tmp_path)

    assert (check.state, "has no flag F" in check.found) == (CheckState.BAD, True)
    assert "--install arm64" in check.mend
    a_sound_entry_mends_it(engine, qemu, tmp_path)


def test_a_qemu_without_the_name_is_judged_by_what_it_does_and_without_p_is_noted(
    engine: Node, qemu: Path, tmp_path: Path
) -> None:
    with registered(engine, qemu.resolve(), "POCF"):  # Linux says since 5.12 that argv[0] is told
        assert runs_there(engine, tmp_path).state is CheckState.OK
    with registered(engine, qemu.resolve(), "OCF"):
        check = runs_there(engine, tmp_path)

    assert (check.state, "without P" in check.found) == (CheckState.NOTE, True)
    assert "flags POCF, under a path that ends in -binfmt-P" in check.mend
    a_sound_entry_mends_it(engine, qemu, tmp_path)


def test_an_emulator_that_crashes_is_told_and_a_sound_entry_mends_it(engine: Node, qemu: Path, tmp_path: Path) -> None:
    crashing = tmp_path / "qemu-aarch64"
    crashing.write_bytes((smallest_program(Platform.parse("amd64")) or b"").replace(b"\x0f\x05", b"\x0f\x0b"))  # ud2
    crashing.chmod(0o755)
    with registered(engine, crashing, "POCF"):
        check = runs_there(engine, tmp_path)

    assert (check.state, f"they are run by {crashing}" in check.found) == (CheckState.BAD, True)
    assert "exit code: 132" in check.found  # SIGILL
    assert "--install arm64" in check.mend
    a_sound_entry_mends_it(engine, qemu, tmp_path)


def test_what_is_registered_there_counts_nowhere_else(engine: Node, qemu: Path) -> None:
    with registered(engine, qemu, "POCF") as entry:
        assert entry.exists()
        assert not (kernel.BINFMT / ENTRY).exists()
