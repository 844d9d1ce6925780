"""What is different at single registries."""

import pytest

from bake_compiler.registry.quirks import RegistryQuirks, quirks_of, without_alias


@pytest.mark.parametrize("host", ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "docker.io"])
def test_docker_hub_has_several_hosts_and_one_name(host: str) -> None:
    assert without_alias(host) == "docker.io"


def test_a_registry_without_a_row_has_no_quirks() -> None:
    assert (quirks_of("ghcr.io"), without_alias("ghcr.io")) == (RegistryQuirks("ghcr.io"), "ghcr.io")
