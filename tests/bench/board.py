"""The board with 1,000 operators: facts → changed rows → one message a quarter of a second → the hub, against a plain
JSON dump of the same rows and a send of the same bytes."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hotline.board.figures import DayBook
from hotline.board.live import LiveBoard
from hotline.board.model import Scope
from hotline.board.operators import Person
from hotline.cti.model import Call, Direction, Phase, QueueChanged
from hotline.queue.model import CallPart, Operator, OperatorState
from hotline.web.board_messages import changes_data, picture
from hotline.web.push import PushHub, Viewer
from hotline.web.push_messages import message
from tests.bench.report import Row

OPERATORS, WATCHERS, TICKS, CALLS = 1000, 20, 2400, 2
"""Ten minutes: four messages a second; eight calls a second, as a thousand operators take with calls of two minutes."""
START = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)
NOW = START + timedelta(hours=10)
ALL = Scope(None)


class Wire:
    """A browser that takes everything at once."""

    def __init__(self) -> None:
        self.got = 0

    def buffered(self) -> int:
        return 0

    def write(self, message: bytes) -> None:
        self.got += len(message)

    async def send(self, message: bytes) -> None:
        self.write(message)

    async def close(self, code: int, reason: str) -> None:
        return


def run() -> list[Row]:
    """Play a minute; fail when a browser did not get every byte."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    dice = random.Random(1)
    live = LiveBoard(DayBook(START, START + timedelta(days=1)), ("hotline",), home=1)
    live.set_people(Person(n, f"Операторова {n} А.", str(1000 + n), 1, "ТФОМС", ("op1",)) for n in range(OPERATORS))
    live.take_changes()
    hub = PushHub(lambda _: b"{}")
    wires = [Wire() for _ in range(WATCHERS)]
    clients = [await hub.join(Viewer(n, n, None), wire) for n, wire in enumerate(wires)]
    dumped: list[dict[str, Any] | None] = []
    sent: list[bytes] = []
    began = time.process_time()
    for tick in range(TICKS):
        now = NOW + timedelta(seconds=tick / 4)
        for number in range(CALLS):
            _fact(live, dice, f"{tick}.{number}", now)
        data = changes_data(live.take_changes(), ALL, live)
        told = message("board.changed", data)
        hub.tell(clients, told)
        dumped.append(data)
        sent.append(told)
        await asyncio.sleep(0)
    ours = time.process_time() - began
    if {wire.got for wire in wires} != {sum(map(len, sent)) + 2}:
        raise AssertionError("a browser did not get every byte")
    began = time.process_time()
    for data in dumped:
        encoded = message("board.changed", data)
        for wire in wires:
            wire.write(encoded)
    floor = time.process_time() - began
    began = time.process_time()
    whole = message("board", picture(live, ALL))
    snapshot = time.process_time() - began
    seconds = TICKS / 4
    for client in clients:
        await hub.leave(client)
    return [
        Row("board, 1000 operators, 8 calls/s, 20 browsers: CPU", 1e3 * ours / seconds, 1e3 * floor / seconds, "ms/s"),
        Row("board: bytes to one browser", sum(map(len, sent)) / seconds / 1024, unit="KiB/s"),
        Row("board: the whole picture", 1e3 * snapshot, unit="ms"),
        Row("board: its size", len(whole) / 1024, unit="KiB"),
    ]


def _fact(live: LiveBoard, dice: random.Random, key: str, now: datetime) -> None:
    """Somebody's call begins or ends."""
    number = dice.randrange(OPERATORS)
    extension = str(1000 + number)
    call = Call(
        key, "pbx1", Direction.IN, Phase.TALKING, "+79280001122", "8800", now, queue="hotline",
        queued_at=now - timedelta(seconds=dice.random() * 40), answered_at=now, operator=extension,
    )  # fmt: skip
    talks = Operator(
        number, extension, now, OperatorState.TALKING, queues=("hotline",), calls=((key, CallPart.TALKING),)
    )
    live.set_waiting(QueueChanged("pbx1", "hotline", dice.randrange(9), now, now))
    live.set_call(call)
    live.set_operator(talks)
    if dice.random() < 0.5:
        live.set_call(replace(call, phase=Phase.ENDED, ended_at=now))
        live.set_operator(replace(talks, state=OperatorState.READY, calls=()))
