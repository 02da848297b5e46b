"""The board on the real thing: as Asterisk says it, also after kill -9 and a restart of Asterisk (DAY-34).

How long a ring and an answer take stands among the properties that ``--junitxml`` writes; docs/board.md has it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from json import loads
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from hotline.db import Database
from hotline.profiles.demo import DEMO_PASSWORD
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.house import House, open_house
from tests.operators import hire, operator

pytestmark = pytest.mark.calls

CITIZEN_HZ = 440
STUCK_S = 30.0
IN_CALL = {"ringing", "talking", "hold"}
ROWS = (
    "SELECT count(*), count(answered_at), count(*) FILTER (WHERE answered_at IS NULL AND ended_at IS NOT NULL"
    " AND outcome NOT IN ('voicemail', 'callback')) FROM call WHERE queued_at IS NOT NULL"
)

Rows = dict[str, dict[str, Any]]


@dataclass
class Watched:
    """What a supervisor's page would show, kept by the messages alone."""

    house: House
    http: aiohttp.ClientSession
    queues: Rows = field(default_factory=dict)
    operators: Rows = field(default_factory=dict)
    at: float = 0.0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Connect, again after the service was started anew, and ask for the board."""
        await self.close()
        ws = await self.http.ws_connect("/events")
        await ws.send_json({"type": "board", "data": {"on": True}})
        self._task = asyncio.create_task(self._read(ws))

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._learn(loads(message.data))

    async def _learn(self, told: dict[str, Any]) -> None:
        if told["type"] not in {"board", "board.changed"}:
            return
        async with self._news:
            if told["type"] == "board":
                self.queues.clear()
                self.operators.clear()
            self.queues |= {row["queue"]: row for row in told["data"]["queues"]}
            self.operators |= {row["extension"]: row for row in told["data"]["operators"]}
            self.at = time.monotonic()
            self._news.notify_all()

    async def shows(self, check: Callable[[Watched], bool], *, within_s: float = 20.0) -> float:
        """Wait until the page shows something; return when it came."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: bool(self.queues) and check(self))
                return self.at
        except TimeoutError:
            busy = {name: row for name, row in self.operators.items() if row["state"] != "offline"}
            told = "\n".join(["", *self.house.log[-30:]])
            raise AssertionError(f"the board never showed it: {self.queues} {busy}{told}") from None

    @property
    def today(self) -> dict[str, Any]:
        """Today's figures of the hotline's queue."""
        found: dict[str, Any] = self.queues["hotline"]["today"]
        return found


