"""The command line: reads the arguments, calls one verb, writes the streams and sets the exit code."""

import os
import sys
from pathlib import Path

from bake_compiler.errors import BakecError, Interrupted

DEBUG = "--debug"


def main() -> None:
    """Run `bakec`. A known failure prints two lines and sets the exit code; only --debug prints a traceback."""
    import gc  # noqa: PLC0415

    _open_streams()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else pydantic reads all entry points
    gc.disable()  # saves 10 % of a compile; a build, which takes long, turns it on again
    arguments = [argument for argument in sys.argv[1:] if argument != DEBUG]
    try:
        _run(arguments)
    except BrokenPipeError:
        sys.exit(141)  # the reader of stdout is gone: the exit code of a program that SIGPIPE ended
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - each one is explained
        from bake_compiler.cli.failure import end  # noqa: PLC0415

        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        sys.exit(end(error, debug=DEBUG in sys.argv, as_json="--json" in options))


def _run(arguments: list[str]) -> None:
    """Run the verb in the arguments. The most frequent calls need no typer."""
    if arguments in (["--help"], ["-h"]):
        sys.stdout.write(Path(__file__).with_name("help.txt").read_text(encoding="utf-8"))
    elif arguments == ["compile"]:
        _compile()
    else:
        from bake_compiler.cli.app import make_app  # noqa: PLC0415 - typer is imported when a command is run
        from bake_compiler.cli.output import printed  # noqa: PLC0415

        printed.clear()
        app = make_app(arguments[0] if arguments else "")
        if app(args=arguments, prog_name="bakec", standalone_mode=False) == Interrupted.exit_code:
            raise KeyboardInterrupt  # typer has turned it into a number


def _compile() -> None:
    if told := _told_before():
        sys.stderr.write(f"{told}\n")
        return
    from bake_compiler.cli.written import compile_here  # noqa: PLC0415 - only if something has changed

    compile_here()


def _open_streams() -> None:
    """Open the standard streams that are closed. The program that started bakec may have closed them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as bakec lives
            setattr(sys, name, nowhere)


def script() -> None:
    """Run `main` as a whole process. It ends without freeing memory, which saves 10 % of a large compile."""
    try:
        main()
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            pass
        except OSError as error:  # a part of the output is lost
            if not code and stream is sys.stdout:
                sys.stderr.write(f"error: stdout: {error.strerror}\n")
            code = code or BakecError.exit_code
    os._exit(code if isinstance(code, int) else int(code is not None))


def _told_before() -> str:
    """Return what `bakec compile` printed the last time, if nothing has changed since; otherwise empty."""
    from bake_compiler.project.root import find_root  # noqa: PLC0415
    from bake_compiler.verbs.compile.unchanged import what_stands  # noqa: PLC0415

    try:
        return what_stands(find_root(Path.cwd()))
    except BakecError:
        return ""
