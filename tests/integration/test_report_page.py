"""The report's page in a real Chromium: it draws, filters and explains, asks for nothing, and lets nothing in."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bake_compiler.report import Report
from bake_compiler.report.formats.html import render_html
from sandbox import browser
from sandbox.state import State
from tests.fakes.browser import Page, chromium
from tests.fakes.reference_run import large_run, reference_run
from tests.unit.report.formats.html.test_html import HOSTILE, report_of

CHECKOUT = Path(__file__).parents[2]
SHOWN = "[...document.querySelectorAll('tr.image:not([hidden]) button')].map(button => button.innerText)"
RECTS = "document.querySelectorAll('td.timeline rect').length"
# What a browser has drawn by then it will not draw later: two frames.
SETTLED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"

Steps = Callable[[Page], Awaitable[None]]


@pytest.fixture(scope="module")
def program() -> Path:
    """The machine's browser, or one that is fetched now."""
    return browser.program(State.of(CHECKOUT))


@pytest.fixture
def visit(program: Path, tmp_path: Path) -> Callable[[Report, Steps], None]:
    """Open a report's page and do something there; it may neither complain nor ask for anything."""

    def visit(report: Report, steps: Steps) -> None:
        file = tmp_path / "report.html"
        file.write_text(render_html(report), encoding="utf-8")

        async def work() -> None:
            async with chromium(program) as page:
                await page.look(1280, 900)
                await page.open(file.as_uri())
                await page.run(SETTLED)
                await steps(page)
                assert page.complaints == []
                assert page.requests == [file.as_uri()]

        asyncio.run(work())

    return visit


Visit = Callable[[Report, Steps], None]


async def settle(page: Page, expression: str) -> Any:
    """The value of an expression, once it is true."""
    while not (value := await page.run(f"{SETTLED}.then(() => {expression})")):
        pass
    return value


