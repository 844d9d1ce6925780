"""Plan → buildx commands, buildx's structured progress → what happened, its metadata file → digests.

Source: buildx reference `docker buildx bake`; BuildKit's client/graph.go (SolveStatus) for `--progress rawjson`.
"""

import base64
import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bake_compiler.errors import BuildError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import PlannedImage
from bake_compiler.process import Command

BUILDX = ("docker", "buildx")
TAIL_LINES = 20


@dataclass(frozen=True)
class BakeRun:
    """What every bake process of one run shares.

    Attributes:
        root: the project's root; paths in the bake file resolve from the working directory.
        env: the scrubbed environment, without the bake file's variables.
        variables: values of the bake file's variables.
        push: push to the registry; otherwise load into the engine.
        staging: push under this tag in place of the public one; empty to use the public tag.
        metadata: directory for the metadata files.
    """

    root: Path
    env: Mapping[str, str]
    variables: Mapping[str, str]
    push: bool
    staging: str
    metadata: Path


def bake_command(run: BakeRun, image: PlannedImage, *, file: str, registry: str, narrowed: bool = False) -> Command:
    """The command that builds one image.

    Args:
        run: what the whole run shares.
        image: the image, with the platforms that are wanted of it.
        file: the bake file, relative to the project's root.
        registry: the run's registry, for the staging tag.
        narrowed: the image has platforms of its own in the bake file and fewer are wanted.
    """
    overrides = [f"tags={registry.rstrip('/')}/{image.repository}:{run.staging}"] if run.staging else []
    overrides += [f"platform={platform}" for platform in image.platforms] if narrowed else []
    return Command(
        argv=(
            *("docker", "buildx", "bake", "--file", file, "--progress", "rawjson"),
            *("--metadata-file", str(metadata_file(run, image))),
            "--push" if run.push else "--load",
            *(part for override in overrides for part in ("--set", f"{image.name}.{override}")),
            image.name,
        ),
        env={**run.env, **run.variables},
        cwd=run.root,
        shown=tuple(run.variables),
    )


def print_command(
    root: Path, file: str, env: Mapping[str, str], targets: Sequence[str] = (), buildx: Sequence[str] = BUILDX
) -> Command:
    """The command that prints what buildx reads in a bake file, as JSON; needs no engine."""
    return Command((*buildx, "bake", "--file", file, "--progress", "quiet", "--print", *targets), env, root)


def metadata_file(run: BakeRun, image: PlannedImage) -> Path:
    """Where buildx writes an image's metadata; on failure it writes nothing."""
    return run.metadata / f"{image.name}.metadata.json"


def read_digest(path: Path, target: str) -> Digest:
    """The digest of the index that a bake process pushed, from its metadata file.

    Raises:
        BuildError: no file, or no digest for the target in it.
    """
    try:
        metadata = json.loads(path.read_bytes())
        return Digest.parse(str(metadata[target]["containerimage.digest"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"buildx ended well, but {path.name} holds no digest of {target}"
        raise BuildError(message, hint="is `docker buildx version` at least 0.13?") from error


class _Vertex(BaseModel):
    model_config = ConfigDict(extra="ignore")

    digest: str
    name: str = ""
    error: str = ""


class _Log(BaseModel):
    model_config = ConfigDict(extra="ignore")

    vertex: str
    data: str = ""


class _Status(BaseModel):
    model_config = ConfigDict(extra="ignore")

    vertexes: list[_Vertex] = Field(default_factory=list)
    logs: list[_Log] = Field(default_factory=list)


@dataclass(frozen=True)
class Failure:
    """Why a build failed, as a person needs to read it.

    Attributes:
        cause: BuildKit's own words, or what bakec found.
        kind: `build`, or `registry` when it was built and could not be pushed.
        platform: that it failed on; None when it concerns all of them.
        stage, step: of the Dockerfile, such as `build` and `RUN make`; empty when it failed outside of one.
        line: `Dockerfile:12`; empty when buildx named none.
        tail: the last lines of the step's output.
        log: path of the whole log, empty when there is none.
    """

    cause: str
    kind: str = "build"
    platform: Platform | None = None
    stage: str = ""
    step: str = ""
    line: str = ""
    tail: tuple[str, ...] = ()
    log: str = ""


@dataclass
class Progress:
    """What one bake process said, line by line; keeps only what a report needs."""

    names: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    tails: dict[str, deque[str]] = field(default_factory=dict)
    words: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    def read(self, line: str) -> list[str]:
        """Take one line of output; returns it as the lines of a log that a person can read."""
        if not line.startswith("{"):
            self.words.append(line)
            return [line]
        try:
            status = _Status.model_validate_json(line)
        except ValidationError:
            self.words.append(line)
            return [line]
        return [*self._read_vertexes(status), *self._read_logs(status)]

    def _read_vertexes(self, status: _Status) -> list[str]:
        lines = []
        for vertex in status.vertexes:
            if vertex.digest not in self.names:
                self.names[vertex.digest] = vertex.name
                lines.append(f"=> {vertex.name}")
            if vertex.error and vertex.digest not in self.errors:
                self.errors[vertex.digest] = vertex.error
                lines.append(f"=> {vertex.name}: ERROR {vertex.error}")
        return lines

    def _read_logs(self, status: _Status) -> list[str]:
        lines = []
        for log in status.logs:
            text = base64.b64decode(log.data).decode("utf-8", errors="replace").splitlines()
            self.tails.setdefault(log.vertex, deque(maxlen=TAIL_LINES)).extend(text)
            lines += text
        return lines

    def failure(self, status: int, log: str = "") -> Failure:
        """Why it failed, once the process ended with this exit status."""
        culprit = next((vertex for vertex, error in self.errors.items() if "context canceled" not in error), "")
        where = _VERTEX.match(self.names.get(culprit, ""))
        cause = self.errors.get(culprit) or self._last_word() or f"buildx exited with {status}"
        pushed = "failed to push" in cause or self.names.get(culprit, "").startswith(("exporting", "pushing"))
        return Failure(
            cause=cause.removeprefix("ERROR: "),
            kind="registry" if pushed else "build",
            platform=_platform(where["platform"]) if where and where["platform"] else None,
            stage=(where["stage"] or "") if where else "",
            step=self.names[culprit][where.end() :].strip() if where else self.names.get(culprit, ""),
            line=next((word for word in self.words if _LOCATION.fullmatch(word)), ""),
            tail=tuple(self.tails.get(culprit, ())),
            log=log,
        )

    def _last_word(self) -> str:
        return next((word for word in reversed(self.words) if word.startswith("ERROR")), "") or next(
            (word for word in reversed(self.words) if word.strip()), ""
        )


# `[linux/arm64 build 3/5] RUN …`; cross-built `[linux/amd64->arm64 build 3/5]`; several targets `[web linux/arm64 …]`.
_VERTEX = re.compile(
    r"\[(?:[a-zA-Z0-9_-]+ )??(?P<platform>[a-z]+/[a-z0-9/]+(?:->[a-z0-9/]+)?)? ?(?P<stage>[^\s\]]+)? ?\d+/\d+\]"
)
_LOCATION = re.compile(r"[^\s:]+:\d+")


def _platform(text: str) -> Platform | None:
    try:
        return Platform.parse(text.rpartition("->")[2])
    except ValueError:
        return None
