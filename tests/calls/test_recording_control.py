"""Recordings that somebody switches on, and silences that nobody ends: on a real Asterisk, checked by their tones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import text

from hotline.app import running
from hotline.archive.opus import decoded_seconds
from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.cti.model import VoiceChanged
from hotline.db import Database
from hotline.softphone.headless import HeadlessCall
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.calls.test_recording import CITIZEN_HZ, FIRST_HZ, LONG, SECOND_HZ, shares, state_of
from tests.house import House, free_port, open_house
from tests.operators import Operator, hire, operator

pytestmark = pytest.mark.calls


async def listen(call: HeadlessCall, hz: int) -> None:
    """Talk for some seconds."""
    await call.meter.wait_for_tone(hz, windows=LONG, within=20)


async def silence(one: Operator, call: HeadlessCall, key: str) -> None:
    """A private field gets the focus, and keeps it while they talk on."""
    assert (await state_of(one, key, "recording/pause", {"field": "applicant_snils"}))["paused"] is True
    await listen(call, CITIZEN_HZ)


async def restart(house: House) -> None:
    """The service dies and is started again. The telephones come back to it some seconds later: :func:`back`."""
    await house.kill()
    await house.start()


async def back(*operators: Operator) -> None:
    """Wait until their telephones are connected again; before that nobody can ring them."""
    async with asyncio.timeout(20):
        for one in operators:
            await one.phone.registered.wait()


def spoken(path: Path, *tones: int) -> list[bool]:
    """Stretches of a recording in order: whether a tone is heard. A single half-second is too short for one."""
    runs = [(heard, len(list(run))) for heard, run in groupby(bool(one) for one in shares(path, *tones))]
    return [heard for heard, _ in groupby(heard for heard, halves in runs if halves > 1)]


async def pauses_of(db: Database) -> list[str]:
    async with db.begin() as session:
        return list(await session.scalars(text("SELECT end_reason FROM recording_pause ORDER BY id")))


async def test_a_forgotten_pause_ends_by_itself(stand: Stand, demo_db: Database, demo_db_url: str) -> None:
    """The browser is gone, the service is restarted, a colleague gets the call: each time the recording goes on."""
    logins = await hire(demo_db, 2)
    async with open_house(stand, demo_db_url) as house, AsyncExitStack() as stack:
        first = await stack.enter_async_context(operator(house.url, logins[0], tone_hz=FIRST_HZ))
        second = await stack.enter_async_context(operator(house.url, logins[1], tone_hz=SECOND_HZ))
        await first.start_work()
        async with citizen_calls(stand.asterisk, sound=float(CITIZEN_HZ), hold_s=120) as citizen:
            call = await first.phone.next_call(within=20)
            await call.answer()
            await listen(call, CITIZEN_HZ)
            key = call.header("x-call-id")
            assert key

            await silence(first, call, key)
            first.phone.lose_connection()
            await house.logged(f"recording {key} goes on: gone")
            await listen(call, CITIZEN_HZ)

            await silence(first, call, key)
            before = len(house.log)
            await restart(house)
            await house.logged(f"recording {key}: begun anew", after=before)
            await listen(call, CITIZEN_HZ)

            await back(first, second)
            await silence(first, call, key)  # also: the new process knows that the call is recorded
            ringing = asyncio.create_task(second.phone.next_call(within=20))
            await state_of(first, key, "consult", {"extension": "111"})
            consulted = await ringing
            await consulted.answer()
            await consulted.meter.wait_for_tone(FIRST_HZ, within=10)
            await state_of(first, key, "complete")
            await house.logged(f"recording {key} goes on: transfer")
            await listen(consulted, CITIZEN_HZ)
            await consulted.hangup()
            await citizen.wait(20)
        await house.logged(f"recording {key} is kept", within_s=40)
    assert await pauses_of(demo_db) == ["gone", "restart", "transfer"]
    sound = stand.asterisk.settings.recording_dir / f"{key}.opus"
    assert spoken(sound, CITIZEN_HZ)[-7:] == [True, False, True, False, True, False, True]
    assert SECOND_HZ in set().union(*shares(sound, SECOND_HZ))


class _Noticed(logging.Handler):
    """Waits for lines of the log of a service that runs in this process."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        task = asyncio.get_running_loop().create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until(self, part: str, within_s: float = 20) -> int:
        """Return the place of the first line with ``part``."""
        async with asyncio.timeout(within_s), self._news:
            await self._news.wait_for(lambda: any(part in line for line in self.lines))
        return next(place for place, line in enumerate(self.lines) if part in line)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


@contextmanager
def noticed() -> Iterator[_Noticed]:
    log, handler = logging.getLogger("hotline"), _Noticed()
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)


