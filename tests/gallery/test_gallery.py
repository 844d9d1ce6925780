"""At least 40 wrong images, each found with its code on its platform; at least 10 unusual ones that are right.

They are verified as `bakec verify` does it, in the fake registry; tests/integration/test_gallery.py has a real one.
"""

import asyncio
import uuid
from pathlib import Path

import pytest

from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.report import Report
from bake_compiler.verbs.verify.readers import LayerReaders
from bake_compiler.verbs.verify.run import Verification, VerifiedImage
from bake_compiler.verify import CHECKS, Promise, Severity
from bake_compiler.verify.binaries import BINARY_CHECKS
from tests.gallery.exhibit import Exhibit, told
from tests.gallery.places import InMemory, Place
from tests.gallery.right import RIGHT
from tests.gallery.wrong_binaries import WRONG_BINARIES
from tests.gallery.wrong_manifests import WRONG_MANIFESTS

BAD = (*WRONG_MANIFESTS, *WRONG_BINARIES)
GOOD = RIGHT
REAL = tuple(exhibit for exhibit in (*BAD, *GOOD) if not exhibit.only_fake)

RUN = uuid.uuid4().hex
OK, UNREACHABLE, WRONG = 0, 5, 6
LAYER_CODES = {"layer-unreadable", "layer-unsafe", "over-limit"}


async def verified(exhibit: Exhibit, place: Place, cache: Path) -> Report:
    """The report of an exhibit, after all that happens to it."""
    unique = uuid.uuid4().hex
    name = f"gallery/{unique if exhibit.alone else RUN}"
    reference = Reference.parse(f"{place.host}/{name}:{unique}")
    await place.push(name, unique, exhibit.made)
    for tag, made in exhibit.tags.items():
        if made:
            await place.push(name, tag, made)
    for damage in exhibit.damage:
        await place.harm(name, damage)
    promise = Promise("web", reference, tuple(map(Platform.parse, exhibit.platforms)), **exhibit.promise)
    layers = LayerReaders(place.client, cache) if exhibit.deep else None
    subject = VerifiedImage(promise, tuple(map(reference.tagged, exhibit.tags)))
    return await Verification(place.client, layers).run([subject])


def judge(exhibit: Exhibit, report: Report) -> None:
    (image,) = report.images
    assert told(image.findings) == exhibit.finds, "\n".join(map(str, image.findings))
    assert all(finding.message and finding.hint for finding in image.findings)
    errors = {code for severity, _, code in exhibit.finds if severity is Severity.ERROR}
    assert report.exit_code == (OK if not errors else UNREACHABLE if errors == {"unchecked"} else WRONG)


@pytest.mark.parametrize("exhibit", BAD, ids=str)
def test_a_wrong_image_is_found(exhibit: Exhibit, tmp_path: Path) -> None:
    judge(exhibit, asyncio.run(verified(exhibit, InMemory(), tmp_path)))


@pytest.mark.parametrize("exhibit", GOOD, ids=str)
def test_nothing_is_found_in_an_image_that_is_right(exhibit: Exhibit, tmp_path: Path) -> None:
    judge(exhibit, asyncio.run(verified(exhibit, InMemory(), tmp_path)))


def test_what_was_read_of_layers_before_changes_nothing(tmp_path: Path) -> None:
    """All exhibits share a cache, and are verified twice; bytes that were damaged since are not read again."""
    for exhibit in (*BAD, *GOOD) * 2:
        if exhibit.deep and not exhibit.damage:
            judge(exhibit, asyncio.run(verified(exhibit, InMemory(), tmp_path)))


def test_the_gallery_is_as_large_as_promised_and_no_picture_hangs_twice() -> None:
    assert len(BAD) >= 40
    assert len(GOOD) >= 10
    assert all(exhibit.finds for exhibit in BAD)
    assert not any(exhibit.finds for exhibit in GOOD)
    assert len({exhibit.name for exhibit in (*BAD, *GOOD)}) == len(BAD) + len(GOOD)


def test_a_real_registry_shows_most_of_it() -> None:
    assert sum(exhibit in BAD for exhibit in REAL) >= 40
    assert sum(exhibit in GOOD for exhibit in REAL) >= 10


def test_every_code_hangs_in_the_gallery() -> None:
    checks = {check.__name__.removeprefix("check_").replace("_", "-") for check in (*CHECKS, *BINARY_CHECKS)}

    assert {code for exhibit in BAD for _, _, code in exhibit.finds} == checks | LAYER_CODES
