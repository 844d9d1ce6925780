"""Hints for each class of failure in buildx/faults.py, as a table."""

import re
from typing import NamedTuple

from bake_compiler.buildx import Failure
from bake_compiler.report.report import ImageResult


class Advice(NamedTuple):
    """Why another attempt alone does not help, and what to do."""

    why: str
    do: str


def advice(image: ImageResult) -> Advice | None:
    """Return the advice for an image's failure. None if it has no failure, or if the table has no advice."""
    failure = image.failure
    if failure is None or failure.fault not in _TABLE:
        return None
    words = {
        "place": author_place(image.name, failure),
        "host": _host(image, failure),
        "platform": failure.platform or "this platform",
    }
    return Advice(*(text.format_map(words) for text in _TABLE[failure.fault]))


def remedy(image: ImageResult) -> str:
    """What to do about an image's failure. If bakec knows no advice: read the log. Empty if it has no failure."""
    known = advice(image)
    if known:
        return known.do
    return f"see {image.failure.log or f'the failure of {image.name}'}" if image.failure else ""


def registry(image: ImageResult) -> str:
    """The host name of an image's registry."""
    return image.reference.partition("/")[0]


def author_place(image: str, failure: Failure) -> str:
    """Where the author must look: `components/web/Dockerfile:12`, or a less exact place."""
    if "/" in failure.line:
        return failure.line
    return f"{failure.line or 'the Dockerfile'} of {image}"


_TABLE = {
    "step": Advice("only the author can fix a failing step", "fix {place}"),
    "download": Advice(
        "bakec does not run a failed step again by itself, whatever it printed",
        "check that the builder reaches what {place} downloads",
    ),
    "missing-file": Advice("a missing file stays missing", "fix {place}, or .dockerignore"),
    "dockerfile": Advice("only the author can fix a mistake in a Dockerfile", "fix {place}"),
    "no-secret": Advice("a missing secret stays missing", "give the secret or ssh agent that {place} asks for"),
    "no-remote-file": Advice("there is nothing at that address", "fix the address in {place}"),
    "remote-file": Advice("the other server has a problem", "check that the address in {place} answers"),
    "bake-file": Advice("buildx refuses the bake file", "see what `bakec compile --check` says"),
    "no-such-manifest": Advice("there is no such image", "fix the name, tag or digest of the base in {place}"),
    "no-match-for-platform": Advice(
        "the base image is not made for {platform}",
        "choose another base in {place}, or say `platforms=Only(…)` with the reason",
    ),
    "unauthorized": Advice("{host} does not take these credentials", "docker login {host}"),
    "denied": Advice("{host} does not allow it", "ask for access, or docker login {host} as someone who has it"),
    "no-such-repository": Advice("{host} has no such repository", "create it at {host}, or fix its name"),
    "tag-immutable": Advice("{host} does not let a tag be written twice", "give another --tag"),
    "too-large": Advice("{host} refuses so much at once", "make the layer smaller, or the limit of {host} larger"),
    "entitlement": Advice(
        "the build asks for what the builder does not allow",
        "create a builder that allows it: docker buildx create --buildkitd-flags '--allow-insecure-entitlement …'",
    ),
    "killed": Advice(
        "the step was killed, as when memory is short", "give the builder more memory, or build with -j 1"
    ),
    "no-emulation": Advice(
        "this builder can't run programs for {platform}",
        "docker run --privileged --rm tonistiigi/binfmt --install all, or add a native node to the builder",
    ),
    "disk-full": Advice("a full disk stays full", "see `docker buildx du`, make room with `docker buildx prune --all`"),
    "rate-limit": Advice("{host} wants fewer requests", "docker login {host}, which mostly allows more, or wait"),
    "registry-5xx": Advice("{host} has a problem", "check that {host} works"),
    "reset": Advice("{host} ended the connection", "check that {host} works"),
    "eof": Advice("{host} ended the connection", "check that {host} works"),
    "timeout": Advice("{host} did not answer in time", "check that {host} can be reached from the builder"),
    "refused": Advice("nothing listens there", "check that {host} can be reached from the builder"),
    "dns": Advice("the name was not resolved", "check that the builder can resolve {host}"),
    "upload-unknown": Advice("{host} forgot an upload", "check that {host} works and keeps its storage"),
    "blob-missing": Advice("{host} lost a part of an image", "check that {host} works and keeps its storage"),
    "digest-mismatch": Advice("the data was changed on its way", "check that {host} and its proxies work"),
    "locked": Advice("another build holds the same content", "check that no other build writes to this builder"),
    "no-builder": Advice("there is no such builder", "see what `docker buildx ls` says, and BUILDX_BUILDER"),
    "node-lost": Advice("a node of the builder went away", "see what `docker buildx inspect` says"),
    "engine-lost": Advice("the builder went away", "see what `docker buildx inspect` says"),
    "buildx-ended": Advice("buildx was ended from outside", "see what ended it, such as a lack of memory"),
    "canceled": Advice("the builder cancelled it", "see what `docker buildx inspect` says"),
}

_NAMED = re.compile(r"(?:^|[\s/])((?:[a-z0-9-]+\.)+[a-z0-9-]+(?::\d+)?|[a-z0-9-]+:\d+|localhost)/", re.IGNORECASE)


def _host(image: ImageResult, failure: Failure) -> str:
    """The registry that the failed step names, otherwise the image's own registry."""
    found = _NAMED.search(failure.step)
    return found[1] if found else registry(image)
