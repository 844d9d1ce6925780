"""The report for GitHub Actions."""

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from bake_compiler.buildx import Failure
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome, Report
from bake_compiler.report.formats.github import LARGEST_SUMMARY, annotations, render_summary
from bake_compiler.report.words.lines import rows
from bake_compiler.verify import Finding, Severity
from tests.fakes import reports as made

ARM64 = Platform.parse("arm64")
PLACE = "components/web/Dockerfile:7"
MAKE = Failure("50% done:\nno", "build", ARM64, "app", "RUN make", PLACE, ("a", "``` b"), "web.log", "step")
RESET = Failure("reset by peer", "registry", fault="reset", transient=True)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def image(name: str, outcome: Outcome, why: str = "") -> ImageResult:
    return ImageResult(name, f"r.test/{name}:1", (CellResult(Cell(name, ARM64), outcome, why),))


def run(*images: ImageResult) -> Report:
    return Report("build", "r.test", "1", images, (), published=False, run="r1", seconds=9.0)


BROKEN = run(
    replace(image("web", Outcome.FAILED), failure=MAKE),
    replace(image("last", Outcome.BLOCKED, "needs web, which failed"), needs=("web",)),
    replace(image("db", Outcome.BUILT), attempts=(Attempt(1, 1, 2, failure=RESET), Attempt(2, 3, 4))),
    replace(
        image("old", Outcome.BUILT),
        findings=(Finding("old", ARM64, "label", "no a,b", "set it", Severity.WARNING),),
    ),
)


def test_annotations_of_a_failure_what_it_blocks_a_warning_and_a_retry() -> None:
    assert annotations(BROKEN) == [
        "::error file=components/web/Dockerfile,line=7,title=web on linux/arm64::"
        + "%0A".join(
            (
                *("50%25 done:", "no", "RUN make", "a", "``` b"),
                "not tried again: only the author can fix a failing step [step]",
                "hint: fix components/web/Dockerfile:7",
            )
        ),
        "::error title=blocked by web::last",
        "::warning title=old linux/arm64%3A label::no a,b%0Aset it",
        "::notice title=db was tried again::reset",
    ]


def test_annotations_of_findings_and_of_tags_that_did_not_move() -> None:
    lie = replace(image("web", Outcome.FAILED), findings=(Finding("web", None, "absent", "404"),))

    assert annotations(replace(run(lie), publish_error="r.test: 503")) == [
        "::error title=web%3A absent::404",
        "::error title=public tags::r.test: 503",
    ]


def test_a_place_without_a_folder_is_no_file_of_the_repository() -> None:
    short = run(replace(image("web", Outcome.FAILED), failure=replace(MAKE, line="Dockerfile:7")))

    assert annotations(short)[0].startswith("::error title=web on linux/arm64::")


@given(made.reports)
def test_no_text_ends_an_annotation_or_a_property_of_it(report: Report) -> None:
    for line in annotations(report):
        assert line.isprintable()
        matched = re.fullmatch(r"::(error|warning|notice) ((?:[a-z]+=[^,:]*)(?:,[a-z]+=[^,:]*)*)::(.*)", line)
        assert matched, line
        names = [each.partition("=")[0] for each in matched[2].split(",")]
        assert names in (["title"], ["file", "line", "title"])
        assert re.sub("%(25|0A)", "", matched[3]).count("%") == 0
        assert unquote(matched[3]).isprintable() or "\n" in unquote(matched[3])


def test_a_summary_has_the_verdict_the_matrix_and_failures_to_unfold() -> None:
    assert (
        render_summary(BROKEN)
        == """\
## bakec build: exit code 4

4 images, 4 cells&#58; 1 blocked, 2 built, 1 failed in 9.0 s, r.test, tag 1

next&#58; fix components/web/Dockerfile&#58;7, then bakec build --resume

| image | linux/arm64 | retries | digest | seconds |
| --- | --- | --- | --- | --- |
| web | failed |  |  | 0.0 |
| last | blocked |  |  | 0.0 |
| db | built | 1 |  | 0.0 |
| old | built |  |  | 0.0 |

<details><summary>web on linux/arm64 &#40;components/web/Dockerfile&#58;7, stage app&#41;&#58; 50% done&#58;</summary>

````text
50% done:
no
RUN make

a
``` b
````

whole log&#58; web.log

not tried again&#58; only the author can fix a failing step &#91;step&#93;

hint&#58; fix components/web/Dockerfile&#58;7

</details>

- blocked by web&#58; last

- warning&#58; old linux/arm64&#58; no a,b &#91;label&#93; set it

- tried again with success&#58; db &#40;reset&#41;
"""
    )


@given(made.reports)
def test_no_text_breaks_out_of_a_summary(report: Report) -> None:
    summary = render_summary(report)

    tokens = MARKDOWN.parse(summary)
    kinds = [token.type for token in tokens]
    folded = [each for each in report.images if each.failure]
    assert kinds.count("table_open") == 1
    assert kinds.count("tr_open") == 1 + len(list(rows(report)))
    assert kinds.count("heading_open") == 1
    assert kinds.count("fence") == len(folded)
    assert kinds.count("html_block") == 2 * len(folded)
    blocks = [token.content for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"</details>\n?|<details><summary>[^<>]*</summary>\n?", block) for block in blocks)
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "text_special"}
    assert len({tuple(kinds[at : at + 2]) for at in range(len(kinds))} & {("blockquote_open", "paragraph_open")}) == 0


@pytest.mark.parametrize("count", [1, 40])
def test_a_summary_is_no_larger_than_github_takes(count: int) -> None:
    long = replace(MAKE, tail=("é" * 100_000,) * 20)
    report = run(*(replace(image(f"web-{number}", Outcome.FAILED), failure=long) for number in range(count)))

    summary = render_summary(report)

    assert len(summary.encode()) <= LARGEST_SUMMARY
    assert ("parts are left out" in summary) == (count == 40)


def test_a_summary_of_very_many_images_says_how_many_rows_it_left_out() -> None:
    summary = render_summary(run(*(image(f"{'w' * 200}-{number}", Outcome.BUILT) for number in range(5000))))

    shown = summary.count("| built |")
    assert 1000 < shown < 5000
    assert f"and {5000 - shown} more images" in summary
    assert len(summary.encode()) <= LARGEST_SUMMARY
