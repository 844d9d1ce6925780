"""The addresses of a registry's API, and the addresses to which a registry may redirect bakec."""

import re
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry.quirks import quirks_of

IpAddress = IPv4Address | IPv6Address

_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",  # link-local, and metadata of most clouds
            "100.100.100.200/32",  # metadata of Alibaba Cloud
            "168.63.129.16/32",  # Azure's host
            "192.0.0.192/32",  # metadata of Oracle Cloud
            "224.0.0.0/4",
            "255.255.255.255/32",
            "::/128",
            "fe80::/10",
            "ff00::/8",
            "fd00:ec2::254/128",  # metadata of AWS
            "fd20:ce::254/128",  # metadata of Google Cloud
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")


def base_url(registry_host: str, insecure: Container[str] = (), secure: Container[str] = ()) -> str:
    """Return the root of a registry's API: https, or plain http on loopback and where plain http is allowed.

    Args:
        registry_host: the registry, as in a reference.
        insecure: registries that bakec may ask over plain http.
        secure: registries on loopback that speak TLS.
    """
    plain = registry_host in insecure or (is_loopback(_host_of(registry_host)) and registry_host not in secure)
    return f"{'http' if plain else 'https'}://{quirks_of(registry_host).api_host or registry_host}/v2/"


def manifest_path(ref: Reference, name: Digest | str) -> str:
    """Return the path of a manifest, by tag or digest, below the root of the API."""
    return f"{ref.repository}/manifests/{name}"


def blob_path(ref: Reference, digest: Digest) -> str:
    """Return the path of a blob."""
    return f"{ref.repository}/blobs/{digest}"


def referrers_path(ref: Reference, digest: Digest) -> str:
    """Return the path of the list of manifests that refer to a manifest."""
    return f"{ref.repository}/referrers/{digest}"


def uploads_path(ref: Reference) -> str:
    """Return the path at which an upload to a repository begins."""
    return f"{ref.repository}/blobs/uploads/"


def tags_path(ref: Reference, number: int) -> str:
    """Return the path of the list of a repository's tags, with `number` tags on a page."""
    return f"{ref.repository}/tags/list?n={number}"


def is_loopback(host: str) -> bool:
    """Whether a host without its port is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    address = literal(host)
    return address is not None and address.is_loopback


def literal(host: str) -> IpAddress | None:
    """Return the IP address that a host is; None for a name. An IPv4 address in IPv6 form counts as IPv4."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    wrapped = IPv4Address(address.packed[-4:]) if address in _NAT64 else address.ipv4_mapped or address.sixtofour
    return wrapped or address


def is_off_limits(address: IpAddress) -> bool:
    """Whether no registry may redirect to an address: link-local, cloud metadata, unspecified, multicast."""
    return any(address.version == network.version and address in network for network in _NEVER)


def join_url(url: str, location: str) -> str:
    """Return the absolute URL of a `Location` header.

    Raises:
        ValueError: the header is not a URL.
    """
    return urljoin(url, quote(location, safe=_VISIBLE))


def may_follow(origin: str, target: str) -> bool:
    """Whether a registry may redirect bakec to a URL.

    The target must use https, or be on loopback like the registry, or have the registry's scheme, host and port. A
    target that is off limits is never allowed, and loopback only for a registry on loopback. `network.py` checks the
    addresses that a name resolves to.
    """
    try:
        here, there = urlsplit(origin), urlsplit(target)
        same = _authority(here) == _authority(there)
    except ValueError:
        return False
    if "@" in there.netloc or not there.hostname or there.scheme not in {"http", "https"}:
        return False
    address = literal(there.hostname)
    if address and is_off_limits(address):
        return False
    local = is_loopback(here.hostname or "")
    if is_loopback(there.hostname):
        return local
    return there.scheme == "https" or same


def is_private(url: str) -> bool:
    """Whether nobody can read the request on its way: https, or loopback."""
    split = urlsplit(url)
    return split.scheme == "https" or is_loopback(split.hostname or "")


def same_host(url: str, other: str) -> bool:
    """Whether two URLs have the same host, on any port."""
    return urlsplit(url).hostname == urlsplit(other).hostname


def same_place(url: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port."""
    return _authority(urlsplit(url)) == _authority(urlsplit(other))


def shown(url: str) -> str:
    """Return a URL for a person: without query and user, which may contain credentials."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    return re.sub(r"(?<=//)[^/]*@", "", bare)


def _authority(url: SplitResult) -> tuple[str, str, int | None]:
    return url.scheme, url.hostname or "", url.port or {"http": 80, "https": 443}.get(url.scheme)


def _host_of(registry_host: str) -> str:
    if registry_host.startswith("["):
        return registry_host.partition("]")[0] + "]"
    return registry_host.partition(":")[0]
