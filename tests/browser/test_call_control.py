"""Call control at the desk: three talk, a citizen is sent over, parked, picked up, put on hold; one call, one card."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from hotline.db import Database
from hotline.stand.sipp import citizen_calls
from hotline.web.i18n import group_digits
from tests.browser.conftest import OPERATOR_HZ, OpenDesk
from tests.browser.desk import RING_MS, Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ = 440.0
CONTENT = "Нужна помощь коллеги: отказали в приёме."


async def talk_and_write(desk: Desk, caller: str) -> None:
    """Answer the citizen and begin his card."""
    await desk.rings(group_digits(caller))
    await desk.answer()
    await desk.hears(CITIZEN_HZ)
    await desk.field("content").fill(CONTENT)


async def click(desk: Desk, name: str) -> None:
    """Press a button of the telephone."""
    await desk.phone.get_by_role("button", name=name, exact=True).click()


async def choose(desk: Desk, extension: str) -> None:
    """Type a colleague's number into the transfer panel."""
    await desk.phone.locator("#transfer-number").fill(extension)


async def reads_only(desk: Desk) -> None:
    """The colleague's card is open and cannot be changed."""
    shared = desk.page.locator("#work")
    await expect(shared).to_contain_text(CONTENT, timeout=RING_MS)
    await expect(shared.locator("[name=content]")).not_to_be_editable()


async def owns(desk: Desk) -> None:
    """The card is this operator's."""
    await expect(desk.field("content")).to_have_value(CONTENT, timeout=RING_MS)
    await expect(desk.field("content")).to_be_editable()


async def restarted(house: House, first: Desk, second: Desk) -> None:
    """Kill the service and start it anew; both pages are at work again, by connections to the new one."""
    before = len(house.log)
    await house.kill()
    await house.start()
    for extension, desk in (("101", first), ("201", second)):
        await house.logged(f"phone {extension}: connected", after=before)
        await expect(desk.page.locator("#banner")).to_be_hidden(timeout=20_000)
        await expect(desk.phone).to_have_attribute("data-status", "active", timeout=20_000)


async def one_call_one_card(db: Database, caller: str, owner: str) -> RowMapping:
    """One conversation is one call record and one card with one owner."""
    async with db.begin() as session:
        found = await session.execute(text("SELECT * FROM call WHERE from_raw = :caller"), {"caller": caller})
        call = found.mappings().one()
        cards = await session.execute(
            text("SELECT u.login FROM draft d JOIN staff_user u ON u.id = d.user_id WHERE d.call_key = :key"),
            {"key": call["key"]},
        )
        assert cards.scalars().all() == [owner]
    return call


async def test_three_talk_and_the_first_leaves(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    caller = "79285550171"  # of this test alone: the logs of the shared Asterisk bring the calls of others
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, caller=caller, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first, caller)
        await choose(first, "201")
        await first.phone.locator("#transfer-number").press("Enter")
        await expect(second.phone).to_have_attribute("data-call", "ringing", timeout=RING_MS)
        await reads_only(second)
        await second.answer()
        await second.hears(OPERATOR_HZ)
        # Killed in the middle of the consultation, the service finds it again: card and buttons are where they were.
        await restarted(house, first, second)
        await click(first, "Говорить втроём")
        await second.hears(CITIZEN_HZ)
        await first.hears(CITIZEN_HZ)
        await expect(first.phone.locator(".phone-headline")).to_have_text("Разговор втроём")
        await owns(first)  # until he leaves
        await expect(second.page.locator("#work [name=content]")).not_to_be_editable()
        await expect(first.phone.locator("[data-transfer-target=complete]")).to_be_enabled()
        await first.page.keyboard.press("Alt+g")  # hand over
        await first.is_free()
        await owns(second)
        await second.hears(CITIZEN_HZ)
        await second.hang_up()
        result = await citizen.wait()
        assert result.ok, result.errors
    await house.logged("is over and in the journal")
    call = await one_call_one_card(demo_db, caller, "op201")
    assert (call["operator"], call["ended_by"], call["recorded"]) == ("201", "agent", True)


