"""What is known of one image, and what that comes to."""

from dataclasses import replace
from typing import Any

import pytest

from bake_compiler.buildx import Failure
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome
from bake_compiler.verbs.build.record import Record
from bake_compiler.verify import Finding, Severity
from tests.fakes.planned import planned

AMD64, ARM64 = Platform.parse("amd64"), Platform.parse("arm64")
REFERENCES = (Reference.parse("r.test/web:1"), Reference.parse("r.test/web:latest"))
DIGEST = Digest.of(b"web")
GOOD = Attempt(1, 10, 20)
BAD = Attempt(1, 10, 20, failure=Failure("it broke"))
PASSING = replace(BAD, failure=Failure("it was busy", transient=True), pause=3)
WRONG = Finding("web", ARM64, "platform-missing", "no arm64")
DOUBT = replace(WRONG, severity=Severity.WARNING)


def record(**known: Any) -> Record:
    return Record(planned("web", "hub"), REFERENCES, ("hub",), **known)


def verified(*findings: Finding) -> ImageResult:
    wrong = {finding.platform for finding in findings if finding.severity is Severity.ERROR}
    cells = (
        CellResult(Cell("web", platform), Outcome.FAILED if platform in wrong else Outcome.VERIFIED, "")
        for platform in (AMD64, ARM64)
    )
    return ImageResult("web", "r.test/web@sha256:0", tuple(cells), findings=findings, seconds=99)


def cells(one: Record) -> list[str]:
    return [str(cell.outcome) for cell in one.result().cells]


@pytest.mark.parametrize(
    ("known", "good", "ends"),
    [
        ({}, False, "blocked blocked"),
        ({"attempts": [GOOD], "settled": True, "digest": DIGEST}, False, "blocked blocked"),
        ({"attempts": [GOOD], "settled": True, "digest": DIGEST, "verified": verified()}, True, "built built"),
        ({"attempts": [GOOD], "settled": True, "digest": DIGEST, "verified": verified(DOUBT)}, True, "built built"),
        ({"attempts": [GOOD], "settled": True, "digest": DIGEST, "verified": verified(WRONG)}, False, "built failed"),
        ({"attempts": [GOOD], "settled": True, "push": False}, True, "loaded loaded"),
        ({"attempts": [BAD], "settled": True}, False, "failed failed"),
        ({"attempts": [BAD], "settled": True, "push": False}, False, "failed failed"),
        ({"attempts": [PASSING]}, False, "blocked blocked"),
        ({"attempts": [PASSING], "push": False}, False, "blocked blocked"),
        ({"attempts": [PASSING, GOOD], "settled": True, "digest": DIGEST, "verified": verified()}, True, "built built"),
        ({"blocked": "needs hub, which failed"}, False, "blocked blocked"),
        ({"blocked": "stopped", "attempts": [PASSING]}, False, "blocked blocked"),
        ({"kept_from": "r0", "digest": DIGEST, "verified": verified()}, True, "built built"),
    ],
)
def test_each_cell_ends_as_one_thing_and_the_image_is_good_when_all_of_it_is(
    known: dict[str, Any], good: bool, ends: str
) -> None:
    one = record(**known)

    assert one.good is good
    assert cells(one) == ends.split()
    assert [cell.cell for cell in one.result().cells] == [Cell("web", AMD64), Cell("web", ARM64)]


def test_a_failure_on_one_platform_blocks_the_others_of_the_image() -> None:
    failed = replace(BAD, failure=Failure("it broke", platform=ARM64))

    result = record(attempts=[failed], settled=True).result()

    assert [(str(cell.outcome), cell.why) for cell in result.cells] == [
        ("blocked", "linux/arm64 of the same image failed"),
        ("failed", "it broke"),
    ]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, "interrupted before it was done"),
        ({"attempts": [GOOD], "settled": True, "digest": DIGEST}, "interrupted before it was verified"),
        ({"attempts": [PASSING]}, "interrupted before it was done; attempt 1 had failed: it was busy"),
        ({"blocked": "needs hub, which failed"}, "needs hub, which failed"),
    ],
)
def test_why_an_image_is_not_built_is_said(known: dict[str, Any], why: str) -> None:
    assert {cell.why for cell in record(**known).result().cells} == {why}


def test_a_fault_that_may_pass_is_no_failure_until_it_is_the_last() -> None:
    assert record(attempts=[PASSING]).result().failure is None
    assert record(attempts=[PASSING], settled=True).result().failure == PASSING.failure
    assert record(attempts=[PASSING, GOOD], settled=True).result().failure is None


def test_the_result_is_the_public_image_with_all_that_is_known() -> None:
    one = record(
        attempts=[PASSING, GOOD], settled=True, digest=DIGEST, verified=verified(DOUBT), began=10.0, ended=25.0
    )

    result = one.result()

    assert (result.reference, result.tags) == ("r.test/web:1", ("r.test/web:latest",))
    assert (result.phase, result.needs, result.digest) == ("first", ("hub",), DIGEST)
    assert (result.began, result.ended, result.seconds, result.retries) == (10.0, 25.0, 15.0, 1)
    assert result.findings == (DOUBT,)
    assert result.attempts == (PASSING, GOOD)


def test_an_image_that_was_never_begun_took_no_time() -> None:
    assert record().result().seconds == 0
