from dataclasses import replace

from bake_compiler.oci.platform import Platform
from bake_compiler.verify import Finding, Severity, verified_platforms
from tests.unit.verify.promises import BOTH

AMD, ARM = BOTH.platforms
RISCV = Platform.parse("riscv64")


def finding(platform: Platform | None = None, severity: Severity = Severity.ERROR) -> Finding:
    return Finding("web", platform, "code", "it is broken", severity=severity)


def test_reads_as_one_line() -> None:
    assert str(finding(ARM)) == "error: web linux/arm64: it is broken [code]"
    assert str(finding(severity=Severity.WARNING)) == "warning: web: it is broken [code]"


def test_sorts_by_image_then_platform_then_severity() -> None:
    in_order = [
        finding(),
        finding(AMD),
        finding(AMD, Severity.WARNING),
        finding(ARM),
        replace(finding(), image="zap"),
    ]

    assert sorted([*in_order[2:], *in_order[:2]]) == in_order


def test_all_platforms_are_verified_when_nothing_was_found() -> None:
    assert verified_platforms(BOTH, ()) == (AMD, ARM)


def test_an_error_takes_the_proof_from_its_platform() -> None:
    assert verified_platforms(BOTH, [finding(ARM)]) == (AMD,)


def test_an_error_of_the_image_takes_the_proof_from_all_platforms() -> None:
    assert verified_platforms(BOTH, [finding()]) == ()


def test_an_error_of_a_platform_that_nobody_promised_is_one_of_the_image() -> None:
    assert verified_platforms(BOTH, [finding(RISCV)]) == ()


def test_warnings_leave_the_proof() -> None:
    warnings = [finding(platform, Severity.WARNING) for platform in (None, ARM, RISCV)]

    assert verified_platforms(BOTH, warnings) == (AMD, ARM)


def test_findings_of_other_images_leave_the_proof() -> None:
    assert verified_platforms(BOTH, [replace(finding(), image="other")]) == (AMD, ARM)
