"""`./dev sandbox up|down|status|env|buildx|peers|browser`, and `ensure`, which `./dev demo` and `./dev test` use."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from sandbox import bases, browser, buildx, engine, kernel, machine, node, peers
from sandbox.state import SandboxError, State, alone, own_processes, say

_SIGPIPE = 141  # what a shell says of a program that ended because nobody reads on


def up(state: State) -> None:
    """Bring everything up, and fetch the two versions of buildx; instant when all is there."""
    _bring_up(state)
    _fetch_buildx(state)


def _bring_up(state: State) -> None:
    if _is_up(state):
        say("is up")
        return
    if os.geteuid() != 0:
        raise SandboxError("step start: the sandbox needs root", "run as root, or start a Docker of your own")
    with alone(state):
        engine.fetch(state)
        engine.start(state)
        bases.build(state)
    say(engine.versions(state))


def down(state: State, *, purge: bool = False) -> None:
    """Take everything down; `purge` also removes what was downloaded and built."""
    with alone(state):
        machine.forget_registry(state)
        for each in node.nodes(state):
            each.remove()
        engine.stop(state)
    if purge:
        shutil.rmtree(state.home)
    say("is down")


def status(state: State) -> int:
    """Say what is up; 0 when all of it is."""
    for what, answers in (
        ("engine", engine.engine_answers(state)),
        ("registry", engine.registry_answers(state.registry)),
    ):
        print(f"{what}: {'up' if answers else 'down'}")
    for base in bases.BASES:
        there = engine.has_manifest(state.registry, base.repository, base.tag)
        print(f"base {base.repository}:{base.tag}: {'there' if there else 'missing'}")
    print(f"processes: {len(own_processes(state))}")
    print(f"kernel: {', '.join(kernel.report_kernel(state)) or 'nothing'}")
    return 0 if _is_up(state) else 1


def ensure(state: State) -> None:
    """Use the machine's Docker if it can do the job, else the sandbox; print the exports of the one in use."""
    usable = None if _is_up(state) else machine.usable_docker(state)
    if usable is None:
        _bring_up(state)
        usable = state.environment()
    else:
        say(f"using this machine's Docker, and the registry at {usable['BAKEC_REGISTRY']}")
    env(state, usable)


def env(state: State, engines: dict[str, str]) -> None:
    """Print the exports of an engine, and of the two versions of buildx if they can be had."""
    _fetch_buildx(state)
    print(_exports({**engines, **buildx.environment(state)}))


def plugins(state: State) -> None:
    """Fetch the two versions of buildx and print their exports; no engine starts."""
    buildx.fetch(state)
    say(buildx.versions(state))
    print(_exports(buildx.environment(state)))


def rivals(state: State) -> None:
    """Fetch the programs that benchmarks compare with and print their exports; without them, only say why."""
    try:
        peers.fetch(state)
    except (SandboxError, OSError) as error:
        say(f"BAKEC_CRANE is left out: {error}")
    print(_exports(peers.environment(state)))


def _fetch_buildx(state: State) -> None:
    """Fetch the two versions of buildx if they can be had: an engine is of use without them."""
    try:
        buildx.fetch(state)
    except (SandboxError, OSError) as error:
        say(f"BAKEC_BUILDX_OLDEST and BAKEC_BUILDX_NEWEST are left out: {error}")


def _exports(variables: dict[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def _is_up(state: State) -> bool:
    return (
        engine.is_fetched(state)
        and engine.engine_answers(state)
        and engine.registry_answers(state.registry)
        and not bases.missing(state)
    )


def main() -> int:
    """Run one verb; failures are two lines, never a traceback."""
    parser = argparse.ArgumentParser(prog="./dev sandbox", description=__doc__)
    parser.add_argument("verb", choices=("up", "down", "status", "env", "buildx", "peers", "browser", "ensure"))
    parser.add_argument(
        "--purge", action="store_true", help="down: also remove downloads, images and the registry's data"
    )
    arguments = parser.parse_args()
    state = State.of(Path(__file__).parent.parent)
    verbs: dict[str, Callable[[], int | None]] = {
        "up": lambda: up(state),
        "down": lambda: down(state, purge=arguments.purge),
        "status": lambda: status(state),
        "env": lambda: env(state, state.environment()),
        "buildx": lambda: plugins(state),
        "peers": lambda: rivals(state),
        "browser": lambda: print(browser.program(state)),
        "ensure": lambda: ensure(state),
    }
    try:
        code = verbs[arguments.verb]() or 0
        print(end="", flush=True)  # here: at exit, Python itself would tell of a closed pipe
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is yet to be flushed at exit
        return _SIGPIPE
    except SandboxError as error:
        print(f"error: {error.message}\n hint: {error.hint}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}\n hint: the steps so far are in {state.logs}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("interrupted; `./dev sandbox down` removes what was started")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
