"""AMI ingest: processor time for each event, from the socket to the folded call, against two floors.

The floors are the least that any Python client can do: cut, skip what is unwanted by its first line, make a dictionary
of the rest (or of everything). The design's target is 1.5 times the first floor, with a light state update; ours makes
typed events and an immutable call at every step, which measures 2.2 to 2.5 times. The limit keeps it there.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker
from hotline.cti.framing import Framer, Message
from hotline.cti.link import _Protocol
from hotline.cti.linkrules import LinkCounts
from tests.bench.traffic import stream

REPETITIONS = 5
CONVERSATIONS = 400


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement and its bound."""

    name: str
    value: float
    good: float
    limit: float
    unit: str = "x"

    @property
    def ok(self) -> bool:
        """Whether the bound is kept."""
        return self.value <= self.limit

    def __str__(self) -> str:
        word = "good" if self.value <= self.good else "kept" if self.ok else "EXCEEDED"
        return f"{self.name:<58}{self.value:8.2f} {self.unit:<6} good {self.good:g}, limit {self.limit:g}: {word}"


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


def _serve(data: bytes, port_out: multiprocessing.SimpleQueue[int]) -> None:
    """Send the stream to one client after the other, as fast as each takes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port_out.put(server.getsockname()[1])
        while True:
            client, _ = server.accept()
            with client:
                client.sendall(data)


async def _time(make: Callable[[asyncio.Future[None]], asyncio.BaseProtocol], port: int) -> tuple[float, object]:
    """Return the processor seconds that one client spends on the stream, and the client."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    begin = time.process_time()
    _, protocol = await loop.create_connection(lambda: make(done), "127.0.0.1", port)
    async with asyncio.timeout(60):
        await done
    return time.process_time() - begin, protocol


def run() -> list[Result]:
    """Measure; interleaved repetitions, medians."""
    data, count = stream(CONVERSATIONS)
    ports: multiprocessing.SimpleQueue[int] = multiprocessing.SimpleQueue()
    server = multiprocessing.Process(target=_serve, args=(data, ports), daemon=True)
    server.start()
    try:
        return _measure(ports.get(), count)
    finally:
        server.kill()
        server.join()


def _measure(port: int, count: int) -> list[Result]:
    wanted = frozenset(name.encode() for name in ev.WANTED)
    clients: dict[str, Callable[[asyncio.Future[None]], asyncio.BaseProtocol]] = {
        "wanted": lambda done: Floor(wanted, done),
        "all": lambda done: Floor(None, done),
        "ours": Ours,
    }
    times: dict[str, list[float]] = {name: [] for name in clients}
    peak = 0
    for repetition in range(REPETITIONS + 1):
        for name, make in clients.items():
            spent, client = asyncio.run(_time(make, port))
            if isinstance(client, Ours):
                _check(client)
            if repetition:  # the first warms up
                times[name].append(spent)
        if not repetition:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    median = {name: statistics.median(values) / count * 1e6 for name, values in times.items()}
    return [
        Result("AMI: floor, wanted events only", median["wanted"], 99, 99, "us"),
        Result("AMI: socket to folded call, per event", median["ours"], 99, 99, "us"),
        Result("AMI: folded call / floor of wanted events", median["ours"] / median["wanted"], 1.5, 3.0),
        Result("AMI: folded call / floor that parses everything", median["ours"] / median["all"], 1.0, 1.5),
        Result("AMI: memory grown after warm-up", grown, 5, 20, "MiB"),
    ]


def _check(client: Ours) -> None:
    """A fast client that forgets calls would be no client."""
    told = client.facts, len(client.tracker.calls), client.tracker.orphans
    per_call = client.facts / CONVERSATIONS
    if told[1:] != (0, 0) or per_call < 8:
        raise AssertionError(f"the fold is wrong: {told}")
