"""Outgoing calls: from any number on the page, heard, registered and classified like incoming ones."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from hotline.clock import FakeClock, SystemClock
from hotline.db import Database
from hotline.journal.lifecycle_model import MoveForm
from hotline.stand.sipp import citizen_answers
from hotline.stand.tones import seconds_of_tone
from tests.browser.axe import violations
from tests.browser.conftest import OPERATOR_HZ, OpenDesk
from tests.browser.desk import Desk
from tests.calls.records import leg_of
from tests.house import House
from tests.integration.journal.world import make_world

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ = 440.0
NUMBER = "79285550222"


async def last_call(db: Database) -> dict[str, object]:
    async with db.begin() as session:
        row = await session.execute(text("SELECT * FROM call ORDER BY started_at DESC LIMIT 1"))
        return dict(row.mappings().one())


async def dial(desk: Desk, typed: str) -> None:
    """Type a number into the telephone and press Enter."""
    field = desk.phone.locator("#phone-number")
    await field.fill(typed)
    await field.press("Enter")


async def test_a_citizen_is_called_heard_and_classified(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    desk = await open_desk("op101")
    await desk.start_work()
    await dial(desk, "928-55551")  # neither a telephone nor an internal number
    await expect(desk.page.locator("#toasts")).to_contain_text("928-55551")
    await expect(desk.phone).to_have_attribute("data-call", "none")

    async with citizen_answers(house.stand.asterisk, ring_s=1, sound=CITIZEN_HZ, hold_s=60) as citizen:
        await dial(desk, "8 (928) 555-02-22")
        # The card is there while it rings, with the number of whom we call.
        await expect(desk.field("applicant_phone")).to_have_value(f"+{NUMBER}", timeout=15_000)
        await expect(desk.phone).to_have_attribute("data-call", "talking", timeout=15_000)
        await desk.hears(CITIZEN_HZ)
        await expect(desk.phone.locator(".phone-time b")).to_have_text("0:03")  # long enough to measure the recording
        await desk.hang_up()
        assert (await citizen.wait()).ok
    panel = desk.page.locator("#disposition")
    await expect(panel.locator(".disposition-choice").first).to_contain_text("Проинформирован")
    await desk.page.keyboard.press("Alt+1")
    await expect(panel).to_be_hidden()

    call = await last_call(demo_db)
    assert (call["direction"], call["dialled"], call["outcome"]) == ("out", NUMBER, "answered")
    assert (call["disposition_code"], call["ended_by"]) == ("D21", "agent")
    in_leg, out_leg = [await leg_of(house, str(call["key"]), side) for side in ("in", "out")]
    assert seconds_of_tone(in_leg, CITIZEN_HZ) >= 0.5
    assert seconds_of_tone(out_leg, OPERATOR_HZ, floor_db=-75) >= 0.3


async def test_busy_and_no_answer_close_themselves(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """Called back from the list of calls; nobody has to say what was plain."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_answers(house.stand.asterisk, busy=True):
        await dial(desk, NUMBER)
        await house.logged("is over and in the journal: busy")
    await desk.is_free()
    call = await last_call(demo_db)
    assert (call["direction"], call["outcome"], call["disposition_code"]) == ("out", "busy", "D24")

    await desk.page.goto(f"{house.url}/calls")
    await desk.is_active()
    async with citizen_answers(house.stand.asterisk, ring_s=60):
        await desk.page.locator("#work [data-dial]").first.click()
        await expect(desk.phone).to_have_attribute("data-call", "calling", timeout=15_000)
        await expect(desk.field("applicant_phone")).to_have_value(f"+{NUMBER}", timeout=15_000)
        await desk.hang_up()
        await house.logged("is over and in the journal: no_answer")
    call = await last_call(demo_db)
    assert (call["dialled"], call["outcome"], call["disposition_code"]) == (NUMBER, "no_answer", "D23")
    await expect(desk.page.locator(f"#disposition form[data-call='{call['key']}']")).to_have_count(0)
    await expect(desk.page.locator(".desk-state")).to_have_attribute("data-state", "ready")


async def test_a_citizen_is_called_about_his_appeal(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """The appeal is the call's card, at once and alone; then the promised call-back is done (domain 2.1, T6, T7)."""
    world = await make_world(demo_db, FakeClock(SystemClock().now()))
    appeal = await world.save("op201", type="1", topic="1.01", applicant_phone=f"+{NUMBER}")
    target = MoveForm(to_user_id=world.people["op202"].id)
    await world.journal.appeals.fire(world.people["op201"], appeal.id, "defer", appeal.version, target)
    desk = await open_desk("op202")
    page = desk.page
    await desk.start_work()
    await page.goto(f"{desk.url}/appeals/{appeal.id}")
    await desk.is_active()
    async with citizen_answers(house.stand.asterisk, ring_s=1, sound=CITIZEN_HZ, hold_s=60) as citizen:
        await page.locator("#work [data-dial]").first.click()
        about = page.locator(".appeal-call-back")
        await expect(about).to_contain_text("Вы звоните по этому обращению", timeout=15_000)
        await expect(desk.card).to_have_count(0)
        await desk.hears(CITIZEN_HZ)
        found = await violations(page, "appeal, called about")
        await desk.hang_up()
        assert (await citizen.wait()).ok
    await expect(about).to_contain_text("закончен")
    logged = house.stand.asterisk.settings.log_dir / "cel/events.csv"
    assert f"CallAbout,appeal-{appeal.id}" in logged.read_text()  # what a service that was dead would read
    await expect(page.locator(".recording-row")).to_contain_text("Звонок по обращению")
    await expect(page.locator("#disposition .disposition-choice").first).to_be_visible()  # asked as after any call
    await page.keyboard.press("Alt+1")
    await expect(page.locator("#disposition")).to_be_hidden()
    await about.get_by_role("link", name="Связались").click()
    await page.locator("dialog[open] form.move-form [type=submit]").click()
    await expect(page.locator(".card-head .appeal-status")).to_have_text("В работе")
    assert found == []
    async with demo_db.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM draft")) == 0
        row = (await session.execute(text("SELECT appeal_id, relation FROM call_appeal"))).one()
    assert tuple(row) == (appeal.id, "callback")
