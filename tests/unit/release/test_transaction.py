from pathlib import Path

import pytest

from bake_compiler.errors import RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import RawManifest
from bake_compiler.registry import Registry
from bake_compiler.release import move_all, plan_moves
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made, index_of
from tests.fakes.registry import FakeRegistry, Fault
from tests.fakes.wire import Reply, Request

pytestmark = pytest.mark.anyio

NAMES = ("acme/api", "acme/web", "acme/worker")
HOST = "registry.test"
STAGED = "staged-1"


class ForgetfulRegistry(FakeRegistry):
    """It does what a write to one repository asks, and then its answer is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.loses_answers_of = ""

    def respond(self, request: Request) -> Reply:
        reply = super().respond(request)
        if self.loses_answers_of and request.method == "PUT" and self.loses_answers_of in request.path:
            self.loses_answers_of = ""
            return Reply(400, body=b"a proxy lost it")
        return reply


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake() -> ForgetfulRegistry:
    """Three images: the old ones under `1.0`, the new ones staged."""
    fake = ForgetfulRegistry()
    for name in NAMES:
        fake.push_image(name, "1.0", ("linux/amd64",))
        fake.push_image(name, STAGED, ("linux/amd64", "linux/arm64"))
    return fake


@pytest.fixture
def registry(fake: ForgetfulRegistry) -> Registry:
    return Registry(fake, retry=FakeClock().retry())


async def staged(registry: Registry) -> list[tuple[Reference, RawManifest]]:
    return [
        (Reference.parse(f"{HOST}/{name}:1.0"), await registry.manifest(Reference.parse(f"{HOST}/{name}:{STAGED}")))
        for name in NAMES
    ]


def public(fake: FakeRegistry) -> dict[str, str | None]:
    return {name: fake.tag(name, "1.0") for name in NAMES}


def wanted(fake: FakeRegistry) -> dict[str, str | None]:
    return {name: fake.tag(name, STAGED) for name in NAMES}


async def test_every_public_tag_names_what_was_staged(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path
) -> None:
    await move_all(registry, tmp_path, "one", await plan_moves(registry, await staged(registry)))

    assert public(fake) == wanted(fake)


async def test_a_tag_that_names_the_new_content_already_is_not_written_again(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path
) -> None:
    await move_all(registry, tmp_path, "one", await plan_moves(registry, await staged(registry)))
    written = len([request for request in fake.requests if request.method == "PUT"])

    await move_all(registry, tmp_path, "one", await plan_moves(registry, await staged(registry)))

    assert len([request for request in fake.requests if request.method == "PUT"]) == written


@pytest.mark.parametrize("name", NAMES)
async def test_when_one_tag_can_not_be_moved_all_stay_as_they_were(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path, name: str
) -> None:
    before = public(fake)
    moves = await plan_moves(registry, await staged(registry))
    fake.faults.append(Fault(403, path=name, method="PUT"))

    with pytest.raises(RegistryError) as caught:
        await move_all(registry, tmp_path, "one", moves)

    assert public(fake) == before
    assert caught.value.message.startswith(f"{HOST}/{name}:1.0 could not be moved: ")
    assert caught.value.message.endswith("; all other tags are as they were")
    assert caught.value.hint


@pytest.mark.parametrize("name", NAMES)
async def test_a_write_that_happened_but_was_answered_with_an_error_is_undone_too(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path, name: str
) -> None:
    before = public(fake)
    moves = await plan_moves(registry, await staged(registry))
    fake.loses_answers_of = name

    with pytest.raises(RegistryError):
        await move_all(registry, tmp_path, "one", moves)

    assert public(fake) == before


async def test_tags_that_could_not_be_put_back_are_named(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path
) -> None:
    moves = await plan_moves(registry, await staged(registry))
    fake.faults.append(Fault(403, path="acme/worker", method="PUT"))
    fake.faults.append(Fault(0, path="acme/api", method="PUT"))  # the move itself goes well
    fake.faults.append(Fault(403, path="acme/api", method="PUT"))  # putting it back does not

    with pytest.raises(RegistryError, match=r"acme/worker:1\.0 could not be moved.*still moved: .*acme/api:1\.0$"):
        await move_all(registry, tmp_path, "one", moves)

    assert public(fake) == {**wanted(fake), "acme/web": fake_old(), "acme/worker": fake_old()}


def fake_old() -> str:
    return str(old_image().digest)


def old_image() -> Made:
    return index_of("linux/amd64", attested=True)


async def test_a_new_tag_of_a_failed_release_is_named_as_one_that_stays(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path
) -> None:
    del fake.repositories["acme/api"].tags["1.0"]
    moves = await plan_moves(registry, await staged(registry))
    fake.faults.append(Fault(403, path="acme/web", method="PUT"))

    with pytest.raises(RegistryError, match=r"still moved: registry\.test/acme/api:1\.0 \(new\)$"):
        await move_all(registry, tmp_path, "one", moves)


async def test_a_first_tag_that_was_refused_is_not_called_moved(
    fake: ForgetfulRegistry, registry: Registry, tmp_path: Path
) -> None:
    del fake.repositories["acme/api"].tags["1.0"]
    moves = await plan_moves(registry, await staged(registry))
    fake.faults.append(Fault(403, path="acme/api", method="PUT"))

    with pytest.raises(RegistryError, match="all other tags are as they were"):
        await move_all(registry, tmp_path, "one", moves)

    assert fake.tag("acme/api", "1.0") is None


async def test_a_registry_that_does_not_say_what_a_tag_names_ends_the_release_before_it_began(
    fake: ForgetfulRegistry, registry: Registry
) -> None:
    before, to = public(fake), await staged(registry)
    fake.faults.append(Fault(403, path="acme/web/manifests/1.0"))

    with pytest.raises(RegistryError):
        await plan_moves(registry, to)

    assert public(fake) == before
