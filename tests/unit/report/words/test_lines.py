"""What a person reads of a report, on a terminal and in a pipe."""

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from rich.console import Console

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.report.formats.console import print_matrix
from bake_compiler.report.formats.plain import render_plain
from bake_compiler.report.words.lines import lines, rows, size_in_words, title
from bake_compiler.verify import UNCHECKED, Finding, Severity
from tests.fakes import reports as made

AMD64, ARM64 = map(Platform.parse, ("amd64", "arm64"))
LIE = Finding("web", ARM64, "platform-lie", "the image itself \x1b[31mevil\x07", "let it\rbe")
UNREAD = Finding("web", None, UNCHECKED, "GET https://r.test/v2/web/manifests/1: no connection", "is it up?")
OLD = Finding("web", None, "not-an-index", "one platform only", "push all", Severity.WARNING)


def image(name: str, *outcomes: Outcome, findings: tuple[Finding, ...] = ()) -> ImageResult:
    cells = tuple(
        CellResult(Cell(name, platform), outcome) for platform, outcome in zip((AMD64, ARM64), outcomes, strict=False)
    )
    return ImageResult(name, f"r.test/{name}:1", cells, digest=Digest.of(name.encode()), findings=findings)


def report(*images: ImageResult, **fields: str) -> Report:
    excluded = (CellResult(Cell("old", ARM64), Outcome.EXCLUDED, "no upstream"),)
    return Report("verify", fields.get("registry", "r.test"), "1.0", images, excluded)


WHOLE = report(
    image("web", Outcome.VERIFIED, Outcome.FAILED, findings=(LIE, OLD)), image("db", Outcome.VERIFIED, Outcome.VERIFIED)
)


def on_a_terminal(shown: Report, width: int = 80, *, colour: bool = True) -> str:
    out = io.StringIO()
    print_matrix(shown, Console(file=out, force_terminal=True, no_color=not colour, width=width, highlight=False))
    return out.getvalue()


def test_a_pipe_gets_columns_that_words_are_apart_in_and_all_of_each_finding() -> None:
    text = render_plain(WHOLE)

    lines = text.splitlines()
    assert lines[0] == "r.test, tag 1.0"
    assert lines[1].split() == ["image", "linux/amd64", "linux/arm64", "digest", "seconds"]
    assert lines[2].split()[:3] == ["web", "verified", "failed"]
    assert lines[3].split()[:3] == ["db", "verified", "verified"]
    assert lines[4].split() == ["old", "excluded"]
    assert "warning: web: one platform only [not-an-index]" in lines
    assert lines[-1].startswith("verify: 2 images, 5 cells: 1 excluded, 1 failed, 3 verified in ")


def test_a_pipe_gets_no_control_characters_whatever_a_registry_says() -> None:
    text = render_plain(WHOLE)

    assert [letter for letter in text if not letter.isprintable() and letter != "\n"] == []
    assert "evil" in text


def test_a_terminal_gets_colours_but_none_of_a_registrys_own() -> None:
    shown = on_a_terminal(WHOLE)

    assert "\x1b[" in shown
    assert "\x1b[31mevil" not in shown
    assert "\x07" not in shown


def test_no_color_is_respected() -> None:
    shown = on_a_terminal(WHOLE, colour=False)

    assert not re.search(r"\x1b\[[0-9;]*(?<![0-9])[349][0-7]", shown)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_long_reference_is_folded_not_cut(width: int) -> None:
    name = "registry.example.test:5000/team/some/long/path/of/a/repository:2026.11.24"

    shown = on_a_terminal(report(image(name, Outcome.VERIFIED, Outcome.VERIFIED)), width, colour=False)

    column = "".join(line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│"))
    assert name in column


@pytest.mark.parametrize(("width", "shown"), [(79, True), (78, False)])
def test_a_narrow_terminal_goes_without_digests(width: int, shown: bool) -> None:
    longest = image("test-containers", Outcome.VERIFIED, Outcome.VERIFIED)

    text = on_a_terminal(report(longest), width, colour=False)

    assert ("sha256:" in text) == shown
    assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())) <= width


def test_a_report_of_references_has_no_title() -> None:
    assert render_plain(report(registry="")).startswith("image")


def test_one_cell_is_no_cells() -> None:
    cell = CellResult(Cell("web", AMD64), Outcome.VERIFIED)
    one = Report("verify", "r.test", "1.0", (ImageResult("web", "r.test/web:1", (cell,)),), ())

    assert one.summary == "1 image, 1 cell: 1 verified"


