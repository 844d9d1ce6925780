"""bakec build: preflight, build, verify by digest, move the public tags."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from secrets import token_hex

from bake_compiler import schedule
from bake_compiler.bakefile.blocks import BAKE_FILE, is_large
from bake_compiler.buildx import BakeRun, bake_command
from bake_compiler.cosign import Cosign
from bake_compiler.errors import BakecError, RegistryError, UsageError
from bake_compiler.inputs.image import Made, content_tag
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Kind, RawManifest
from bake_compiler.plan import Plan, PlannedImage, Wanted
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.dated import EPOCH, gives_epoch, takes_epoch
from bake_compiler.plan.order import with_needs
from bake_compiler.project.files import committed
from bake_compiler.project.git import source_variables
from bake_compiler.project.loader import read_inputs
from bake_compiler.registry import fetch_snapshot
from bake_compiler.release import move_all, plan_moves
from bake_compiler.report import Report
from bake_compiler.report.events import Event, Expected, Publishing, RunBegan, RunEnded, Signing, StepChanged
from bake_compiler.report.report import excluded_cells
from bake_compiler.report.stored.events import event_document
from bake_compiler.runs.asked import RUNS, Asked, asked_images, needs_within, read_asked, write_asked
from bake_compiler.runs.kept import forget_run, journal_of, last_seconds, write_report
from bake_compiler.system.journal import Journal
from bake_compiler.system.process import Command
from bake_compiler.system.tasks import to_its_end
from bake_compiler.verbs.build.images import Images
from bake_compiler.verbs.build.present import find_present
from bake_compiler.verbs.build.record import Record
from bake_compiler.verbs.build.resume import keep, other_revisions
from bake_compiler.verbs.build.sign import sign_all
from bake_compiler.verbs.compile.run import compile_slice
from bake_compiler.verbs.doctor.run import Found, Job, examine
from bake_compiler.verbs.edges import Edges
from bake_compiler.verbs.release.show import refuse_protected
from bake_compiler.verbs.verify.run import Layers, Verification
from bake_compiler.verify import Promise
from bake_compiler.verify.promised import promise_of


@dataclass(frozen=True)
class Build:
    """One `bakec build`: what is wanted, how, and through which edges.

    Attributes:
        plan: the project's.
        wanted: what of it.
        edges: what touches the world.
        selectors, platforms: as they were given, for a run that resumes this one.
        push: push, verify and publish; otherwise load into the engine.
        slots: how many images may be built at once; 0 for what the builder can bear.
        retries: when a failed image is attempted again.
        fail_fast: stop at the first failure.
        rebuild: build also what the registry has of the same inputs.
        preflight: check first that all is there that the build needs.
        allow: what buildx may do that it would ask for, as its `--allow` takes it.
        allow_partial: publish the images that are well, also when others are not.
        layers: reads the binaries, if it is to.
        cosign: signs what is verified before any public tag moves, if it is to.
        resumes: the run whose finished images need not be built again.
        run_id: the run's name, and its folder's.
    """

    plan: Plan
    wanted: Wanted
    edges: Edges
    selectors: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    push: bool = True
    slots: int = 0
    retries: schedule.Retries = field(default_factory=schedule.Retries)
    fail_fast: bool = False
    rebuild: bool = False
    preflight: bool = True
    allow: tuple[str, ...] = ()
    allow_partial: bool = False
    layers: Layers | None = None
    cosign: Cosign | None = None
    resumes: Asked | None = None
    run_id: str = field(default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%S')}-{token_hex(3)}")

    @cached_property
    def text(self) -> str:
        """The committed bake file."""
        return committed(self.edges.root)

    @cached_property
    def sliced(self) -> bool:
        """Whether buildx gets a slice of the bake file for each image, in place of the file."""
        return is_large(self.text)

    @cached_property
    def _asking(self) -> frozenset[str]:
        """The images, of those wanted and what they need, whose steps take the time of a commit, or may do so."""
        part = replace(self.plan, images=tuple(with_needs(self.wanted.images, self.plan.by_name)))
        inputs, _ = read_inputs(self.edges.root, part)
        return frozenset(each.name for each in part.images if takes_epoch(part, each, inputs.dockerfiles))

    def commands(self, variables: Mapping[str, str]) -> tuple[Command, ...]:
        """The commands that a run executes, in plan order; also what `--dry-run` prints."""
        run = self._bake_run(variables)
        return tuple(self._command(run, image) for image in self.wanted.images)

    async def run(self) -> Report:
        """Preflight, build, verify, move tags; every cell ends accounted for, also when interrupted.

        Raises:
            ModelError: the committed file is not what the models say.
            UnfitError: what this machine, the builder or a registry lacks, all of it.
            RegistryError: the registry would not say what a public tag names.
            UsageError: a public tag would lose a platform.
            VerificationError: a public tag is protected, and names something else.
        """
        began = time.time()
        found = await self.examine()
        machine, made, variables = found.machine, found.made, found.variables
        slots = self.slots or schedule.default_slots(machine.nodes, machine.cores, machine.memory)
        run = replace(self._bake_run(variables), buildx=machine.buildx)
        with closing(Journal(journal_of(self.edges.root, self.run_id))) as journal:
            write_asked(self.edges.root, self._asked(began, variables, slots, made))

            def tell(event: Event) -> None:
                if not isinstance(event, StepChanged):
                    journal.write(event_document(event))
                self.edges.tell(event)

            report = await self._run(run, found, began, slots, tell)
            trouble = journal.trouble or write_report(self.edges.root, report)
            if trouble:
                report = replace(report, note=f"{report.note}\nnot all is kept of this run: {trouble}".strip())
            tell(RunEnded(time.time(), self.run_id, report.exit_code, report.summary))
        return report

    def _asked(self, began: float, variables: Mapping[str, str], slots: int, made: Mapping[str, Made]) -> Asked:
        return Asked(
            run=self.run_id,
            began=began,
            selectors=self.selectors,
            platforms=self.platforms,
            registry=self.wanted.registry,
            tag=self.wanted.tag,
            given=dict(self.wanted.given),
            variables=dict(variables),
            push=self.push,
            deep=self.layers is not None,
            slots=slots,
            images=asked_images(self.wanted, made),
            excluded=tuple((each.cell.image, str(each.cell.platform), each.reason) for each in self.wanted.excluded),
            resumes=self.resumes.run if self.resumes else "",
            sign=self.cosign.key if self.cosign else "",
            signing_config=self.cosign.config if self.cosign else "",
        )

    async def examine(self) -> Found:
        """All that can be known before a build."""
        job = Job(self.edges, self.plan, self.wanted, self.push, self.slots, self.cosign, self.allow)
        found = await examine(job, self.variables(), preflight=self.preflight)
        found.refuse()
        if self.push:
            await self._check_nothing_lost()
        return found

    async def variables(self) -> dict[str, str]:
        """The values of the bake file's variables in this run."""
        platforms = sorted({cell.platform for cell in self.wanted.cells})
        return {
            "REGISTRY": self.wanted.registry,
            "TAG": self.wanted.tag,
            "PLATFORMS": ",".join(map(str, platforms)),
            **self.wanted.given,
            **await source_variables(self.edges.runner, self.edges.root, self.edges.env),
        }

    async def _check_nothing_lost(self) -> None:
        """A tag is one index: a run for fewer platforms must not take the others away from a public tag."""
        for image in self.wanted.images:
            left_out = set(self.plan.image(image.name).platforms) - set(image.platforms)
            if not left_out:
                continue
            for tag in self.wanted.references(image):
                snapshot = await fetch_snapshot(self.edges.registry, tag)
                if snapshot.trouble and snapshot.trouble.kind is not Kind.MISSING:
                    raise RegistryError(f"{tag}: {snapshot.trouble.message}", hint=snapshot.trouble.hint)
                lost = left_out & {child.platform for child in snapshot.children if child.platform}
                if lost:
                    names = ", ".join(map(str, sorted(lost)))
                    raise UsageError(
                        f"{tag} has {names}, which this run would take away",
                        hint="build all platforms, or give another --tag",
                    )

    def _bake_run(self, variables: Mapping[str, str]) -> BakeRun:
        staging = f"staged-{self.run_id}" if self.push else ""
        folder = RUNS / self.run_id
        return BakeRun(self.edges.root, self.edges.env, variables, self.push, staging, folder, allow=self.allow)

    def _command(self, run: BakeRun, image: PlannedImage) -> Command:
        planned = self.plan.image(image.name)
        narrowed = bool(planned.only_reason) and planned.platforms != image.platforms
        file = str(run.metadata / f"{image.name}.hcl") if self.sliced else BAKE_FILE
        run = replace(run, env={**run.env, **self._secrets(image)})
        has_output = "output" in merge(self.plan.common.attributes, image.attributes)
        return bake_command(
            run,
            image,
            file=file,
            references=self.wanted.references(image),
            narrowed=narrowed,
            has_output=has_output,
            epochs=self._epochs(image, run.variables.get(EPOCH, ""), has_output=has_output),
        )

    def _epochs(self, image: PlannedImage, epoch: str, *, has_output: bool) -> dict[str, str]:
        """What the steps of an image, and of what it needs, get of the commit's time: nothing, unless they ask for it.

        It is said to those that ask too: what is said of one target, buildx says of all that inherit from it. An image
        with an output of its own gets it, for that may be files, which nothing else dates.
        """
        if not (epoch.isascii() and epoch.isdigit()):
            return {}
        chain = with_needs([image], self.plan.by_name)
        asking = self._asking | ({image.name} if has_output else set())
        own = (each.name for each in chain if not gives_epoch(self.plan, each))
        return {name: epoch if name in asking else "" for name in own}

    def _secrets(self, image: PlannedImage) -> dict[str, str]:
        """The variables that the secrets of an image, and of those that it is built from, are read from."""
        needed = with_needs([image], self.plan.by_name)
        names = {name for each in needed for name in each.secret_variables}
        return {name: self.edges.environ[name] for name in sorted(names) if name in self.edges.environ}

    async def _run(self, run: BakeRun, found: Found, began: float, slots: int, tell: Callable[[Event], None]) -> Report:
        records = {image.name: self._record(image) for image in self.wanted.images}
        seconds = last_seconds(self.edges.root)
        verification = Verification(self.edges.registry, self.layers)
        images = Images(
            self.edges,
            run,
            records,
            partial(self._written, run, records),
            self._promises(run, records),
            verification,
            self.retries,
            tell,
        )
        expected = tuple(
            Expected(one.image.name, one.image.phase, one.image.platforms, one.needs) for one in records.values()
        )
        known = {name: seconds[name] for name in records if name in seconds}
        tell(RunBegan(began, self.run_id, expected, slots, known, self.resumes.run if self.resumes else ""))
        interrupted, error = False, ""
        try:
            done = await self._spare(images, found)
            todo = [image for image in self.wanted.images if image.name not in done]
            await schedule.run_all(
                schedule.side_by_side(todo, {image.name: found.made[image.name].steps for image in todo}),
                images,
                slots=slots,
                seconds=seconds,
                slow=[name for name in records if not found.made[name].cross],
                phases=self.plan.phases,
                gates=self.plan.gates,
                fail_fast=self.fail_fast,
            )
            error = await self._sign(self._to_publish(records), tell)
        except asyncio.CancelledError:
            interrupted = True
        good = () if interrupted else self._to_publish(records)
        publish = bool(good)
        if publish and not error:
            error = await to_its_end(self._publish(good, tell))
        report = Report(
            verb="build",
            registry=self.wanted.registry,
            tag=self.wanted.tag,
            images=tuple(record.result() for record in records.values()),
            excluded=excluded_cells(self.wanted),
            published=publish and not error if self.push else None,
            interrupted=interrupted,
            publish_error=error,
            seconds=time.time() - began,
            run=self.run_id,
            began=began,
            slots=slots,
            resumes=self.resumes.run if self.resumes else "",
        )
        told = other_revisions(self.edges.root, records.values(), run.variables.get("REVISION", ""))
        return replace(report, note="\n".join(filter(None, (_note(report), told))))

    def _record(self, image: PlannedImage) -> Record:
        return Record(
            image,
            self.wanted.references(image),
            needs_within(self.wanted, image),
            self.push,
            architecture_tags=self.wanted.architecture_references(image),
        )

    def _written(self, run: BakeRun, records: Mapping[str, Record], image: PlannedImage) -> Command:
        """The bake process of an image, and the file that it reads."""
        run = replace(run, staging=records[image.name].content_tag)
        if self.sliced:
            text = compile_slice(self.edges.root, self.plan, [image])
            (self.edges.root / run.metadata / f"{image.name}.hcl").write_text(text, encoding="utf-8")
        return self._command(run, image)

    def _promises(self, run: BakeRun, records: Mapping[str, Record]) -> Callable[[PlannedImage], Promise]:
        """What each image must be, given the variables of the run that built it."""
        asks = cache(partial(read_asked, self.edges.root))

        def promise(image: PlannedImage) -> Promise:
            kept_from = records[image.name].kept_from
            earlier = asks(kept_from) if kept_from else None
            variables = earlier.variables if earlier else run.variables
            return promise_of(self.plan, image, {**self.wanted.variables, **variables})

        return promise

    async def _spare(self, images: Images, found: Found) -> frozenset[str]:
        """The images that need not be built; each other one gets its content tag.

        Of a run that is refused here nothing is kept: it built nothing, and --resume means the one before.
        """
        records = images.records
        try:
            done = await self._keep(images, found.made)
            tags = self._content_tags(images.run, found, done)
            for name in records.keys() - done:
                records[name].content_tag = tags.get(name, images.run.staging)
            done |= await self._present(images, tags)
            if self.push:
                names = {tag: digest for record in records.values() for tag, digest in record.named.items()}
                await refuse_protected(self.edges.registry, names, self.plan.protect)
        except BakecError:
            forget_run(self.edges.root, self.run_id)
            raise
        return done

    async def _keep(self, images: Images, made: Mapping[str, Made]) -> frozenset[str]:
        if not self.resumes or not self.push:  # what was only loaded is not proven to be there still
            return frozenset()
        return await keep(self.resumes, images, made)

    def _content_tags(self, run: BakeRun, found: Found, done: Collection[str]) -> dict[str, str]:
        """Image → the tag that its inputs give it, for those that are not done and whose inputs are all known."""
        if not self.push:
            return {}
        todo = [image for image in self.wanted.images if image.name not in done]
        made, digests = found.made, found.bases.digests
        tags = {image.name: content_tag(image, made[image.name], run.variables, digests) for image in todo}
        return {name: tag for name, tag in tags.items() if tag}

    async def _present(self, images: Images, tags: Mapping[str, str]) -> frozenset[str]:
        if self.rebuild:
            return frozenset()
        return await find_present(images, tags)

    def _to_publish(self, records: Mapping[str, Record]) -> tuple[Record, ...]:
        """The images whose tags may move: all or none, unless some were asked for."""
        good = tuple(record for record in records.values() if record.good)
        return good if self.push and (self.allow_partial or len(good) == len(records)) else ()

    async def _sign(self, records: Iterable[Record], tell: Callable[[Event], None]) -> str:
        """Sign what the public tags are to name; the error in words when that failed."""
        if not self.cosign:
            return ""
        named = [(tag, digest, record) for record in records for tag, digest in record.named.items() if digest]
        wanted = {tag.at(digest): record.image.name for tag, digest, record in named}
        if not wanted:
            return ""
        tell(Signing(time.time(), len(set(wanted.values()))))
        try:
            await sign_all(self.edges.registry, self.cosign, wanted)
        except BakecError as error:
            return f"no public tag was moved: {'; '.join(filter(None, (error.message, error.hint)))}"
        return ""

    async def _publish(self, records: Iterable[Record], tell: Callable[[Event], None]) -> str:
        """Move every public tag; the error in words when that failed."""
        try:
            staged = await asyncio.gather(*(self._staged(record) for record in records))
            wanted = [each for pairs in staged for each in pairs]
            moves = await plan_moves(self.edges.registry, wanted, self.plan.protect)
        except BakecError as error:
            return f"no public tag was moved: {error.message}"
        tell(Publishing(time.time(), len(moves)))
        try:
            await move_all(self.edges.registry, self.edges.root, self.run_id, moves)
        except BakecError as error:
            return "; ".join(filter(None, (error.message, error.hint)))
        return ""

    async def _staged(self, record: Record) -> list[tuple[Reference, RawManifest]]:
        """The public tags of an image, and what they are to name."""
        if record.digest is None:
            return []
        first, *_ = record.references
        digests = list(dict.fromkeys(digest for digest in record.named.values() if digest))
        raws = await asyncio.gather(*(self.edges.registry.manifest(first.at(digest)) for digest in digests))
        read = dict(zip(digests, raws, strict=True))
        return [(tag, read[digest]) for tag, digest in record.named.items() if digest]


def _note(report: Report) -> str:
    """What of the images is published, where that is not all of them."""
    if report.published is None:
        return "--load: nothing was pushed, verified or published"
    if report.published:
        left = [image.name for image in report.images if not image.is_good]
        published = f"{len(report.images) - len(left)} of {len(report.images)} images are published"
        return f"--allow-partial: {published}; as they were: {', '.join(left)}" if left else ""
    return "" if report.publish_error else "no public tag was moved"