@pytest.fixture
def settings(stand: Stand, demo_db_url: str) -> Settings:
    """Those of a service in this process whose pauses last four seconds at most."""
    port = free_port()
    return Settings.model_validate(
        {
            "database_url": demo_db_url,
            "listen_port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "asterisks": [stand.asterisk.settings],
            "recording_pause_s": 4,
        }
    )


async def test_a_renewal_waits_for_the_end_of_a_pause_and_the_limit_ends_it(
    stand: Stand, demo_db: Database, settings: Settings
) -> None:
    """A recording begun anew would not be silent. What the citizen hears changes at the worst moment: in the pause."""
    (login,) = await hire(demo_db, 1)
    with noticed() as log:
        async with running(settings) as hotline, operator(hotline.url, login, tone_hz=FIRST_HZ) as first:
            await first.start_work()
            async with citizen_calls(stand.asterisk, sound=float(CITIZEN_HZ), hold_s=60) as citizen:
                call = await first.phone.next_call(within=20)
                await call.answer()
                await listen(call, CITIZEN_HZ)
                key = call.header("x-call-id")
                assert key
                await state_of(first, key, "recording/pause", {"field": "applicant_enp"})
                hotline.services.bus.publish(VoiceChanged("pbx1", key, SystemClock().now()))
                ended = await log.until(f"recording {key} goes on: limit")
                renewed = await log.until(f"recording {key}: begun anew")
                await listen(call, CITIZEN_HZ)
                await call.hangup()
                await citizen.wait(20)
            await log.until(f"recording {key} is kept", within_s=40)
    assert ended < renewed
    assert sum("begun anew" in line for line in log.lines) == 1
    assert await pauses_of(demo_db) == ["limit"]
    sound = stand.asterisk.settings.recording_dir / f"{key}.opus"
    heard = shares(sound, CITIZEN_HZ, FIRST_HZ)
    assert spoken(sound, CITIZEN_HZ, FIRST_HZ) == [True, False, True]
    first_word = next(place for place, tones in enumerate(heard) if tones)
    silent = [place for place, tones in enumerate(heard) if not tones and place > first_word]
    assert silent == list(range(silent[0], silent[-1] + 1))  # one stretch, without a word in it
    assert 6 <= len(silent) <= 9  # four seconds


async def test_an_internal_call_is_recorded_from_a_wish_to_the_next(
    stand: Stand, demo_db: Database, demo_db_url: str
) -> None:
    logins = await hire(demo_db, 2)
    async with open_house(stand, demo_db_url) as house, AsyncExitStack() as stack:
        first = await stack.enter_async_context(operator(house.url, logins[0], tone_hz=FIRST_HZ))
        second = await stack.enter_async_context(operator(house.url, logins[1], tone_hz=SECOND_HZ))
        ringing = asyncio.create_task(second.phone.next_call(within=20))
        call = await first.phone.call("111")
        answered = await ringing
        await answered.answer()
        key = answered.header("x-call-id")
        assert key
        await listen(call, SECOND_HZ)  # not recorded
        await state_of(first, key, "recording/start")
        async with first.http.post(f"/api/calls/{key}/recording/start", json={}) as refused:
            assert (refused.status, (await refused.json())["error_id"]) == (409, "already-recorded")
        await listen(call, SECOND_HZ)
        await state_of(second, key, "recording/stop")
        async with second.http.post(f"/api/calls/{key}/recording/stop", json={}) as refused:
            assert (refused.status, (await refused.json())["error_id"]) == (409, "not-recorded")
        await listen(call, SECOND_HZ)  # not recorded
        await state_of(second, key, "recording/start")
        await state_of(second, key, "recording/stop")  # and again before Asterisk has let go of the file
        await state_of(second, key, "recording/start")
        await listen(call, SECOND_HZ)
        await restart(house)
        await state_of(
            first, key, "recording/start"
        )  # the new process does not know that it is, and must not do it twice
        await listen(call, SECOND_HZ)
        # Its connection broke with the service. Hung up before it is back, the call would go on without its voice.
        await back(first, second)
        await call.hangup()
        await house.logged(f"recording {key} is kept", within_s=40)
    async with demo_db.begin() as session:
        statement = text("SELECT direction, recorded, talk_s FROM call WHERE key = :key")
        row = (await session.execute(statement, {"key": key})).one()
    assert (row.direction, row.recorded) == ("internal", True)
    sound = stand.asterisk.settings.recording_dir / f"{key}.opus"
    both = [{FIRST_HZ, SECOND_HZ} <= tones for tones in shares(sound, FIRST_HZ, SECOND_HZ)]
    assert both.count(False) <= 2, shares(sound, FIRST_HZ, SECOND_HZ)  # where it was begun anew
    lasted = decoded_seconds(sound)
    assert lasted >= 3 * 1.5, lasted  # three stretches of about two seconds each, and the restart
    assert lasted < row.talk_s - 3 * 1.5, (lasted, row.talk_s)
