"""The facts that doctor's checks need. bakec asks for each fact once, when the first check awaits it."""

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
    """The build that doctor checks.

    Attributes:
        edges: the checks only read through these, except that one check begins an upload and cancels it.
        plan: the project's plan.
        wanted: the part of the plan that would be built.
        push: whether the images would be pushed.
        slots: how many images would be built at the same time; 0 lets bakec choose for the builder.
        cosign: the signer of the images; None if nothing is signed.
        allow: the permissions of buildx, in the syntax of its `--allow`.
        externals: external images that doctor checks too; a build needs none of them.
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
        """Return the images to build and all their needs."""
        return with_needs(self.wanted.images, self.plan.by_name)

    @property
    def platforms(self) -> list[Platform]:
        """Return every platform to build, sorted."""
        return sorted({cell.platform for cell in self.wanted.cells})

    @property
    def root(self) -> Path:
        """The project's root."""
        return self.edges.root

    @property
    def tools(self) -> Tools:
        """How to call docker and buildx."""
        return self.edges.tools

    def attributes(self, image: PlannedImage) -> Mapping[str, object]:
        """Return an image's target attributes without tags. Variables are replaced by their values."""
        known = {**self.wanted.variables, **image.matrix}
        said = merge(self.plan.common.attributes, image.attributes)
        return {name: evaluate(value, known) for name, value in said.items() if name != "tags"}


@dataclass(frozen=True)
class Facts:
    """The facts before a build. Every property is a task, and the first check that awaits it starts it.

    Attributes:
        build: the build to check.
        group: the group that runs the tasks.
        variables: a coroutine for the values of the bake file's variables.
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
        """The answers of docker, buildx and the builder. If the builder does not run, bakec starts it."""
        return self.group.create_task(ask_all(self.build.tools, self.build.platforms))

    @cached_property
    def made(self) -> asyncio.Task[Mapping[str, MadeFrom]]:
        """Image → its inputs."""
        return self.group.create_task(self._made())

    @cached_property
    def bases(self) -> asyncio.Task[LookedUp]:
        """The builder's answers about base images; empty if the builder does not answer."""
        return self.group.create_task(self._bases())

    @cached_property
    def seen(self) -> asyncio.Task[Mapping[str, RegistryBase]]:
        """Base image → what its registry has."""
        return self.group.create_task(self._seen())

    async def machine(self) -> Machine:
        """Return the resources of the builder."""
        return machine_of(self.build.tools, await self.said)

    async def wanted_bases(self) -> Mapping[Base, frozenset[Platform]]:
        """Return base image → the wanted platforms."""
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
