"""From a ring in AMI to the frame in the operator's browser: 500 browsers connected, calls at an even pace.

The events of a call are those that Asterisk sent for a real one, one write each; the time runs from the write of
``DialBegin`` to the frame's arrival. The floor finds ``DialBegin`` and writes a frame made beforehand.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import statistics
import time
from collections.abc import Iterator

from hotline.cti.testing import FakeAmiServer
from tests.bench.report import Row, percentile
from tests.bench.served import Running, running
from tests.bench.traffic import as_sent
from tests.bench.wires import FIRST_EXTENSION, Wires, listening
from tests.unit.cti.captured import messages

BROWSERS = 500
RATES = (50, 200)
SECONDS = 2.0
REPETITIONS = 3
CALL_S = 0.2  # a call's events are spread over this time, so calls overlap


def run() -> list[Row]:
    """Measure both sides in turn; medians of the repetitions."""
    with measured("floor") as floor, measured("ours") as ours:
        sides = {"floor": floor, "ours": ours}
        rows: list[Row] = []
        for rate in RATES:
            for side in sides.values():  # warms up
                side.calls(rate, 0.3)
            seen = {name: [side.calls(rate, SECONDS) for _ in range(REPETITIONS)] for name, side in sides.items()}
            middle = {
                name: [statistics.median(column) for column in zip(*one, strict=True)] for name, one in seen.items()
            }
            us, least = middle["ours"], middle["floor"]
            rows += [
                Row(f"ring -> browser, {rate} calls/s, p50", us[0] * 1e6, least[0] * 1e6, "us", 2.0, 2.6),
                Row(f"ring -> browser, {rate} calls/s, p99", us[1] * 1e6, least[1] * 1e6, "us"),
                Row(f"ring -> browser, {rate} calls/s, CPU per call", us[2] * 1e6, least[2] * 1e6, "us", 1.6, 2.0),
            ]
        facts = ours.side.ask("facts")
        if facts["browsers"] != BROWSERS or facts["overflows"] or facts["calls left"]:
            raise AssertionError(f"the chain lost something: {facts}")
    return rows


class Measured:
    """One side with its browsers and its AMI."""

    def __init__(self, side: Running, wires: Wires, ami: socket.socket) -> None:
        self.side = side
        self._wires = wires
        self._ami = ami
        self._number = 0

    def calls(self, rate: float, seconds: float) -> tuple[float, float, float]:
        """Place calls; return the p50 and p99 of the time to the ring, and the processor seconds for each call."""
        count = int(rate * seconds)
        plan = self._plan(rate, count)
        sent: dict[int, float] = {}
        took: list[float] = []
        spent = self.side.ask("cpu")
        begin = time.perf_counter() + 0.01
        at = 0
        while len(took) < count:
            wait = begin + plan[at][0] - time.perf_counter() if at < len(plan) else 1.0
            for index, payload, now in self._wires.receive(max(0.0, wait)):
                if b"call.offered" in payload:
                    took.append(now - sent.pop(index))
            now = time.perf_counter()
            if now > begin + seconds + 10:
                raise AssertionError(f"{count - len(took)} of {count} rings did not arrive")
            while at < len(plan) and begin + plan[at][0] <= now:
                _, data, rings = plan[at]
                at += 1
                if rings is not None:
                    sent[rings] = time.perf_counter()
                self._ami.sendall(data)
        for _, data, _ in plan[at:]:
            self._ami.sendall(data)
        self._wires.quiet()
        spent = self.side.ask("cpu") - spent
        return percentile(took, 0.5), percentile(took, 0.99), spent / count

    def _plan(self, rate: float, count: int) -> list[tuple[float, bytes, int | None]]:
        """Return (when, bytes, which browser rings) of every event in the order of time."""
        templates = [as_sent(message) for message in messages("citizen_hangs_up")]
        plan: list[tuple[float, bytes, int | None]] = []
        for call in range(count):
            self._number += 1
            index = self._number % BROWSERS
            own, extension = f"pbx1-{self._number}.".encode(), f"PJSIP/{FIRST_EXTENSION + index}".encode()
            for step, template in enumerate(templates):
                data = re.sub(rb"pbx1-\d+\.", own, template).replace(b"PJSIP/101", extension)
                rings = index if data.startswith(b"Event: DialBegin") else None
                plan.append((call / rate + step * CALL_S / len(templates), data, rings))
        plan.sort(key=lambda one: one[0])
        return plan


@contextlib.contextmanager
def measured(kind: str) -> Iterator[Measured]:
    """Start a side, connect its browsers and its AMI."""
    with running(kind) as side, Wires(side.port, BROWSERS) as wires:
        wires.quiet()
        ami = _plain(side) if kind == "floor" else asyncio.run(_as_asterisk(side))
        side.ask("tidy")
        with ami:
            ami.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield Measured(side, wires, ami)


def _plain(side: Running) -> socket.socket:
    with listening() as server:
        side.tell("link", server.getsockname()[1])
        ami, _ = server.accept()
        side.answer()
        return ami


async def _as_asterisk(side: Running) -> socket.socket:
    """Let the product log in to the fake Asterisk; return that connection, to write events on it without asyncio."""
    async with FakeAmiServer() as fake:
        await asyncio.to_thread(side.ask, "link", fake.port)
        (session,) = fake.sessions
        taken = socket.socket(fileno=os.dup(session.writer.get_extra_info("socket").fileno()))
        taken.setblocking(True)
        session.writer.close()  # closes the server's own descriptor, which does not end the connection
        await session.writer.wait_closed()
        await asyncio.sleep(0)  # lets the server's own task see the end
        return taken
