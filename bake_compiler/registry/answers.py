"""Reads a registry's answers: digests, the entries of an index, tags, the next page."""

import json
import re
from dataclasses import replace

from bake_compiler.errors import RegistryError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import Descriptor, Index
from bake_compiler.oci.reference import check_tag
from bake_compiler.registry.address import join_url, same_place
from bake_compiler.registry.ask import Answer, Ask
from bake_compiler.registry.refusal import WrongContentError, request_words, short_words


def stated_digest(answer: Answer) -> Digest | None:
    """Return the digest in the header of a manifest's answer; None if there is no valid digest."""
    try:
        return Digest.parse(answer.headers.get("Docker-Content-Digest", ""))
    except ValueError:
        return None


def check_content(answer: Answer, wanted: Digest | None) -> None:
    """Check that the bytes have the wanted digest and are not compressed.

    Raises:
        WrongContentError: the bytes have another digest.
        RegistryError: the answer is compressed.
    """
    found = Digest.of(answer.content, wanted.algorithm) if wanted else None
    if found == wanted and wanted:
        return
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise RegistryError(
            f"{request_words(answer.ask)}: the answer is compressed ({short_words(encoding)}), unasked",
            hint="a proxy in between compresses answers: do not use it for this registry",
        )
    if wanted and found:
        check_same(answer, wanted, found)


def check_same(answer: Answer, wanted: Digest, found: Digest) -> None:
    """Check that a digest is the wanted digest.

    Raises:
        WrongContentError: the digests differ.
    """
    if found != wanted:
        raise WrongContentError(
            f"{request_words(answer.ask)}: wrong bytes: {found} in place of {wanted}",
            hint="the registry, or a proxy in between, is damaged: do not use this content",
        )


def entries_of(answer: Answer) -> tuple[Descriptor, ...]:
    """Return the entries of an index.

    Raises:
        RegistryError: the answer is not an index.
    """
    try:
        return Index.read(answer.content).manifests
    except ValueError as error:
        raise RegistryError(
            f"{request_words(answer.ask)}: is not an index: {error}", hint="check the tool that pushed it"
        ) from error


def tags_of(answer: Answer) -> tuple[str, ...]:
    """Return the tags on one page of the list of tags.

    Raises:
        RegistryError: the answer is not a list of tags.
    """
    try:
        return tuple(check_tag(tag) for tag in json.loads(answer.content)["tags"] or ())
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise RegistryError(
            f"{request_words(answer.ask)}: is not a list of tags", hint="is this host a registry? `bakec doctor` checks"
        ) from error


def next_page(answer: Answer) -> Ask | None:
    """Return the question for the next page (RFC 8288); None if this is the last page."""
    match = re.match(r'\s*<([^>]+)>\s*;\s*rel="?next"?', answer.headers.get("Link", ""))
    if not match:
        return None
    try:
        url = join_url(answer.ask.url, match[1])
        own = same_place(answer.ask.url, url)
    except ValueError:
        own, url = False, ""
    return replace(answer.ask, url=url, takes=()) if own else None
