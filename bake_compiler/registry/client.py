"""A registry's API as bakec needs it: read manifests and blobs, and write a manifest under a tag."""

import asyncio
import re

import httpx

from bake_compiler.errors import UsageError
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry.address import base_url, blob_url, manifest_url, shown
from bake_compiler.registry.exchange import Answer, Ask, exchange
from bake_compiler.registry.refusal import FOREIGN, Refusal, WrongContentError, from_answer, from_exception
from bake_compiler.registry.retry import Retry

LARGEST_MANIFEST = 4 * 1024 * 1024  # what distribution accepts (registry/handlers/manifests.go)

_ACCEPT = f"{OCI_INDEX}, {DOCKER_LIST}, {OCI_MANIFEST}, {DOCKER_MANIFEST}"
_VERBATIM = {"Accept-Encoding": "identity"}
_BLOB_HOPS = 3
_PING_SECONDS = 3.0


class Registry:
    """Asks registries over an httpx client that its caller owns.

    One client may serve any number of tasks: at most `concurrency` requests are under way at a time.

    Args:
        http: connections, timeouts and proxies.
        auth: adds credentials to requests, and only to those for the registry itself.
        retry: when to ask again.
        concurrency: requests under way at a time.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        auth: httpx.Auth | None = None,
        retry: Retry | None = None,
        concurrency: int = 16,
    ) -> None:
        self._http = http
        self._auth = auth
        self._retry = retry or Retry()
        self._slots = asyncio.Semaphore(concurrency)

    async def ping(self, registry_host: str) -> None:
        """Return if a registry answers there; gives up after a few seconds.

        Raises:
            RegistryError: no registry there.
            AccessError: there is one, and it wants credentials or is not trusted.
        """
        await self._ask(Ask("GET", base_url(registry_host)), seconds=_PING_SECONDS)

    async def manifest(self, ref: Reference, *, fresh: bool = False) -> RawManifest:
        """The manifest or index under a reference: by digest if it has one, else by tag.

        Args:
            ref: where.
            fresh: it was pushed just now, so it may need a moment to be seen.

        Raises:
            NotFoundError: the registry has none.
            WrongContentError: its bytes are not those of the digest.
            RegistryError: it could not be asked; AccessError: it would not say.
        """
        url = manifest_url(ref, _name(ref))
        answer = await self._ask(Ask("GET", url, {"Accept": _ACCEPT, **_VERBATIM}, limit=LARGEST_MANIFEST), fresh=fresh)
        if wanted := ref.digest or _stated_digest(answer):
            _check(answer, wanted, Digest.of(answer.content, wanted.algorithm))
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return RawManifest(media_type, ref.digest or Digest.of(answer.content), answer.content)

    async def blob(self, ref: Reference, digest: Digest, *, limit: int, fresh: bool = False) -> bytes:
        """The bytes of a blob of a repository, at most `limit` of them.

        Raises:
            NotFoundError: the repository has no such blob.
            WrongContentError: its bytes are not those of the digest.
            RegistryError: above the limit, or it could not be asked; AccessError: it would not say.
        """
        ask = Ask("GET", blob_url(ref, digest), _VERBATIM, limit=limit, hops=_BLOB_HOPS)
        answer = await self._ask(ask, fresh=fresh)
        _check(answer, digest, Digest.of(answer.content, digest.algorithm))
        return answer.content

    async def blob_size(self, ref: Reference, digest: Digest, *, fresh: bool = False) -> int | None:
        """How many bytes a blob of a repository has, without reading it; None if the registry does not say.

        Raises:
            NotFoundError: the repository has no such blob.
            RegistryError: it could not be asked; AccessError: it would not say.
        """
        ask = Ask("HEAD", blob_url(ref, digest), _VERBATIM, hops=_BLOB_HOPS)
        answer = await self._ask(ask, fresh=fresh)
        length = answer.headers.get("Content-Length", "")
        return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

    async def put_manifest(self, ref: Reference, raw: RawManifest) -> None:
        """Write these bytes under the tag of a reference, and make sure that the registry took them as is.

        Raises:
            WrongContentError: the tag now holds something else.
            RegistryError: it could not be written; AccessError: it may not be.
        """
        if not ref.tag:
            raise UsageError(f"{ref} names no tag to write")
        ask = Ask("PUT", manifest_url(ref, ref.tag), {"Content-Type": raw.media_type}, raw.content)
        answer = await self._ask(ask)
        taken = _stated_digest(answer) or (await self.manifest(ref.tagged(ref.tag), fresh=True)).digest
        _check(answer, Digest.of(raw.content, taken.algorithm), taken)

    async def _ask(self, ask: Ask, *, fresh: bool = False, seconds: float | None = None) -> Answer:
        patience = self._retry.patience(seconds)
        settling = self._retry.patience(self._retry.settling if fresh else 0.0)
        while True:
            outcome = await self._try(ask)
            if isinstance(outcome, Answer):
                return outcome
            again = (outcome.transient and await patience.pause(outcome.pause)) or (
                outcome.missing and await settling.pause()
            )
            if not again:
                raise outcome.error

    async def _try(self, ask: Ask) -> Answer | Refusal:
        try:
            async with self._slots:
                answer = await exchange(self._http, ask, self._auth)
        except FOREIGN as error:
            return from_exception(error, ask)
        return from_answer(answer) or answer


def _name(ref: Reference) -> Digest | str:
    name = ref.digest or ref.tag
    if not name:
        raise UsageError(f"{ref} names neither a tag nor a digest", hint="bakec never assumes `latest`")
    return name


def _stated_digest(answer: Answer) -> Digest | None:
    try:
        return Digest.parse(answer.headers.get("Docker-Content-Digest", ""))
    except ValueError:
        return None


def _check(answer: Answer, wanted: Digest, found: Digest) -> None:
    if found != wanted:
        raise WrongContentError(
            f"{answer.ask.method} {shown(answer.ask.url)}: wrong bytes: {found} in place of {wanted}",
            hint="a proxy in between or a damaged registry: don't use what it serves",
        )
