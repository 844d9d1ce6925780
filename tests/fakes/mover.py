"""A release of public tags as a process of its own: its arguments are a project, a name, a text and the tags."""

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from bake_compiler.oci.reference import Reference
from bake_compiler.registry import connect
from bake_compiler.release import move_all
from tests.fakes.tags import moves_to


async def release(tags: Iterable[Reference], root: Path, name: str, about: str) -> None:
    """Move the tags to the indexes of this text."""
    async with connect(os.environ) as registry:
        await move_all(registry, root, name, await moves_to(registry, tags, about))


def script() -> None:
    """The whole process (tests/fakes/whole.py)."""
    root, name, about, *tags = sys.argv[1:]
    asyncio.run(release(map(Reference.parse, tags), Path(root), name, about))
    os._exit(0)