def test_an_image_of_unknown_platforms_is_counted() -> None:
    shown = report(ImageResult("gone", "r.test/gone:1", (), findings=(Finding("gone", None, "absent", "404", "push"),)))

    assert "1 image of unknown platforms" in shown.summary
    assert shown.exit_code == 6


BUILD_STEPS = (Step("COPY main.c .", AMD64, "app", cached=True), Step("RUN make", AMD64, "app"), Step("pushing layers"))
MAKE = Failure(
    'process "/bin/sh -c make" did not complete successfully: exit code: 2',
    platform=ARM64,
    stage="app",
    step="RUN make",
    line="components/web/Dockerfile:7",
    tail=("cc main.c", "main.c:1: error: no such\npart"),
    log=".bakec/runs/r1/web.log",
    fault="step",
)
RESET = Failure("connection reset by peer", "registry", log=".bakec/runs/r1/db.log", fault="reset", transient=True)
NEW = replace(RESET, fault="of-tomorrow")


def built(name: str, began: float, ended: float, *needs: str, retries: int = 0) -> ImageResult:
    """An image that was built, after so many attempts that failed."""
    attempts = [Attempt(number, began, ended, BUILD_STEPS, RESET) for number in range(1, retries + 1)]
    return replace(
        image(name, Outcome.BUILT, Outcome.BUILT),
        platforms=tuple(PlatformResult(each, Digest.of(b"m"), 146_000_000) for each in (AMD64, ARM64)),
        needs=needs,
        attempts=(*attempts, Attempt(retries + 1, began, ended, BUILD_STEPS)),
        began=began,
        ended=ended,
        seconds=ended - began,
    )


def failed(name: str, failure: Failure, tries: int = 1) -> ImageResult:
    attempts = tuple(Attempt(number, 10, 11, (), failure) for number in range(1, tries + 1))
    result = image(name, Outcome.FAILED, Outcome.FAILED)
    return replace(result, digest=None, failure=failure, attempts=attempts, began=10.0, ended=11.0, seconds=1.0)


def blocked(name: str, *needs: str) -> ImageResult:
    return replace(image(name, Outcome.BLOCKED, Outcome.BLOCKED), digest=None, needs=needs)


def build(*images: ImageResult, published: bool = False, **texts: Any) -> Report:
    report = Report("build", "r.test", "1.0", images, (), published=published, seconds=61.0, run="r1")
    return replace(report, **texts)


BROKEN = build(
    built("hub", 10, 22.5),
    built("lib", 10, 14, retries=2),
    failed("web", MAKE),
    blocked("first", "web"),
    blocked("last", "first", "hub"),
    note="no public tag was moved",
)


def below(report: Report) -> str:
    """What stands below the matrix."""
    return "".join(f"{line.text}\n" for line in lines(report))


def test_a_build_that_failed_says_what_to_mend_and_how_to_go_on() -> None:
    assert (
        render_plain(BROKEN)
        == """\
r.test, tag 1.0
image  linux/amd64   linux/arm64   retries  digest               seconds
hub    built 146 MB  built 146 MB           sha256:08d33503ee27  12.5
lib    built 146 MB  built 146 MB  2        sha256:76b5a3573912  4.0
web    failed        failed                                      1.0
first  blocked       blocked                                     0.0
last   blocked       blocked                                     0.0
failed web on linux/arm64 (components/web/Dockerfile:7, stage app): exit code: 2
  RUN make
  | cc main.c
  | main.c:1: error: no such
  | part
  whole log: .bakec/runs/r1/web.log
  not tried again: only the author can fix a failing step [step]
  hint: fix components/web/Dockerfile:7
blocked by web: first, last
slowest: hub 12.5 s, lib 4.0 s, web 1.0 s
cache: 2 of 4 steps, 50 %
tried again with success: lib (reset x2)
build: 5 images, 10 cells: 4 blocked, 4 built, 2 failed in 61.0 s
no public tag was moved
next: fix components/web/Dockerfile:7, then bakec build --resume
"""
    )


