"""The corpus: Dockerfiles as people write them, and what each is built from."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "corpus"
REGISTRY = "registry.example"
PIN = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Case:
    """One Dockerfile.

    Attributes:
        name: of it.
        bases: what it is built from, sorted: each with its platform where that is not the target's.
        stage: that is built; empty for the last one.
        args: that the build is given; an empty one is given no value.
        contexts: images that the build is given in the place of others.
        engine: whether BuildKit can be asked without a network.
    """

    name: str
    bases: tuple[str, ...]
    stage: str
    args: Mapping[str, str]
    contexts: Mapping[str, str]
    engine: bool

    @property
    def path(self) -> Path:
        """Where it is."""
        return FOLDER / f"{self.name}.Dockerfile"


CASES = tuple(
    Case(
        name,
        tuple(said["bases"]),
        said.get("stage", ""),
        said.get("args", {}),
        said.get("contexts", {}),
        said.get("engine", True),
    )
    for name, said in tomllib.loads((FOLDER / "bases.toml").read_text()).items()
)
