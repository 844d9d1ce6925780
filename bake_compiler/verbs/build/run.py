"""bakec build: preflight, build, verify by digest, sign, move the public tags. The stages in order."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from secrets import token_hex

from bake_compiler import schedule
from bake_compiler.cosign import Cosign
from bake_compiler.errors import BakecError
from bake_compiler.plan import Plan, PlannedImage, Wanted
from bake_compiler.report import Report
from bake_compiler.report.events import Event, Expected, RunBegan, RunEnded, StepChanged
from bake_compiler.report.report import excluded_cells
from bake_compiler.report.stored.events import event_document
from bake_compiler.runs.asked import Asked, asked_images, needs_within, read_asked, write_asked
from bake_compiler.runs.kept import forget_run, journal_of, last_seconds, write_report
from bake_compiler.runs.options import BuildOptions
from bake_compiler.system.journal import Journal
from bake_compiler.system.tasks import to_its_end
from bake_compiler.verbs.build.commands import Commands
from bake_compiler.verbs.build.images import Images
from bake_compiler.verbs.build.publish import publish, publish_note, refuse_loss, sign, to_publish
from bake_compiler.verbs.build.record import Record
from bake_compiler.verbs.build.resume import other_revisions
from bake_compiler.verbs.build.sign import signer
from bake_compiler.verbs.build.spare import spare
from bake_compiler.verbs.doctor.facts import PlannedBuild
from bake_compiler.verbs.doctor.result import Preflight
from bake_compiler.verbs.doctor.run import examine
from bake_compiler.verbs.edges import Edges
from bake_compiler.verbs.verify.run import Verification, layers_of
from bake_compiler.verify import Promise
from bake_compiler.verify.promised import promise_of

_Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Build:
    """One `bakec build`.

    Attributes:
        plan: the project's plan.
        wanted: the images to build.
        edges: the network, processes and files of the machine.
        options: the options on the command line.
        resumes: the run whose finished images need not be built again.
        jitter: returns a random number from 0 to 1, for the pauses between attempts.
        run_id: the name of the run and of its folder.
    """

    plan: Plan
    wanted: Wanted
    edges: Edges
    options: BuildOptions
    resumes: Asked | None = None
    jitter: Callable[[], float] = random.random
    run_id: str = field(default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%S')}-{token_hex(3)}")

    @cached_property
    def commands(self) -> Commands:
        """The commands of the build."""
        return Commands(self.plan, self.wanted, self.edges, self.options, self.run_id)

    @cached_property
    def cosign(self) -> Cosign | None:
        """The signer, if the images are to be signed."""
        return signer(self.edges, self.options.sign, self.options.signing_config)

    async def run(self) -> Report:
        """Check, build, verify and publish. Every cell has an outcome in the report, also after an interruption.

        Raises:
            ModelError: the committed bake file differs from the models.
            UnfitError: all problems of this machine, the builder and the registries.
            RegistryError: the registry does not say where a public tag points.
            UsageError: a public tag would lose a platform.
            VerificationError: a protected tag points to another image.
        """
        began = time.time()
        found = await self.examine()
        machine = found.machine
        slots = self.options.jobs or schedule.default_slots(machine.nodes, machine.cores, machine.memory)
        with closing(Journal(journal_of(self.edges.root, self.run_id))) as journal:
            write_asked(self.edges.root, self._asked(began, found, slots))

            def tell(event: Event) -> None:
                if not isinstance(event, StepChanged):
                    journal.write(event_document(event))
                self.edges.tell(event)

            report = await self._run(found, began, slots, tell)
            trouble = journal.trouble or write_report(self.edges.root, report)
            if trouble:
                report = replace(report, note=f"{report.note}\nnot all is kept of this run: {trouble}".strip())
            tell(RunEnded(time.time(), self.run_id, report.exit_code, report.summary))
        return report

    async def examine(self) -> Preflight:
        """Return everything that can be known before a build."""
        options = self.options
        planned = PlannedBuild(
            self.edges, self.plan, self.wanted, options.push, options.jobs, self.cosign, options.allow
        )
        found = await examine(planned, self.commands.variables(), preflight=options.preflight)
        found.refuse()
        if options.push:
            await refuse_loss(self.edges.registry, self.plan, self.wanted)
        return found

    def _asked(self, began: float, found: Preflight, slots: int) -> Asked:
        return Asked(
            run=self.run_id,
            began=began,
            options=replace(self.options, registry=self.wanted.registry, tag=self.wanted.tag),
            variables=dict(found.variables),
            slots=slots,
            images=asked_images(self.wanted, found.made),
            excluded=tuple((each.cell.image, str(each.cell.platform), each.reason) for each in self.wanted.excluded),
            resumes=self._resumes,
        )

    @property
    def _resumes(self) -> str:
        return self.resumes.run if self.resumes else ""

    async def _run(self, found: Preflight, began: float, slots: int, tell: _Tell) -> Report:
        images = self._images(found, tell)
        records = images.records
        seconds = {name: each for name, each in last_seconds(self.edges.root).items() if name in records}
        tell(RunBegan(began, self.run_id, tuple(map(_expected, records.values())), slots, seconds, self._resumes))
        select = partial(to_publish, records.values(), push=self.options.push, partial=self.options.allow_partial)
        interrupted, error = False, ""
        try:
            await self._build(images, found, slots, seconds)
            error = await sign(self.edges.registry, self.cosign, select(), tell)
        except asyncio.CancelledError:
            interrupted = True
        good = () if interrupted else select()
        if good and not error:
            error = await to_its_end(publish(self.edges, self.run_id, good, self.plan.protect, tell))
        report = replace(
            self._report(records, began, slots),
            published=bool(good) and not error if self.options.push else None,
            interrupted=interrupted,
            publish_error=error,
        )
        others = other_revisions(self.edges.root, records.values(), found.variables.get("REVISION", ""))
        return replace(report, note="\n".join(filter(None, (publish_note(report), others))))

    def _report(self, records: Mapping[str, Record], began: float, slots: int) -> Report:
        """Return the result of each image, before anything is published."""
        return Report(
            verb="build",
            registry=self.wanted.registry,
            tag=self.wanted.tag,
            images=tuple(record.result() for record in records.values()),
            excluded=excluded_cells(self.wanted),
            seconds=time.time() - began,
            run=self.run_id,
            began=began,
            slots=slots,
            resumes=self._resumes,
        )

    def _images(self, found: Preflight, tell: _Tell) -> Images:
        """Return the work on the images, before any of them begins."""
        options, run = self.options, self.commands.shared(found.variables, found.machine.buildx)
        records = {image.name: self._record(image) for image in self.wanted.images}
        return Images(
            self.edges,
            run,
            records,
            lambda image: self.commands.written(replace(run, staging=records[image.name].content_tag), image),
            self._promises(found, records),
            Verification(
                self.edges.registry, layers_of(self.edges, deep=options.deep and options.push, jobs=options.jobs)
            ),
            schedule.Retries(options.retries, options.retry_pause, jitter=self.jitter),
            tell,
        )

    def _record(self, image: PlannedImage) -> Record:
        return Record(
            image,
            self.wanted.references(image),
            needs_within(self.wanted, image),
            self.options.push,
            architecture_tags=self.wanted.architecture_references(image),
        )

    def _promises(self, found: Preflight, records: Mapping[str, Record]) -> Callable[[PlannedImage], Promise]:
        """Return a function that computes the promise of an image, with the variables of the run that built it."""
        asks = cache(partial(read_asked, self.edges.root))

        def promise(image: PlannedImage) -> Promise:
            kept_from = records[image.name].kept_from
            earlier = asks(kept_from) if kept_from else None
            variables = earlier.variables if earlier else found.variables
            return promise_of(self.plan, image, {**self.wanted.variables, **variables})

        return promise

    async def _build(self, images: Images, found: Preflight, slots: int, seconds: Mapping[str, float]) -> None:
        """Build and verify all images that are not done yet.

        If a tag is protected, the run's folder is deleted, so that --resume still refers to the previous run.
        """
        try:
            done = await spare(
                images, found, rebuild=self.options.rebuild, resumes=self.resumes, protect=self.plan.protect
            )
        except BakecError:
            forget_run(self.edges.root, self.run_id)
            raise
        todo = [image for image in self.wanted.images if image.name not in done]
        await schedule.run_all(
            schedule.side_by_side(todo, {image.name: found.made[image.name].steps for image in todo}),
            images,
            slots=slots,
            seconds=seconds,
            slow=[image.name for image in self.wanted.images if not found.made[image.name].cross],
            phases=self.plan.phases,
            gates=self.plan.gates,
            fail_fast=self.options.fail_fast,
        )


def _expected(record: Record) -> Expected:
    return Expected(record.image.name, record.image.phase, record.image.platforms, record.needs)
