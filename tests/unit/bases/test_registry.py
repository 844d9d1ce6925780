"""What a registry has under a base image's name, without a builder."""

import pytest

from bake_compiler.bases.registry import RegistryBase, see
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.images import image_of, index_of
from tests.fakes.registry import FakeRegistry

BASE = Reference.parse("r.example/base:1")
AMD64, ARM64 = map(Platform.parse, ("linux/amd64", "linux/arm64"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_an_index_of_indexes_has_the_platforms_of_the_indexes_in_it() -> None:
    fake = FakeRegistry()
    base = index_of(index_of("linux/arm64"), index_of(image_of("linux/amd64")))
    fake.push("base", "1", base)

    seen = await see(Registry(fake, retry=FakeClock().retry()), BASE)

    assert seen == RegistryBase(base.digest, (AMD64, ARM64), is_index=True)
    assert seen.lacks([AMD64, ARM64]) == ()
