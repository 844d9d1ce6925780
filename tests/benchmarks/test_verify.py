"""`./dev bench verify`, small and without an engine: bakec and its peer read the same images."""

import asyncio
import os
import re

import pytest

from benchmarks import fleet
from benchmarks.verify import Peer, compare, compare_from_afar
from tests.fakes.registry import FakeRegistry

IMAGES = 2


def imagetools() -> Peer:
    argv = (os.environ["BAKEC_BUILDX_NEWEST"], "imagetools", "inspect", "--raw")
    return Peer("imagetools", 30, argv, '"schemaVersion"', children=True)


@pytest.mark.buildx
def test_bakec_verifies_all_images_near_and_far_and_its_peer_reads_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake = FakeRegistry()
    with fake.serve() as registry:
        asyncio.run(fleet.push(registry, IMAGES))
        compare("Near", registry, IMAGES, [imagetools()], rounds=1)
        compare_from_afar(registry, IMAGES, [imagetools()], rounds=1)

    out = capsys.readouterr().out
    assert out.count("`bakec verify` of 2 images ") == out.count("| imagetools | ") == 2
    model = re.search(r"dependent round trips \+ (\d+) requests / (\d+) connections", out)
    assert model, out
    assert int(model[1]) >= IMAGES * 3  # of each image an index and two manifests
    assert int(model[2]) >= 1


def test_images_that_are_not_there_are_not_timed() -> None:
    fake = FakeRegistry()
    with fake.serve() as registry, pytest.raises(SystemExit, match=r"bakec verify .* exited with \d"):
        compare("Near", registry, IMAGES, [], rounds=1)
