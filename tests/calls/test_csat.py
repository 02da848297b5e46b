"""A citizen is asked after the talk how it was, with real calls: by the service, and by the dialplan alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import text

from hotline.db import Database
from hotline.softphone.headless import HeadlessCall
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.calls.asterisk import Event, Events, ami
from tests.house import House
from tests.operators import Operator, hire, operator

pytestmark = pytest.mark.calls

CITIZEN, CITIZEN_HZ = "79285550130", 440
LINE = '{"title": "Все номера", "queue": "hotline", "rate_percent": 100, "rate_more": true}'


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    prompts = dict.fromkeys(("greeting", "rate_call", "rate_recommend", "rate_thanks"), "beep")
    async with Stand(database=False, asterisk=prompts) as running:
        yield running


@pytest.fixture
async def house(stand: Stand, demo_db_url: str, demo_db: Database) -> AsyncIterator[House]:
    async with demo_db.begin() as session:
        line = "INSERT INTO distribution_rule (kind, code, body, changed_at) VALUES ('line', 'other', :body, now())"
        await session.execute(text(line.replace(":body", "CAST(:body AS jsonb)")), {"body": LINE})
    running = House(stand, demo_db_url)
    try:
        await running.start()
        await running.logged("differences of the lines mended")
        yield running
    finally:
        await running.stop()


async def talks(anna: Operator) -> tuple[HeadlessCall, str]:
    """Answer the next call and hear the citizen; return the call and its key."""
    call = await anna.phone.next_call(within=30)
    await call.answer()
    await call.meter.wait_for_tone(CITIZEN_HZ, within=20)
    key = call.header("x-call-id")
    assert key
    return call, key


async def asked(events: Events, key: str) -> None:
    await events.wait("UserEvent", UserEvent="RatingAsked", CallId=key)


async def press(events: Events, channel: str, digits: Sequence[str]) -> None:
    """Digits wait in the channel until the dialplan reads them, so none comes too early."""
    for digit in digits:
        done = await events.send("PlayDTMF", Channel=channel, Digit=digit, Duration="100", Receive="true")
        assert done["Response"] == "Success", done


async def the_call(db: Database, key: str) -> dict[str, Any]:
    statement = (
        "SELECT call.*, r.score, r.recommends, r.asked_at, (SELECT count(*) FROM call) AS calls,"
        " (SELECT count(*) FROM duty) AS duties, (SELECT count(*) FROM call_rating) AS ratings"
        " FROM call JOIN call_rating AS r ON r.call_key = call.key WHERE call.key = :key"
    )
    async with db.begin() as session:
        (row,) = (await session.execute(text(statement), {"key": key})).mappings()
    return dict(row)


async def nobody_is_asked_whose_life_was_in_danger(stand: Stand, house: House, events: Events, anna: Operator) -> None:
    """DAY-31: the operator pressed «112»; the hotline says nothing more after the talk."""
    async with citizen_calls(stand.asterisk, caller=CITIZEN, sound=float(CITIZEN_HZ), hold_s=60) as citizen:
        joined = await events.wait("QueueCallerJoin", timeout_s=30)
        _, key = await talks(anna)
        await anna.post("/api/emergencies", {"call_key": key})
        async with asyncio.timeout(20):
            while (await events.send("Getvar", Channel=joined["Channel"], Variable="RATE"))["Value"] != "0":
                pass
        await anna.post(f"/api/calls/{key}/hangup")
        assert (await citizen.wait(30)).ok
    await house.logged(f"call {key} is over and in the journal")
    await events.send("Ping")  # what Asterisk has said so far is read before its answer
    assert not [one for one in events.seen if one.get("UserEvent") == "RatingAsked"]
    events.seen.clear()


async def test_the_citizen_says_how_it_was(stand: Stand, house: House, demo_db: Database) -> None:
    """DAY-37, peers "CSAT / post-call survey": 5 and 10 after the operator hung up; nothing else changes for the call.

    Nobody is asked after «112» (DAY-31). Then 4 although the service is killed while he is asked: it is written down at
    the next start.
    """
    logins = await hire(demo_db, 1)
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(ami(stand.asterisk.settings))
        async with citizen_calls(stand.asterisk, caller=CITIZEN, sound=float(CITIZEN_HZ), hold_s=60) as citizen:
            joined: Event = await events.wait("QueueCallerJoin", timeout_s=30)
            async with operator(house.url, logins[0]) as anna:
                await anna.start_work()
                _, first = await talks(anna)
                await anna.post(f"/api/calls/{first}/hangup")
                await asked(events, first)
                await house.logged(f"call {first} is over and in the journal")
                await press(events, joined["Channel"], ("5", "1", "0"))
                assert (await citizen.wait(30)).ok, "the hotline hangs up when he has answered"
                await house.logged(f"the citizen of call {first} was asked")
                row = await the_call(demo_db, first)
                assert (row["score"], row["recommends"], row["calls"], row["duties"]) == (5, 10, 1, 0)
                assert (row["outcome"], row["ended_by"], row["end_source"]) == ("answered", "agent", "ami")
                events.seen.clear()
                await nobody_is_asked_whose_life_was_in_danger(stand, house, events, anna)

                await stack.enter_async_context(
                    citizen_calls(stand.asterisk, caller=CITIZEN, sound=float(CITIZEN_HZ), hold_s=60)
                )
                again = await events.wait("QueueCallerJoin", timeout_s=30)
                second, key = await talks(anna)
                await second.hangup()  # the telephone's own button: only the service knows that this was the end
                await asked(events, key)
                await house.logged(f"call {key} is over and in the journal")
            await house.kill()
        await press(events, again["Channel"], ("7", "4"))
        await events.wait("UserEvent", UserEvent="RatingGiven", CallId=key)
        # The archive would take the file over a moment after the call; now nobody does.
        talk_s = ((stand.asterisk.settings.recording_dir / f"{key}.wav").stat().st_size - 44) / 16000
        before = len(house.log)
        await house.start()
        await house.logged(f"the citizen of call {key} was asked", after=before)
    row = await the_call(demo_db, key)
    assert (row["score"], row["recommends"]) == (4, None), "7 is no answer, and the second question had none"
    assert (row["calls"], row["duties"], row["ratings"], row["ended_by"]) == (3, 0, 2, "agent")
    assert talk_s <= (row["ended_at"] - row["started_at"]).total_seconds() + 1, "the question is in no recording"
