"""M-03: level 1 asks level 2 while the citizen waits; the call goes over, and the card with it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from hotline.db import Database
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.recovery import heard_again, live_key
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ, CALLER = 440.0, "79285550113"
CONTENT = "Отказали в выдаче полиса, нужна помощь второго уровня."


async def talk_and_write(desk: Desk) -> None:
    """Answer the citizen and begin his card."""
    await desk.rings("+7 928 555-01-13")
    await desk.answer()
    await desk.hears(CITIZEN_HZ)
    await desk.field("content").fill(CONTENT)


async def ask(desk: Desk, extension: str) -> None:
    """Ring a colleague while the citizen waits."""
    await desk.phone.locator("#transfer-number").fill(extension)
    await desk.phone.get_by_role("button", name="Спросить").click()


async def test_the_call_and_the_card_go_to_level_two(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        await ask(first, "201")
        await expect(second.phone).to_have_attribute("data-call", "ringing", timeout=15_000)
        # The colleague reads the card before he answers, and cannot change it.
        shared = second.page.locator("#work")
        await expect(shared).to_contain_text(CONTENT)
        await expect(shared.locator("[name=content]")).not_to_be_editable()
        await second.answer()
        await first.phone.get_by_role("button", name="Передать").click()
        await first.is_free()
        await second.hears(CITIZEN_HZ)
        await heard_again(house, await live_key(demo_db))  # and the citizen hears him
        # Now the card is his.
        await expect(second.field("content")).to_have_value(CONTENT)
        await expect(second.field("content")).to_be_editable()
        await second.hang_up()
        result = await citizen.wait()
        assert result.ok, result.errors
    await house.logged("is over and in the journal")
    async with demo_db.begin() as session:
        owner = await session.scalar(
            text("SELECT u.login FROM draft d JOIN staff_user u ON u.id = d.user_id WHERE d.call_key IS NOT NULL")
        )
        operator = await session.scalar(text("SELECT operator FROM call ORDER BY started_at DESC LIMIT 1"))
    assert (owner, operator) == ("op201", "201")


async def test_a_refused_consultation_brings_the_operator_back(house: House, open_desk: OpenDesk) -> None:
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, sound=CITIZEN_HZ, hold_s=120):
        await talk_and_write(first)
        await ask(first, "201")
        await expect(second.phone).to_have_attribute("data-call", "ringing", timeout=15_000)
        await second.phone.get_by_role("button", name="Отклонить").click()
        await second.is_free()
        await first.hears(CITIZEN_HZ)
        await expect(first.field("content")).to_have_value(CONTENT)
        await expect(first.field("content")).to_be_editable()
        await first.hang_up()


async def test_a_cancelled_consultation_brings_the_operator_back(house: House, open_desk: OpenDesk) -> None:
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, caller=CALLER, sound=CITIZEN_HZ, hold_s=120):
        await talk_and_write(first)
        await ask(first, "201")
        await expect(second.phone).to_have_attribute("data-call", "ringing", timeout=15_000)
        await second.answer()
        await first.phone.get_by_role("button", name="Вернуться к гражданину").click()
        await second.is_free()
        await first.hears(CITIZEN_HZ)
        await first.hang_up()
