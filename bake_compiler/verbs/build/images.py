"""The work on each image of a build: bake, retry if that may help, then verify the pushed digest."""

import errno
import posixpath
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from bake_compiler.buildx import BakeRun, Failure, Progress, metadata_file, read_digest
from bake_compiler.errors import BakecError, PreflightError
from bake_compiler.oci.digest import Digest
from bake_compiler.plan import PlannedImage
from bake_compiler.plan.paths import URL, inside
from bake_compiler.report import Attempt, ImageResult
from bake_compiler.report.events import AttemptBegan, AttemptFailed, Event, ImageEnded, Pushed, StepChanged
from bake_compiler.schedule import Blocked, Retries
from bake_compiler.system.process import Command
from bake_compiler.verbs.build.record import Record
from bake_compiler.verbs.edges import Edges
from bake_compiler.verbs.verify.run import Verification, VerifiedImage
from bake_compiler.verify import Promise


@dataclass(frozen=True)
class Images:
    """The work on the images of one build (schedule.Work).

    Attributes:
        edges: to run buildx.
        run: the values that the bake processes share.
        records: image → its known state.
        command: returns the bake process of an image, after writing its file.
        promise: returns what an image must be after it is pushed.
        verification: how to verify the image.
        retries: how often, and when, a failed image is retried.
        tell: gets each event.
    """

    edges: Edges
    run: BakeRun
    records: Mapping[str, Record]
    command: Callable[[PlannedImage], Command]
    promise: Callable[[PlannedImage], Promise]
    verification: Verification
    retries: Retries
    tell: Callable[[Event], None]

    async def attempt(self, image: PlannedImage, number: int) -> float | None:
        """Run one bake process. Return the seconds to wait before a retry, or None if the image has its result."""
        record, began = self.records[image.name], time.time()
        record.began = record.began or began
        self.tell(AttemptBegan(began, image.name, number))
        progress = Progress(image.name)
        try:
            failure = await self._bake(image, record, progress, number)
        finally:
            record.ended = time.time()
        pause = self.retries.pause(number, failure.retry_after) if failure and failure.transient else None
        record.settled = pause is None
        record.attempts.append(Attempt(number, began, record.ended, progress.steps, failure, pause or 0.0))
        if failure and pause is not None:
            self.tell(AttemptFailed(record.ended, image.name, number, failure, pause))
        return pause

    async def finish(self, image: PlannedImage) -> bool:
        """Verify the pushed image. Return whether images that need it may begin."""
        record = self.records[image.name]
        if record.push and record.digest:
            self.tell(Pushed(time.time(), image.name, record.digest))
            record.verified = await self.verify(image, record.digest)
            record.ended = time.time()
        self._ended(record)
        return record.good

    def blocked(self, image: PlannedImage, why: Blocked) -> None:
        """Record why an image is not built."""
        record = self.records[image.name]
        record.blocked = f"--fail-fast: {why.by} failed" if why.stopped else f"needs {why.by}, which failed"
        self._ended(record)

    async def verify(self, image: PlannedImage, digest: Digest) -> ImageResult:
        """Compare the image under a digest in each registry with its promise, for the variables of its build."""
        promise = self.promise(image)
        promise = replace(promise, reference=promise.reference.at(digest), digest=digest)
        copies = self.records[image.name].references
        return await self.verification.image(VerifiedImage(promise, fresh=True, copies=copies))

    def _ended(self, record: Record) -> None:
        self.tell(ImageEnded(time.time(), record.result()))

    async def _bake(self, image: PlannedImage, record: Record, progress: Progress, number: int) -> Failure | None:
        log = self.run.metadata / f"{image.name}.log"

        def on_line(line: str) -> None:
            out.write(progress.read(line))
            for step in progress.changes():
                now = time.time()
                self.tell(StepChanged(now, image.name, step, progress.done, progress.cached, progress.total))

        with closing(_Log(self.edges.root / log, fresh=number == 1)) as out:
            try:
                command = self.command(image)
                out.write([f"$ {command}" if number == 1 else f"$ attempt {number}"])
                status = await self.edges.runner(command, on_line)
            except OSError as error:
                fault = "disk-full" if error.errno == errno.ENOSPC else "unknown"
                return Failure(f"{error.filename or image.name}: {error.strerror}", log=str(log), fault=fault)
            except PreflightError as error:
                return Failure(error.message, log=str(log), fault="unknown")
        if status:
            return _placed(progress.failure(status, str(log)), image)
        try:
            record.digest = read_digest(self.edges.root / metadata_file(self.run, image), image.name)
        except BakecError as error:
            return Failure(error.message, log=str(log))
        return None


def _placed(failure: Failure, image: PlannedImage) -> Failure:
    """Return the failure. Its line becomes a path from the project's root, if it is in the image's own Dockerfile."""
    context, dockerfile = image.text("context"), image.text("dockerfile")
    name, _, line = failure.line.rpartition(":")
    if not context or not dockerfile or URL in context or posixpath.basename(dockerfile) != posixpath.basename(name):
        return failure
    return replace(failure, line=f"{inside(context, dockerfile)}:{line}")


class _Log:
    """A log file. If the disk is full, the log ends and the build goes on."""

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self._out: TextIO | None = None
        with suppress(OSError):
            self._out = path.open("w" if fresh else "a", encoding="utf-8", errors="backslashreplace")

    def write(self, lines: list[str]) -> None:
        with suppress(OSError):
            if self._out and lines:
                self._out.write("".join(f"{line}\n" for line in lines))
                self._out.flush()

    def close(self) -> None:
        with suppress(OSError):
            if self._out:
                self._out.close()