@asynccontextmanager
async def supervisor(house: House, login: str) -> AsyncIterator[Watched]:
    """Log in and look at the board."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(house.url, cookie_jar=jar, headers={"Origin": house.url}) as http:
        async with http.post("/login", json={"login": login, "password": DEMO_PASSWORD}) as answer:
            assert answer.status == 200, await answer.text()
        watched = Watched(house, http)
        await watched.connect()
        try:
            yield watched
        finally:
            await watched.close()


def counts(watched: Watched) -> tuple[int, int, int, int]:
    return (watched.queues["hotline"]["waiting"], *(watched.today[name] for name in ("offered", "answered", "lost")))


async def journal_has(db: Database, *figures: int) -> None:
    """Wait until the journal says the same: joined the queue, answered, lost. The board hears of a call before it."""
    found: tuple[int, ...] = ()
    try:
        async with asyncio.timeout(10):
            while found != figures:
                async with db.begin() as session:
                    found = tuple((await session.execute(text(ROWS))).one())
    except TimeoutError:
        raise AssertionError(f"the journal has {found}, the board {figures}") from None


async def test_the_board_is_right_and_so_after_every_restart(
    stand: Stand, demo_db: Database, demo_db_url: str, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """DAY-34: a ring and an answer are shown at once; citizens who gave up while the service was dead are lost,
    who waits still waits; after a restart of Asterisk nobody waits and nobody is in a call that does not exist."""
    (login,) = await hire(demo_db, 1)
    extension = login.removeprefix("headless")
    asterisk = stand.asterisk
    async with open_house(stand, demo_db_url) as house, AsyncExitStack() as stack:
        one = await stack.enter_async_context(operator(house.url, login))
        board = await stack.enter_async_context(supervisor(house, "sup301"))
        await one.start_work()
        await board.shows(lambda page: page.operators[extension]["state"] == "ready")

        async with citizen_calls(asterisk, sound=float(CITIZEN_HZ), hold_s=60):
            call = await one.phone.next_call(within=20)
            rang_at = time.monotonic()
            shown_at = await board.shows(lambda page: page.operators[extension]["state"] == "ringing")
            record_testsuite_property("ring_shown_s", shown_at - rang_at)
            await call.answer()
            answered_at = time.monotonic()
            shown_at = await board.shows(lambda page: page.operators[extension]["state"] == "talking")
            record_testsuite_property("answer_shown_s", shown_at - answered_at)
            assert board.operators[extension]["party"] == "••••1122"
            await board.shows(lambda page: counts(page) == (0, 1, 1, 0))
            await one.post("/api/operator/pause", {"reason": "P02"})
            await call.hangup()
        await board.shows(lambda page: page.operators[extension]["state"] == "pause")

        # One gives up while the service is dead, another one calls meanwhile and waits on.
        gives_up = AsyncExitStack()
        await gives_up.enter_async_context(citizen_calls(asterisk, caller="79280002233", hold_s=60))
        await board.shows(lambda page: counts(page) == (1, 2, 1, 0))
        await house.kill()
        await gives_up.aclose()
        async with AsyncExitStack() as waits:
            citizen = await waits.enter_async_context(citizen_calls(asterisk, caller="79280003344", hold_s=120))
            await house.start()
            await board.connect()
            await board.shows(lambda page: counts(page) == (1, 3, 1, 1), within_s=STUCK_S)
            assert board.operators[extension]["state"] in {"pause", "lost"}
            await journal_has(demo_db, 3, 1, 1)

            await asterisk.kill()
            await citizen.kill()
        before = len(house.log)
        await asterisk.restart()
        await house.logged(f"link {asterisk.settings.name}: up", after=before, within_s=40)
        await board.shows(
            lambda page: counts(page) == (0, 3, 1, 2) and page.operators[extension]["state"] not in IN_CALL,
            within_s=STUCK_S,
        )
        assert board.operators[extension]["call_key"] is None
        await journal_has(demo_db, 3, 1, 2)


async def test_a_ring_that_ended_because_asterisk_was_stopped_sends_nobody_into_a_pause(
    stand: Stand, demo_db: Database, demo_db_url: str
) -> None:
    """DAY-10: who could not answer because the exchange went away is free again when it is back, not absent (P10)."""
    (login,) = await hire(demo_db, 1)
    extension = login.removeprefix("headless")
    async with open_house(stand, demo_db_url) as house, AsyncExitStack() as stack:
        one = await stack.enter_async_context(operator(house.url, login))
        board = await stack.enter_async_context(supervisor(house, "sup301"))
        await one.start_work()
        citizen = await stack.enter_async_context(citizen_calls(stand.asterisk, hold_s=60))
        await one.phone.next_call(within=20)
        await board.shows(lambda page: page.operators[extension]["state"] == "ringing")
        before = len(house.log)
        await stand.asterisk.stop()
        await citizen.kill()
        await house.logged(f"link {stand.asterisk.settings.name}: down", after=before)
        await board.shows(lambda page: page.operators[extension]["state"] in {"ready", "ringing"})
        await stand.asterisk.start()
        await house.logged(f"link {stand.asterisk.settings.name}: up", after=before, within_s=40)
        await board.shows(lambda page: page.operators[extension]["state"] == "ready", within_s=STUCK_S)
