"""What a person reads of a report, on a terminal and in a pipe."""

import io
import re

import pytest
from rich.console import Console

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.console import print_report
from bake_compiler.report.plain import render_plain
from bake_compiler.verify import Finding, Severity

AMD64, ARM64 = map(Platform.parse, ("amd64", "arm64"))
LIE = Finding("web", ARM64, "platform-lie", "the image itself \x1b[31mevil\x07", "let it\rbe")
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
    print_report(shown, Console(file=out, force_terminal=True, no_color=not colour, width=width, highlight=False))
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


def test_an_image_of_unknown_platforms_is_counted() -> None:
    shown = report(ImageResult("gone", "r.test/gone:1", (), findings=(Finding("gone", None, "absent", "404", "push"),)))

    assert "1 image of unknown platforms" in shown.summary
    assert shown.exit_code == 6
