"""What can be said about a build at every level: of all images, of a component, of an image, of a variant of it.

But for needs, not_secret and one_platform, a field is the target attribute of its name in buildx's bake reference, with
_ for -.
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
"""What one line of CSV says, in order: `(("type", "registry"), ("ref", "…"))`."""


def _pairs(*fields: tuple[str, AnyValue | None]) -> Pairs:
    return tuple((key, value) for key, value in fields if value is not None)


class Cache(Model):
    """Where a build's cache comes from or goes to."""

    type: Text = "registry"
    """registry, local, gha, s3, azblob or inline."""
    ref: Value | None = None
    """of a registry cache: the whole reference."""
    mode: Literal["min", "max"] | None = None
    """what is written: the final stage (min) or all stages (max)."""
    options: Mapping[Text, Value] = Field(default_factory=dict)
    """all else that the type knows, such as `dest`, `src`, `scope`."""

    def pairs(self) -> Pairs:
        """Its parts in the order in which they are written."""
        return _pairs(("type", self.type), ("ref", self.ref), ("mode", self.mode), *sorted(self.options.items()))


class Output(Model):
    """What a build yields besides, or instead of, an image: `Output(type="local", dest="out")`."""

    type: Text
    """image, registry, local, tar, oci, docker or cacheonly."""
    dest: Value | None = None
    """where a local, tar, oci or docker output is written."""
    options: Mapping[Text, Value] = Field(default_factory=dict)
    """all else that the type knows, such as `compression`."""

    def pairs(self) -> Pairs:
        """Its parts in the order in which they are written."""
        return _pairs(("type", self.type), ("dest", self.dest), *sorted(self.options.items()))


class Attest(Model):
    """An attestation that BuildKit makes: provenance or an SBOM."""

    type: Literal["provenance", "sbom"]
    """provenance or sbom."""
    mode: Literal["min", "max"] | None = None
    """of provenance: min, or max, which also tells the build args."""
    disabled: bool = False
    """makes none, where a level above asks for one."""
    options: Mapping[Text, Value] = Field(default_factory=dict)
    """all else that the type knows, such as `generator`."""

    def pairs(self) -> Pairs:
        """Its parts in the order in which they are written."""
        disabled = "true" if self.disabled else None
        return _pairs(("type", self.type), ("mode", self.mode), ("disabled", disabled), *sorted(self.options.items()))


class Secret(Model):
    """Where a secret is found when a build asks for it; never the secret itself."""

    id: Text = Field(min_length=1)
    """what `RUN --mount=type=secret,id=…` names."""
    env: ArgName | None = None
    """the environment variable that holds it."""
    src: Value | None = None
    """the file that holds it, relative to the project's root. Without both, it is the variable called `id` if it is
    set, else the file of that name, which must then be there whenever buildx reads the bake file.
    """

    def pairs(self) -> Pairs:
        """Its parts in the order in which they are written."""
        return _pairs(("id", self.id), ("env", self.env), ("src", self.src))


class Ssh(Model):
    """The SSH agent, or keys, that `RUN --mount=type=ssh` may use."""

    id: Text = Field(default="default", min_length=1)
    """what the mount names."""
    paths: ListOf[Value] = ()
    """sockets or key files in place of the agent at SSH_AUTH_SOCK."""


def _check_known(tags: ListOf[AnyValue]) -> ListOf[AnyValue]:
    if has_expr(tags):
        raise ValueError("Expr in a tag: bakec moves the tags itself and must know them; write Var or Join")
    return tags


class Settings(Model):
    """What can be said about a build at every level.

    A map adds to what the level above says, and a list or a single value follows bake's rule for `inherits`: tags,
    cache_to and output replace, an attestation replaces the one of its type, other lists add, single values replace.
    """

    args: Annotated[Mapping[ArgName, ArgValue | None] | Expression, OrExpression()] = Field(default_factory=dict)
    """build args. None gives no value and says that this is meant. Nothing else is ever passed to a build. A bool is
    refused: programs differ in the text that they take for true.
    """
    labels: Annotated[Mapping[LabelKey, Value | None] | Expression, OrExpression()] = Field(default_factory=dict)
    """image labels."""
    annotations: Annotated[Mapping[AnnotationKey, Value] | Expression, OrExpression()] = Field(default_factory=dict)
    """of the manifests and the index: `{"index,manifest:org.opencontainers.image.url": "…"}`."""
    contexts: Annotated[Mapping[Text, Value] | Expression, OrExpression()] = Field(default_factory=dict)
    """named contexts: `docker-image://…`, a Git URL, `oci-layout://…`, `target:IMAGE`, or a folder relative to
    where `context` is.
    """
    needs: ListOf[Text] = ()
    """images whose build result this one uses; each is the named context of its name."""
    tags: Annotated[ListOf[TagName], AfterValidator(_check_known)] = ()
    """the public tags in the image's repository; TAG alone when nothing is said."""
    cache_from: Annotated[
        ListOf[Annotated[Cache | AnyValue, InstanceOf(Cache, str, Expression)]] | Expression, OrExpression()
    ] = ()
    """caches that are read and written; a text is buildx's own CSV."""
    cache_to: Annotated[
        ListOf[Annotated[Cache | AnyValue, InstanceOf(Cache, str, Expression)]] | Expression, OrExpression()
    ] = ()
    """caches that are read and written; a text is buildx's own CSV."""
    output: Annotated[
        ListOf[Annotated[Output | AnyValue, InstanceOf(Output, str, Expression)]] | Expression, OrExpression()
    ] = ()
    """how, and where else, it is exported; `bakec build` pushes it to the registry in any case."""
    secret: Annotated[ListOf[Annotated[Secret, InstanceOf(Secret)]] | Expression, OrExpression()] = ()
    """references to secrets, by id."""
    ssh: Annotated[ListOf[Annotated[Ssh, InstanceOf(Ssh)]] | Expression, OrExpression()] = ()
    """agents and keys, by id."""
    attest: Annotated[ListOf[Annotated[Attest, InstanceOf(Attest)]] | Expression, OrExpression()] = ()
    """attestations; provenance of mode min when nothing is said."""
    no_cache: Flag | None = None
    """run every step anew."""
    no_cache_filter: Annotated[ListOf[Value] | Expression, OrExpression()] = ()
    """stages of which every step is run anew."""
    pull: Flag | None = None
    """look for newer base images."""
    network: Value | None = None
    """of RUN: default, host, none."""
    shm_size: Value | None = None
    """of /dev/shm in a build container: `128m`."""
    ulimits: Annotated[ListOf[Value] | Expression, OrExpression()] = ()
    """in a build container: `nofile=1024:2048`."""
    extra_hosts: Annotated[Mapping[Text, Value] | Expression, OrExpression()] = Field(default_factory=dict)
    """names for a build container's hosts file, name → address."""
    entitlements: Annotated[ListOf[Value] | Expression, OrExpression()] = ()
    """what a build may do besides: network.host, security.insecure."""
    call: Annotated[Literal["build", "check", "outline", "targets"] | Expression | None, OrExpression()] = None
    """what to do in place of a build: check, outline, targets."""
    not_secret: Mapping[Text, Text] = Field(default_factory=dict)
    """names of args, labels, annotations, ENVs that look like secrets and are none, each with the reason."""
    one_platform: Mapping[Text, Text] = Field(default_factory=dict)
    """what of the Dockerfile is meant for one platform whatever is built, each with the reason: the name of an ARG
    such as TARGETARCH, of a stage (`stage-0` where it has none), or a URL.
    """
