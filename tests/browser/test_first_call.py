"""The chain on which everything hangs: citizen → Asterisk → queue → browser → card → journal."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from hotline.db import Database
from hotline.stand.sipp import citizen_calls
from hotline.stand.tones import seconds_of_tone
from tests.browser.conftest import OPERATOR_HZ, OpenDesk
from tests.calls.records import leg_of
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ = 440.0
CALLER = "79285550111"


async def test_a_citizen_is_answered_registered_and_recorded(
    house: House, open_desk: OpenDesk, demo_db: Database
) -> None:
    """S001-010…S001-017, S001-029…S001-056, M-01, M-02: a whole call, heard, seen and written down."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings("+7 928 555-01-11")
        # The card is there before the answer, and filled.
        await expect(desk.card).to_be_visible()
        await expect(desk.field("applicant_phone")).to_have_value("+79285550111")
        await expect(desk.field("type")).to_have_value("2")  # consultation, S000-29
        await expect(desk.field("channel")).to_have_value("K01")  # hotline telephone
        await expect(desk.phone).to_have_attribute("data-call", "ringing")

        await desk.answer()
        heard = await desk.hears(CITIZEN_HZ)
        assert abs(heard.hz - CITIZEN_HZ) < 15

        await desk.field("applicant_last_name").fill("Щербакова")
        await desk.field("applicant_first_name").fill("Анна")
        await desk.choose_topic("полис")
        await desk.field("content").fill("Где получить полис?")
        number = await desk.save()
        assert number.endswith("-00001")

        await expect(desk.phone.locator(".phone-time b")).to_have_text("0:03")  # long enough to measure the recording
        await desk.hang_up()
        result = await citizen.wait()
        assert result.ok, result.errors
    await house.logged("is over and in the journal")
    await _check_records(house, demo_db, number)


async def _check_records(house: House, db: Database, number: str) -> None:
    async with db.begin() as session:
        call = (await session.execute(text("SELECT * FROM call ORDER BY started_at DESC LIMIT 1"))).mappings().one()
        appeal = (await session.execute(text("SELECT * FROM appeal"))).mappings().one()
    assert appeal["number"] == number
    assert call["direction"] == "in"
    assert call["outcome"] == "answered"
    assert call["ended_by"] == "agent"
    assert call["recorded"]
    in_leg, out_leg = [await leg_of(house, str(call["key"]), side) for side in ("in", "out")]
    talked = (call["ended_at"] - call["answered_at"]).total_seconds()
    assert 1 < talked < 60
    assert seconds_of_tone(in_leg, CITIZEN_HZ) >= 0.8 * talked
    assert seconds_of_tone(out_leg, OPERATOR_HZ, floor_db=-75) >= 0.5
