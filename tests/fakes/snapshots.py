"""What the registry stage sees of an image in the fake registry."""

import asyncio
from collections.abc import Callable

from bake_compiler.oci.reference import Reference
from bake_compiler.oci.snapshot import Snapshot
from bake_compiler.registry import Registry, fetch_snapshot
from tests.fakes.clock import FakeClock
from tests.fakes.images import Made
from tests.fakes.registry import FakeRegistry

REFERENCE = Reference.parse("registry.test/acme/web:1.0")


def snapshot_of(
    made: Made, *damage: Callable[[FakeRegistry], object], tags: tuple[Reference, ...] = (), provenance: bool = False
) -> Snapshot:
    """The snapshot of an image, pushed as REFERENCE, after this damage to the registry."""
    fake = FakeRegistry()
    fake.push(REFERENCE.repository, REFERENCE.tag, made)
    for harm in damage:
        harm(fake)
    return asyncio.run(_fetch(fake, tags, provenance))


async def _fetch(fake: FakeRegistry, tags: tuple[Reference, ...], provenance: bool) -> Snapshot:
    registry = Registry(fake, retry=FakeClock().retry())
    return await fetch_snapshot(registry, REFERENCE, tags=tags, provenance=provenance)