def test_a_build_of_13_images_that_went_well_fits_the_screen() -> None:
    images = (built("apphub", 0.5, 44), *(built(f"image-{n}", 44, 50 + n, "apphub") for n in range(12)))
    good = build(*images, published=True)

    shown = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(good))

    assert len(shown.splitlines()) < 24
    assert (
        below(good)
        == """\
slowest: apphub 43.5 s, image-11 17.0 s, image-10 16.0 s
critical path: apphub → image-11, 60.5 s of 61.0 s
cache: 13 of 26 steps, 50 %
build: 13 images, 26 cells: 26 built in 61.0 s
published: 13 tags, such as r.test/apphub:1
"""
    )


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (build(failed("db", RESET, 4)), "  tried 4 times (reset x4): r.test ended the connection [reset]"),
        (build(failed("db", RESET)), "  tried once, which may not be enough: r.test ended the connection [reset]"),
        (build(failed("db", RESET)), "next: check that r.test works, then bakec build --resume"),
        (build(failed("db", replace(RESET, fault="new"))), "  hint: see .bakec/runs/r1/db.log"),
        (
            build(failed("db", replace(RESET, fault="new"))),
            "next: see .bakec/runs/r1/db.log, then bakec build --resume",
        ),
        (
            build(failed("a", MAKE), failed("b", RESET)),
            "next: fix components/web/Dockerfile:7; check that r.test works,",
        ),
        (
            build(failed("a", MAKE), failed("b", RESET), failed("c", replace(MAKE, fault="disk-full"))),
            "next: do what the 3 hints above say, then bakec build --resume",
        ),
        (build(failed("a", MAKE), run=""), "next: fix components/web/Dockerfile:7, then build again"),
        (build(built("a", 1, 2), failed("c", RESET), resumes="r0"), "build: 2 images"),
        (
            build(replace(built("a", 1, 2), kept_from="r0"), published=True, resumes="r0"),
            "kept from run r0: 1 of 1 image",
        ),
        (build(built("a", 1, 2), published=True), "published: r.test/a:1"),
        (
            build(replace(image("a", Outcome.FAILED), findings=(LIE,))),
            "next: fix the findings of a, then bakec build --resume",
        ),
        (
            build(
                replace(image("a", Outcome.FAILED), findings=(UNREAD,)),
                replace(image("b", Outcome.FAILED), findings=(UNREAD, OLD)),
            ),
            "next: check that r.test answers, then bakec build --resume",
        ),
        (
            build(replace(image("a", Outcome.FAILED), findings=(UNREAD, LIE))),
            "next: fix the findings of a, then bakec build --resume",
        ),
        (build(built("a", 1, 2), publish_error="503"), "next: bakec build --resume moves the tags"),
    ],
)
def test_the_end_of_a_build_in_words(report: Report, told: str) -> None:
    assert any(line.startswith(told) for line in below(report).splitlines()), below(report)


def test_an_interrupted_build_goes_on() -> None:
    cell = CellResult(Cell("a", AMD64), Outcome.BLOCKED, "interrupted before it was done")
    report = replace(build(ImageResult("a", "r.test/a:1", (cell,)), built("b", 1, 2)), interrupted=True)

    assert "blocked (interrupted before it was done): a\n" in below(report)
    assert below(report).endswith("next: bakec build --resume builds the 1 image left\n")


def test_what_fail_fast_stopped_is_told_with_the_reason() -> None:
    cell = CellResult(Cell("a", AMD64), Outcome.BLOCKED, "--fail-fast: web failed")
    report = build(failed("web", MAKE), ImageResult("a", "r.test/a:1", (cell,)))

    assert "blocked (--fail-fast: web failed): a\n" in below(report)


def test_what_was_loaded_says_no_more_than_that() -> None:
    loaded = replace(build(image("a", Outcome.LOADED)), published=None, note="loaded into the local engine")

    assert below(loaded).splitlines()[-1] == "loaded into the local engine"


def test_what_is_excluded_for_one_reason_is_told_once() -> None:
    excluded = tuple(CellResult(Cell(name, ARM64), Outcome.EXCLUDED, "no upstream") for name in ("a", "b"))

    assert "excluded a linux/arm64, b linux/arm64: no upstream\n" in below(replace(WHOLE, excluded=excluded))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (9_949_999, "9.9 MB"),
        (9_950_000, "10 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.0 GB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words


@given(made.reports)
def test_no_text_of_others_can_pass_for_a_line_of_ours(report: Report) -> None:
    own = (*filter(None, [title(report)]), "the columns", *rows(report), *lines(report))

    shown = render_plain(report)

    assert len(shown.splitlines()) == len(own)
    assert [letter for letter in shown if not letter.isprintable() and letter != "\n"] == []


@given(made.reports)
def test_any_report_can_be_shown_on_a_terminal(report: Report) -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(report, 60))

    assert [letter for letter in shown if not letter.isprintable() and letter != "\n"] == []
