"""Whether the builder runs programs of each platform.

bakec builds and starts the smallest program for each platform.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from bake_compiler.buildx import Failure, Progress
from bake_compiler.buildx.said import Said
from bake_compiler.buildx.tools import Tools
from bake_compiler.errors import PreflightError
from bake_compiler.inputs.image import MadeFrom
from bake_compiler.oci.platform import Platform
from bake_compiler.system.process import Command
from bake_compiler.system.tasks import together
from bake_compiler.verbs.doctor.binfmt import BINFMT, Handler, handler_of
from bake_compiler.verbs.doctor.facts import Facts, PlannedBuild
from bake_compiler.verbs.doctor.program import smallest_program
from bake_compiler.verbs.doctor.qemu import known_fault, version_of
from bake_compiler.verbs.doctor.result import CheckResult, CheckState, bad, good, note, unknown

LONGEST = 60.0
"""Seconds after which bakec stops waiting for a builder that does not start a program."""

_DOCKERFILE = """\
FROM scratch
COPY --chmod=755 {program} /program
ARG NONCE
RUN --network=none ["/program"]
"""
_REGISTER = (
    "docker run --privileged --rm tonistiigi/binfmt --install {architecture}, or add a native node to the builder"
)
_BEFORE = "error during container init"  # runc's message: the program was not started
_LOG = "see the log of the engine, such as `journalctl --unit docker`"
_BY_NAME = "register it with the flags POCF, under a path that ends in -binfmt-P, as Debian's qemu-user does"
_OTHER_VERSION = "if a build crashes (exit code 139), register QEMU 10.0 or 11"


@dataclass(frozen=True)
class Emulator:
    """The emulator of a platform on this machine.

    Attributes:
        handler: the entry of binfmt_misc; None if there is no entry.
        version: the interpreter's version; empty if unknown.
    """

    handler: Handler | None
    version: str = ""


async def check_platforms(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the builder runs programs of each platform.

    A failure counts only if a build runs a program of the platform.
    """
    build, said = facts.build, await facts.said
    if said.inspection.refusal:
        return tuple(unknown(str(platform), "the builder does not answer") for platform in build.platforms)
    found = await run_programs(build.tools, said, build.platforms, build.edges.binfmt)
    return tuple([_as_needed(build, await facts.made, each) for each in found])


def _as_needed(build: PlannedBuild, made: Mapping[str, MadeFrom], check: CheckResult) -> CheckResult:
    """Return the result; a failure becomes harmless if no build runs a program of the platform."""
    images = [image for image in build.images if check.subject in map(str, image.platforms)]
    if check.state is not CheckState.BAD or not all(made[image.name].cross for image in images):
        return check
    return note(check.subject, f"{check.found}; all steps of its images run on the build platform", check.mend)


async def run_programs(
    tools: Tools, said: Said, platforms: Sequence[Platform], binfmt: Path = BINFMT
) -> tuple[CheckResult, ...]:
    """Build a program for each platform into an image, and start it on the builder. Return the results.

    Args:
        tools: how to call buildx.
        said: the answers of the builder and the engine.
        platforms: the platforms to test.
        binfmt: the folder in which the kernel shows how it runs programs of other architectures.
    """
    async with together() as group:
        running = group.create_task(_run(tools, platforms))
        asked = {
            platform: group.create_task(_emulator(tools, platform, binfmt))
            for platform in platforms
            if tools.is_local and said.builder.facts.in_engine and platform not in said.native
        }
    emulators = {platform: task.result() for platform, task in asked.items()}
    failures = running.result()
    return tuple(_judge(each, failures[each], emulators.get(each), is_native=each in said.native) for each in platforms)


async def _run(tools: Tools, platforms: Sequence[Platform]) -> Mapping[Platform, Failure | str]:
    """Return why the programs of each platform do not run; "" if they run.

    One process starts all programs. The first failure ends the other programs, so after a failure each program gets its
    own
    process.
    """
    startable = [platform for platform in platforms if smallest_program(platform)]
    missing: dict[Platform, Failure | str] = dict.fromkeys(
        platforms, "bakec has no program for it that could be started"
    )
    if not await _start(tools, startable):
        return missing | dict.fromkeys(startable, "")
    async with together() as group:
        tasks = {platform: group.create_task(_start(tools, [platform])) for platform in startable}
    return missing | {platform: task.result() for platform, task in tasks.items()}


