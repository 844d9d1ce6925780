"""The bake process of each image in a build: its file, variables and secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bake_compiler.bakefile.blocks import BAKE_FILE, is_large
from bake_compiler.buildx import BakeRun, bake_command
from bake_compiler.buildx.command import BUILDX
from bake_compiler.plan import Plan, PlannedImage, Wanted
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.dated import EPOCH, gives_epoch, takes_epoch
from bake_compiler.plan.order import with_needs
from bake_compiler.project.files import committed
from bake_compiler.project.git import source_variables
from bake_compiler.project.loader import read_inputs
from bake_compiler.runs.asked import RUNS
from bake_compiler.runs.options import BuildOptions
from bake_compiler.system.process import Command
from bake_compiler.verbs.compile.run import compile_slice
from bake_compiler.verbs.edges import Edges


@dataclass(frozen=True)
class Commands:
    """The bake processes of one build.

    Attributes:
        plan: the project's plan.
        wanted: the images to build.
        edges: to ask git, and for the environment.
        options: the options of the build.
        run_id: the name of the run, and of its folder.
    """

    plan: Plan
    wanted: Wanted
    edges: Edges
    options: BuildOptions
    run_id: str

    @cached_property
    def sliced(self) -> bool:
        """Whether buildx gets a slice of the bake file for each image, instead of the committed file."""
        return is_large(committed(self.edges.root))

    async def variables(self) -> dict[str, str]:
        """Return the values of the bake file's variables in this run."""
        platforms = sorted({cell.platform for cell in self.wanted.cells})
        return {
            "REGISTRY": self.wanted.registry,
            "TAG": self.wanted.tag,
            "PLATFORMS": ",".join(map(str, platforms)),
            **self.wanted.given,
            **await source_variables(self.edges.runner, self.edges.root, self.edges.env),
        }

    def all(self, variables: Mapping[str, str]) -> tuple[Command, ...]:
        """Return the commands of all images, in plan order. `--dry-run` prints them."""
        run = self.shared(variables)
        return tuple(self._command(run, image) for image in self.wanted.images)

    def shared(self, variables: Mapping[str, str], buildx: tuple[str, ...] = BUILDX) -> BakeRun:
        """Return the values that all bake processes of the run share."""
        push = self.options.push
        staging = f"staged-{self.run_id}" if push else ""
        folder = RUNS / self.run_id
        return BakeRun(self.edges.root, self.edges.env, variables, push, staging, folder, buildx, self.options.allow)

    def written(self, run: BakeRun, image: PlannedImage) -> Command:
        """Return the bake process of an image, after writing the file that it reads."""
        if self.sliced:
            text = compile_slice(self.edges.root, self.plan, [image])
            (self.edges.root / run.metadata / f"{image.name}.hcl").write_text(text, encoding="utf-8")
        return self._command(run, image)

    def _command(self, run: BakeRun, image: PlannedImage) -> Command:
        planned = self.plan.image(image.name)
        has_output = "output" in merge(self.plan.common.attributes, image.attributes)
        return bake_command(
            replace(run, env={**run.env, **self._secrets(image)}),
            image,
            file=str(run.metadata / f"{image.name}.hcl") if self.sliced else BAKE_FILE,
            references=self.wanted.references(image),
            narrowed=bool(planned.only_reason) and planned.platforms != image.platforms,
            has_output=has_output,
            epochs=self._epochs(image, run.variables.get(EPOCH, ""), has_output=has_output),
        )

    def _epochs(self, image: PlannedImage, epoch: str, *, has_output: bool) -> dict[str, str]:
        """Return target → SOURCE_DATE_EPOCH, for an image and its needs; empty if the target's steps do not ask for it.

        Targets that ask for the value get it explicitly: if a value is set for one target, buildx passes it to all
        targets that
        inherit from this target. An image with an output of its own gets the value too: the output may be files, which
        have no
        other date.
        """
        if not (epoch.isascii() and epoch.isdigit()):
            return {}
        chain = with_needs([image], self.plan.by_name)
        asking = self._asking | ({image.name} if has_output else set())
        own = (each.name for each in chain if not gives_epoch(self.plan, each))
        return {name: epoch if name in asking else "" for name in own}

    @cached_property
    def _asking(self) -> frozenset[str]:
        """The wanted images and their needs whose steps use, or may use, the commit's time."""
        part = replace(self.plan, images=tuple(with_needs(self.wanted.images, self.plan.by_name)))
        inputs, _ = read_inputs(self.edges.root, part)
        return frozenset(each.name for each in part.images if takes_epoch(part, each, inputs.dockerfiles))

    def _secrets(self, image: PlannedImage) -> dict[str, str]:
        """Return the variables from which the secrets of an image and its needs are read."""
        needed = with_needs([image], self.plan.by_name)
        names = {name for each in needed for name in each.secret_variables}
        return {name: self.edges.environ[name] for name in sorted(names) if name in self.edges.environ}
