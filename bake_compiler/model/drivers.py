"""The builder drivers of buildx, one row for each: everything that bakec does differently for a driver.

Source: buildx, driver/*/factory.go and docs/builders/drivers.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Driver: TypeAlias = Literal["docker-container", "remote", "kubernetes", "docker"]


@dataclass(frozen=True)
class DriverFacts:
    """The facts about one driver. The defaults are what bakec assumes of a driver that is not in the table.

    Attributes:
        name: the driver's name, as buildx prints it.
        is_the_engine: whether its BuildKit is part of dockerd. Then buildx can't create, configure or remove the
            builder, and the images that it builds go to the engine's image store.
        in_engine: whether its BuildKit runs in dockerd or in a container of dockerd, on the kernel and the disk of the
            engine's machine.
        starts_daemon: whether buildx starts and configures its BuildKit. A builder without declared nodes then gets one
            node.
        endpoints: a node's endpoint must begin with one of these; empty if any endpoint is valid.
        endpoint_from: where the endpoint comes from, if a node can't name an endpoint; empty if a node can.
        tls_endpoints: endpoints that accept ca, cert, key and server_name begin with one of these.
        local_endpoints: endpoints on this machine begin with one of these. If the driver is in the engine, the empty
            endpoint is local too.
        cache: where a node's cache is: in a `volume` that stays if the container is removed, in a `pod` that is deleted
            together with its cache, or empty for a place where buildx never deletes the cache.
    """

    name: str
    is_the_engine: bool = False
    in_engine: bool = False
    starts_daemon: bool = True
    endpoints: tuple[str, ...] = ()
    endpoint_from: str = ""
    tls_endpoints: tuple[str, ...] = ()
    local_endpoints: tuple[str, ...] = ()
    cache: Literal["volume", "pod", ""] = ""

    @property
    def runs_elsewhere(self) -> bool:
        """Whether someone else starts its BuildKit, and buildx only connects to it."""
        return not self.starts_daemon and not self.is_the_engine

    def is_local(self, endpoint: str) -> bool:
        """Whether a node with this endpoint is on this machine."""
        return (self.in_engine and endpoint in {"", "default"}) or endpoint.startswith(self.local_endpoints)

    def is_in_engine(self, endpoint: str) -> bool:
        """Whether a node with this endpoint is in docker's own engine, and so on the engine's machine."""
        return self.in_engine and self.is_local(endpoint)


_UNIX = ("unix://",)
DRIVERS = (
    DriverFacts("docker", is_the_engine=True, in_engine=True, starts_daemon=False, local_endpoints=_UNIX),
    DriverFacts("docker-container", in_engine=True, local_endpoints=_UNIX, cache="volume"),
    DriverFacts(
        "remote",
        starts_daemon=False,
        endpoints=("unix://", "tcp://", "docker-container://", "kube-pod://", "ssh://"),
        tls_endpoints=("tcp://",),
        local_endpoints=_UNIX,
    ),
    DriverFacts("kubernetes", endpoint_from="KUBECONFIG says which cluster", cache="pod"),
)


def facts_of(driver: str) -> DriverFacts:
    """Return the row of a driver, by the name that buildx prints. For an unknown driver, return the defaults."""
    return next((row for row in DRIVERS if row.name == driver), DriverFacts(driver))
