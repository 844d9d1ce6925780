"""The settings of a build, at every level: for all images, a component, an image, or an image in a variant.

Each field has the name of a target attribute in buildx's bake reference, with _ for -. The exceptions are needs,
not_secret and one_platform.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from bake_compiler.model.base import Model
from bake_compiler.model.lists import ListOf
from bake_compiler.model.texts import (
    AnnotationKey,
    ArgName,
    ArgValue,
    Flag,
    InstanceOf,
    LabelKey,
    OrExpression,
    TagName,
    Text,
    Value,
)
from bake_compiler.model.values import Expression, has_expr
from bake_compiler.model.values import Value as AnyValue

Pairs: TypeAlias = tuple[tuple[str, AnyValue], ...]
"""The pairs of one line of CSV, in order: `(("type", "registry"), ("ref", "…"))`."""


def _pairs(*fields: tuple[str, AnyValue | None]) -> Pairs:
    return tuple((key, value) for key, value in fields if value is not None)


class Cache(Model):
    """A cache that a build reads or writes."""

    type: Text = "registry"
    """registry, local, gha, s3, azblob or inline."""
    ref: Value | None = None
    """for a registry cache: the whole reference."""
    mode: Literal["min", "max"] | None = None
    """which stages are written: the final stage (min) or all stages (max)."""
    options: Mapping[Text, Value] = Field(default_factory=dict)
    """other options of the type, such as `dest`, `src`, `scope`."""

    def pairs(self) -> Pairs:
        """The pairs, in the order in which they are written."""
        return _pairs(("type", self.type), ("ref", self.ref), ("mode", self.mode), *sorted(self.options.items()))


class Output(Model):
    """An output of a build, in addition to an image or instead of it: `Output(type="local", dest="out")`."""

    type: Text
    """image, registry, local, tar, oci, docker or cacheonly."""
    dest: Value | None = None
    """the path of a local, tar, oci or docker output."""
    options: Mapping[Text, Value] = Field(default_factory=dict)
    """other options of the type, such as `compression`."""

    def pairs(self) -> Pairs:
        """The pairs, in the order in which they are written."""
        return _pairs(("type", self.type), ("dest", self.dest), *sorted(self.options.items()))


class Attest(Model):
    """An attestation that BuildKit makes: provenance or an SBOM."""

    type: Literal["provenance", "sbom"]
    """provenance or sbom."""
    mode: Literal["min", "max"] | None = None
    """for provenance: min, or max, which also contains the build args."""
    disabled: bool = False
    """whether this attestation is turned off, if a level above asks for it."""
    options: Mapping[Text, Value] = Field(default_factory=dict)
    """other options of the type, such as `generator`."""

    def pairs(self) -> Pairs:
        """The pairs, in the order in which they are written."""
        disabled = "true" if self.disabled else None
        return _pairs(("type", self.type), ("mode", self.mode), ("disabled", disabled), *sorted(self.options.items()))


class Secret(Model):
    """The place of a secret that a build may use; never the secret itself."""

    id: Text = Field(min_length=1)
    """the id in `RUN --mount=type=secret,id=…`."""
    env: ArgName | None = None
    """the environment variable that contains the secret."""
    src: Value | None = None
    """the file that contains the secret, relative to the project's root.

    Without `env` and `src`, buildx takes the variable named `id` if it is set, otherwise the file named `id`. That file
    must exist whenever buildx reads the bake file.
    """

    def pairs(self) -> Pairs:
        """The pairs, in the order in which they are written."""
        return _pairs(("id", self.id), ("env", self.env), ("src", self.src))


class Ssh(Model):
    """The SSH agent, or the keys, that `RUN --mount=type=ssh` may use."""

    id: Text = Field(default="default", min_length=1)
    """the id in the mount."""
    paths: ListOf[Value] = ()
    """sockets or key files, instead of the agent at SSH_AUTH_SOCK."""


def _check_known(tags: ListOf[AnyValue]) -> ListOf[AnyValue]:
    if has_expr(tags):
        raise ValueError("Expr in a tag: bakec moves the tags itself and must know them; write Var or Join")
    return tags


class Settings(Model):
    """The settings of a build, at every level.

    A map adds to the map of the level above. A list or a single value follows bake's rule for `inherits`. The lists
    tags,
    cache_to and output replace the lists of the level above; other lists add. An attestation replaces the attestation
    of its
    type. A single value replaces the value.
    """

    args: Annotated[Mapping[ArgName, ArgValue | None] | Expression, OrExpression()] = Field(default_factory=dict)
    """build args. None means that the arg intentionally gets no value. A build gets no other args.

    A bool is refused, because programs differ in the text that they accept as true.
    """
    labels: Annotated[Mapping[LabelKey, Value | None] | Expression, OrExpression()] = Field(default_factory=dict)
    """image labels."""
    annotations: Annotated[Mapping[AnnotationKey, Value] | Expression, OrExpression()] = Field(default_factory=dict)
    """annotations of the manifests and the index: `{"index,manifest:org.opencontainers.image.url": "…"}`."""
    contexts: Annotated[Mapping[Text, Value] | Expression, OrExpression()] = Field(default_factory=dict)
    """named contexts: `docker-image://…`, a Git URL, `oci-layout://…`, `target:IMAGE`, or a folder relative to the
    folder of `context`.
    """
    needs: ListOf[Text] = ()
    """images that this image is built from. Each is a named context with the image's name."""
    tags: Annotated[ListOf[TagName], AfterValidator(_check_known)] = ()
    """the public tags in the image's repository. Default: TAG."""
    cache_from: Annotated[
        ListOf[Annotated[Cache | AnyValue, InstanceOf(Cache, str, Expression)]] | Expression, OrExpression()
    ] = ()
    """caches that the build reads; a text is buildx's own CSV."""
    cache_to: Annotated[
        ListOf[Annotated[Cache | AnyValue, InstanceOf(Cache, str, Expression)]] | Expression, OrExpression()
    ] = ()
    """caches that the build writes; a text is buildx's own CSV."""
    output: Annotated[
        ListOf[Annotated[Output | AnyValue, InstanceOf(Output, str, Expression)]] | Expression, OrExpression()
    ] = ()
    """more outputs, and options of the output to the registry. `bakec build` always pushes to the registry."""
    secret: Annotated[ListOf[Annotated[Secret, InstanceOf(Secret)]] | Expression, OrExpression()] = ()
    """references to secrets, by id."""
    ssh: Annotated[ListOf[Annotated[Ssh, InstanceOf(Ssh)]] | Expression, OrExpression()] = ()
    """agents and keys, by id."""
    attest: Annotated[ListOf[Annotated[Attest, InstanceOf(Attest)]] | Expression, OrExpression()] = ()
    """attestations. Default: provenance with mode min."""
    no_cache: Flag | None = None
    """whether to run every step again, without the cache."""
    no_cache_filter: Annotated[ListOf[Value] | Expression, OrExpression()] = ()
    """stages whose steps all run again, without the cache."""
    pull: Flag | None = None
    """whether to look for newer base images."""
    network: Value | None = None
    """the network of RUN: default, host, none."""
    shm_size: Value | None = None
    """the size of /dev/shm in a build container: `128m`."""
    ulimits: Annotated[ListOf[Value] | Expression, OrExpression()] = ()
    """limits in a build container: `nofile=1024:2048`."""
    extra_hosts: Annotated[Mapping[Text, Value] | Expression, OrExpression()] = Field(default_factory=dict)
    """name → address, for the hosts file in a build container."""
    entitlements: Annotated[ListOf[Value] | Expression, OrExpression()] = ()
    """special permissions of the build: network.host, security.insecure."""
    call: Annotated[Literal["build", "check", "outline", "targets"] | Expression | None, OrExpression()] = None
    """what buildx does instead of a build: check, outline, targets."""
    not_secret: Mapping[Text, Text] = Field(default_factory=dict)
    """name of an arg, label, annotation or ENV that looks like a secret and is not a secret → the reason."""
    one_platform: Mapping[Text, Text] = Field(default_factory=dict)
    """what in the Dockerfile is intended for one platform only → the reason.

    The key is the name of an ARG such as TARGETARCH, the name of a stage (`stage-0` if it has no name), or a URL.
    """
