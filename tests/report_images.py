"""Takes the pictures of the report's page that the README and the docs show: docs/images/report-{light,dark}.png.

`python -m tests.report_images`, in the checkout; needs no engine. The browser is this machine's, else a fetched one.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bake_compiler.report.formats.html import render_html
from sandbox import browser
from sandbox.state import SandboxError, State
from tests.fakes.browser import chromium
from tests.fakes.reference_run import reference_run

CHECKOUT = Path(__file__).parents[1]
_WIDTH = 1280
_DRAWN = """new Promise(done => (function look() {
    document.querySelector('tr.image:last-child rect.path') ? requestAnimationFrame(done) : setTimeout(look, 20)
})())"""


async def take(program: Path, page_file: Path, folder: Path) -> None:
    """Write both pictures into a folder."""
    async with chromium(program) as page:
        for name, dark in (("light", False), ("dark", True)):
            await page.look(_WIDTH, 900, dark=dark)
            await page.open(page_file.as_uri())
            height = await page.run("Math.ceil(document.querySelector('table').getBoundingClientRect().bottom) + 24")
            await page.look(_WIDTH, height, dark=dark)
            await page.run(_DRAWN)
            (folder / f"report-{name}.png").write_bytes(await page.picture())


def main() -> int:
    """Take them; a browser that can't be had is two lines."""
    images = CHECKOUT / "docs" / "images"
    images.mkdir(exist_ok=True)
    try:
        program = browser.program(State.of(CHECKOUT))
    except SandboxError as error:
        sys.stderr.write(f"error: {error.message}\n hint: {error.hint}\n")
        return 1
    with TemporaryDirectory() as directory:
        file = Path(directory) / "report.html"
        file.write_text(render_html(reference_run()), encoding="utf-8")
        asyncio.run(take(program, file, images))
    return 0


if __name__ == "__main__":
    sys.exit(main())
