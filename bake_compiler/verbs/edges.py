"""What touches the world, made by the command line and handed down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bake_compiler.buildx.tools import Tools, find_buildx
from bake_compiler.model.builder import Builder
from bake_compiler.registry import Registry
from bake_compiler.report.events import Event
from bake_compiler.system.environment import using
from bake_compiler.system.process import Runner


@dataclass(frozen=True)
class Edges:
    """What touches the world, made by the command line and handed down.

    Attributes:
        root: the project's root.
        env: the scrubbed environment of subprocesses.
        environ: the whole environment, from which a build gets the secrets that its models name, and no more.
        runner: runs commands.
        registry: talks to registries.
        tell: tells whoever watches what happens.
        binfmt: where this machine's kernel shows what it does with other machines' programs.
        cores: how many this machine has.
    """

    root: Path
    env: Mapping[str, str]
    environ: Mapping[str, str]
    runner: Runner
    registry: Registry
    tell: Callable[[Event], None]
    binfmt: Path
    cores: int = 2

    @property
    def tools(self) -> Tools:
        """How docker and buildx are called."""
        return Tools(self.runner, self.root, self.env, find_buildx(self.env))

    def with_builder(self, builder: Builder | None) -> "Edges":
        """The same, where docker uses the project's builder; a BUILDX_BUILDER that somebody set goes before it."""
        return replace(self, env=using(self.env, builder.name)) if builder else self
