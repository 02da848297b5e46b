"""The measured side, in a process of its own: the product's chain, or the least that could do the same.

Both know the same orders over a pipe: ``("link", port)`` connects to AMI, ``("targeted" | "broadcast" | "both", …)``
sends, ``("cpu",)`` answers the processor seconds spent so far.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import resource
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from pydantic import SecretStr

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings, Settings
from hotline.cti.linkrules import Timing
from hotline.cti.model import LinkState
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.queue.board import Board
from hotline.web.push import Viewer
from hotline.web.push_messages import QUEUE_EVERY_S, Announcer, message
from hotline.web.services import Services
from hotline.web.views.events import AiohttpSocket
from tests.bench.wires import FIRST_EXTENSION, frame

RING = 347  # bytes of the message in performance.md 2


class Side(ABC):
    """One way to do the work."""

    port = 0

    @abstractmethod
    async def start(self) -> None:
        """Listen for browsers."""

    @abstractmethod
    async def link(self, port: int) -> None:
        """Connect to AMI; return when events are read."""

    @abstractmethod
    async def ring(self, index: int, at: float) -> None:
        """Send a message stamped ``at`` to one browser."""

    @abstractmethod
    async def tell_all(self, at: float, padding: int) -> None:
        """Send a message stamped ``at`` to everybody."""

    def facts(self) -> dict[str, int]:
        """What the parent may check."""
        return {}


class Floor(Side):
    """``asyncio.Protocol`` all through: ``find()`` in the bytes, frames made beforehand, one write each.

    It tells the same browsers at the same steps of a call as the product does.
    """

    def __init__(self) -> None:
        self.browsers: dict[str, asyncio.Transport] = {}
        self._frames = {kind: frame(_body(0.0, kind=kind)) for kind in (b"call.offered", b"call.other", b"queue.stats")}
        self._queue_due = 0.0

    async def start(self) -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _FloorBrowser(self.browsers), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def link(self, port: int) -> None:
        await asyncio.get_running_loop().create_connection(lambda: _FloorAmi(self._take), "127.0.0.1", port)

    def _take(self, block: bytes) -> None:
        name = block[7 : block.find(b"\r", 7)]
        if name == b"DialBegin":
            self._tell(block, b"\r\nDestChannel: PJSIP/", b"call.offered")
        elif name in {b"BridgeEnter", b"Hangup"}:
            self._tell(block, b"\r\nChannel: PJSIP/", b"call.other")
        elif name in {b"QueueCallerJoin", b"QueueCallerLeave"} and time.perf_counter() > self._queue_due:
            self._queue_due = time.perf_counter() + QUEUE_EVERY_S
            for browser in self.browsers.values():
                browser.write(self._frames[b"queue.stats"])

    def _tell(self, block: bytes, mark: bytes, kind: bytes) -> None:
        at = block.find(mark) + len(mark)
        browser = self.browsers.get(block[at : block.find(b"-", at)].decode())
        if browser is not None:
            browser.write(self._frames[kind])

    async def ring(self, index: int, at: float) -> None:
        self.browsers[str(FIRST_EXTENSION + index)].write(frame(_body(at, kind=b"call.offered")))

    async def tell_all(self, at: float, padding: int) -> None:
        whole = frame(_body(at, padding))
        for browser in self.browsers.values():
            browser.write(whole)


class _FloorBrowser(asyncio.Protocol):
    def __init__(self, browsers: dict[str, asyncio.Transport]) -> None:
        self._browsers = browsers
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None and b"extension=" in data:
            self._browsers[data.split(b"extension=", 1)[1][:4].decode()] = self._transport
            self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")


class _FloorAmi(asyncio.BufferedProtocol):
    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._memory = bytearray(65_536)
        self._rest = b""

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        blocks = (self._rest + self._memory[:nbytes]).split(b"\r\n\r\n")
        self._rest = bytes(blocks.pop())
        for block in blocks:
            self._take(bytes(block))


class Ours(Side):
    """AmiLink, framing, events, calls, bus, announcer, hub, aiohttp: as ``hotline.app`` wires them."""

    def __init__(self) -> None:
        self._bus = Bus()
        self._cti: dict[str, CtiService] = {}
        desk = SimpleNamespace(board=lambda: Board((), {}, (), frozenset()), operator=lambda _: None)
        its = SimpleNamespace(
            bus=self._bus,
            clock=SystemClock(),
            settings=Settings(),
            desk=desk,
            cti=self._cti,
            quality=SimpleNamespace(live=list),
        )
        self._announcer = Announcer(cast(Services, its))

    async def start(self) -> None:
        self._announcer.start()
        app = web.Application()
        app.router.add_get("/events", self._connect)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse(heartbeat=30, compress=False)
        await websocket.prepare(request)
        extension = request.query["extension"]
        transport = cast(asyncio.Transport, request.transport)
        viewer = Viewer(int(extension), int(extension), extension)
        client = await self._announcer.hub.join(viewer, AiohttpSocket(websocket, transport))
        async for _ in websocket:
            pass
        await self._announcer.hub.leave(client)
        return websocket

    async def link(self, port: int) -> None:
        async def no_sink(*_: object) -> None:
            """Nothing is imported."""

        settings = AsteriskSettings(
            name="pbx1", ami_port=port, ami_secret=SecretStr("secret"), log_dir=Path("/nonexistent")
        )
        nowhere = Database.connect("postgresql+asyncpg://127.0.0.1:9/none")
        service = CtiService(
            settings, self._bus, SystemClock(), nowhere, no_sink, timing=Timing(ping_every=600), import_every_s=3600
        )
        self._cti["pbx1"] = service
        await service.start()
        await service.link.wait_for(LinkState.UP)

    async def ring(self, index: int, at: float) -> None:
        data = _data(at)
        await self._announcer.hub.to_extensions((str(FIRST_EXTENSION + index),), message("call.offered", data))

    async def tell_all(self, at: float, padding: int) -> None:
        await self._announcer.hub.broadcast(message("queue.stats", _data(at, padding)))

    def facts(self) -> dict[str, int]:
        counters = self._announcer.hub.counters
        orphans = sum(service.tracker.orphans + len(service.tracker.live_calls()) for service in self._cti.values())
        return {"browsers": len(self._announcer.hub), "overflows": counters.overflows, "calls left": orphans}


def _data(at: float, padding: int = RING - 70) -> dict[str, object]:
    return {"at": at, "text": "x" * padding}


def _body(at: float, padding: int = RING - 70, kind: bytes = b"queue.stats") -> bytes:
    return b'{"type":"%s","data":{"at":%a,"text":"%s"}}' % (kind, at, b"x" * padding)


SIDES: dict[str, type[Side]] = {"ours": Ours, "floor": Floor}


class Running:
    """The parent's end of a side."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port = int(self.ask("port"))

    def ask(self, *order: Any, wait_s: float = 30) -> Any:
        """Give an order and return its answer."""
        self.tell(*order)
        return self.answer(wait_s)

    def tell(self, *order: Any) -> None:
        """Give an order without waiting."""
        self._pipe.send(order)

    def done(self) -> bool:
        """Whether an answer has come."""
        return self._pipe.poll()

    def answer(self, wait_s: float = 30) -> Any:
        """Return the answer to the latest order."""
        if not self._pipe.poll(wait_s):
            raise TimeoutError("the measured process does not answer")
        return self._pipe.recv()


