"""AMI ingest: processor time for each event, from the socket to the folded call, against two floors.

The floors are the least that any Python client can do: cut, skip what is unwanted by its first line, make a dictionary
of the rest (or of everything). Once as fast as the client takes it, once at 2,000 events a second, one write each.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import resource
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker
from hotline.cti.framing import Framer, Message
from hotline.cti.link import _Protocol
from hotline.cti.linkrules import LinkCounts
from tests.bench.report import Row
from tests.bench.traffic import stream

REPETITIONS = 5
CONVERSATIONS = 400
PACE = 2000  # events a second
PACED_S = 1.5


class Floor(asyncio.BufferedProtocol):
    """The minimal client. ``wanted`` ``None`` parses everything."""

    def __init__(self, wanted: frozenset[bytes] | None, done: asyncio.Future[None]) -> None:
        self._wanted = wanted
        self._done = done
        self._memory = bytearray(65_536)
        self._rest = b""
        self.handled = 0

    def get_buffer(self, sizehint: int) -> bytearray:
        """Lend the buffer."""
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        """Cut and parse."""
        blocks = (self._rest + self._memory[:nbytes]).split(b"\r\n\r\n")
        self._rest = bytes(blocks.pop())
        wanted = self._wanted
        for block in blocks:
            if wanted is not None and block[7 : block.find(b"\r", 7)] not in wanted:
                continue
            headers: dict[str, str | list[str]] = {}
            for line in block.decode().split("\r\n"):
                key, _, value = line.partition(": ")
                old = headers.get(key)
                if old is None:
                    headers[key] = value
                elif isinstance(old, list):
                    old.append(value)
                else:
                    headers[key] = [old, value]
            self.handled += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is over."""
        self._done.set_result(None)


class Ours(_Protocol):
    """The product's own reader, feeding its own parser and fold."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self.tracker = CallTracker("pbx1")
        self.facts = 0
        self._done = done
        super().__init__(self._fold, LinkCounts(), Framer(ev.WANTED))

    def _fold(self, message: Message) -> None:
        event = ev.parse(message)
        if event is not None:
            self.facts += len(self.tracker.apply(event))

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is over."""
        super().connection_lost(exc)
        self._done.set_result(None)


def _serve(data: bytes, paced: bool, port_out: multiprocessing.SimpleQueue[int]) -> None:
    """Send the stream to one client after the other: as fast as each takes it, or at an even pace."""
    blocks = [block + b"\r\n\r\n" for block in data.split(b"\r\n\r\n")[: int(PACE * PACED_S)]]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port_out.put(server.getsockname()[1])
        while True:
            client, _ = server.accept()
            with client:
                if not paced:
                    client.sendall(data)
                    continue
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                begin = time.perf_counter()
                for number, block in enumerate(blocks):
                    select.select([], [], [], max(0.0, begin + number / PACE - time.perf_counter()))
                    client.sendall(block)


async def _time(make: Callable[[asyncio.Future[None]], asyncio.BaseProtocol], port: int) -> tuple[float, object]:
    """Return the processor seconds that one client spends on the stream, and the client."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    begin = time.process_time()
    _, protocol = await loop.create_connection(lambda: make(done), "127.0.0.1", port)
    async with asyncio.timeout(60):
        await done
    return time.process_time() - begin, protocol


def run() -> list[Row]:
    """Measure; interleaved repetitions, medians."""
    data, count = stream(CONVERSATIONS)
    with _server(data, paced=False) as port:
        rows = _bulk(port, count)
    with _server(data, paced=True) as port:
        return rows + _paced(port)


@contextlib.contextmanager
def _server(data: bytes, *, paced: bool) -> Iterator[int]:
    ports: multiprocessing.SimpleQueue[int] = multiprocessing.SimpleQueue()
    server = multiprocessing.Process(target=_serve, args=(data, paced, ports), daemon=True)
    server.start()
    try:
        yield ports.get()
    finally:
        server.kill()
        server.join()


def _bulk(port: int, count: int) -> list[Row]:
    times, grown = _measure(port, REPETITIONS, whole=True)
    us = {name: statistics.median(values) / count * 1e6 for name, values in times.items()}
    return [
        Row("AMI event, socket to folded call / wanted events", us["ours"], us["wanted"], "us", 1.5, 2.0),
        Row("the same / a client that parses everything", us["ours"], us["all"], "us", 1.0, 1.5),
        Row("AMI: memory grown after warm-up", grown, unit="MiB"),
    ]


def _paced(port: int) -> list[Row]:
    times, _ = _measure(port, 3, whole=False)
    us = {name: statistics.median(values) / (PACE * PACED_S) * 1e6 for name, values in times.items()}
    return [Row(f"AMI event at {PACE} a second / wanted events", us["ours"], us["wanted"], "us", 1.3, 1.8)]


def _measure(port: int, repetitions: int, *, whole: bool) -> tuple[dict[str, list[float]], float]:
    wanted = frozenset(name.encode() for name in ev.WANTED)
    clients: dict[str, Callable[[asyncio.Future[None]], asyncio.BaseProtocol]] = {
        "wanted": lambda done: Floor(wanted, done),
        "all": lambda done: Floor(None, done),
        "ours": Ours,
    }
    times: dict[str, list[float]] = {name: [] for name in clients}
    peak = 0
    for repetition in range(repetitions + 1):
        for name, make in clients.items():
            spent, client = asyncio.run(_time(make, port))
            if whole and isinstance(client, Ours):
                _check(client)
            if repetition:  # the first warms up
                times[name].append(spent)
        if not repetition:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return times, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024


def _check(client: Ours) -> None:
    """A fast client that forgets calls would be no client."""
    told = client.facts, len(client.tracker.calls), client.tracker.orphans
    per_call = client.facts / CONVERSATIONS
    if told[1:] != (0, 0) or per_call < 8:
        raise AssertionError(f"the fold is wrong: {told}")
