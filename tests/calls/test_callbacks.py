"""Citizens who were not served, with real calls: the kept place, its priority, a service that was dead meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import text

from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import SippRun, citizen_answers, citizen_calls
from tests.calls.asterisk import Events, ami
from tests.house import House
from tests.operators import hire, operator

pytestmark = pytest.mark.calls

FIRST, LATER = "79285550120", "79285550121"
FIRST_HZ, LATER_HZ, BACK_HZ = 440, 1000, 700


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    prompts = dict.fromkeys(("greeting", "callback_promise", "callback_goodbye"), "beep")
    async with Stand(database=False, asterisk={**prompts, "alone_s": 1}) as running:
        yield running


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    """No talk is too short here: that ten seconds serve as shipped, is shown by a clock that tests move, in
    tests/unit/callbacks/test_rules.py and tests/integration/journal/test_callbacks.py (``as_shipped``)."""
    running = House(stand, demo_db_url, settings={"HOTLINE_CALLBACK_SERVED_S": "0"})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


async def waits(events: Events) -> str:
    """Wait until a citizen stands in the queue; return his channel."""
    joined = await events.wait("QueueCallerJoin")
    await events.wait("MusicOnHoldStart", Uniqueid=joined["Uniqueid"])
    events.seen.clear()
    return joined["Channel"]


async def asks_to_be_called_back(events: Events, channel: str, citizen: SippRun) -> None:
    """Press 1, hear the promise out, and be hung up by the hotline."""
    pressed = await events.send("PlayDTMF", Channel=channel, Digit="1", Duration="200", Receive="true")
    assert pressed["Response"] == "Success", pressed
    await events.wait("UserEvent", UserEvent="CallbackAsked")
    assert (await citizen.wait(30)).ok


async def the_duty(db: Database) -> dict[str, Any]:
    async with db.begin() as session:
        (row,) = (await session.execute(text("SELECT * FROM duty"))).mappings()
    return dict(row)


async def test_a_kept_place_is_served_before_a_later_caller(stand: Stand, house: House, demo_db: Database) -> None:
    """Peers, in-queue callback keeping the place: 1, then a later caller, then an operator: the first is first."""
    logins = await hire(demo_db, 1)
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(ami(stand.asterisk.settings))
        async with citizen_calls(stand.asterisk, caller=FIRST, sound=float(FIRST_HZ)) as first:
            await asks_to_be_called_back(events, await waits(events), first)
        await house.logged("is open")
        await stack.enter_async_context(citizen_calls(stand.asterisk, caller=LATER, sound=float(LATER_HZ), hold_s=90))
        await waits(events)
        await stack.enter_async_context(citizen_answers(stand.asterisk, sound=float(BACK_HZ), hold_s=60))
        anna = await stack.enter_async_context(operator(house.url, logins[0]))
        await anna.start_work()

        call = await anna.phone.next_call(within=20)
        assert (call.header("x-call-role"), call.header("x-queue")) == ("callback", "hotline")
        assert call.remote_number == f"+{FIRST}"
        key = call.header("x-call-id")
        await call.answer()
        await call.meter.wait_for_tone(BACK_HZ, windows=4, within=20)
        await call.hangup()
        await house.logged("is served", within_s=30)

        later = await anna.phone.next_call(within=30)
        assert (later.header("x-call-role"), later.remote_number) == ("queue", LATER)
        await later.answer()
        await later.meter.wait_for_tone(LATER_HZ, within=20)
        await later.hangup()
    duty = await the_duty(demo_db)
    assert (duty["state"], duty["served_call"], duty["number"]) == ("served", key, f"+{FIRST}")
    assert duty["reasons"] == ["asked"]
    async with demo_db.begin() as session:
        rows = (await session.execute(text("SELECT * FROM call WHERE key = :key"), {"key": key})).mappings().all()
    assert [(row["direction"], row["outcome"], row["dialled"], row["recorded"]) for row in rows] == [
        ("out", "answered", FIRST, True)
    ]
    assert (stand.asterisk.settings.recording_dir / f"{key}.wav").exists() or (
        stand.asterisk.settings.recording_dir / f"{key}.opus"
    ).exists()


async def test_a_wish_is_kept_although_the_service_was_dead_and_ends_when_he_calls_again(
    stand: Stand, house: House, demo_db: Database
) -> None:
    """DAY-14: kill -9 before the digit; Asterisk's log keeps the wish; he calls again and is answered: it is over."""
    logins = await hire(demo_db, 1)
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(ami(stand.asterisk.settings))
        async with citizen_calls(stand.asterisk, caller=FIRST, sound=float(FIRST_HZ)) as citizen:
            channel = await waits(events)
            await house.kill()
            await asks_to_be_called_back(events, channel, citizen)
        before = len(house.log)
        await house.start()
        await house.logged("is open", after=before, within_s=40)
        duty = await the_duty(demo_db)
        assert (duty["state"], duty["reasons"], duty["queue"]) == ("open", ["asked"], "hotline")
        assert duty["asked_since"] < duty["first_at"]

        await stack.enter_async_context(citizen_calls(stand.asterisk, caller=FIRST, sound=float(FIRST_HZ), hold_s=60))
        await waits(events)
        anna = await stack.enter_async_context(operator(house.url, logins[0]))
        await anna.start_work()
        call = await anna.phone.next_call(within=20)
        assert call.header("x-call-role") == "queue", "he is on the line himself, nobody calls him"
        await call.answer()
        await house.logged("is served", after=before, within_s=30)
        await call.hangup()
    assert (await the_duty(demo_db))["served_call"] == call.header("x-call-id")
