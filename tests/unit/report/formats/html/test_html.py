"""The page: what it says without a browser, and that no text of a run can be more than text in it."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome, Report
from bake_compiler.report.formats.html import render_html
from bake_compiler.report.formats.html.page import Page
from bake_compiler.report.formats.html.timeline import lanes
from bake_compiler.report.formats.html.words import clean_text, duration, size
from bake_compiler.report.words.timing import is_instruction
from bake_compiler.verify import Finding, Severity
from tests.fakes.reference_run import reference_run

AMD64, ARM64 = map(Platform.parse, ("amd64", "arm64"))
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "{{ 7 * 7 }}{% raw %}",
    "\u2028\u2029\x00\x1b[31mred\x1b[0m\r\n\t",
    "\u202egnp.exe\u2066\u200f",
    "\udc80\ud800",
    "&lt;b&gt;&#0;",
    "javascript:alert(1)",
)


class Parsed(HTMLParser):
    """A document's elements in order, and the texts within them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(name, value or "") for name, value in attrs]
        self._in = f"{tag} {dict(attrs).get('type') or ''}".strip()

    def handle_endtag(self, _: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._in] = self.texts.get(self._in, "") + data

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        data: dict[str, Any] = json.loads(self.texts["script application/json"])
        return data


def report_of(text: str) -> Report:
    """A report in which each text that someone else may choose is this one."""
    failure = Failure(text, "build", ARM64, text, text, text, (text, text), text, text)
    steps = (
        Step(text, ARM64, text, 1.0, 2.0, error=text),
        Step(text, None, "", 2.0, 2.5),
        Step(text, AMD64, text, 1.0),
    )
    attempts = (Attempt(1, 1.0, 3.0, steps, failure, pause=1.0), Attempt(2, 4.0, 5.0, steps, failure))
    cells = (CellResult(Cell(text, AMD64), Outcome.BLOCKED, text), CellResult(Cell(text, ARM64), Outcome.FAILED, text))
    image = ImageResult(
        *(text, text, cells, (text,), (), None, 4.0, failure),
        findings=(Finding(text, ARM64, text, text, text), Finding(text, None, text, text, text, Severity.WARNING)),
        phase=text,
        needs=(text,),
        attempts=attempts,
        began=1.0,
        ended=5.0,
        kept_from=text,
    )
    well = replace(image, failure=None, attempts=(attempts[0], replace(attempts[1], failure=None)))
    excluded = (CellResult(Cell(f"{text}x", ARM64), Outcome.EXCLUDED, text),)
    return Report(
        *("build", text, text, (image, well), excluded),
        publish_error=text,
        note=text,
        run=text,
        began=1.0,
        seconds=4.0,
        resumes=text,
    )


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1)), min_size=1, max_size=4).map("".join))
def test_no_text_of_a_run_changes_the_page_s_structure(text: str) -> None:
    usual = "COPY text" if is_instruction(Step(text)) else "text"  # of those the page counts the cached ones
    page, plain = Parsed(render_html(report_of(text))), Parsed(render_html(report_of(usual)))

    assert page.elements == plain.elements
    assert clean_text(text) in page.data["texts"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_is_utf_8_without_control_characters_whatever_a_build_says(text: str) -> None:
    page = render_html(report_of(text))

    page.encode()
    assert [letter for letter in page if not letter.isprintable() and letter != "\n"] == []
    assert "\x1b" not in str(Parsed(page).data)


def test_terminal_codes_go_and_what_they_coloured_stays() -> None:
    assert clean_text("\x1b[31merror\x1b[0m: \x1b]8;;http://e.test\x1b\\link\x1b]8;;\x1b\\") == "error: link"
    assert clean_text("naïve 日本 ✓") == "naïve 日本 ✓"
    assert clean_text("one\ntwo") == "one\ntwo"


def test_the_policy_lets_only_the_style_and_the_script_of_the_page_in() -> None:
    page = Parsed(render_html(reference_run()))

    policy = next(value for name, value in page.attributes if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.texts[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy


def test_a_page_asks_for_nothing_and_has_no_code_or_style_in_attributes() -> None:
    page = Parsed(render_html(reference_run()))

    assert {name for name, _ in page.attributes if name.startswith("on") or name in {"style", "src"}} == set()
    assert [value for name, value in page.attributes if name == "href" and not value.startswith("#")] == ["data:,"]
    assert "http" not in page.texts["style"]
    assert re.findall(r"https?://\S+", page.texts["script"]) == ['http://www.w3.org/2000/svg";']


def test_without_script_the_page_has_the_verdict_the_matrix_and_each_failure() -> None:
    page = re.sub(r"<script.*?</script>", "", render_html(reference_run()), flags=re.DOTALL)

    assert "<h1>2 failed and 2 blocked of 26 cells; nothing was published.</h1>" in page
    assert page.count('<b class="built">built</b>') == 22
    assert page.count(">blocked</b>") == 2
    assert '<b class="blocked">blocked by apphub</b>' in page
    assert "E: Unable to locate package slurm-wlm-plugins" in page
    assert ".bakec/runs/20261124T193320-5f0c1d/logs/apphub.log" in page
    assert "came out well at attempt 2" in page
    assert "then waited 2.1 s" in page


def test_what_to_do_next_names_the_place_to_mend_and_then_the_command_that_goes_on() -> None:
    steps = Page(reference_run()).next_steps

    assert steps[0][0] == "apphub on linux/arm64: fix Dockerfile:13 of apphub:"
    assert steps[0][1].startswith("RUN apt-ftparchive")
    assert steps[-1][1] == "bakec build --resume"


def well(verb: str = "build", **fields: Any) -> Report:
    cells = tuple(CellResult(Cell("web", each), Outcome.BUILT) for each in (AMD64, ARM64))
    return Report(verb, "r.test", "1", (ImageResult("web", "r.test/web:1", cells),), (), **fields)


def failed(failure: Failure | None = None, *findings: Finding, verb: str = "build", **fields: Any) -> Report:
    cells = (CellResult(Cell("web", AMD64), Outcome.FAILED, "why"),)
    image = ImageResult("web", "r.test/web:1", cells, failure=failure, findings=findings)
    return Report(verb, "r.test", "1", (image,), (), **fields)


@pytest.mark.parametrize(
    ("report", "state", "verdict"),
    [
        (well(published=True), "good", "Everything is built, verified and published."),
        (well(), "good", "Everything is built."),
        (well("verify"), "good", "The registry holds what was promised."),
        (well(published=False, interrupted=True), "stopped", "The run was interrupted."),
        (well(published=False, publish_error="503"), "bad", "The public tags could not be moved."),
        (failed(published=False), "bad", "1 failed of 1 cell; nothing was published."),
        (failed(verb="verify"), "bad", "1 failed of 1 cell."),
    ],
)
def test_the_verdict_is_one_sentence(report: Report, state: str, verdict: str) -> None:
    assert (Page(report).state, Page(report).verdict) == (state, verdict)
    assert f"<h1>{verdict}</h1>" in render_html(report)


def test_a_run_that_ended_well_asks_for_nothing() -> None:
    assert Page(well(published=True)).next_steps == ()
    assert "What to do next" not in render_html(well(published=True))


@pytest.mark.parametrize(
    ("report", "first"),
    [
        (failed(Failure("503", "registry", fault="registry-5xx")), ("web: check that r.test works", "")),
        (failed(Failure("exit code: 1", step="RUN x", fault="step")), ("web: fix the Dockerfile of web:", "RUN x")),
        (failed(Failure("never seen", "registry")), ("web: never seen", "")),
        (failed(None, Finding("web", AMD64, "label", "is wrong", "mend the label")), ("web: mend the label", "")),
        (failed(verb="verify"), ("Look again:", "bakec verify")),
    ],
)
def test_what_to_do_next_depends_on_who_is_to_blame(report: Report, first: tuple[str, str]) -> None:
    assert Page(report).next_steps[0] == first


def test_of_many_failures_the_first_three_are_named() -> None:
    one = failed(Failure("no", line="Dockerfile:1", fault="step")).images[0]
    steps = Page(Report("build", "", "", tuple(replace(one, name=f"i{n}") for n in range(9)), ())).next_steps

    assert [words for words, _ in steps[2:4]] == ["i2: fix Dockerfile:1 of i2", "And 6 more, below."]


def test_a_wholly_excluded_image_has_the_last_row_and_its_reason() -> None:
    excluded = (CellResult(Cell("cuda", ARM64), Outcome.EXCLUDED, "no arm64 upstream"),)

    row = Page(replace(well(), excluded=excluded)).rows[-1]

    assert (row.name, row.outcomes, row.image) == ("cuda", "excluded", None)
    assert "no arm64 upstream" in render_html(replace(well(), excluded=excluded))


def test_bars_tile_an_image_s_time() -> None:
    span, drawn = lanes(reference_run())

    hub = next(lane for lane, image in zip(drawn, reference_run().images, strict=True) if image.name == "jupyterhub")
    assert [bar.kind for bar in hub.coarse] == ["broken", "pause", "attempt", "verification"]
    assert all(
        first.ended == pytest.approx(second.began) for first, second in zip(hub.coarse, hub.coarse[1:], strict=False)
    )
    assert all(0 <= bar.began <= bar.ended <= span for lane in drawn for bar in (*lane.coarse, *lane.steps))
    assert {bar.kind for bar in hub.steps} == {"transfer", "cached", "step", "error"}


def lane_of(*steps: Step) -> list[tuple[float, float]]:
    attempts = (Attempt(1, 100.0, 110.0, steps),)
    image = ImageResult("web", "web:1", (), attempts=attempts, began=100.0, ended=110.0)
    _, (lane,) = lanes(Report("build", "", "", (image,), (), began=100.0, seconds=10.0))
    return [(round(bar.began, 3), round(bar.ended, 3)) for bar in lane.steps]


def test_an_instruction_of_a_dockerfile_of_one_stage_is_a_step_and_an_export_is_none() -> None:
    steps = (Step("RUN make", ARM64, "", 100.0, 104.0), Step("exporting to image", None, "", 104.0, 110.0))
    image = ImageResult("web", "web:1", (), attempts=(Attempt(1, 100.0, 110.0, steps),), began=100.0, ended=110.0)

    _, (lane,) = lanes(Report("build", "", "", (image,), (), began=100.0, seconds=10.0))

    assert [(bar.label, bar.kind) for bar in lane.steps] == [("RUN make", "step"), ("exporting to image", "transfer")]


@pytest.mark.parametrize("ahead", [0.0, 500.0, -500.0])
def test_a_builder_whose_clock_is_wrong_has_its_steps_within_the_attempt(ahead: float) -> None:
    steps = (Step("a", None, "", 102 + ahead, 104 + ahead), Step("b", None, "", 104 + ahead, 110 + ahead))

    assert lane_of(*steps) == [(2, 4), (4, 10)]


def test_a_step_that_never_ended_lasts_as_long_as_its_attempt_and_none_is_out_of_it() -> None:
    assert lane_of(Step("shared", None, "", 90, 103), Step("killed", None, "", 103)) == [(0, 3), (3, 10)]


def test_a_report_without_any_times_is_a_page_too() -> None:
    assert Parsed(render_html(well("verify"))).data["span"] == 0


def test_texts_are_in_the_data_once_each() -> None:
    texts = Parsed(render_html(reference_run())).data["texts"]

    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (3725, "1 h 02 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(512, "512 B"), (18_400_000, "18.4 MB"), (10**16, "10000.0 TB")])
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words
