"""What `docker buildx inspect` prints of a builder with one node."""

PLATFORMS = "linux/amd64, linux/arm64"


def inspected(driver: str = "docker", platforms: str = PLATFORMS, state: str = "running") -> str:
    """The text of buildx 0.29, as far as bakec reads it."""
    return f"""\
Name:          acme
Driver:        {driver}
Last Activity: 2026-11-28 13:29:56 +0000 UTC

Nodes:
Name:             acme0
Endpoint:         default
Status:           {state}
BuildKit version: v0.25.1
Platforms:        {platforms}
"""
