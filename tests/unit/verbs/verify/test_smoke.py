"""Starting an image: the command, its time, and that no container is left."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.system.process import Command
from bake_compiler.verbs.verify.smoke import Smoker
from bake_compiler.verify import Promise
from bake_compiler.verify.smoke import Start, check_start

ARM64 = Platform.parse("arm64")
AT = Reference.parse("r.test/web@sha256:" + "0" * 64)
PROMISE = Promise("web", AT, (ARM64,))


@dataclass
class Docker:
    """A docker whose containers print these lines and end with this status, or never."""

    lines: tuple[str, ...] = ()
    status: int | None = 0
    commands: list[tuple[str, ...]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        self.commands.append(command.argv)
        if command.argv[1] == "rm":
            self.running.discard(command.argv[-1])
            return 0
        (name,) = (word.removeprefix("--name=") for word in command.argv if word.startswith("--name="))
        self.running.add(name)
        for line in self.lines:
            on_line(line)
        if self.status is None:
            try:
                await asyncio.Event().wait()
            finally:
                self.left |= self.running  # what it must not be left to `docker run` to end
        self.running.discard(name)
        return self.status or 0


def start(docker: Docker, *, seconds: float = 60.0) -> Start:
    return asyncio.run(Smoker(docker, seconds=seconds).start(("uname", "-m"), AT, ARM64))


def codes(start: Start) -> list[str]:
    findings = check_start(PROMISE, start)
    assert all(finding.platform == ARM64 and finding.hint for finding in findings)
    return [finding.code for finding in findings]


def test_the_command_names_the_manifest_and_the_platform_and_keeps_arguments_apart() -> None:
    docker = Docker(("aarch64",))

    ended = start(docker)

    (argv,) = docker.commands
    assert argv[:3] == ("docker", "run", "--rm")
    assert "--platform=linux/arm64" in argv
    assert argv[-3:] == ("--entrypoint=uname", str(AT), "-m")
    assert (ended.status, ended.output) == (0, "aarch64")
    assert codes(ended) == []


def test_a_start_that_does_not_end_is_ended_and_its_container_removed() -> None:
    docker = Docker(("starting …",), status=None)

    ended = start(docker, seconds=0.05)

    assert ended.status is None
    assert ended.output == "starting …"
    assert (docker.running, docker.left) == (set(), set())
    assert docker.commands[-1][:3] == ("docker", "rm", "--force")
    assert codes(ended) == ["smoke-timeout"]


def test_an_interrupted_start_leaves_no_container() -> None:
    docker = Docker(status=None)

    async def interrupted() -> None:
        task = asyncio.create_task(Smoker(docker).start(("uname",), AT, ARM64))
        await asyncio.sleep(0.05)
        assert docker.running
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert docker.running == set()


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        (("x86_64",), 0, "smoke-machine"),
        (("aarch64-like",), 0, "smoke-machine"),
        ((), 0, "smoke-machine"),
        (("exec /bin/uname: exec format error",), 255, "smoke-failed"),
        (("no such image",), 125, "smoke-failed"),
    ],
)
def test_a_start_that_proves_nothing_is_a_finding(lines: tuple[str, ...], status: int, code: str) -> None:
    assert codes(start(Docker(lines, status))) == [code]


def test_docker_that_can_not_start_it_gets_another_hint_than_a_program_that_fails() -> None:
    failed, unable = (check_start(PROMISE, start(Docker((), status)))[0] for status in (1, 125))

    assert "docker itself could not start it" in unable.hint
    assert failed.hint != unable.hint


def test_an_image_without_a_smoke_command_is_not_proven() -> None:
    assert codes(Start(ARM64)) == ["smoke-missing"]


def test_the_last_lines_are_told_and_all_are_kept() -> None:
    ended = start(Docker(tuple(map(str, range(100))), status=3))

    assert ended.output.count("\n") == 99
    assert "95 / 96 / 97 / 98 / 99" in check_start(PROMISE, ended)[0].message


@pytest.mark.parametrize(
    ("platform", "word", "good"),
    [
        ("386", "x86_64", True),
        ("386", "i686", True),
        ("arm/v6", "armv7l", True),
        ("arm/v7", "armv8l", True),
        ("arm/v7", "aarch64", True),
        ("arm/v7", "x86_64", False),
        ("386", "aarch64", False),
        ("amd64", "i686", False),
        ("riscv64", "riscv64", True),
    ],
)
def test_a_32_bit_image_sees_the_machine_of_its_kernel(platform: str, word: str, *, good: bool) -> None:
    assert (check_start(PROMISE, Start(Platform.parse(platform), "uname -m", 0, output=word)) == ()) is good


def test_a_container_that_comes_to_be_while_it_is_ended_is_removed_too() -> None:
    docker = Docker(status=None)

    async def late(command: Command, on_line: Callable[[str], None]) -> int:
        if command.argv[1] == "rm":
            return await docker(command, on_line)
        try:
            return await docker(command, on_line)
        finally:
            docker.running |= {word.removeprefix("--name=") for word in command.argv if word.startswith("--name=")}

    asyncio.run(Smoker(late, seconds=0.05).start(("uname", "-m"), AT, ARM64))

    assert docker.running == set()


def test_of_a_very_long_line_the_beginning_is_kept() -> None:
    assert len(start(Docker(("x" * 1_000_000,))).output) == 4096
