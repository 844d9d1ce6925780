"""Where a registry answers, and where it may send us."""

from ipaddress import ip_address

import httpx

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference

_API_HOSTS = {"docker.io": "registry-1.docker.io"}
_REGISTRIES = {host: registry for registry, host in _API_HOSTS.items()}


def base_url(registry_host: str) -> str:
    """The root of a registry's API: https, or plain http on this machine's own loopback."""
    scheme = "http" if is_loopback(_host_of(registry_host)) else "https"
    return f"{scheme}://{_API_HOSTS.get(registry_host, registry_host)}/v2/"


def manifest_url(ref: Reference, name: Digest | str) -> str:
    """Where a manifest is, by tag or digest."""
    return f"{base_url(ref.registry)}{ref.repository}/manifests/{name}"


def blob_url(ref: Reference, digest: Digest) -> str:
    """Where a blob is."""
    return f"{base_url(ref.registry)}{ref.repository}/blobs/{digest}"


def is_loopback(host: str) -> bool:
    """Whether a host without its port is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def may_follow(origin: httpx.URL, target: httpx.URL) -> bool:
    """Whether a blob may be fetched from where its registry points: over https, or loopback to loopback."""
    if target.scheme == "https":
        return True
    return target.scheme == "http" and is_loopback(target.host) and is_loopback(origin.host)


def shown(url: httpx.URL | str) -> str:
    """A URL for a person: without query and user, which may carry credentials."""
    return str(httpx.URL(url).copy_with(query=None, fragment=None, username="", password=""))


def registry_of(url: str) -> str:
    """The registry that a URL belongs to, as references and `docker login` name it."""
    authority = httpx.URL(url).netloc.decode()
    return _REGISTRIES.get(authority, authority)


def _host_of(registry_host: str) -> str:
    if registry_host.startswith("["):
        return registry_host.partition("]")[0] + "]"
    return registry_host.partition(":")[0]
