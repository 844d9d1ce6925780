import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry.address import (
    base_url,
    blob_path,
    is_off_limits,
    is_private,
    join_url,
    literal,
    manifest_path,
    may_follow,
    referrers_path,
    shown,
)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("ghcr.io", "https://ghcr.io/v2/"),
        ("registry.test:5000", "https://registry.test:5000/v2/"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000/v2/"),
        ("127.evil.test", "https://127.evil.test/v2/"),
        ("localhost.evil.test", "https://localhost.evil.test/v2/"),
        ("[2001:db8::1]:5000", "https://[2001:db8::1]:5000/v2/"),
        ("localhost", "http://localhost/v2/"),
        ("LOCALHOST:5000", "http://LOCALHOST:5000/v2/"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("127.1.2.3", "http://127.1.2.3/v2/"),
        ("[::1]:5000", "http://[::1]:5000/v2/"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
    ],
)
def test_speaks_plain_http_to_loopback_only(host: str, url: str) -> None:
    assert base_url(host) == url


def test_speaks_plain_http_where_it_is_allowed_by_name() -> None:
    allowed = {"registry.lan:5000"}

    assert base_url("registry.lan:5000", allowed) == "http://registry.lan:5000/v2/"
    assert base_url("registry.lan", allowed) == "https://registry.lan/v2/"


def test_speaks_tls_to_loopback_where_it_is_known_to() -> None:
    assert base_url("127.0.0.1:5000", secure={"127.0.0.1:5000"}) == "https://127.0.0.1:5000/v2/"


def test_manifests_blobs_and_referrers_are_under_their_repository() -> None:
    ref = Reference.parse("nginx:1.0")
    digest = Digest.of(b"")

    assert manifest_path(ref, "1.0") == "library/nginx/manifests/1.0"
    assert blob_path(ref, digest) == f"library/nginx/blobs/{digest}"
    assert referrers_path(ref, digest) == f"library/nginx/referrers/{digest}"


@pytest.mark.parametrize(
    ("origin", "target", "allowed"),
    [
        ("https://a.test/", "https://b.test/", True),
        ("https://a.test/", "http://a.test/", False),
        ("https://a.test/", "http://127.0.0.1/", False),
        ("https://a.test/", "https://127.0.0.1/", False),
        ("https://a.test/", "https://localhost/", False),
        ("https://a.test/", "https://[::ffff:127.0.0.1]/", False),
        ("https://a.test/", "https://10.0.0.1/", True),
        ("https://a.test/", "https://169.254.169.254/latest", False),
        ("http://127.0.0.1/", "https://169.254.169.254/latest", False),
        ("https://169.254.169.254/", "https://169.254.169.254/latest", False),
        ("https://a.test/", "https://[fe80::1]/", False),
        ("https://a.test/", "https://[fd00:ec2::254]/", False),
        ("https://a.test/", "https://[::ffff:169.254.169.254]/", False),
        ("https://a.test/", "https://[64:ff9b::a9fe:a9fe]/", False),
        ("https://a.test/", "https://100.100.100.200/", False),
        ("https://a.test/", "https://0.0.0.0/", False),
        ("https://a.test/", "https://me:secret@b.test/", False),
        ("https://a.test/", "https:///nowhere", False),
        ("https://a.test/", "https://b.test:port/", False),
        ("http://a.test:5000/", "http://a.test:5000/other", True),
        ("http://a.test:5000/", "http://b.test:5000/other", False),
        ("https://127.0.0.1/", "https://localhost/", True),
        ("http://127.0.0.1/", "http://localhost:1/", True),
        ("http://127.0.0.1/", "http://a.test/", False),
        ("http://127.0.0.1/", "file:///etc/passwd", False),
    ],
)
def test_follows_over_https_or_from_loopback_to_loopback(origin: str, target: str, allowed: bool) -> None:
    assert may_follow(origin, target) is allowed


def test_shows_a_url_without_credentials() -> None:
    assert shown("https://me:secret@a.test:5000/b?token=secret#secret") == "https://a.test:5000/b"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "8.8.8.8", "10.0.0.1", "fd00::1", "64:ff9b::808:808"])
def test_ordinary_addresses_are_not_off_limits(host: str) -> None:
    address = literal(host)

    assert address is not None
    assert not is_off_limits(address)


def test_a_name_is_no_address() -> None:
    assert literal("a.test") is None


@pytest.mark.parametrize(
    ("url", "private"),
    [("https://a.test/", True), ("http://127.0.0.1:5000/", True), ("http://a.test/", False)],
)
def test_only_https_and_loopback_are_private(url: str, private: bool) -> None:
    assert is_private(url) is private


def test_a_location_may_be_relative_and_keeps_its_signature_as_it_is() -> None:
    assert join_url("https://a.test/v2/x", "/y?s=a%2Fb+c&t=%7E") == "https://a.test/y?s=a%2Fb+c&t=%7E"
    assert join_url("https://a.test/v2/x", "https://b.test/a b\r\n\u00e9") == "https://b.test/a%20b%0D%0A%C3%A9"
