"""What single registries do differently from the OCI specification, one row for each registry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RegistryQuirks:
    """What is different at one registry. The defaults are a registry without quirks.

    Attributes:
        name: the host in references.
        api_host: the host that answers requests; empty for the same host.
        credentials_key: its key in Docker's config.json; empty for the host.
        aliases: other hosts under which config.json may have its credentials.
    """

    name: str
    api_host: str = ""
    credentials_key: str = ""
    aliases: frozenset[str] = frozenset()


QUIRKS = (
    RegistryQuirks(  # source: docker/cli and distribution/reference
        "docker.io",
        api_host="registry-1.docker.io",
        credentials_key="https://index.docker.io/v1/",
        aliases=frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}),
    ),
)


def quirks_of(host: str) -> RegistryQuirks:
    """The row of a registry, by its host in references; the defaults for a host without a row."""
    return next((row for row in QUIRKS if row.name == host), RegistryQuirks(host))


def without_alias(host: str) -> str:
    """The host that references have for this one."""
    return next((row.name for row in QUIRKS if host in row.aliases), host)
