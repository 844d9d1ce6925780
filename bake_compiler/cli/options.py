"""Options that several verbs share, and the edges made from them."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bake_compiler.errors import BakecError, Problem, UsageError

if TYPE_CHECKING:
    from bake_compiler.cosign import Cosign
    from bake_compiler.oci.platform import Platform
    from bake_compiler.plan import Plan, Wanted
    from bake_compiler.report import Report
    from bake_compiler.report.events import Event
    from bake_compiler.verbs.edges import Edges
    from bake_compiler.verbs.verify.run import Layers

_T = TypeVar("_T")


def complete_selector(incomplete: str) -> list[str]:
    """Selectors for the shell; none when there is no project here or it has mistakes."""
    from bake_compiler.plan.select import known  # noqa: PLC0415
    from bake_compiler.project.planned import plan_project  # noqa: PLC0415

    try:
        names = known(plan_project(root_of(None)))
    except BakecError:
        return []
    return [name for name in names if name.startswith(incomplete)]


ProjectDir = Annotated[
    Path | None, typer.Option("--project", metavar="DIR", help="The project's root; default: here or above.")
]
Selectors = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SELECTOR]...",
        help="all (the default), a phase, a component, an image, or component/image.",
        autocompletion=complete_selector,
    ),
]
Platforms = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        metavar="P[,P]",
        envvar="BAKEC_PLATFORM",
        help="amd64, arm64, x86_64, aarch64, linux/arm64/v8 …; default: all of the project's.",
    ),
]
Registry = Annotated[
    str, typer.Option("--registry", metavar="HOST[/PATH]", envvar="BAKEC_REGISTRY", help="Default: the project's.")
]
Tag = Annotated[str, typer.Option("--tag", metavar="TAG", envvar="BAKEC_TAG", help="Default: the project's.")]
Variables = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="NAME=VALUE", help="A variable of the bake file; may be given several times."),
]
Deep = Annotated[bool, typer.Option("--deep", help="Also read every layer: is each binary for its platform?")]
Insecure = Annotated[
    list[str] | None,
    typer.Option(
        "--insecure", metavar="HOST", help="A registry that may be asked over plain http; loopback always may."
    ),
]
Sign = Annotated[
    str,
    typer.Option(
        "--sign",
        metavar="KEY|keyless",
        help="Sign every image with cosign before any public tag moves: a key's file or URI, or an identity.",
        autocompletion=lambda: ["keyless"],
    ),
]
SigningConfig = Annotated[
    Path | None,
    typer.Option(
        "--signing-config",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        resolve_path=True,
        help="cosign's: which log and time stamps signatures go to; default: Sigstore's public ones.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the document as JSON.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="WHAT",
        help="What buildx may do that it asks for: fs.read=PATH, fs.write=PATH, network.host, security.insecure.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", help="Images at once; default: what there is to work with."),
]

CORES = os.cpu_count() or 2


def root_of(project: Path | None) -> Path:
    """The project's root, absolute."""
    from bake_compiler.project.root import find_root  # noqa: PLC0415

    if project is not None and not project.is_dir():
        raise UsageError(f"--project: {project} is not a directory", hint="name the project's root")
    return find_root((project or Path.cwd()).resolve())


def signer(edges: "Edges", sign: str, config: str) -> "Cosign | None":
    """What signs, if anything is to; a key's file is meant from the working directory."""
    from bake_compiler.cosign import Cosign, environment_of  # noqa: PLC0415

    if not sign:
        return None
    key = str(Path(sign).resolve()) if Path(sign).is_file() else sign
    return Cosign(edges.runner, environment_of(edges.environ, key), edges.root, key, config)


def parse_platforms(texts: Sequence[str] | None) -> "tuple[Platform, ...]":
    """Platforms from `--platform` values, each of which may list several.

    Raises:
        UsageError: an unknown or empty one: never a silent native build.
    """
    from bake_compiler.oci.platform import Platform  # noqa: PLC0415

    names = [name for text in texts or () for name in text.split(",")]
    try:
        return tuple(Platform.parse(name) for name in names)
    except ValueError as error:
        raise UsageError(f"--platform: {error}", hint="write --platform amd64,arm64") from error


