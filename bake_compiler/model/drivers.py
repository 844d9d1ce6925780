"""The builder drivers of buildx, one row each: everything that bakec does differently for one of them.

Source: buildx, driver/*/factory.go and docs/builders/drivers.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Driver: TypeAlias = Literal["docker-container", "remote", "kubernetes", "docker"]


@dataclass(frozen=True)
class DriverFacts:
    """What is known of one driver. The defaults are what bakec assumes of a driver that is not in the table.

    Attributes:
        name: of the driver, as buildx prints it.
        is_the_engine: its BuildKit is part of dockerd: buildx can't create, configure or remove the builder, and the
            images that it builds go to the engine's image store.
        in_engine: its BuildKit runs in dockerd or in a container of dockerd, on the kernel and the disk of its machine.
        starts_daemon: buildx starts its BuildKit, and configures it; a builder without nodes gets one.
        endpoints: a node's endpoint must begin with one of these; empty if any will do.
        endpoint_from: where the endpoint comes from if a node can't name one; empty if a node can.
        tls_endpoints: endpoints that take ca, cert, key and server_name begin with one of these.
        local_endpoints: endpoints on this machine begin with one of these; the empty endpoint is always one if the
            driver is in the engine.
        cache: where a node's cache is: in a `volume` that outlives its container, in a `pod` that takes the cache along
            when it ends, or, empty, where buildx never deletes it.
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
        """Whether somebody else starts its BuildKit: buildx only connects to it."""
        return not self.starts_daemon and not self.is_the_engine

    def is_local(self, endpoint: str) -> bool:
        """Whether a node with this endpoint is on this machine."""
        return (self.in_engine and endpoint in {"", "default"}) or endpoint.startswith(self.local_endpoints)

    def is_in_engine(self, endpoint: str) -> bool:
        """Whether a node with this endpoint is in the engine that docker itself uses, so on that engine's machine."""
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
    """The row of a driver, by the name that buildx prints; the defaults for a driver that bakec does not know."""
    return next((row for row in DRIVERS if row.name == driver), DriverFacts(driver))
