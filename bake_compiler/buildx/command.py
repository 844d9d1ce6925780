"""Plan → buildx commands, and buildx's metadata file → digests.

Source: buildx reference `docker buildx bake`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bake_compiler.errors import BuildError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference, one_of_each_repository
from bake_compiler.plan.plan import PlannedImage
from bake_compiler.system.environment import BUILDX_BUILDER
from bake_compiler.system.process import Command

BUILDX = ("docker", "buildx")
_TO_THE_REGISTRY_ONLY = "output=type=image,push=true,store=false"
"""Like --push. But --push also unpacks the image into the engine's own store, where its content tag would stay."""


@dataclass(frozen=True)
class BakeRun:
    """The values that all bake processes of one run share.

    Attributes:
        root: the project's root: the working directory, so that the bake file's paths resolve from it.
        env: the environment of buildx, without the bake file's variables.
        variables: the values of the bake file's variables.
        push: whether to push to the registry; otherwise buildx loads the images into the engine.
        staging: the content tag to push instead of the public tags; empty to push the public tags.
        metadata: the folder for the metadata files.
        buildx: the words that start buildx.
        allow: the entitlements to grant, in the syntax of buildx's `--allow`; needs buildx 0.17.
    """

    root: Path
    env: Mapping[str, str]
    variables: Mapping[str, str]
    push: bool
    staging: str
    metadata: Path
    buildx: tuple[str, ...] = BUILDX
    allow: tuple[str, ...] = ()


def bake_command(
    run: BakeRun,
    image: PlannedImage,
    *,
    file: str,
    references: Sequence[Reference],
    narrowed: bool = False,
    has_output: bool = False,
    epochs: Mapping[str, str] = MappingProxyType({}),
) -> Command:
    """Return the command that builds one image.

    Args:
        run: the values that the whole run shares.
        image: the image, with the platforms to build.
        file: the bake file, relative to the project's root.
        references: the image's public references. The content tag goes into each of their repositories.
        narrowed: whether fewer platforms are wanted than the bake file lists for the image.
        has_output: whether the bake file has other outputs for the image.
        epochs: name of the image's target or of a need → SOURCE_DATE_EPOCH for its steps, instead of buildx's value for
            all targets; empty for no value. An image whose steps get no value gets its date when it is pushed.
    """
    only_pushed = run.push and not has_output
    staged = one_of_each_repository(references) if run.staging else ()
    own = [f"tags={each.tagged(run.staging)}" for each in staged]
    own += [f"platform={platform}" for platform in image.platforms] if narrowed else []
    own += [f"{_TO_THE_REGISTRY_ONLY}{_dated(run, epochs.get(image.name))}"] if only_pushed else []
    overrides = [f"{image.name}.{each}" for each in own]
    overrides += [f"{name}.args.SOURCE_DATE_EPOCH={epoch}" for name, epoch in epochs.items()]
    export = () if only_pushed else ("--push",) if run.push else ("--load",)
    return Command(
        argv=(
            *(*run.buildx, "bake", "--file", file, "--progress", "rawjson"),
            *("--metadata-file", str(metadata_file(run, image))),
            *export,
            *(word for each in run.allow for word in ("--allow", each)),
            *(part for override in overrides for part in ("--set", override)),
            image.name,
        ),
        env={"BUILDX_METADATA_PROVENANCE": "disabled", **run.env, **run.variables},
        cwd=run.root,
        shown=(*[BUILDX_BUILDER] * (BUILDX_BUILDER in run.env), *run.variables),
    )


def _dated(run: BakeRun, epoch: str | None) -> str:
    """Return the end of an output. If the steps get no SOURCE_DATE_EPOCH, the pushed image gets the commit's time."""
    return f",source-date-epoch={run.variables['SOURCE_DATE_EPOCH']}" if epoch == "" else ""


def bases_command(run: BakeRun, file: str) -> Command:
    """Return the command that only resolves base images, from the bake file that `bases_file` returned."""
    return Command((*run.buildx, "bake", "--file", file, "--progress", "rawjson"), run.env, run.root)


def bases_file(bases: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    """Return a bake file, in JSON, with one target `base-N` for each base image. Its Dockerfile has only a FROM.

    Args:
        bases: for each base: name, `--platform` of the FROM or empty, and platforms; no platforms means the builder's
            own.
    """
    targets = {
        f"base-{number}": {
            "dockerfile-inline": f"FROM {f'--platform={fixed} ' if fixed else ''}{name}\n",
            "output": ["type=cacheonly"],
            **({"platforms": list(platforms)} if platforms else {}),
        }
        for number, (name, fixed, platforms) in enumerate(bases)
    }
    return json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets})


def print_command(
    root: Path, file: str, env: Mapping[str, str], targets: Sequence[str] = (), buildx: Sequence[str] = BUILDX
) -> Command:
    """Return the command that prints, as JSON, how buildx reads a bake file. The command needs no engine."""
    return Command((*buildx, "bake", "--file", file, "--progress", "quiet", "--print", *targets), env, root)


def metadata_file(run: BakeRun, image: PlannedImage) -> Path:
    """Return the path to which buildx writes an image's metadata. buildx writes no metadata if the build fails."""
    return run.metadata / f"{image.name}.metadata.json"


def read_digest(path: Path, target: str) -> Digest:
    """Return the digest of the index that a bake process pushed, from its metadata file.

    Raises:
        BuildError: the file is missing, or has no digest for the target.
    """
    try:
        metadata = json.loads(path.read_bytes())
        return Digest.parse(str(metadata[target]["containerimage.digest"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"buildx succeeded, but {path.name} has no digest of {target}"
        raise BuildError(message, hint="is `docker buildx version` at least 0.13?") from error
