import asyncio
import json

import pytest

from bake_compiler.errors import AccessError, NotFoundError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.registry.credentials import Credential
from tests.fakes.clock import FakeClock
from tests.fakes.guards import Basic, Tokens
from tests.fakes.images import Made
from tests.fakes.registry import FakeRegistry, Fault, Hosts

pytestmark = pytest.mark.anyio

REF = Reference.parse("registry.test/acme/web:1.0")
OTHER = Reference.parse("registry.test/acme/api:1.0")
PULL = "repository:acme/web:pull"


class Me:
    """Credentials for one registry; each question for them counts."""

    def __init__(self, credential: Credential | None, registry: str = REF.registry) -> None:
        self.credential = credential
        self.registry = registry
        self.asked = 0

    async def find(self, registry: str) -> Credential | None:
        self.asked += 1
        return self.credential if registry == self.registry else None


ME = Credential("me", "pass:word")


@pytest.fixture
def tokens(fake: FakeRegistry, clock: FakeClock) -> Tokens:
    fake.guard = Tokens({"me": "pass:word"}, clock=clock.read)
    return fake.guard


@pytest.fixture
def made(fake: FakeRegistry) -> Made:
    fake.push_image("acme/api", "1.0", ("linux/amd64",))
    return fake.push_image("acme/web", "1.0", ("linux/amd64",))


@pytest.fixture
def registry(fake: FakeRegistry, clock: FakeClock) -> Registry:
    return Registry(fake, credentials=Me(ME), retry=clock.retry())


def paths(fake: FakeRegistry) -> list[str]:
    return [request.path for request in fake.requests]


async def test_a_token_is_got_when_the_registry_wants_one(
    registry: Registry, fake: FakeRegistry, tokens: Tokens, made: Made
) -> None:
    assert (await registry.manifest(REF)).digest == made.digest
    assert paths(fake) == ["/v2/acme/web/manifests/1.0", "/token", "/v2/acme/web/manifests/1.0"]
    assert fake.requests[1].query == {
        "service": "fake, registry",
        "scope": PULL,
        "account": "me",
        "client_id": "bakec",
    }
    assert tokens.given == [PULL]


async def test_anybody_may_get_a_token_for_what_is_public(
    fake: FakeRegistry, clock: FakeClock, tokens: Tokens, made: Made
) -> None:
    tokens.public = frozenset({"acme/web"})

    assert (await Registry(fake, retry=clock.retry()).manifest(REF)).digest == made.digest
    assert "authorization" not in fake.requests[1].headers


@pytest.mark.usefixtures("tokens")
async def test_to_write_takes_a_token_of_its_own(registry: Registry, fake: FakeRegistry, made: Made) -> None:
    raw = await registry.manifest(REF)

    await registry.put_manifest(REF.tagged("next"), raw)

    assert fake.tag("acme/web", "next") == str(made.digest)
    assert isinstance(fake.guard, Tokens)
    assert fake.guard.given == [PULL, "repository:acme/web:pull,push"]


@pytest.mark.usefixtures("made")
async def test_many_questions_at_once_share_one_token(registry: Registry, tokens: Tokens) -> None:
    await asyncio.gather(*(registry.manifest(REF) for _ in range(40)))

    assert tokens.given == [PULL]


@pytest.mark.usefixtures("tokens", "made")
async def test_the_next_repository_is_not_refused_first(registry: Registry, fake: FakeRegistry) -> None:
    await registry.manifest(REF)
    fake.requests.clear()

    await registry.manifest(OTHER)

    assert paths(fake) == ["/token", "/v2/acme/api/manifests/1.0"]


async def test_a_token_that_ends_in_the_middle_is_renewed_and_the_question_asked_again(
    registry: Registry, fake: FakeRegistry, tokens: Tokens, made: Made
) -> None:
    await registry.manifest(REF)
    tokens.issued.clear()
    fake.requests.clear()

    found = await asyncio.gather(*(registry.manifest(REF) for _ in range(10)))

    assert {raw.digest for raw in found} == {made.digest}
    assert paths(fake).count("/token") == 1


