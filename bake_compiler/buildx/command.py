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
"""As --push, which also unpacks an image into the engine's own store, where its staging tag would stay."""


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
        buildx: the words that start buildx.
        allow: what buildx may do that it would ask for, as its `--allow` takes it; from buildx 0.17.
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
    """The command that builds one image.

    Args:
        run: what the whole run shares.
        image: the image, with the platforms that are wanted of it.
        file: the bake file, relative to the project's root.
        references: its public ones: the staging tag goes into each of their repositories.
        narrowed: the image has platforms of its own in the bake file and fewer are wanted.
        has_output: the bake file says where it goes besides.
        epochs: target, of it and of what it needs → SOURCE_DATE_EPOCH that its steps get, or nothing, in place of the
            one that buildx gives to all. An image whose steps get nothing is dated when it is pushed.
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
    """The rest of an output, whose image gets the commit's time where its steps get none."""
    return f",source-date-epoch={run.variables['SOURCE_DATE_EPOCH']}" if epoch == "" else ""


def bases_command(run: BakeRun, file: str) -> Command:
    """The command that only looks up base images, by the bake file that `bases_file` wrote."""
    return Command((*run.buildx, "bake", "--file", file, "--progress", "rawjson"), run.env, run.root)


def bases_file(bases: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    """A bake file, in JSON, of one target `base-N` for each base image, which takes it from where it is and no more.

    Args:
        bases: name, `--platform` of the FROM or nothing, platforms to build for; none for the builder's own.
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
