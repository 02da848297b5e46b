"""Fifty conversations that go on: what the service spends on them, beside what Asterisk spends (issue 3).

All is real but the telephones: Asterisk bridges and records, PostgreSQL is there, the service runs as its own process.
Operators' telephones are SIPp, which costs nobody but itself; their desks are WebSockets to ``/events`` that ping and
report the sound of their call every two seconds, as the page does.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

from hotline.db import Database
from hotline.load.people import hire
from hotline.load.session import Session, session
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.stand.postgres import PrivateCluster
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.bench.report import Row
from tests.house import open_house
from tests.telephones import telephones

CALLS = 50
FIRST = 110
SECONDS = 30
IDLE_S = 15
LIMIT_S = 300
REPORT_S, PING_S = 2.0, 10.0
QUEUE = "hotline"
TICK = os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> float:
    """Return the processor seconds of a process so far (proc(5), fields utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def _pass(seconds: float) -> None:
    """Let time go by: here it is what is measured, not what is waited for."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_later(seconds, over.set_result, None)
    try:
        await over
    finally:
        timer.cancel()


async def _desk(its: Session) -> None:
    """An operator's page: pings, reports the sound of his call, reads what is pushed."""
    leg = str(uuid.uuid4())
    sound = {"leg": leg, "received": 100, "lost": 0, "jitter_ms": 1.5, "rtt_ms": 3.0, "alarm": None, "call_key": None}
    async with its.http.ws_connect("/events") as socket_, asyncio.TaskGroup() as group:

        async def say(text: str, every_s: float) -> None:
            while True:
                await _pass(every_s)
                await socket_.send_str(text)

        group.create_task(say(json.dumps({"type": "quality", "data": sound}), REPORT_S))
        group.create_task(say('{"type":"ping"}', PING_S))
        async for _ in socket_:
            pass
        raise ConnectionError(f"the service closed a desk: {socket_.close_code}")


async def _until_held(stand: Stand) -> None:
    """Wait until all talk; asking Asterisk takes its time."""
    while True:
        rows = (await stand.asterisk.cli("core show channels concise")).splitlines()
        if sum("!Up!" in row for row in rows) >= 2 * CALLS:
            return


async def _measure(pids: dict[str, int], seconds: float) -> dict[str, float]:
    """Return the processor milliseconds that each process spends in a second."""
    before = {name: spent(pid) for name, pid in pids.items()}
    began = asyncio.get_running_loop().time()
    await _pass(seconds)
    lasted = asyncio.get_running_loop().time() - began
    return {name: 1000 * (spent(pid) - before[name]) / lasted for name, pid in pids.items()}


async def _run() -> list[Row]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.timeout(LIMIT_S))
        cluster = await stack.enter_async_context(PrivateCluster())
        url = await cluster.create_database("held")
        await upgrade(url)
        db = Database.connect(url)
        stack.push_async_callback(db.close)
        await load_profile(db, "oms")
        await load_demo(db)
        people = await hire(db, CALLS, first_extension=FIRST)
        stand = await stack.enter_async_context(Stand(database=False, asterisk={"greeting": "beep"}))
        house = await stack.enter_async_context(open_house(stand, url))
        sessions = [await stack.enter_async_context(session(house.url, one)) for one in people]
        extensions = [str(FIRST + number) for number in range(CALLS)]
        await stack.enter_async_context(telephones(stand, extensions, hold_s=LIMIT_S))
        desks = await stack.enter_async_context(asyncio.TaskGroup())
        pages = [desks.create_task(_desk(its)) for its in sessions]
        try:
            asterisk = stand.asterisk.pid
            assert house.pid is not None and asterisk is not None  # noqa: PT018 - both run
            pids = {"service": house.pid, "asterisk": asterisk}
            idle = await _measure(pids, IDLE_S)
            for extension in extensions:
                await stand.asterisk.cli(f"queue add member PJSIP/{extension} to {QUEUE}")
            async with citizen_calls(stand, calls=CALLS, rate=5, hold_s=LIMIT_S):
                await _until_held(stand)
                busy = await _measure(pids, SECONDS)
                await _until_held(stand)
                wrong = [line for line in house.log if " ERROR " in line or "is over and in the journal" in line]
                if wrong:
                    raise RuntimeError(f"not all of the {CALLS} calls were held: {wrong[:3]}")
        finally:
            for page in pages:
                page.cancel()
    return _rows(idle, busy)


def _rows(idle: dict[str, float], busy: dict[str, float]) -> list[Row]:
    def each(name: str) -> float:
        return 1000 * busy[name] / CALLS

    def more(name: str) -> float:
        return 1000 * (busy[name] - idle[name]) / CALLS

    what = f"{CALLS} calls held, CPU of the service beside Asterisk's"
    return [
        Row(f"{what}: a call and second", each("service"), each("asterisk")),
        Row(f"{what}: above idle", more("service"), more("asterisk")),
        Row("... whole processes, ms in a second", busy["service"], busy["asterisk"], "ms"),
        Row(f"... idle, with {CALLS} desks", idle["service"], idle["asterisk"], "ms"),
    ]


def run() -> list[Row]:
    """Hold the calls and measure."""
    return asyncio.run(_run())