@pytest.mark.parametrize(("stated", "seconds"), [(True, 280.0), (False, 55.0)])
@pytest.mark.usefixtures("made")
async def test_a_token_is_renewed_before_its_end(
    registry: Registry, fake: FakeRegistry, tokens: Tokens, clock: FakeClock, stated: bool, seconds: float
) -> None:
    tokens.states_lifetime = stated
    await registry.manifest(REF)
    clock.now += seconds
    fake.requests.clear()

    await registry.manifest(REF)

    assert paths(fake) == ["/token", "/v2/acme/web/manifests/1.0"]


@pytest.mark.usefixtures("made")
async def test_a_token_may_be_called_access_token(registry: Registry, tokens: Tokens) -> None:
    tokens.key = "access_token"

    await registry.manifest(REF)

    assert tokens.given == [PULL]


@pytest.mark.usefixtures("made")
async def test_an_identity_token_buys_tokens_and_is_in_no_url(
    fake: FakeRegistry, clock: FakeClock, tokens: Tokens
) -> None:
    tokens.identity_tokens = {"identity-secret": "me"}
    tokens.key = "access_token"
    me = Me(Credential("", "", "identity-secret"))

    await Registry(fake, credentials=me, retry=clock.retry()).manifest(REF)

    asked = fake.requests[1]
    assert (asked.method, asked.path, asked.query) == ("POST", "/token", {})
    assert asked.body == (
        b"grant_type=refresh_token&refresh_token=identity-secret&client_id=bakec"
        b"&service=fake%2C+registry&scope=repository%3Aacme%2Fweb%3Apull"
    )


@pytest.mark.usefixtures("tokens", "made")
async def test_wrong_credentials_are_no_access_and_not_told(fake: FakeRegistry, clock: FakeClock) -> None:
    me = Me(Credential("me", "wrong-secret"))

    with pytest.raises(AccessError) as caught:
        await Registry(fake, credentials=me, retry=clock.retry()).manifest(REF)

    assert caught.value.message.startswith("GET https://registry.test/token: 401 Unauthorized")
    assert caught.value.hint == "these credentials were refused: log in anew with `docker login registry.test`"
    assert "wrong-secret" not in repr(caught.value) + repr(me.credential)
    assert clock.slept == []


@pytest.mark.usefixtures("made")
async def test_a_token_without_the_right_is_no_access_and_never_missing(
    fake: FakeRegistry, clock: FakeClock, tokens: Tokens
) -> None:
    with pytest.raises(AccessError, match="401 Unauthorized") as caught:
        await Registry(fake, retry=clock.retry()).manifest(REF)

    assert "log in with `docker login registry.test`" in caught.value.hint
    assert tokens.given == [PULL]


@pytest.mark.usefixtures("tokens", "made")
async def test_a_private_repository_that_hides_may_be_told_by_the_hint(fake: FakeRegistry, clock: FakeClock) -> None:
    fake.faults.append(Fault(404))

    with pytest.raises(NotFoundError) as caught:
        await Registry(fake, retry=clock.retry()).manifest(REF)

    assert "or is private: `docker login registry.test`" in caught.value.hint


@pytest.mark.usefixtures("made")
async def test_who_has_logged_in_is_not_told_to(registry: Registry, fake: FakeRegistry, tokens: Tokens) -> None:
    await registry.manifest(REF)
    fake.faults.append(Fault(404))

    with pytest.raises(NotFoundError) as caught:
        await registry.manifest(REF)

    assert "docker login" not in caught.value.hint
    assert tokens.given == [PULL]


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.test/token",
        "http://127.0.0.1:1/token",
        "https://169.254.169.254/token",
        "ftp://auth.test/token",
        "https://[zz]/token",
        "token",
    ],
)
@pytest.mark.usefixtures("made")
async def test_a_token_is_not_got_from_an_unsafe_place(
    registry: Registry, fake: FakeRegistry, tokens: Tokens, realm: str
) -> None:
    tokens.realm = realm

    with pytest.raises(AccessError, match=r"names .* as the place to get tokens"):
        await registry.manifest(REF)

    assert len(fake.requests) == 1


