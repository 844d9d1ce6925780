"""A real Chromium without a window, driven over its DevTools protocol (chromedevtools.github.io/devtools-protocol)."""

import asyncio
import base64
import os
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

_PATIENCE = 120.0  # seconds, for any one answer
_FLAGS = (
    *("--headless", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
)
_COMPLAINTS = {"Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded"}


@dataclass
class Page:
    """One tab.

    Attributes:
        complaints: what is on its console but plain messages, exceptions, what its Content-Security-Policy stopped.
        requests: each URL that it asked for.
    """

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    session: dict[str, str] = field(default_factory=dict)
    _answers: list[asyncio.Future[dict[str, Any]]] = field(default_factory=list)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        message = {"id": len(self._answers) - 1, "method": method, "params": parameters, **self.session}
        await self.socket.send_json(message)
        return await asyncio.wait_for(answer, _PATIENCE)

    async def open(self, url: str, *, script: bool = True) -> None:
        """Load an address and wait until it is loaded."""
        await self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), _PATIENCE)

    async def look(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """The size of the window, and what the person prefers."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **metrics)
        preferred = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", media=media, features=[preferred])

    async def run(self, expression: str) -> Any:
        """The value of an expression, as JSON has it; a promise is waited for."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = await self.call("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key where the focus is."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **text)

    async def mouse(self, kind: str, x: float, y: float) -> None:
        """`mouseMoved`, `mousePressed` or `mouseReleased`, with the left button."""
        at = {"x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        await self.call("Input.dispatchMouseEvent", type=kind, **at)

    async def picture(self) -> bytes:
        """What is in the window, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def listen(self) -> None:
        """Take what the browser says, until it ends."""
        async for message in self.socket:
            told = message.json()
            if "id" in told:
                self._answers[told["id"]].set_result(told["result"] if "result" in told else {"error": told["error"]})
            else:
                self._hear(told["method"], told["params"])

    def _hear(self, event: str, told: dict[str, Any]) -> None:
        if event in _COMPLAINTS or (event == "Runtime.consoleAPICalled" and told["type"] not in {"log", "debug"}):
            self.complaints.append(f"{event}: {told}")
        elif event == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif event == "Page.loadEventFired":
            self._loaded.set()


@asynccontextmanager
async def chromium(program: Path) -> AsyncIterator[Page]:
    """An empty page of a browser that is started for it, with a profile of its own, and ended with it."""
    with TemporaryDirectory(prefix="bakec-browser-", ignore_cleanup_errors=True) as profile:
        argv = [str(program), *_FLAGS, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                while not (address := _address(Path(profile, "DevToolsActivePort"))):
                    assert process.returncode is None, f"{program} ended with {process.returncode}"
                    await asyncio.sleep(0.02)
            async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.ensure_future(page.listen())
                await _attach(page)
                yield page
                listening.cancel()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _address(file: Path) -> str:
    """Where the browser listens; empty until it has written its port and path."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) > 1 else ""


async def _attach(page: Page) -> None:
    target = await page.call("Target.createTarget", url="about:blank")
    attached = await page.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
    page.session["sessionId"] = attached["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
        await page.call(f"{domain}.enable")