async def test_sent_at_once_refused_and_back_then_taken(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    caller = "79285550172"  # of this test alone: the logs of the shared Asterisk bring the calls of others
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    await second.start_work()
    async with citizen_calls(house.stand.asterisk, caller=caller, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first, caller)
        await choose(first, "199")  # nobody's number: clear words, no change
        await click(first, "Перевести сразу")
        await expect(first.page.locator("#toasts")).to_contain_text("Такого внутреннего номера ни у кого нет.")
        await first.hears(CITIZEN_HZ)
        await choose(first, "201")
        await click(first, "Перевести сразу")
        await expect(second.phone).to_have_attribute("data-call", "ringing", timeout=RING_MS)
        await reads_only(second)
        await second.phone.get_by_role("button", name="Отклонить").click()
        await expect(first.phone.locator(".phone-headline")).to_have_text(
            "Гражданин возвращается к вам", timeout=RING_MS
        )
        await expect(first.page.locator("#toasts")).to_contain_text("201 отклонил вызов или занят.")
        await first.answer()
        await first.hears(CITIZEN_HZ)
        await owns(first)
        await choose(first, "201")
        await click(first, "Перевести сразу")
        await first.is_free()
        await second.answer()
        await second.hears(CITIZEN_HZ)
        await owns(second)
        await citizen.hang_up()
    await house.logged("is over and in the journal")
    call = await one_call_one_card(demo_db, caller, "op201")
    assert (call["operator"], call["ended_by"]) == ("201", "caller")


async def test_hold_a_second_call_and_parking(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    caller = "79285550173"  # of this test alone: the logs of the shared Asterisk bring the calls of others
    first, second = await open_desk("op101"), await open_desk("op201")
    await first.start_work()
    async with citizen_calls(house.stand.asterisk, caller=caller, sound=CITIZEN_HZ, hold_s=120):
        await talk_and_write(first, caller)
        await second.start_work()
        # A colleague calls meanwhile: a badge; answering it puts the citizen on hold.
        await second.phone.locator("#phone-number").fill("101")
        await second.phone.locator("#phone-number").press("Enter")
        badge = first.phone.locator(".phone-other")
        await expect(badge).to_contain_text("201", timeout=RING_MS)
        await expect(first.phone.locator(".phone-number")).to_have_text(group_digits(caller))
        await badge.get_by_role("button", name="Ответить").click()
        await expect(first.phone.locator(".phone-number")).to_have_text("201", timeout=RING_MS)
        await second.hears(OPERATOR_HZ)
        await expect(badge).to_contain_text("на удержании")
        await second.hang_up()
        await expect(first.phone.locator(".phone-headline")).to_have_text("Удержание", timeout=RING_MS)
        await expect(first.phone.locator("[data-phone-call-target=hold]")).to_be_enabled()
        await first.page.keyboard.press("Alt+o")
        await first.hears(CITIZEN_HZ)
        # Parked: everybody sees the place, also after the service died; one click takes the citizen with his card.
        await click(first, "Парковать")
        await first.is_free()
        place = second.phone.locator(".board-row", has_text="Место 1")
        await expect(place).to_be_visible(timeout=RING_MS)
        await restarted(house, first, second)
        await place.get_by_role("button", name="Взять").click()
        await expect(second.phone).to_have_attribute("data-call", "talking", timeout=RING_MS)
        await second.hears(CITIZEN_HZ)
        await owns(second)
        await expect(place).to_be_hidden()
        await second.hang_up()
    await house.logged("is over and in the journal", times=2)
    call = await one_call_one_card(demo_db, caller, "op201")
    assert call["operator"] == "201"


@pytest.mark.parametrize(("how", "caller"), [("*8", "79285550174"), ("Alt+u", "79285550175")])
async def test_a_colleagues_ring_is_picked_up(how: str, caller: str, house: House, open_desk: OpenDesk) -> None:
    """By the code of every telephone exchange, or by one key; whose telephone rang is not paused for it."""
    first, second = await open_desk("op101"), await open_desk("op102")
    await first.start_work()
    async with citizen_calls(house.stand.asterisk, caller=caller, sound=CITIZEN_HZ, hold_s=120):
        await first.rings(group_digits(caller))
        await second.start_work()
        row = second.phone.locator(".board-row", has_text="101")
        await expect(row.get_by_role("button", name="Перехватить")).to_be_enabled(timeout=RING_MS)
        if how == "*8":
            await second.phone.locator("#phone-number").fill(how)
            await second.phone.locator("#phone-number").press("Enter")
        else:
            await second.page.keyboard.press(how)
        await expect(second.phone).to_have_attribute("data-call", "talking", timeout=RING_MS)
        await first.is_free()
        await second.hears(CITIZEN_HZ)
        await expect(second.card).to_be_visible()
        await expect(first.page.locator(".desk-state [data-state=ready]")).to_be_visible()
        await second.hang_up()
