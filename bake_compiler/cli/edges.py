"""The real network, processes and clock, which bakec makes here and passes to the verbs."""

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from bake_compiler.report.events import Event
    from bake_compiler.verbs.edges import Edges

_T = TypeVar("_T")

CORES = os.cpu_count() or 2


@asynccontextmanager
async def edges(
    root: Path, insecure: Sequence[str] | None = None, tell: "Callable[[Event], None]" = lambda _: None
) -> AsyncIterator["Edges"]:
    """Yield the real network, processes and clock.

    Args:
        root: the project's root.
        insecure: registries that bakec may use over plain http.
        tell: gets each event.
    """
    from bake_compiler.registry import connect  # noqa: PLC0415
    from bake_compiler.system import process  # noqa: PLC0415
    from bake_compiler.verbs.doctor.binfmt import BINFMT  # noqa: PLC0415
    from bake_compiler.verbs.edges import Edges  # noqa: PLC0415

    with process.guarded() as runner:
        async with connect(os.environ, insecure=insecure or ()) as registry:
            yield Edges(root, process.scrubbed(os.environ), os.environ, runner, registry, tell, BINFMT, CORES)


def run_async(work: Callable[[], Coroutine[Any, Any, _T]], on_stop: Callable[[], None] = lambda: None) -> _T:
    """Return the result of the work.

    SIGTERM and SIGHUP have the same effect as Ctrl-C: they cancel the work in order.
    """
    import asyncio  # noqa: PLC0415 - 20 ms that compile and plan do not need
    import gc  # noqa: PLC0415
    import signal  # noqa: PLC0415

    gc.freeze()  # all present objects stay, so the garbage collector need not visit them
    gc.enable()

    async def main() -> _T:
        task = asyncio.current_task()

        def stop() -> None:
            on_stop()
            if task is not None:
                task.cancel()

        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(sign) is not signal.SIG_IGN:  # nohup sets SIG_IGN for SIGHUP
                asyncio.get_running_loop().add_signal_handler(sign, stop)
        return await work()

    try:
        return asyncio.run(main())
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
