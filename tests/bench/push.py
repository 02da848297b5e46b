"""The push hub against a bare protocol: one browser, all of them, both at once, and one that does not read."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.report import Row, percentile
from tests.bench.served import Running, running
from tests.bench.wires import Wires

BROWSERS = 1000
REPETITIONS = 3
TARGETED, BROADCASTS, PADDING = 200, 10, 277
STUCK_BROWSERS, STUCK_MESSAGES, STUCK_PADDING = 20, 3000, 4000


@dataclass(frozen=True, slots=True)
class Seen:
    """What the browsers saw of one run."""

    rings: list[float]
    boards: list[float]
    cpu: float


def run() -> list[Row]:
    """Measure both sides in turn."""
    with connected("floor", BROWSERS) as floor, connected("ours", BROWSERS) as ours:
        sides = {"floor": floor, "ours": ours}
        alone = {name: [send(*side, 1.5, TARGETED, 0) for _ in range(REPETITIONS)] for name, side in sides.items()}
        boards = {name: [send(*side, 1.5, 0, BROADCASTS) for _ in range(REPETITIONS)] for name, side in sides.items()}
        mixed = {
            name: [send(*side, 1.5, TARGETED, BROADCASTS) for _ in range(REPETITIONS)] for name, side in sides.items()
        }
    sent = int(1.5 * BROADCASTS) * BROWSERS

    def rings(name: str, share: float, runs: dict[str, list[Seen]]) -> float:
        return statistics.median(percentile(one.rings, share) for one in runs[name]) * 1e6

    def told(name: str, share: float) -> float:
        return statistics.median(percentile(one.boards, share) for one in boards[name]) * 1e3

    def cpu(name: str) -> float:
        return statistics.median(one.cpu for one in boards[name]) / sent * 1e6

    return [
        Row("push to one of 1000, p50", rings("ours", 0.5, alone), rings("floor", 0.5, alone), "us", 1.3, 1.7),
        Row("push to one of 1000, p99", rings("ours", 0.99, alone), rings("floor", 0.99, alone), "us", 1.5, 2.0),
        Row("broadcast to 1000, CPU per message", cpu("ours"), cpu("floor"), "us", 1.4, 2.0),
        Row("broadcast to 1000, p50", told("ours", 0.5), told("floor", 0.5), "ms"),
        Row("broadcast to 1000, p99", told("ours", 0.99), told("floor", 0.99), "ms"),
        Row("to one during broadcasts, p99", rings("ours", 0.99, mixed), rings("floor", 0.99, mixed), "us", 0.5, 1.0),
        *_stuck(),
    ]


@contextlib.contextmanager
def connected(kind: str, count: int) -> Iterator[tuple[Running, Wires]]:
    """Start a side and connect its browsers."""
    with running(kind) as side, Wires(side.port, count) as wires:
        wires.quiet(0.5)
        side.ask("tidy")
        yield side, wires


def send(
    side: Running, wires: Wires, seconds: float, targeted: float, broadcasts: float, padding: int = PADDING
) -> Seen:
    """Let a side send and collect what arrives.

    :raises AssertionError: something did not arrive.
    """
    rings, boards = int(seconds * targeted), int(seconds * broadcasts) * BROWSERS
    seen = Seen([], [], 0.0)
    spent = side.ask("cpu")
    side.tell("send", seconds, BROWSERS, targeted, broadcasts, padding)
    give_up = time.perf_counter() + seconds + 15
    while len(seen.rings) < rings or len(seen.boards) < boards:
        for _, payload, now in wires.receive(1.0):
            if b'"at":' in payload:
                kind = seen.rings if b'"call.offered"' in payload else seen.boards
                kind.append(now - stamp(payload))
        if time.perf_counter() > give_up:
            raise AssertionError(f"arrived: {len(seen.rings)} of {rings}, {len(seen.boards)} of {boards}")
    side.answer()
    return Seen(seen.rings, seen.boards, side.ask("cpu") - spent)


def stamp(payload: bytes) -> float:
    """Return the moment at which a message was due."""
    at = payload.find(b'"at":') + 5
    return float(payload[at : payload.find(b",", at)])


def _stuck() -> list[Row]:
    """One browser stops reading; the others must get everything, and he must be let go with little memory spent."""
    with connected("ours", STUCK_BROWSERS) as (side, wires):
        wires.ignore(0)
        before = side.ask("memory")
        got = [0] * STUCK_BROWSERS
        late: list[float] = []
        side.tell("send", STUCK_MESSAGES / 1000, STUCK_BROWSERS, 0, 1000, STUCK_PADDING)
        give_up = time.perf_counter() + 30
        while sum(got) < STUCK_MESSAGES * (STUCK_BROWSERS - 1):
            for index, payload, now in wires.receive(1.0):
                if b'"at":' in payload:  # on a busy machine a snapshot may come only now
                    got[index] += 1
                    late.append(now - stamp(payload))
            if time.perf_counter() > give_up:
                raise AssertionError(f"a stuck browser held up the others: {got}")
        side.answer()
        facts = side.ask("facts")
        if facts["overflows"] != 1 or facts["browsers"] != STUCK_BROWSERS - 1:
            raise AssertionError(f"the stuck browser was not let go: {facts}")
        grown = (side.ask("memory") - before) / 2**20
    return [
        Row("one stuck browser: the others' p99", percentile(late, 0.99) * 1e3, unit="ms"),
        Row("one stuck browser: memory grown", grown, unit="MiB"),
    ]
