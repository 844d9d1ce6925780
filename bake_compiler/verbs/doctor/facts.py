"""What the checks of doctor need to know: each fact is asked for once, when the first check awaits it."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bake_compiler.bases.builder import LookedUp, ask_registries, look_up
from bake_compiler.bases.registry import RegistryBase
from bake_compiler.buildx import BakeRun
from bake_compiler.buildx.said import Machine, Said, ask_all, machine_of
from bake_compiler.buildx.tools import Tools
from bake_compiler.cosign import Cosign
from bake_compiler.inputs.image import MadeFrom, bases_of, made_from
from bake_compiler.oci.platform import Platform
from bake_compiler.plan import Plan, PlannedExternal, PlannedImage, Wanted
from bake_compiler.plan.attributes import merge
from bake_compiler.plan.evaluate import evaluate
from bake_compiler.plan.order import with_needs
from bake_compiler.plan.origins import Base
from bake_compiler.project.files import committed
from bake_compiler.verbs.edges import Edges


@dataclass(frozen=True)
class PlannedBuild:
    """What would be built, and how.

    Attributes:
        edges: the checks look through these; they change nothing, except that one begins an upload and cancels it.
        plan: the project's.
        wanted: the part of the plan that would be built.
        push: whether it would be pushed.
        slots: how many images would be built at once; 0 for as many as the builder can bear.
        cosign: what would sign the images; None if nothing does.
        allow: what buildx may do, as its `--allow` takes it.
        externals: images of others that doctor looks at too; a build needs none of them.
    """

    edges: Edges
    plan: Plan
    wanted: Wanted
    push: bool = True
    slots: int = 0
    cosign: Cosign | None = None
    allow: tuple[str, ...] = ()
    externals: tuple[PlannedExternal, ...] = ()

    @property
    def images(self) -> list[PlannedImage]:
        """What is to be built, and everything that it is built from."""
        return with_needs(self.wanted.images, self.plan.by_name)

    @property
    def platforms(self) -> list[Platform]:
        """Every platform that something is to be built for, sorted."""
        return sorted({cell.platform for cell in self.wanted.cells})

    @property
    def root(self) -> Path:
        """The project's root."""
        return self.edges.root

    @property
    def tools(self) -> Tools:
        """How docker and buildx are called."""
        return self.edges.tools

    def attributes(self, image: PlannedImage) -> Mapping[str, object]:
        """An image's target attributes with the variables in them replaced; its tags are not among them."""
        known = {**self.wanted.variables, **image.matrix}
        said = merge(self.plan.common.attributes, image.attributes)
        return {name: evaluate(value, known) for name, value in said.items() if name != "tags"}


@dataclass(frozen=True)
class Facts:
    """What there is to know before a build. Every property is a task: the first check that awaits it starts it.

    Attributes:
        build: what would be built.
        group: runs the tasks.
        variables: asks for the values of the bake file's variables.
    """

    build: PlannedBuild
    group: asyncio.TaskGroup
    variables: Coroutine[Any, Any, Mapping[str, str]]

    @cached_property
    def values(self) -> asyncio.Task[Mapping[str, str]]:
        """The values of the bake file's variables, with the values from the git checkout."""
        return self.group.create_task(self.variables)

    @cached_property
    def said(self) -> asyncio.Task[Said]:
        """What docker, buildx and the builder say of themselves; the builder is started if it does not run."""
        return self.group.create_task(ask_all(self.build.tools, self.build.platforms))

    @cached_property
    def made(self) -> asyncio.Task[Mapping[str, MadeFrom]]:
        """Image → what it is made from."""
        return self.group.create_task(self._made())

    @cached_property
    def bases(self) -> asyncio.Task[LookedUp]:
        """What the builder knows of the base images; nothing if the builder does not answer."""
        return self.group.create_task(self._bases())

    @cached_property
    def seen(self) -> asyncio.Task[Mapping[str, RegistryBase]]:
        """Base image → what its registry has."""
        return self.group.create_task(self._seen())

    async def machine(self) -> Machine:
        """What there is to build with."""
        return machine_of(self.build.tools, await self.said)

    async def wanted_bases(self) -> Mapping[Base, frozenset[Platform]]:
        """Base image → the platforms that it is wanted for."""
        return bases_of(self.build.wanted.images, await self.made)

    async def _made(self) -> Mapping[str, MadeFrom]:
        build, values = self.build, {**self.build.wanted.variables, **await self.values}

        def read() -> Mapping[str, MadeFrom]:
            return made_from(build.root, build.plan, build.wanted.images, committed(build.root), values)

        return await asyncio.to_thread(read)

    async def _bases(self) -> LookedUp:
        said, bases, edges = await self.said, await self.wanted_bases(), self.build.edges
        if said.inspection.refusal:
            return LookedUp({}, {})
        with TemporaryDirectory(prefix="bakec-doctor-") as folder:
            buildx = edges.tools.buildx
            run = BakeRun(edges.root, edges.env, {}, push=False, staging="", metadata=Path(folder), buildx=buildx)
            return await look_up(edges.runner, run, bases)

    async def _seen(self) -> Mapping[str, RegistryBase]:
        return await ask_registries(self.build.edges.registry, await self.wanted_bases())
