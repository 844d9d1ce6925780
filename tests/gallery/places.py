"""Where the gallery hangs: the fake registry, which can be damaged in any way, and a real one, which has an API."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import httpx

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import OCI_INDEX
from bake_compiler.registry import Registry, connect
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made, encoded
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.upload import upload, upload_blob
from tests.gallery.exhibit import Corrupt, Damage, Lose, Refuse


class Place(Protocol):
    """A registry that exhibits can be put into."""

    host: str
    client: Registry

    async def push(self, name: str, tag: str, made: Made) -> None:
        """Store an image with all that it needs, and with what is beside it."""

    async def harm(self, name: str, damage: Damage) -> None:
        """Damage what a repository holds."""


@dataclass
class InMemory:
    """The fake registry: each exhibit gets one of its own, so that no damage meets another one's image."""

    fake: FakeRegistry = field(default_factory=FakeRegistry)
    host: str = "registry.test"

    def __post_init__(self) -> None:
        self.client = Registry(self.fake, retry=FakeClock().retry())

    async def push(self, name: str, tag: str, made: Made) -> None:
        self.fake.push(name, tag, made)

    async def harm(self, name: str, damage: Damage) -> None:
        match damage:
            case Lose(digest):
                self.fake.delete(name, digest)
            case Corrupt(digest, content):
                self.fake.corrupt(name, digest, content)
            case Refuse(status, path):
                self.fake.faults.append(Fault(status, path=path, times=99))


@dataclass
class OverHttp:
    """A real registry. It keeps referrers under tags (distribution-spec v1.1, "Referrers Tag Schema")."""

    host: str
    http: httpx.AsyncClient
    client: Registry
    pushed: dict[tuple[str, Digest], asyncio.Future[None]] = field(default_factory=dict)

    async def push(self, name: str, tag: str, made: Made) -> None:
        await asyncio.gather(*(self._push_once(name, child) for child in (*made.children, *made.beside)))
        await asyncio.gather(*(self._push_blob_once(name, blob) for blob in made.blobs))
        await upload(self.http, f"http://{self.host}", name, tag, replace(made, children=(), blobs=(), beside=()))
        if made.beside:
            entries = [artifact.entry for artifact in made.beside]
            referrers = encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
            await self.push(name, str(made.digest).replace(":", "-"), Made(OCI_INDEX, referrers))

    async def _push_once(self, name: str, made: Made) -> None:
        await self._once(name, made.digest, lambda: self.push(name, str(made.digest), made))

    async def _push_blob_once(self, name: str, blob: bytes) -> None:
        await self._once(name, Digest.of(blob), lambda: upload_blob(self.http, f"http://{self.host}", name, blob))

    async def _once(self, name: str, digest: Digest, push: Callable[[], Coroutine[None, None, None]]) -> None:
        """Many exhibits are made of the same."""
        if (name, digest) not in self.pushed:
            self.pushed[name, digest] = asyncio.ensure_future(push())
        await self.pushed[name, digest]

    async def harm(self, name: str, damage: Damage) -> None:
        if not isinstance(damage, Lose):
            raise TypeError(damage)
        kind = "manifests" if damage.manifest else "blobs"
        answer = await self.http.delete(f"http://{self.host}/v2/{name}/{kind}/{damage.digest}")
        answer.raise_for_status()


@asynccontextmanager
async def over_http(host: str) -> AsyncIterator[OverHttp]:
    """The registry that answers at this address."""
    async with httpx.AsyncClient(timeout=60) as http, connect({}) as client:
        yield OverHttp(host, http, client)
