"""The part of a registry's API that bakec needs: read and write manifests and blobs, list tags, remove a tag."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Collection, Container, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from urllib.parse import urlencode

from bake_compiler.errors import NotFoundError, RegistryError, UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry.address import (
    base_url,
    blob_path,
    join_url,
    manifest_path,
    referrers_path,
    same_place,
    tags_path,
    uploads_path,
)
from bake_compiler.registry.answers import check_content, check_same, entries_of, next_page, stated_digest, tags_of
from bake_compiler.registry.ask import LONGEST_ERROR, Answer, Ask, RegistryLimits
from bake_compiler.registry.authority import Authority
from bake_compiler.registry.challenge import preferred
from bake_compiler.registry.credentials import Credentials
from bake_compiler.registry.exchange import Exchange
from bake_compiler.registry.refusal import LimitError, RefusedError, refusal_of, request_words
from bake_compiler.registry.retry import Retry
from bake_compiler.registry.stream import stream
from bake_compiler.registry.transport import Response, Transport
from bake_compiler.registry.upload import Arrival, OpenBlob, Sending, finishing

LARGEST_MANIFEST = 4 * 1024 * 1024  # what distribution accepts (registry/handlers/manifests.go)

_VERBATIM = {"Accept-Encoding": "identity"}
_MANIFEST = {"Accept": f"{OCI_INDEX}, {DOCKER_LIST}, {OCI_MANIFEST}, {DOCKER_MANIFEST}", **_VERBATIM}
_INDEX = {"Accept": OCI_INDEX, **_VERBATIM}
_BLOB_HOPS = 3
_PING_SECONDS = 3.0  # how long a ping is repeated without an answer
_SLOWEST_PING = 10.0  # seconds for one answer: a registry with a busy disk is no reason not to build
_MOST_PAGES = 10
_TAGS_A_PAGE = 1000
_MOST_PAGES_OF_TAGS = 1000
_UNAUTHORIZED = 401
_CREATED = 201
_MOST_SENDINGS = 6  # attempts to send one blob
_PROGRESS = 1024 * 1024  # after this many sent bytes, the number of attempts starts again
_NO_DELETING = frozenset({400, 405, 501})  # for a tag, distribution 2.8 answers 400, DIGEST_INVALID
_NO_REFERRERS = frozenset({400, 404, 405, 501})  # the answers of registries without the Referrers API


class Registry:
    """Asks registries over a transport that the caller owns.

    Any number of tasks may use one client. At most `concurrency` requests run at a time; streams do not count.

    Args:
        transport: the network.
        credentials: the user's credentials; None: ask anonymously.
        insecure: registries that bakec may ask over plain http, as in a reference; loopback is always allowed.
        secure: registries on loopback that speak TLS.
        retry: when to ask again.
        limits: the limits of time.
        concurrency: the number of requests at a time.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        credentials: Credentials | None = None,
        insecure: Container[str] = (),
        secure: Container[str] = (),
        retry: Retry | None = None,
        limits: RegistryLimits | None = None,
        concurrency: int = 64,
    ) -> None:
        self._retry = retry or Retry()
        self._limits = limits or RegistryLimits()
        self._insecure, self._secure = insecure, secure
        self._roots: dict[str, str] = {}
        bare = Exchange(transport, None, self._limits)
        self._exchange = Exchange(transport, Authority(bare, credentials, self._retry.clock), self._limits)
        self._slots = asyncio.Semaphore(concurrency)

    def is_plain(self, registry_host: str) -> bool:
        """Whether bakec asks a registry over plain http."""
        return self._root(registry_host).startswith("http:")

    async def ping(self, registry_host: str) -> None:
        """Return if a registry answers, also if it asks for credentials. Give up after a few seconds.

        Raises:
            RegistryError: there is no registry.
            AccessError: the registry lets nobody in, or its certificate is not trusted.
        """
        ask = Ask("GET", self._root(registry_host), registry=registry_host, takes=(_UNAUTHORIZED,))
        answer = await self._ask(ask, seconds=_PING_SECONDS)
        if answer.status == _UNAUTHORIZED and not preferred(answer.headers.get("WWW-Authenticate", "")):
            raise refusal_of(answer).error

    async def manifest(self, ref: Reference, *, fresh: bool = False, pushing: bool = False) -> RawManifest:
        """Return the manifest or index of a reference: by digest if it has one, otherwise by tag.

        Args:
            ref: the reference.
            fresh: whether the manifest was just pushed, so that the registry may show it some seconds later.
            pushing: ask with the right to push: without it, some registries deny access to what does not exist.

        Raises:
            NotFoundError: the registry has none.
            WrongContentError: its bytes are not those of the digest.
            RegistryError: it could not be asked; AccessError: it would not say.
        """
        path, actions = manifest_path(ref, _name(ref)), _actions(pushing=pushing)
        ask = self._question("GET", ref, path, _MANIFEST, actions=actions, limit=LARGEST_MANIFEST)
        answer = await self._ask(ask, fresh=fresh)
        check_content(answer, ref.digest or stated_digest(answer))
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return RawManifest(media_type, ref.digest or Digest.of(answer.content), answer.content)

    async def blob(self, ref: Reference, digest: Digest, *, limit: int, fresh: bool = False) -> bytes:
        """The bytes of a blob of a repository, at most `limit` of them.

        Raises:
            NotFoundError: the repository has no such blob.
            WrongContentError: its bytes are not those of the digest.
            LimitError: it has more.
            RegistryError: it could not be asked; AccessError: it would not say.
        """
        ask = self._question("GET", ref, blob_path(ref, digest), _VERBATIM, limit=limit, hops=_BLOB_HOPS)
        answer = await self._ask(ask, fresh=fresh)
        check_content(answer, digest)
        return answer.content

    @asynccontextmanager
    async def stream(self, ref: Reference, digest: Digest, *, size: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Return the bytes of a blob in pieces of at least 64 KiB. A cut connection continues where it was cut.

        The reader of the bytes must check the digest. Errors are raised while the bytes are read.

        Args:
            ref: a reference of the repository.
            digest: the digest of the blob.
            size: the largest size, in bytes.

        Raises:
            NotFoundError: the repository has no such blob.
            LimitError: the blob is larger, or arrives too slowly.
            RegistryError: the blob could not be read to its end; AccessError: the registry refuses access.
        """
        ask = self._question("GET", ref, blob_path(ref, digest), _VERBATIM, hops=_BLOB_HOPS)
        async with aclosing(stream(self._open, ask, size, self._retry, self._limits)) as chunks:
            yield chunks

    async def blob_size(
        self, ref: Reference, digest: Digest, *, fresh: bool = False, pushing: bool = False
    ) -> int | None:
        """Return the size of a blob in bytes, without reading the blob; None if the registry states no size.

        `pushing` has the same meaning as in `manifest`.

        Raises:
            NotFoundError: the repository has no such blob.
            RegistryError: the registry did not answer; AccessError: the registry refuses access.
        """
        path, actions = blob_path(ref, digest), _actions(pushing=pushing)
        ask = self._question("HEAD", ref, path, _VERBATIM, actions=actions, hops=_BLOB_HOPS)
        answer = await self._ask(ask, fresh=fresh)
        length = answer.headers.get("Content-Length", "")
        return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

    async def referrers(self, ref: Reference, digest: Digest) -> tuple[Descriptor, ...]:
        """Return the manifests that refer to a manifest: attestations, signatures; empty if the registry has no list.

        Source: distribution-spec v1.1, "Listing Referrers", and its "Referrers Tag Schema".

        Raises:
            RegistryError: the registry did not answer, or the answer is not an index.
            AccessError: the registry refuses access.
        """
        ask = self._question(
            "GET", ref, referrers_path(ref, digest), _INDEX, limit=LARGEST_MANIFEST, takes=_NO_REFERRERS
        )
        found: list[Descriptor] = []
        for _ in range(_MOST_PAGES):
            answer = await self._ask(ask)
            if answer.status in _NO_REFERRERS:
                return await self._tagged_referrers(ref, digest)
            found += entries_of(answer)
            following = next_page(answer)
            if following is None:
                break
            ask = following
        return tuple(found)

    async def _tagged_referrers(self, ref: Reference, digest: Digest) -> tuple[Descriptor, ...]:
        tag = f"{digest.algorithm}-{digest.encoded[:64]}"
        ask = self._question("GET", ref, manifest_path(ref, tag), _MANIFEST, limit=LARGEST_MANIFEST)
        try:
            return entries_of(await self._ask(ask))
        except NotFoundError:
            return ()

    async def tags(self, ref: Reference) -> tuple[str, ...]:
        """Return every tag of a repository; empty if there is no such repository.

        Source: distribution-spec v1.1, "Listing Tags".

        Raises:
            LimitError: there are more pages than bakec reads.
            RegistryError: the registry did not answer, or the answer is not a list of tags.
            AccessError: the registry refuses access.
        """
        ask = self._question("GET", ref, tags_path(ref, _TAGS_A_PAGE), limit=LARGEST_MANIFEST)
        found: list[str] = []
        for page in range(_MOST_PAGES_OF_TAGS):
            try:
                answer = await self._ask(ask)
            except NotFoundError:
                if page:
                    raise
                return ()
            found += tags_of(answer)
            following = next_page(answer)
            if following is None and "Link" in answer.headers:
                raise RegistryError(
                    f"{request_words(ask)}: the next page has the address of another registry",
                    hint="a proxy in between rewrites answers: do not use it for this registry",
                )
            if following is None:
                return tuple(dict.fromkeys(found))
            ask = following
        raise LimitError(
            f"{request_words(ask)}: more than {_MOST_PAGES_OF_TAGS} pages of tags",
            hint="this is not what a registry answers",
        )

    async def try_push(self, ref: Reference) -> float | None:
        """Begin an upload to a repository and cancel it. Only this shows whether the user may push.

        Source: distribution-spec v1.1, "Pushing a blob in chunks"; distribution, "Canceling an Upload".

        Returns:
            The seconds by which the registry's clock is ahead of this machine's; None if the answer has no date.

        Raises:
            RegistryError: the registry did not answer, or takes no uploads; AccessError: the user may not push.
        """
        ask = self._question("POST", ref, uploads_path(ref), actions="pull,push")
        answer = await self._ask(ask, seconds=_PING_SECONDS)
        now = time.time()
        with suppress(RegistryError, ValueError):  # an upload that is left is forgotten by itself
            url = join_url(ask.url, answer.headers.get("Location", ""))
            if same_place(ask.url, url):
                await self._ask(replace(ask, method="DELETE", url=url, takes=_NO_DELETING), seconds=_PING_SECONDS)
        try:
            return parsedate_to_datetime(answer.headers.get("Date", "")).timestamp() - now
        except ValueError:
            return None

    async def delete(self, ref: Reference) -> bool:
        """Remove a manifest and all of its tags if the reference has a digest; otherwise remove a tag.

        The registry decides what it removes with a tag: only the tag, or its manifest with all tags of the manifest.

        Source: distribution-spec v1.1, "Deleting tags" and "Deleting Manifests".

        Returns:
            True if removed; False if this registry can't remove a tag, or a manifest, at all.

        Raises:
            NotFoundError: there is no such tag or manifest.
            RegistryError: the registry could not remove it; AccessError: the user may not remove it.
        """
        path = manifest_path(ref, _name(ref))
        ask = self._question("DELETE", ref, path, actions="delete", takes=_NO_DELETING)
        return (await self._ask(ask)).status not in _NO_DELETING

    async def push_blob(
        self,
        ref: Reference,
        descriptor: Descriptor,
        read: OpenBlob,
        *,
        near: Reference | None = None,
        on_bytes: Callable[[int], None] = lambda _: None,
    ) -> Arrival:
        """Push a blob to a repository. A blob that is already there is not sent.

        If the sending is cut, bakec asks again whether the blob is there, then sends it from the beginning. Registries
        differ too much in what they keep of half an upload. The digest is checked before the last piece is sent.

        Source: distribution-spec v1.1, "Pushing blobs" and "Mounting a blob from another repository".

        Args:
            ref: a reference of the repository.
            descriptor: the descriptor of the blob.
            read: starts reading the blob from its beginning; may be called several times.
            near: a repository of the same registry that has the blob, from which the registry may mount it.
            on_bytes: gets the number of bytes that were sent; a negative number if bytes must be sent again.

        Raises:
            WrongContentError: the bytes from the source have another digest.
            RegistryError: the blob could not be read or sent; AccessError: the user may not push.
        """
        patience = self._retry.patience()
        for left in reversed(range(_MOST_SENDINGS)):
            sending = Sending(descriptor, read, on_bytes)
            try:
                return await self._push(ref, descriptor, sending, near)
            except RefusedError as refused:
                if sending.error:
                    raise sending.error from refused
                if sending.sent >= _PROGRESS:
                    patience = self._retry.patience()
                if not (left and refused.transient and await patience.pause(refused.pause)):
                    raise refused.error from refused.error.__cause__
                on_bytes(-sending.sent)
        raise AssertionError  # the last sending returns or raises

    async def _push(self, ref: Reference, descriptor: Descriptor, sending: Sending, near: Reference | None) -> Arrival:
        with suppress(NotFoundError):
            if await self.blob_size(ref, descriptor.digest, pushing=True) in {None, descriptor.size}:
                return Arrival.PRESENT
        begun = await self._begin(ref, descriptor.digest, near)
        if begun.status == _CREATED:
            return Arrival.MOUNTED
        async with self._slots:
            await self._exchange.ask(finishing(begun, descriptor, sending))
        return Arrival.SENT

    async def _begin(self, ref: Reference, digest: Digest, near: Reference | None) -> Answer:
        """Return a 201 if the registry mounted the blob, otherwise the beginning of an upload."""
        ask = self._question("POST", ref, uploads_path(ref), actions="pull,push")
        if near is None:
            return await self._ask(ask)
        query = urlencode({"mount": str(digest), "from": near.repository})
        scope = f"{ask.scope} repository:{near.repository}:pull"
        try:
            return await self._ask(replace(ask, url=f"{ask.url}?{query}", scope=scope))
        except RegistryError:
            return await self._ask(ask)  # a registry may refuse to mount

    async def put_manifest(self, ref: Reference, raw: RawManifest) -> None:
        """Write a manifest under the tag of a reference, otherwise under its digest, and check that it is unchanged.

        Raises:
            WrongContentError: the registry stored other bytes.
            RegistryError: the manifest could not be written; AccessError: the user may not write it.
        """
        name = ref.tag or ref.digest
        if not name:
            raise UsageError(f"{ref} names no tag to write")
        headers = {"Content-Type": raw.media_type}
        ask = self._question("PUT", ref, manifest_path(ref, name), headers, raw.content, actions="pull,push")
        answer = await self._ask(ask)
        there = ref.tagged(ref.tag) if ref.tag else ref
        taken = stated_digest(answer) or (await self.manifest(there, fresh=True)).digest
        check_same(answer, Digest.of(raw.content, taken.algorithm), taken)

    def _question(
        self,
        method: str,
        ref: Reference,
        path: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        content: bytes | None = None,
        *,
        actions: str = "pull",
        limit: int = LONGEST_ERROR,
        hops: int = 0,
        takes: Collection[int] = (),
    ) -> Ask:
        url = self._root(ref.registry) + path
        scope = f"repository:{ref.repository}:{actions}"
        return Ask(method, url, headers, content, ref.registry, scope, limit, hops, takes=takes)

    def _root(self, registry: str) -> str:
        if registry not in self._roots:
            self._roots[registry] = base_url(registry, self._insecure, self._secure)
        return self._roots[registry]

    async def _ask(self, ask: Ask, *, fresh: bool = False, seconds: float | None = None) -> Answer:
        patience = self._retry.patience(seconds)
        settling = self._retry.patience(self._retry.settling if fresh else 0.0)
        while True:
            try:
                async with self._slots:
                    return await self._exchange.ask(ask, _SLOWEST_PING if seconds else None)
            except RefusedError as refused:
                again = (refused.transient and await patience.pause(refused.pause)) or (
                    refused.missing and await settling.pause()
                )
                if not again:
                    raise refused.error from refused.error.__cause__

    async def _open(self, ask: Ask) -> Response:
        async with self._slots:
            return await self._exchange.open(ask)


def _actions(*, pushing: bool) -> str:
    return "pull,push" if pushing else "pull"


def _name(ref: Reference) -> Digest | str:
    name = ref.digest or ref.tag
    if not name:
        raise UsageError(f"{ref} names neither a tag nor a digest", hint="bakec never assumes `latest`")
    return name
