"""Projects on disk that can be built in a minute or two: the reference stack, and synthetic ones."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import BAKEC, ROOT, seconds

_PROJECT = """\
from bake_compiler import Phase, Project, Var

project = Project(
    name="synthetic",
    registry="registry.example/team",
    tag="1.0",
    tags=(Var("TAG"){tags},),
    platforms=("linux/amd64", "linux/arm64"),
    phases=(Phase(name="services"),),
)
"""

_COMPONENT = """\
from bake_compiler import Component, Image

component = Component(phase="services", needs={needs}, images=[Image(name="{name}", description="image {name}")])
"""

# Work on the build platform, as a cross-compiler does it, and what is copied out of it.
_DOCKERFILE = """\
FROM --platform=$BUILDPLATFORM busybox:stable AS work
ARG TARGETARCH
RUN head -c {bytes} /dev/zero | sha256sum && sleep {rest} \\
    && mkdir /made && for n in $(seq 50); do echo {name} $TARGETARCH $n >/made/$n; done

FROM {base}
COPY --from=work /made /srv/{name}/made
COPY files /srv/{name}/files
"""
_EMULATED = "RUN cat /srv/*/*/* | sha256sum >/srv/sum\n"

_TRIVIAL = "FROM scratch\nCOPY files /\n"

_MEGABYTE = 1_000_000


def reference(root: Path) -> Path:
    """The reference stack: a copy of this repository's."""
    shutil.copytree(ROOT / "components", root / "components")
    for name in ("docker-bake.hcl", "docker-bake.hcl.j2", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    return _committed(root)


def graph(root: Path, layers: Sequence[int] = (8, 12, 12, 8), tags: Sequence[str] = (), work: int = 1) -> Path:
    """So many images in each layer, 40 unless told, each built from one of the layer before; `tags` besides TAG itself.

    Each takes a quarter to two thirds of a second of a core for each platform, a third of them waits for two seconds,
    as for a download, a quarter runs something under emulation; all but the last is `work` times as much.
    """
    names: list[list[str]] = []
    for depth, count in enumerate(layers):
        names.append([f"l{depth}-i{number}" for number in range(count)])
        for number, name in enumerate(names[depth]):
            base = names[depth - 1][number % len(names[depth - 1])] if depth else "busybox:stable"
            size, rest = work * _MEGABYTE * (60 + 30 * (number % 4)), work * 2 * (number % 3 == 0)
            dockerfile = _DOCKERFILE.format(name=name, base=base, bytes=size, rest=rest)
            dockerfile += _EMULATED if number % 4 == 0 else ""
            _write_component(root, name, dockerfile, [base] if depth else [])
    return _compiled(root, tags)


def trivial(root: Path, images: int) -> Path:
    """So many images of one file each."""
    for number in range(images):
        _write_component(root, f"i{number:03}", _TRIVIAL, [])
    return _compiled(root)


def _write_component(root: Path, name: str, dockerfile: str, needs: Sequence[str]) -> None:
    folder = root / "components" / name
    (folder / "files").mkdir(parents=True)
    (folder / "component.py").write_text(_COMPONENT.format(name=name, needs=list(needs)))
    (folder / "Dockerfile").write_text(dockerfile)
    for number in range(5):
        (folder / "files" / f"{name}-{number}").write_text(f"file {number} of {name}\n" * 100)


def _compiled(root: Path, tags: Sequence[str] = ()) -> Path:
    (root / "components/project.py").write_text(_PROJECT.format(tags="".join(f', "{tag}"' for tag in tags)))
    (root / ".gitignore").write_text("/.bakec/\n__pycache__/\n")
    seconds((*BAKEC, "compile"), root)
    return _committed(root)


def _committed(root: Path) -> Path:
    """With a git history of its own, from which revision and time of the sources are read."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for words in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "--message", "stack")):
        seconds(("git", *words), root)
    return root
