"""Makes the registry client for the real network, from the user's environment."""

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
    """Return a client with the credentials, certificates and proxies that docker uses.

    Args:
        environ: the environment: DOCKER_CONFIG, HOME, the proxies, and the variables that credential helpers need.
            SSL_CERT_FILE is read from the process itself.
        insecure: registries that bakec may ask over plain http, as in a reference.
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
    """The network. It is set up at the first request, since this takes 0.2 s and some runs send no request."""

    def __init__(self, certificates: Certificates, proxies: Proxies) -> None:
        self._certificates = certificates
        self._proxies = proxies
        self._network: Network | None = None

    async def send(self, request: Request) -> Response:
        """Send a request, after setting up the network if this is the first request."""
        if self._network is None:
            from bake_compiler.registry.network import Network  # noqa: PLC0415

            self._network = Network(self._certificates, self._proxies)
        return await self._network.send(request)

    async def close(self) -> None:
        """Close the network if it was set up."""
        if self._network is not None:
            await self._network.close()