@pytest.mark.usefixtures("made")
async def test_credentials_go_to_the_realm_over_https_and_a_redirect_gets_none(
    fake: FakeRegistry, clock: FakeClock, tokens: Tokens
) -> None:
    auth, store = FakeRegistry(), FakeRegistry()
    auth.guard = tokens
    tokens.realm = "https://auth.test/token?tenant=a"
    hosts = Hosts(registry=fake, auth=auth, store=store)

    await Registry(hosts, credentials=Me(ME), retry=clock.retry()).manifest(REF)

    assert [request.onward for request in hosts.requests] == [False, True, False]
    assert auth.requests[0].query["tenant"] == "a"
    assert auth.requests[0].headers["authorization"].startswith("Basic ")
    assert [request.headers.get("authorization", "")[:6] for request in fake.requests] == ["", "Bearer"]


async def test_credentials_of_another_registry_stay_at_home(
    fake: FakeRegistry, clock: FakeClock, tokens: Tokens
) -> None:
    me = Me(ME, registry="other.test")

    with pytest.raises(AccessError):
        await Registry(fake, credentials=me, retry=clock.retry()).manifest(REF)

    assert "authorization" not in fake.requests[1].headers
    assert tokens.given == [PULL]


@pytest.mark.parametrize("basic", [False, True])
@pytest.mark.usefixtures("made", "tokens")
async def test_credentials_never_go_over_plain_http(fake: FakeRegistry, clock: FakeClock, basic: bool) -> None:
    if basic:
        fake.guard = Basic({"me": "pass:word"})
    registry = Registry(fake, credentials=Me(ME), insecure={REF.registry}, retry=clock.retry())

    with pytest.raises(AccessError, match="bakec sends no credentials over plain http"):
        await registry.manifest(REF)

    assert [request.headers.get("authorization") for request in fake.requests] == [None]


@pytest.mark.usefixtures("tokens", "made")
async def test_a_realm_that_fails_for_a_moment_is_asked_again(
    registry: Registry, fake: FakeRegistry, clock: FakeClock
) -> None:
    fake.faults += [Fault(503, path="/token"), Fault(path="/token", reset=True)]

    await registry.manifest(REF)

    assert len(clock.slept) == 2


@pytest.mark.usefixtures("tokens", "made")
async def test_a_realm_that_is_not_there_is_no_access_and_never_missing(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(404, path="/token"))

    with pytest.raises(AccessError, match=r"/token: 404 Not Found"):
        await registry.manifest(REF)


@pytest.mark.usefixtures("tokens", "made")
async def test_a_realm_that_redirects_is_refused(registry: Registry, fake: FakeRegistry) -> None:
    fake.faults.append(Fault(307, path="/token", headers={"Location": "https://elsewhere.test/token"}))

    with pytest.raises(RegistryError, match=r"/token: redirected to https://elsewhere\.test/token"):
        await registry.manifest(REF)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b'{"token": ""}', b'{"token": null}', b'{"token": "a\\r\\nX: b"}', b"[" * 50_000],
)
@pytest.mark.usefixtures("tokens", "made")
async def test_an_answer_without_a_token_is_no_access(registry: Registry, fake: FakeRegistry, body: bytes) -> None:
    fake.faults.append(Fault(200, path="/token", body=body))

    with pytest.raises(AccessError, match="answered without a token"):
        await registry.manifest(REF)


@pytest.mark.parametrize("lifetime", ["1" + "0" * 400, "1e400"])
@pytest.mark.usefixtures("tokens", "made")
async def test_a_lifetime_beyond_all_numbers_is_a_day_at_most(
    registry: Registry, fake: FakeRegistry, tokens: Tokens, clock: FakeClock, lifetime: str
) -> None:
    tokens.issued["odd"] = (PULL, 1_000_000.0)
    fake.faults.append(Fault(200, path="/token", body=f'{{"token": "odd", "expires_in": {lifetime}}}'.encode()))
    await registry.manifest(REF)

    clock.now += 100_000
    await registry.manifest(REF)
    assert tokens.given == [PULL]


