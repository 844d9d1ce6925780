"""The gallery in a real registry: what is wrong with an image is found there too."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bake_compiler.report import Report
from tests.gallery.exhibit import Exhibit
from tests.gallery.places import over_http
from tests.gallery.test_gallery import REAL, judge, verified

pytestmark = pytest.mark.docker

Reports = dict[str, Report | BaseException]


@pytest.fixture(scope="module")
def reports(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """The report of every exhibit that a real registry can have, by the name of the exhibit."""
    return asyncio.run(_all_verified(registry, REAL, tmp_path_factory.mktemp("layers")))


async def _all_verified(host: str, exhibits: Sequence[Exhibit], cache: Path) -> Reports:
    free = asyncio.Semaphore(8)

    async def one(exhibit: Exhibit) -> Report:
        async with free:
            return await verified(exhibit, place, cache)

    async with over_http(host) as place:
        reports = await asyncio.gather(*map(one, exhibits), return_exceptions=True)
    return dict(zip(map(str, exhibits), reports, strict=True))


@pytest.mark.parametrize("exhibit", REAL, ids=str)
def test_a_real_registry_shows_the_same(exhibit: Exhibit, reports: Reports) -> None:
    report = reports[exhibit.name]
    if isinstance(report, BaseException):
        raise report
    judge(exhibit, report)