def parse_variables(texts: Sequence[str] | None) -> dict[str, str]:
    """Name → value from `--var` values.

    Raises:
        UsageError: one is not NAME=VALUE.
    """
    for text in texts or ():
        if "=" not in text:
            raise UsageError(f"--var: {text!r} is not NAME=VALUE", hint="write --var GO_VERSION=1.25")
    return dict(text.partition("=")[::2] for text in texts or ())


def select_wanted(
    plan: "Plan",
    selectors: list[str] | None,
    platforms: list[str] | None,
    registry: str,
    tag: str,
    variables: list[str] | None = None,
) -> "Wanted":
    """What the shared options ask for.

    Raises:
        UsageError: one of them asks for what can't be.
    """
    from bake_compiler.model.texts import check_registry  # noqa: PLC0415
    from bake_compiler.oci.reference import check_tag  # noqa: PLC0415
    from bake_compiler.plan import select  # noqa: PLC0415

    for option, text, check in (("--tag", tag, check_tag), ("--registry", registry, check_registry)):
        try:
            check(text) if text else None
        except ValueError as error:
            raise UsageError(f"{option}: {error}", hint=f"see `bakec build --help` for {option}") from error
    return select(
        plan,
        selectors or [],
        platforms=parse_platforms(platforms),
        registry=registry.rstrip("/"),
        tag=tag,
        variables=parse_variables(variables),
    )


def print_text(text: str) -> None:
    """A document on stdout, in UTF-8 whatever the locale is."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()


def counted(number: int, what: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def say(line: str) -> None:
    """One line of progress, on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def warn(problems: Sequence[Problem]) -> None:
    """What may be meant and ends nothing, on stderr."""
    for problem in problems:
        say(warning_text(problem))


def warning_text(problem: Problem) -> str:
    """What a person reads of it."""
    return f"warning: {problem}\n hint: {problem.hint}" if problem.hint else f"warning: {problem}"


@asynccontextmanager
async def edges(
    root: Path, insecure: Sequence[str] | None = None, tell: "Callable[[Event], None]" = lambda _: None
) -> AsyncIterator["Edges"]:
    """The real edges.

    Args:
        root: the project's root.
        insecure: registries that may be asked over plain http.
        tell: is told what happens.
    """
    from bake_compiler.registry import connect  # noqa: PLC0415
    from bake_compiler.system import process  # noqa: PLC0415
    from bake_compiler.verbs.doctor.checks.binfmt import BINFMT  # noqa: PLC0415
    from bake_compiler.verbs.edges import Edges  # noqa: PLC0415

    with process.guarded() as runner:
        async with connect(os.environ, insecure=insecure or ()) as registry:
            yield Edges(root, process.scrubbed(os.environ), os.environ, runner, registry, tell, BINFMT)


def layer_readers(real: "Edges", jobs: int) -> "Layers":
    """What reads layers, and remembers in the user's cache what was in them."""
    from bake_compiler.verbs.verify.readers import LayerReaders  # noqa: PLC0415

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return LayerReaders(real.registry, cache / "bakec" / "layers", jobs)


def run_async(work: Callable[[], Coroutine[Any, Any, _T]], on_stop: Callable[[], None] = lambda: None) -> _T:
    """Run to the end; SIGTERM and SIGHUP are as good as Ctrl-C: all cancel, and what was begun is ended in order."""
    import asyncio  # noqa: PLC0415 - 20 ms that compile and plan do not need
    import gc  # noqa: PLC0415
    import signal  # noqa: PLC0415

    gc.freeze()  # what is here now stays: no collection need look at it
    gc.enable()

    async def main() -> _T:
        task = asyncio.current_task()

        def stop() -> None:
            on_stop()
            if task is not None:
                task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(sign) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                asyncio.get_running_loop().add_signal_handler(sign, stop)
        return await work()

    try:
        return asyncio.run(main())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error


def print_report(report: "Report", *, as_json: bool) -> None:
    """The document on stdout: for a program, a terminal, or a pipe."""
    if as_json:
        from bake_compiler.report.formats.json import render_json  # noqa: PLC0415

        print_text(render_json(report))
    elif sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415

        from bake_compiler.report.formats.console import print_report as print_for_people  # noqa: PLC0415

        print_for_people(report, Console(soft_wrap=True, highlight=False))
    else:
        from bake_compiler.report.formats.plain import render_plain  # noqa: PLC0415

        print_text(render_plain(report))