async def _start(tools: Tools, platforms: Sequence[Platform]) -> Failure | str:
    progress = Progress()
    with TemporaryDirectory(prefix="bakec-doctor-") as directory:
        folder = Path(directory)
        for platform in platforms:
            (folder / _file(platform)).write_bytes(smallest_program(platform) or b"")
        (folder / "bake.json").write_text(json.dumps(_bake_file(platforms)), encoding="utf-8")
        argv = (*tools.buildx, "bake", "--file", "bake.json", "--progress", "rawjson", "runs")
        try:
            async with asyncio.timeout(LONGEST):
                status = await tools.runner(Command(argv, tools.env, folder), lambda line: _hear(progress, line))
        except PreflightError as error:
            return error.message
        except TimeoutError:
            return f"the builder says nothing for {LONGEST:.0f} s"
    return progress.failure(status, "") if status else ""


def _file(platform: Platform) -> str:
    return f"program-{str(platform).replace('/', '-')}"


def _bake_file(platforms: Sequence[Platform]) -> dict[str, object]:
    targets = {
        f"runs-{number}": {
            "context": ".",
            "dockerfile-inline": _DOCKERFILE.format(program=_file(platform)),
            "args": {"NONCE": token_hex(8)},  # prevents a result from the cache
            "platforms": [str(platform)],
            "output": ["type=cacheonly"],
        }
        for number, platform in enumerate(platforms)
    }
    return {"group": {"runs": {"targets": list(targets)}}, "target": targets}


def _hear(progress: Progress, line: str) -> None:
    progress.read(line)


async def _emulator(tools: Tools, platform: Platform, binfmt: Path) -> Emulator | None:
    """Return the emulator of a platform on this machine; None if bakec can't see it."""
    try:
        handler = handler_of(smallest_program(platform) or b"", binfmt)
    except (OSError, ValueError):
        return None
    program_file = handler.program if handler else ""
    if not program_file:
        return Emulator(handler)
    answer = await tools.ask(program_file, "--version")
    return Emulator(handler, "" if answer.refusal else answer.text)


def _judge(platform: Platform, failure: Failure | str, emulator: Emulator | None, *, is_native: bool) -> CheckResult:
    subject = str(platform)
    if failure:
        return _explain(platform, failure, emulator)
    if is_native:
        return good(subject, "its programs run, natively")
    if emulator is None or emulator.handler is None:
        return good(subject, "its programs run")
    version = version_of(emulator.version)
    name = f"QEMU {version[0]}.{version[1]}" if version else emulator.handler.interpreter
    found = f"its programs run, by {name}, flags {emulator.handler.flags or 'none'}"
    if version and known_fault(version):
        return note(subject, f"{found}; known of it: {known_fault(version)}", _OTHER_VERSION)
    if "P" not in emulator.handler.flags:
        words = "; without P a program that goes by its name, such as busybox, may take itself for another"
        return note(subject, found + words, _BY_NAME)
    return good(subject, found)


def _explain(platform: Platform, failure: Failure | str, emulator: Emulator | None) -> CheckResult:
    subject = str(platform)
    if isinstance(failure, str):
        return unknown(subject, failure)
    if not failure.step.startswith("RUN"):
        return unknown(subject, failure.cause.splitlines()[0])
    if _BEFORE in _words(failure):
        return bad(subject, f"the builder starts no container: {_words(failure)}", _LOG)
    register = _REGISTER.format(architecture=platform.architecture)
    cause, mend = _cause(emulator, failure) if emulator else ("", "")
    found = f"the builder can't run its programs: {_words(failure)}"
    return bad(subject, "; ".join(filter(None, (found, cause))), mend or register)


def _cause(emulator: Emulator, failure: Failure) -> tuple[str, str]:
    """Return how an entry of binfmt_misc caused a failure, and how to fix it without a new entry."""
    handler = emulator.handler
    if handler is None:
        return "binfmt_misc has no entry for them", ""
    if not handler.enabled:
        return f"{handler.path} is disabled", f"echo 1 > {handler.path}"
    if "F" not in handler.flags:
        return f"{handler.path} has no flag F, so containers don't find {handler.interpreter}", ""
    if _takes_its_name_for_an_argument(failure):
        return f"{handler.interpreter} takes their name for an argument", _BY_NAME
    return f"they are run by {handler.interpreter}", ""


def _takes_its_name_for_an_argument(failure: Failure) -> bool:
    return not failure.tail and failure.cause.rstrip().endswith("exit code: 1")


def _words(failure: Failure) -> str:
    ended = re.search(r"exit code: \d+", failure.cause)
    return failure.tail[-1] if failure.tail else ended[0] if ended else failure.cause.splitlines()[0]
