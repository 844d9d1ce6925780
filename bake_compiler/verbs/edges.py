"""The network, processes and files of the machine. The command line makes them and passes them to the verbs."""

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
    """The network, processes and files of the machine. The command line makes them and passes them to the verbs.

    Attributes:
        root: the project's root.
        env: the environment of subprocesses, without variables that they do not need.
        environ: the whole environment. A build gets only those secrets from it that its models name.
        runner: runs commands.
        registry: the client of registries.
        tell: gets each event, for the person or program that watches.
        binfmt: the folder in which the kernel shows how it runs programs of other architectures.
        cores: the number of this machine's CPU cores.
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
        """How to call docker and buildx."""
        return Tools(self.runner, self.root, self.env, find_buildx(self.env))

    def with_builder(self, builder: Builder | None) -> "Edges":
        """Return the same edges with the project's builder. If BUILDX_BUILDER is already set, its value stays."""
        return replace(self, env=using(self.env, builder.name)) if builder else self
