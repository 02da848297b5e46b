"""Recordings on a real Asterisk, checked by their tones: hold, private field, warm transfer."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiortc import rtcrtpsender
from sqlalchemy import text

from hotline.archive.opus import decoded_seconds
from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from hotline.stand.tones import RATE, hear, telephone_samples
from tests.house import open_house
from tests.operators import Operator, hire, operator

pytestmark = pytest.mark.calls

CITIZEN_HZ, FIRST_HZ, SECOND_HZ = 440, 700, 1000
LONG = 15  # windows of a tone: some seconds, long enough to be measured


async def state_of(one: Operator, key: str, verb: str, body: object = None) -> dict[str, object]:
    return await one.post(f"/api/calls/{key}/{verb}", body)


def shares(path: Path, *tones: int) -> list[set[int]]:
    """Which of the tones each half-second of a sound file carries (both channels mixed)."""
    samples, half = telephone_samples(path), RATE // 2
    blocks = [samples[start : start + half] for start in range(0, len(samples) - half + 1, half)]
    return [{hz for hz in tones if hear(block, hz).is_tone(share=0.2)} for block in blocks]


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new stream of RTP begins behind the one before; with chance numbers (RFC 3550, 5.1) only half of them do.

    Asterisk then drops what it should record of another voice, unless the recording is begun anew (ADR 0017).
    """
    numbers = itertools.count(32_000, -2_000)
    monkeypatch.setattr(rtcrtpsender, "random_sequence_number", lambda: next(numbers))


@pytest.mark.usefixtures("behind")
async def test_one_recording_through_private_field_hold_and_warm_transfer(
    stand: Stand, demo_db: Database, demo_db_url: str
) -> None:
    logins = await hire(demo_db, 2)
    folder = stand.asterisk.settings.recording_dir
    async with open_house(stand, demo_db_url) as house, AsyncExitStack() as stack:
        first = await stack.enter_async_context(operator(house.url, logins[0], tone_hz=FIRST_HZ))
        second = await stack.enter_async_context(operator(house.url, logins[1], tone_hz=SECOND_HZ))
        await first.start_work()
        async with citizen_calls(stand.asterisk, sound=float(CITIZEN_HZ), hold_s=120) as citizen:
            call = await first.phone.next_call(within=20)
            await call.answer()
            await call.meter.wait_for_tone(CITIZEN_HZ, windows=LONG, within=15)
            key = call.header("x-call-id")
            assert key
            paused = await state_of(first, key, "recording/pause", {"field": "applicant_enp"})
            assert paused["paused"] is True
            await call.meter.wait_for_tone(CITIZEN_HZ, windows=LONG, within=15)  # the talk itself goes on
            assert (await state_of(first, key, "recording/resume"))["paused"] is False
            await call.meter.wait_for_tone(CITIZEN_HZ, windows=LONG, within=15)
            await state_of(first, key, "hold")
            await state_of(first, key, "resume")
            await call.meter.wait_for_tone(CITIZEN_HZ, windows=LONG, within=15)
            ringing = asyncio.create_task(second.phone.next_call(within=20))
            await state_of(first, key, "consult", {"extension": "111"})
            consulted = await ringing
            await consulted.answer()
            await consulted.meter.wait_for_tone(FIRST_HZ, within=10)
            await state_of(first, key, "complete")
            await consulted.meter.wait_for_tone(CITIZEN_HZ, windows=LONG, within=15)
            await consulted.hangup()
            await citizen.wait(20)
        await house.logged("is over and in the journal")
        async with asyncio.timeout(40):
            await house.logged(f"recording {key} is kept", within_s=40)
        sound = folder / f"{key}.opus"
        async with demo_db.begin() as session:
            call_row = (await session.execute(text("SELECT talk_s FROM call WHERE key = :k"), {"k": key})).one()
            pauses = (await session.execute(text("SELECT field, end_reason FROM recording_pause"))).all()
    heard = shares(sound, CITIZEN_HZ, FIRST_HZ, SECOND_HZ)
    assert decoded_seconds(sound) >= 0.99 * call_row.talk_s
    assert [tuple(row) for row in pauses] == [("applicant_enp", "field")]
    # Beep, talk, silence for the field, talk, hold and consultation, talk with the second one: all in one file.
    both = [index for index, tones in enumerate(heard) if {CITIZEN_HZ, FIRST_HZ} <= tones]
    after = [index for index, tones in enumerate(heard) if {CITIZEN_HZ, SECOND_HZ} <= tones]
    silent = [index for index, tones in enumerate(heard) if not tones and both[0] < index < both[-1]]
    assert len(both) >= 3
    assert silent
    assert after
    assert after[0] > both[-1]
    assert not list(folder.glob(f"{key}*.wav"))
