"""The report as JUnit XML."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given

from bake_compiler.buildx import Failure
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.formats.junit import render_junit
from bake_compiler.verify import UNCHECKED, Finding
from tests.fakes import reports as made

AMD64, ARM64 = map(Platform.parse, ("amd64", "arm64"))
MAKE = Failure("exit code: 2", "build", ARM64, "app", "RUN make", "Dockerfile:7", ("no such part",), "web.log", "step")


def image(name: str, amd64: Outcome, arm64: Outcome, **fields: str) -> ImageResult:
    cells = (
        CellResult(Cell(name, AMD64), amd64, fields.get("why", "")),
        CellResult(Cell(name, ARM64), arm64, fields.get("why", "")),
    )
    return ImageResult(name, f"r.test/{name}:1", cells, phase=fields.get("phase", ""), seconds=2.5)


def run(*images: ImageResult, excluded: tuple[CellResult, ...] = ()) -> Report:
    return Report("build", "r.test", "1", images, excluded, published=False, seconds=4.0, run="r1", began=1.0)


def parsed(report: Report) -> ET.Element:
    return ET.fromstring(render_junit(report))  # noqa: S314 - our own document


def test_a_build_as_a_ci_reads_it() -> None:
    web = replace(image("web", Outcome.BLOCKED, Outcome.FAILED, phase="apphub", why="arm64 failed"), failure=MAKE)
    report = run(
        image("hub", Outcome.BUILT, Outcome.BUILT, phase="base"),
        web,
        excluded=(CellResult(Cell("hub", Platform.parse("riscv64")), Outcome.EXCLUDED, "no upstream"),),
    )

    assert (
        render_junit(report)
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bakec build" tests="5" failures="1" errors="1" skipped="1" time="4.000">
  <testsuite name="base" tests="3" failures="0" errors="0" skipped="1" time="2.500" timestamp="1970-01-01T00:00:01">
    <properties>
      <property name="registry" value="r.test" />
      <property name="tag" value="1" />
      <property name="run" value="r1" />
    </properties>
    <testcase classname="hub" name="hub linux/amd64" time="2.500" />
    <testcase classname="hub" name="hub linux/arm64" time="2.500" />
    <testcase classname="hub" name="hub linux/riscv64" time="0.000">
      <skipped message="no upstream" />
    </testcase>
  </testsuite>
  <testsuite name="apphub" tests="2" failures="1" errors="1" skipped="0" time="2.500" timestamp="1970-01-01T00:00:01">
    <properties>
      <property name="registry" value="r.test" />
      <property name="tag" value="1" />
      <property name="run" value="r1" />
    </properties>
    <testcase classname="web" name="web linux/amd64" time="2.500">
      <error type="blocked" message="arm64 failed" />
    </testcase>
    <testcase classname="web" name="web linux/arm64" time="2.500">
      <failure type="step" message="exit code: 2">web on linux/arm64 (Dockerfile:7, stage app): exit code: 2
RUN make
not tried again: only the author can fix a failing step [step]</failure>
      <system-out>no such part
whole log: web.log</system-out>
    </testcase>
  </testsuite>
</testsuites>
"""
    )


def test_the_registry_and_an_interruption_are_errors_and_a_wrong_image_is_a_failure() -> None:
    both = (Outcome.FAILED, Outcome.FAILED)
    push = replace(image("push", *both), failure=Failure("503", "registry", fault="registry-5xx"))
    unread = replace(image("unread", *both), findings=(Finding("unread", None, UNCHECKED, "503"),))
    lie = replace(image("lie", *both), findings=(Finding("lie", ARM64, "platform-lie", "it is amd64", "build it"),))

    found = {case.get("classname"): case[0] for case in parsed(run(push, unread, lie)).iter("testcase")}

    assert {name: (each.tag, each.get("type")) for name, each in found.items()} == {
        "push": ("error", "registry-5xx"),
        "unread": ("error", UNCHECKED),
        "lie": ("failure", "platform-lie"),
    }


def test_what_is_no_ones_cell_is_red_too() -> None:
    good = image("web", Outcome.BUILT, Outcome.BUILT)
    stopped = parsed(replace(run(good), interrupted=True))
    unmoved = parsed(replace(run(good), publish_error="403 of r.test"))
    absent = ImageResult("gone", "r/gone:1", (), findings=(Finding("gone", None, "absent", "404"),))

    assert [(case.get("name"), case[0].get("message")) for case in stopped.iter("testcase") if len(case)] == [
        ("the run", "interrupted")
    ]
    assert [case[0].get("message") for case in unmoved.iter("testcase") if len(case)] == ["403 of r.test"]
    assert [case.get("name") for case in parsed(run(absent)).iter("testcase")] == ["gone"]


@given(made.reports)
def test_any_report_is_xml_whose_counts_add_up_and_red_exactly_when_the_exit_code_is(report: Report) -> None:
    root = parsed(report)

    for suite in (root, *root):
        cases = list(suite.iter("testcase"))
        kinds = [child.tag for case in cases for child in case if child.tag != "system-out"]
        assert suite.get("tests") == str(len(cases))
        assert [suite.get(name) for name in ("failures", "errors", "skipped")] == [
            str(kinds.count(kind)) for kind in ("failure", "error", "skipped")
        ]
        assert all(len(case) <= 2 for case in cases)
    red = int(root.get("failures", "")) + int(root.get("errors", ""))
    assert bool(red) == bool(report.exit_code)
    assert len(list(root.iter("testcase"))) >= len(report.cells)
