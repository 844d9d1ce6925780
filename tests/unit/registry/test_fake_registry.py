"""What the contract cannot ask of a real registry: faults, on both edges of the fake one."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from bake_compiler.oci.digest import Digest
from tests.fakes.images import image_of, index_of
from tests.fakes.registry import FakeRegistry, Fault


@contextmanager
def over_transport(fake: FakeRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.MockTransport(fake), base_url="https://registry.test") as http:
        yield http


@contextmanager
def on_a_socket(fake: FakeRegistry) -> Iterator[httpx.Client]:
    with fake.serve() as host, httpx.Client(base_url=f"http://{host}", trust_env=False) as http:
        yield http


@pytest.fixture(params=[over_transport, on_a_socket])
def http(request: pytest.FixtureRequest, fake: FakeRegistry) -> Iterator[httpx.Client]:
    with request.param(fake) as http:
        yield http


def test_a_fault_hits_as_many_matching_requests_as_told(fake: FakeRegistry, http: httpx.Client) -> None:
    fake.faults.append(Fault(429, path="/v2/", method="GET", times=2, headers={"Retry-After": "1"}))

    answers = [http.get("/v2/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert answers[0].json()["errors"][0]["code"] == "TOOMANYREQUESTS"


def test_a_fault_passes_over_other_requests(fake: FakeRegistry, http: httpx.Client) -> None:
    fake.faults.append(Fault(500, path="/blobs/", method="PUT"))

    assert http.get("/v2/").status_code == 200


def test_a_reset_cuts_one_connection_and_not_the_next(fake: FakeRegistry, http: httpx.Client) -> None:
    fake.faults.append(Fault(reset=True))

    with pytest.raises(httpx.ReadError):
        http.get("/v2/")
    assert http.get("/v2/").status_code == 200


def test_a_delayed_answer_comes_when_a_client_without_patience_has_left(fake: FakeRegistry) -> None:
    fake.faults += [Fault(delay=0.2), Fault(delay=0.01)]

    with on_a_socket(fake) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.get("/v2/", timeout=0.02)
        assert http.get("/v2/").status_code == 200


def test_requests_are_remembered(fake: FakeRegistry, http: httpx.Client) -> None:
    http.get("/v2/", headers={"X-Asked": "yes"})

    assert [str(request) for request in fake.requests] == ["GET /v2/"]
    assert fake.requests[0].headers["x-asked"] == "yes"


def test_a_body_without_a_stated_length_is_read(fake: FakeRegistry, http: httpx.Client) -> None:
    where = http.post("/v2/acme/web/blobs/uploads/").headers["Location"]
    digest = str(Digest.of(b"onetwo"))

    answer = http.put(where, params={"digest": digest}, content=iter([b"one", b"two"]))

    assert answer.status_code == 201
    assert fake.repositories["acme/web"].blobs == {digest: b"onetwo"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/", 404),
        ("DELETE", "/v2/acme/web/manifests/1.0", 405),
        ("PATCH", "/v2/acme/web/blobs/uploads/0", 404),
        ("PUT", "/v2/acme/web/blobs/uploads/0", 404),
    ],
)
def test_what_it_does_not_know_it_refuses(http: httpx.Client, method: str, path: str, status: int) -> None:
    assert http.request(method, path).status_code == status


def test_a_head_has_the_headers_of_a_get(fake: FakeRegistry, http: httpx.Client) -> None:
    fake.push_image("acme/web", "1.0", ("linux/amd64",))
    path = "/v2/acme/web/manifests/1.0"

    head, got = http.head(path), http.get(path)

    assert head.content == b""
    for name in ("Content-Length", "Content-Type", "Docker-Content-Digest"):
        assert head.headers[name] == got.headers[name]


def test_helpers_say_what_the_registry_holds(fake: FakeRegistry) -> None:
    made = fake.push("acme/web", "1.0", index_of(image_of("linux/arm64", says="linux/amd64")))
    assert fake.tag("acme/web", "1.0") == str(made.digest)

    fake.delete("acme/web", made.children[0].digest)

    assert list(fake.repositories["acme/web"].manifests) == [str(made.digest)]
    assert fake.tag("acme/web", "2.0") is None
