import httpx
import pytest

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.reference import Reference
from bake_compiler.registry.address import base_url, blob_url, manifest_url, may_follow, registry_of, shown


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


def test_manifests_and_blobs_are_under_their_repository() -> None:
    ref = Reference.parse("nginx:1.0")
    digest = Digest.of(b"")

    assert manifest_url(ref, "1.0") == "https://registry-1.docker.io/v2/library/nginx/manifests/1.0"
    assert blob_url(ref, digest) == f"https://registry-1.docker.io/v2/library/nginx/blobs/{digest}"


@pytest.mark.parametrize(
    ("origin", "target", "allowed"),
    [
        ("https://a.test/", "https://b.test/", True),
        ("https://a.test/", "http://a.test/", False),
        ("https://a.test/", "http://127.0.0.1/", False),
        ("http://127.0.0.1/", "http://localhost:1/", True),
        ("http://127.0.0.1/", "http://a.test/", False),
        ("http://127.0.0.1/", "file:///etc/passwd", False),
    ],
)
def test_follows_over_https_or_from_loopback_to_loopback(origin: str, target: str, allowed: bool) -> None:
    assert may_follow(httpx.URL(origin), httpx.URL(target)) is allowed


def test_shows_a_url_without_credentials() -> None:
    assert shown("https://me:secret@a.test:5000/b?token=secret#secret") == "https://a.test:5000/b"


@pytest.mark.parametrize(
    ("url", "registry"),
    [("https://registry-1.docker.io/v2/", "docker.io"), ("http://localhost:5000/v2/", "localhost:5000")],
)
def test_names_the_registry_as_docker_login_does(url: str, registry: str) -> None:
    assert registry_of(url) == registry
