"""A registry that fails when it is told to: a proxy on loopback before a real one, with rules that a test gives."""

import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from random import Random
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

_ANSWER_SECONDS = 60
_MOST_CONNECTIONS = 200
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"}
_STAGING = "staged-"
_ERRORS = {  # as distribution has them (registry/api/errcode/register.go)
    401: ("UNAUTHORIZED", "authentication required"),
    403: ("DENIED", "requested access to the resource is denied"),
    429: ("TOOMANYREQUESTS", "too many requests"),
    503: ("UNAVAILABLE", "service unavailable"),
}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Asked:
    """A request as a rule sees it; `at` counts seconds, from no particular moment."""

    method: str
    path: str
    at: float = 0.0

    @property
    def repository(self) -> str:
        """Such as `acme/web`; empty for a question that is about none."""
        path = self.path.removeprefix("/v2/")
        return next((path.partition(part)[0] for part in ("/manifests/", "/blobs/", "/referrers/") if part in path), "")

    @property
    def image(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def tag(self) -> str:
        """The tag that it is about; empty when a digest or nothing is named."""
        _, manifests, name = self.path.partition("/manifests/")
        return name if manifests and ":" not in name else ""

    @property
    def writes(self) -> bool:
        """Whether it is part of a push: it would change the registry."""
        return self.method in {"POST", "PATCH", "PUT"}

    @property
    def uploads(self) -> bool:
        """Whether it carries a blob."""
        return self.method in {"PATCH", "PUT"} and "/blobs/uploads/" in self.path

    @property
    def stages(self) -> bool:
        """Whether it ends the push of an image: an index under the tag that no person uses."""
        return self.method == "PUT" and self.tag.startswith(_STAGING)

    @property
    def looks_for_staged(self) -> bool:
        """Whether a push looks first, once, if what it brings is there."""
        return self.method == "HEAD" and self.tag.startswith(_STAGING)

    @property
    def publishes(self) -> bool:
        """Whether it moves a public tag."""
        return self.method == "PUT" and bool(self.tag) and not self.stages


@dataclass(frozen=True)
class Status:
    """Answered with this status, and perhaps a `Retry-After`, in place of the registry.

    Attributes:
        status: of the answer.
        retry_after: the header; none when empty.
        page: the body is a page of some load balancer, and no registry's JSON.
    """

    status: int
    retry_after: str = ""
    page: bool = False

    def __str__(self) -> str:
        return str(self.status)


@dataclass(frozen=True)
class Reset:
    """The connection is reset: in the middle of the request's body, if it has one."""

    def __str__(self) -> str:
        return "reset"


@dataclass(frozen=True)
class Cut:
    """The connection is reset after so many bytes of the answer's body."""

    after: int

    def __str__(self) -> str:
        return "cut"


@dataclass(frozen=True)
class Delay:
    """It is answered as it should, but so many seconds later."""

    seconds: float

    def __str__(self) -> str:
        return "delay"


@dataclass(frozen=True)
class Ahead:
    """It is answered as it should, by a clock that is so many seconds ahead."""

    seconds: float

    def __str__(self) -> str:
        return "ahead"


@dataclass(frozen=True)
class Outage:
    """Every connection is reset, and for so many seconds nobody listens."""

    seconds: float

    def __str__(self) -> str:
        return "outage"


Fault = Status | Reset | Cut | Delay | Ahead | Outage
Rule = Callable[[Asked], Fault | None]
Which = Callable[[Asked], bool]


def sound(asked: Asked) -> None:
    """The rule of a registry that works."""
    del asked


def always(which: Which, fault: Fault) -> Rule:
    """Each of these fails."""
    return lambda asked: fault if which(asked) else None


def each(number: int, which: Which, fault: Fault) -> Rule:
    """Each third of these fails, or whatever `number` says."""
    seen = Counter[str]()

    def rule(asked: Asked) -> Fault | None:
        seen.update(["these"] if which(asked) else [])
        return fault if which(asked) and not seen["these"] % number else None

    return rule


def at(number: int, which: Which, fault: Fault) -> Rule:
    """Only one of these fails: the third, or whatever `number` says."""
    return first(1, each(number, which, fault))


def first(number: int, rule: Rule) -> Rule:
    """So many faults of a rule, and no more."""
    left = [number]

    def limited(asked: Asked) -> Fault | None:
        fault = rule(asked) if left[0] else None
        left[0] -= fault is not None
        return fault

    return limited


def push_at_random(share: float, seed: int, fault: Fault) -> Rule:
    """This share of the pushes fails at its end, however often a client repeats the last request of one push.

    Which ones is drawn for each repository, so that it is the same in whatever order they come.
    """
    draws: dict[str, Random] = {}
    failing: set[str] = set()

    def rule(asked: Asked) -> Fault | None:
        if asked.looks_for_staged:
            failing.discard(asked.repository)
            draw = draws.setdefault(asked.repository, drawn(seed, asked.image))
            failing.update([asked.repository] if draw.random() < share else [])
        return fault if asked.stages and asked.repository in failing else None

    return rule


def drawn(seed: int, image: str) -> Random:
    """The numbers that decide on the pushes of an image, in turn; its name is its repository's last part."""
    return Random(f"{seed} {image}")  # noqa: S311 - chance that can be repeated


def any_of(*rules: Rule) -> Rule:
    """The first rule that finds a fault has it."""
    return lambda asked: next((fault for rule in rules if (fault := rule(asked))), None)


@dataclass
class Faulty:
    """The registry as its clients see it.

    Attributes:
        upstream: `HOST:PORT` of the real one.
        rule: what fails; may be changed at any time.
        faults: what failed, and how, in order.
        answered: method and status → how often the real registry answered so.
        asked: every request, in order.
        under_way: requests that have no answer yet; whoever asked may be gone.
    """

    upstream: str
    rule: Rule = sound
    faults: list[tuple[Asked, Fault]] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    _port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._port}"

    @property
    def did(self) -> Counter[str]:
        """Fault → how often it happened."""
        return Counter(str(fault) for _, fault in tuple(self.faults))

    def count(self, which: Which) -> int:
        """How many requests of a kind there were."""
        return sum(which(asked) for asked in tuple(self.asked))

    async def _begin(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=_MOST_CONNECTIONS, force_close=True)
        self._client = aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False)
        self._server = web.Server(self._answer, access_log=None)
        self._recovery: asyncio.Task[None] | None = None
        await self._listen()

    async def _listen(self) -> None:
        self._socket = await self._loop.create_server(self._server, "127.0.0.1", self._port)
        self._port = self._socket.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._socket.close()
        if self._recovery:
            self._recovery.cancel()
        await self._server.shutdown(0.1)
        await self._client.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(request.method, request.path, time.monotonic())
        self.asked.append(asked)
        fault = self.rule(asked)
        if fault:
            self.faults.append((asked, fault))
        self.under_way += 1
        try:
            return await self._suffer(request, fault)
        except (aiohttp.ClientError, ConnectionError):  # either side went away
            return _reset(request)
        finally:
            self.under_way -= 1

    async def _suffer(self, request: web.BaseRequest, fault: Fault | None) -> web.StreamResponse:
        match fault:
            case Status():
                await request.read()
                return _refusal(fault)
            case Reset():
                await request.content.readany()
                return _reset(request)
            case Outage():
                self._vanish(fault.seconds)
                return _reset(request)
            case Delay():
                await asyncio.sleep(fault.seconds)
                return await self._forward(request)
            case Cut() | Ahead() | None:
                return await self._forward(request, fault)

    async def _forward(self, request: web.BaseRequest, fault: Cut | Ahead | None = None) -> web.StreamResponse:
        """Ask the real registry, with the `Host` of the proxy: the places that it names lead here too."""
        url = f"http://{self.upstream}{request.raw_path}"
        body = request.content if request.body_exists else None
        asking = self._client.request(
            request.method, url, headers=_end_to_end(request.headers), data=body, allow_redirects=False
        )
        async with asking as real:
            self.answered[f"{request.method} {real.status}"] += 1
            headers = _end_to_end(real.headers)
            if isinstance(fault, Ahead):
                told = parsedate_to_datetime(headers["Date"]).timestamp()
                headers["Date"] = formatdate(told + fault.seconds, usegmt=True)
            answer = web.StreamResponse(status=real.status, headers=headers)
            await answer.prepare(request)
            async for piece in real.content.iter_any():
                if isinstance(fault, Cut):
                    await answer.write(piece[: fault.after])
                    return _reset(request)
                await answer.write(piece)
            return answer

    def _vanish(self, seconds: float) -> None:
        if self._recovery and not self._recovery.done():
            return
        self._socket.close()
        for connection in self._server.connections:
            _abort(connection.transport)
        self._recovery = self._loop.create_task(self._recover(seconds))

    async def _recover(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_SECONDS)


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _refusal(fault: Status) -> web.Response:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.page:
        return web.Response(status=fault.status, headers=headers, text="<html>made to happen</html>")
    code, message = _ERRORS.get(fault.status, ("UNKNOWN", "unknown error"))
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=fault.status, headers=headers)


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    _abort(request.transport)
    return web.Response()


def _abort(transport: asyncio.BaseTransport | None) -> None:
    """Close at once and without a farewell, which the other side sees as a reset."""
    if not isinstance(transport, asyncio.Transport):
        return
    with suppress(OSError):
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


@contextmanager
def faulty(upstream: str, rule: Rule = sound) -> Iterator[Faulty]:
    """A registry in front of the one at `HOST:PORT`, until the block ends."""
    registry = Faulty(upstream, rule)
    thread = threading.Thread(target=registry._loop.run_forever, daemon=True)
    thread.start()
    try:
        registry._run(registry._begin())
        yield registry
        registry._run(registry._end())
    finally:
        registry._loop.call_soon_threadsafe(registry._loop.stop)
        thread.join()
        registry._loop.close()
