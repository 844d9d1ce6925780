"""The registry client on the real network, as the environment of a person sets it up."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bake_compiler.registry.certificates import Certificates
from bake_compiler.registry.client import Registry
from bake_compiler.registry.credentials import DockerConfig, real_helper
from bake_compiler.registry.proxies import Proxies
from bake_compiler.registry.transport import Request, Response

if TYPE_CHECKING:
    from bake_compiler.registry.network import Network

_SYSTEM = Path("/etc/docker/certs.d")


@asynccontextmanager
async def connect(environ: Mapping[str, str], *, insecure: Collection[str] = ()) -> AsyncIterator[Registry]:
    """A client with the credentials, certificates and proxies that docker would use.

    Args:
        environ: DOCKER_CONFIG, HOME, the proxies and what credential helpers need; SSL_CERT_FILE is read from the
            process itself.
        insecure: registries that may be asked over plain http, as references name them.
    """
    home = Path(environ.get("HOME") or Path.home())
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    directories = (docker / "certs.d", home / ".config" / "docker" / "certs.d", _SYSTEM)
    certificates = Certificates(directories)
    network = _Later(certificates, Proxies(environ))
    credentials = DockerConfig(docker / "config.json", real_helper(environ))
    try:
        yield Registry(network, credentials=credentials, insecure=insecure, secure=certificates)
    finally:
        await network.close()


class _Later:
    """The network, set up at the first request: 0.2 s that a run without one does not need."""

    def __init__(self, certificates: Certificates, proxies: Proxies) -> None:
        self._certificates = certificates
        self._proxies = proxies
        self._network: Network | None = None

    async def send(self, request: Request) -> Response:
        """Send it over the network, which is there from now on."""
        if self._network is None:
            from bake_compiler.registry.network import Network  # noqa: PLC0415

            self._network = Network(self._certificates, self._proxies)
        return await self._network.send(request)

    async def close(self) -> None:
        """Close what was opened."""
        if self._network is not None:
            await self._network.close()