@contextmanager
def running(kind: str) -> Iterator[Running]:
    """Run a side in a process of its own."""
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(target=_main, args=(kind, its), daemon=True)
    process.start()
    try:
        yield Running(mine)
    finally:
        process.kill()
        process.join()


def _main(kind: str, pipe: Connection) -> None:
    logging.disable(logging.WARNING)
    asyncio.run(_serve(SIDES[kind](), pipe))


async def _serve(side: Side, pipe: Connection) -> None:
    await side.start()
    loop = asyncio.get_running_loop()
    orders: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
    loop.add_reader(pipe.fileno(), lambda: orders.put_nowait(pipe.recv()))
    while True:
        pipe.send(await _obey(side, *await orders.get()))


async def _obey(side: Side, name: str, *order: Any) -> object:
    match name:
        case "port":
            return side.port
        case "cpu":
            return time.process_time()
        case "tidy":  # what was made while connecting shall not be looked at while measuring
            gc.collect()
            gc.freeze()
            return None
        case "memory":
            return _resident()
        case "facts":
            return side.facts()
        case "link":
            await side.link(*order)
        case "send":
            await _send(side, *order)
    return None


def _resident() -> int:
    """Bytes of memory in use by this process (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


async def _send(side: Side, seconds: float, clients: int, targeted: float, broadcasts: float, padding: int) -> None:
    """Send at an even pace, each message stamped with the moment at which it was due: no lateness is left out."""
    begin = time.perf_counter() + 0.01

    async def rings() -> None:
        for number in range(int(seconds * targeted)):
            due = begin + number / targeted
            await _until(due)
            await side.ring(number * 7 % clients, due)

    async def boards() -> None:
        for number in range(int(seconds * broadcasts)):
            due = begin + number / broadcasts
            await _until(due)
            await side.tell_all(due, padding)

    await asyncio.gather(rings(), boards())


async def _until(moment: float) -> None:
    wait = moment - time.perf_counter()
    if wait > 0:
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(wait, done.set_result, None)
        await done