@pytest.mark.parametrize("lifetime", ['"soon"', "0", "-5", "null", "NaN", "[]"])
@pytest.mark.usefixtures("tokens", "made")
async def test_an_odd_lifetime_is_that_of_a_token_that_does_not_say(
    registry: Registry, fake: FakeRegistry, tokens: Tokens, clock: FakeClock, lifetime: str
) -> None:
    tokens.issued["odd"] = (PULL, 1000.0)
    fake.faults.append(Fault(200, path="/token", body=f'{{"token": "odd", "expires_in": {lifetime}}}'.encode()))
    await registry.manifest(REF)

    clock.now += 50
    await registry.manifest(REF)
    assert tokens.given == []

    clock.now += 10
    await registry.manifest(REF)
    assert tokens.given == [PULL]


@pytest.mark.usefixtures("made")
async def test_a_registry_may_word_its_scope_as_it_likes(
    registry: Registry, fake: FakeRegistry, tokens: Tokens
) -> None:
    tokens.scheme = 'Basic realm="x", Bearer realm="{realm}", scope="aws"'
    tokens.users = {"me": "pass:word"}
    fake.faults += [Fault(200, path="/token", body=json.dumps({"token": "t"}).encode(), times=9)]
    tokens.issued["t"] = (PULL, 1000.0)

    await registry.manifest(REF)

    assert fake.requests[1].query["scope"] == "aws"


@pytest.mark.usefixtures("made")
async def test_a_scope_of_another_repository_is_asked_for_and_not_remembered(
    registry: Registry, fake: FakeRegistry, tokens: Tokens
) -> None:
    tokens.scheme = 'Bearer realm="{realm}",scope="repository:key/{scope}"'
    fake.faults += [Fault(200, path="/token", body=json.dumps({"token": "t"}).encode(), times=9)]
    tokens.issued["t"] = (PULL, 1000.0)

    await registry.manifest(REF)
    tokens.issued["t"] = ("repository:acme/api:pull", 1000.0)
    await registry.manifest(OTHER)

    assert [request.query["scope"] for request in fake.requests if request.path == "/token"] == [
        f"repository:key/{PULL}",
        "repository:key/repository:acme/api:pull",
    ]


async def test_a_password_is_sent_when_the_registry_wants_one_and_at_once_from_then_on(
    registry: Registry, fake: FakeRegistry, made: Made
) -> None:
    fake.guard = Basic({"me": "pass:word"})

    await registry.manifest(REF)
    assert (await registry.manifest(REF)).digest == made.digest

    assert ["authorization" in request.headers for request in fake.requests] == [False, True, True]


@pytest.mark.parametrize("credential", [None, Credential("me", "wrong"), Credential("", "", "x")])
@pytest.mark.usefixtures("made")
async def test_no_good_password_is_no_access(
    fake: FakeRegistry, clock: FakeClock, credential: Credential | None
) -> None:
    fake.guard = Basic({"me": "pass:word"})

    with pytest.raises(AccessError, match="401 Unauthorized") as caught:
        await Registry(fake, credentials=Me(credential), retry=clock.retry()).manifest(REF)

    assert "`docker login registry.test`" in caught.value.hint
    assert len(fake.requests) <= 2


@pytest.mark.usefixtures("made", "tokens")
async def test_who_waits_for_a_token_that_another_gave_up_still_gets_it(registry: Registry, tokens: Tokens) -> None:
    first = asyncio.ensure_future(registry.manifest(REF))
    second = asyncio.ensure_future(registry.manifest(REF))
    await asyncio.sleep(0)
    first.cancel()

    await second

    assert tokens.given == [PULL]


@pytest.mark.usefixtures("made", "tokens")
async def test_credentials_that_cannot_be_read_are_no_access_each_time(fake: FakeRegistry, clock: FakeClock) -> None:
    class Broken:
        async def find(self, _: str) -> Credential | None:
            raise AccessError("the store is locked")

    registry = Registry(fake, credentials=Broken(), retry=clock.retry())

    for _ in range(2):
        with pytest.raises(AccessError, match="the store is locked"):
            await registry.manifest(REF)