def test_the_page_is_drawn(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        assert await page.run("document.querySelector('h1').innerText") == (
            "2 failed and 2 blocked of 26 cells; nothing was published."
        )
        assert len(await page.run(SHOWN)) == 13
        assert await page.run("document.querySelector('#shown').value") == "13 of 13"
        await page.run("document.querySelector('#image-7').scrollIntoView()")
        kinds = "[...new Set([...document.querySelectorAll('#image-7 rect')].map(rect => rect.classList[0]))].sort()"
        assert await settle(page, f"{kinds}.length > 4 && {kinds}") == [
            *("attempt", "broken", "cached", "error", "pause", "step", "transfer", "verification")
        ]
        await page.run("document.querySelector('#image-12').scrollIntoView()")
        await settle(page, "document.querySelector('#image-12.critical rect.path') !== null")

    visit(reference_run(), steps)


def test_the_page_is_light_or_dark_as_the_person_prefers_and_can_be_read_in_both(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        colours = "(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))"
        seen = []
        for dark in (False, True):
            await page.look(1280, 900, dark=dark)
            seen.append(await page.run(colours))
            await page.call("Audits.checkContrast")
        assert seen == [["rgb(255, 255, 255)", "rgb(31, 35, 40)"], ["rgb(13, 17, 23)", "rgb(230, 237, 243)"]]

    visit(reference_run(), steps)


def test_images_are_filtered_by_text_outcome_and_phase_and_a_link_to_a_hidden_one_shows_all(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        async def put(text: str = "", phase: str = "", *outcomes: str) -> list[str]:
            wanted = json.dumps([text, phase, outcomes])
            await page.run(
                f"(([text, phase, outcomes]) => {{ document.querySelector('#text').value = text;"
                "document.querySelector('#phase').value = phase;"
                "document.querySelectorAll('[name=outcome]').forEach(b => b.checked = outcomes.includes(b.value));"
                f"document.querySelector('#text').dispatchEvent(new Event('input', {{bubbles: true}})) }})({wanted})"
            )
            shown: list[str] = await page.run(SHOWN)
            return shown

        assert await put("HUB") == ["apphub", "jupyterhub", "slurm-master"]  # that needs apphub
        assert await put("hub", "foundation") == ["apphub"]
        assert await put("", "", "failed", "blocked") == ["apphub", "slurm-master"]
        assert await put("hub built") == ["jupyterhub"]
        assert await put("no such image") == []
        assert await page.run("!document.querySelector('.none').hidden")
        await page.run("document.querySelector('#reset').click()")
        assert len(await page.run(SHOWN)) == 13
        assert await put("gitea") == ["gitea"]
        await page.run("document.querySelector('a[href=\"#image-0\"]').click()")
        assert len(await page.run(SHOWN)) == 13

    visit(reference_run(), steps)


def test_the_keyboard_reaches_each_image_and_each_step(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        tip = "document.querySelector('#tip').hidden ? '' : document.querySelector('#tip').innerText"
        await page.run("document.querySelector('#image-0 button').focus()")
        await page.run("document.querySelector('#image-0').scrollIntoView({block: 'center'})")
        await settle(page, "document.querySelectorAll('#image-0 rect').length > 3")
        await page.press("ArrowRight")
        assert (await page.run(tip)).startswith("[internal] load build definition")
        await page.press("ArrowRight")
        assert "extract · linux/amd64 · from cache" in await page.run(tip)
        await page.press("Escape")
        assert await page.run(tip) == ""
        await page.press("ArrowDown")
        assert await page.run("document.activeElement.innerText") == "gitea"
        await page.press("Enter")
        cells = "[...document.querySelectorAll('#steps-1 tbody th')].map(cell => cell.innerText)"
        assert "FROM gitea/gitea:1.25.1" in await page.run(cells)
        assert await page.run("document.activeElement.getAttribute('aria-expanded')") == "true"
        await page.press("Enter")
        assert await page.run("document.querySelector('#steps-1')") is None

    visit(reference_run(), steps)


def test_the_pointer_shows_what_a_bar_is(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        await page.run("document.querySelector('#image-0').scrollIntoView({block: 'center'})")
        middle = "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
        box = "document.querySelector('#image-0 rect.error').getBoundingClientRect()"
        await settle(page, "document.querySelector('#image-0 rect.error') !== null")
        x, y = await page.run(f"{middle}({box})")
        await page.mouse("mouseMoved", x, y)

        told = await settle(page, "!document.querySelector('#tip').hidden && document.querySelector('#tip').innerText")
        assert told.startswith("RUN apt-ftparchive packages")
        assert "packages · linux/arm64 · " in told
        assert told.endswith("failed")

    visit(reference_run(), steps)


def test_the_axis_is_zoomed_by_buttons_and_by_dragging_over_it(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        axis = "[...document.querySelectorAll('#axis text')].map(text => text.textContent).join(' ')"
        whole = await page.run(axis)
        assert whole == "0 1 min 2 min 3 min"
        await page.run("document.querySelector('#closer').click()")
        assert await page.run(axis) != whole
        await page.run("document.querySelector('#whole').click()")
        assert await page.run(axis) == whole
        await page.run("document.querySelector('#axis').scrollIntoView({block: 'center'})")
        box = await page.run(
            "(({x, y, width}) => [x, y, width])(document.querySelector('#axis').getBoundingClientRect())"
        )
        await page.mouse("mousePressed", box[0] + 1, box[1] + 5)
        await page.mouse("mouseMoved", box[0] + box[2] / 4, box[1] + 5)
        await page.mouse("mouseReleased", box[0] + box[2] / 4, box[1] + 5)
        assert (await page.run(axis)).startswith("10 s 20 s")

    visit(reference_run(), steps)


def test_no_text_of_a_run_is_more_than_text(visit: Visit) -> None:
    foreign = "img, iframe, object, embed, base, form:not(.tools)"

    async def steps(page: Page) -> None:
        await page.run("document.querySelectorAll('tr.image button').forEach(button => button.click())")
        await page.run("document.querySelectorAll('details').forEach(each => each.open = true)")
        await page.run("document.querySelector('#image-0 button').focus()")
        await page.press("ArrowRight")
        assert await page.run("[...document.scripts].length") == 2
        assert await page.run(f"document.querySelectorAll('{foreign}').length") == 0
        assert await page.run("[...document.links].every(link => link.hash.startsWith('#image'))")
        assert await page.run("document.querySelectorAll('tr.image').length") == 2 * len(HOSTILE) + 1
        assert await page.run("document.querySelectorAll('tr.steps').length") == 2 * len(HOSTILE) + 1
        assert "alert(1)" in await page.run("document.body.innerText")

    whole = report_of("".join(HOSTILE))
    visit(replace(whole, images=tuple(image for text in HOSTILE for image in report_of(text).images)), steps)


@contextmanager
def serving(folder: Path, page: str) -> Iterator[tuple[str, list[str]]]:
    """A page on a server, and what was asked of that."""
    asked: list[str] = []
    (folder / "report.html").write_text(page, encoding="utf-8")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/report.html", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_page_on_a_server_asks_that_for_nothing_more_not_even_an_icon(program: Path, tmp_path: Path) -> None:
    async def work(url: str) -> None:
        async with chromium(program) as page:
            await page.open(url)
            await page.run(SETTLED)
            assert page.complaints == []

    with serving(tmp_path, render_html(reference_run())) as (url, asked):
        asyncio.run(work(url))

    assert asked == ["/report.html"]


def test_what_got_in_all_the_same_could_do_nothing(program: Path, tmp_path: Path) -> None:
    markup = "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'><style>body{color:red}</style>"

    async def work(url: str) -> None:
        async with chromium(program) as page:
            await page.open(url)
            assert await page.run("window.ran") is None
            assert await page.run("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
            assert await page.run("fetch('/elsewhere').catch(error => error.name)") == "TypeError"
            markup_of_text = "(() => { try { document.body.innerHTML = '<b>' } catch (error) { return error.name } })()"
            assert await page.run(markup_of_text) == "TypeError"

    with serving(tmp_path, render_html(reference_run()).replace("</h1>", f"</h1>{markup}")) as (url, asked):
        asyncio.run(work(url))

    assert asked == ["/report.html"]


def test_without_script_verdict_matrix_and_failures_can_be_read(program: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_html(reference_run()), encoding="utf-8")

    async def work() -> str:
        async with chromium(program) as page:
            await page.open(file.as_uri(), script=False)
            assert page.complaints == []
            nodes = (await page.call("Accessibility.getFullAXTree"))["nodes"]
            return " ".join(str(node["name"].get("value", "")) for node in nodes if "name" in node)

    words = asyncio.run(work())
    for said in ("2 failed and 2 blocked of 26 cells", "slurm-master", "E: Unable to locate package", "built"):
        assert said in words
    assert "all phases" not in words


def test_a_thousand_images_are_one_page_of_which_only_what_is_in_view_is_drawn(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        assert await page.run("document.querySelectorAll('tr.image').length") == 1000
        await page.run("document.querySelector('#image-500').scrollIntoView()")
        await settle(page, "document.querySelectorAll('#image-500 rect').length > 60")
        await page.run("document.querySelector('#image-999').scrollIntoView()")
        await settle(page, "document.querySelectorAll('#image-999 rect').length > 60")
        await settle(page, "document.querySelectorAll('#image-500 rect').length === 0")
        assert await page.run(RECTS) < 10_000
        await page.run("document.querySelector('[value=failed]').click()")
        assert await page.run("document.querySelector('#shown').value") == "20 of 1000"

    report = large_run()
    assert len(render_html(report).encode()) < 12_000_000
    visit(report, steps)


def test_what_only_helps_on_a_screen_is_not_printed(visit: Visit) -> None:
    async def steps(page: Page) -> None:
        await page.look(1000, 800, media="print")
        assert await page.run("getComputedStyle(document.querySelector('.tools')).display") == "none"
        assert await page.run("document.querySelector('h1').offsetHeight > 0")

    visit(reference_run(), steps)
