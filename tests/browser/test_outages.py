"""What operator and citizen notice when a part of the house dies in the middle of a call; what the journal knows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from hotline.db import Database
from hotline.migrations import upgrade
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.stand.postgres import PrivateCluster
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.browser.conftest import EARS, OpenDesk
from tests.browser.desk import Desk
from tests.house import House, open_house
from tests.relay import Relay, relay

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ = 440.0


async def last_call(db: Database) -> RowMapping:
    """The journal's newest call. Older ones are those of other tests, imported from the logs of the shared Asterisk."""
    async with db.begin() as session:
        rows = await session.execute(text("SELECT * FROM call ORDER BY started_at DESC LIMIT 1"))
        return rows.mappings().one()


async def test_service_killed_in_a_call_that_ends_meanwhile(
    house: House, open_desk: OpenDesk, demo_db: Database
) -> None:
    """The service dies; the two talk on; the citizen hangs up; the service comes back: the call is complete."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings("+7 928 000-11-22")
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        await house.kill()
        await expect(desk.page.locator("#banner")).to_be_visible(timeout=15_000)
        await desk.hears(CITIZEN_HZ)  # the voices do not go through the service
        await citizen.hang_up()
    before = len(house.log)
    await house.start()
    await house.logged("imported from the logs", times=1, after=before)
    call = await last_call(demo_db)
    assert call["outcome"] == "answered"
    assert call["ended_by"] == "caller"
    assert call["ended_at"] is not None
    assert call["talk_s"] > 0
    assert call["recorded"]
    assert call["operator_id"] is not None
    # The same page, without a reload, is at work again.
    await expect(desk.page.locator("#banner")).to_be_hidden(timeout=20_000)
    await desk.is_free()


async def test_service_killed_and_restarted_in_a_call_that_goes_on(
    house: House, open_desk: OpenDesk, demo_db: Database
) -> None:
    """The service is back before the call ends: it finds the call again and sees its end."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings("+7 928 000-11-22")
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        await house.kill()
        before = len(house.log)
        await house.start()
        await house.logged("phone 101: connected", after=before)  # by a connection to the new service
        await expect(desk.page.locator("#banner")).to_be_hidden(timeout=20_000)
        await expect(desk.phone).to_have_attribute("data-status", "active", timeout=20_000)
        await desk.hears(CITIZEN_HZ)
        await desk.hang_up()
        result = await citizen.wait()
        assert result.ok, result.errors
    await house.logged("is over and in the journal", after=before)
    call = await last_call(demo_db)
    assert (call["outcome"], call["ended_by"]) == ("answered", "agent")
    assert call["talk_s"] > 0


async def test_asterisk_restarted_in_a_call(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """Asterisk dies with the call; operators are back without a reload and take the next call."""
    desk = await open_desk("op101")
    await desk.start_work()
    asterisk = house.stand.asterisk
    async with citizen_calls(asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await desk.rings("+7 928 000-11-22")
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        await asterisk.kill()
        await citizen.kill()
    await expect(desk.page.locator("#banner")).to_be_visible(timeout=15_000)
    before = len(house.log)
    await asterisk.restart()
    await house.logged("is over and in the journal", after=before, within_s=40)
    call = await last_call(demo_db)
    assert call["end_source"] == "restart"
    assert call["ended_at"] is not None
    await desk.is_free()
    await expect(desk.page.locator("#banner")).to_be_hidden(timeout=20_000)
    await desk.is_active(within_ms=20_000)
    async with citizen_calls(asterisk, caller="79285550112", sound=CITIZEN_HZ, hold_s=60):
        await desk.rings("+7 928 555-01-12")
        await desk.answer()
        await desk.hears(CITIZEN_HZ)
        await desk.hang_up()


@asynccontextmanager
async def desk_on(cluster: PrivateCluster, stand: Stand, chromium: Browser) -> AsyncIterator[tuple[Desk, Database]]:
    """An operator at work in a house whose PostgreSQL is this test's own, with the empty card that his page keeps."""
    url = await cluster.create_database("paper")
    await upgrade(url)
    database = Database.connect(url)
    await load_profile(database, "oms")
    await load_demo(database)
    async with open_house(stand, url) as house:
        context = await chromium.new_context(
            locale="ru-RU", viewport={"width": 1280, "height": 800}, permissions=["microphone", "notifications"]
        )
        await context.add_init_script(path=EARS)
        page = await context.new_page()
        desk = Desk(page, house.url)
        async with page.expect_response("**/appeals/paper"):
            await desk.log_in("op101")
        await desk.start_work()
        yield desk, database
        await context.close()
    await database.close()


@asynccontextmanager
async def desk_by_cable(stand: Stand, url: str, chromium: Browser) -> AsyncIterator[tuple[Desk, Relay]]:
    """An operator at work in a house whose link to Asterisk (AMI) goes through a cable."""
    async with relay() as cable:
        cable.target = stand.asterisk.settings.ami_port
        house = House(stand, url)
        asterisk = json.loads(house.environment["HOTLINE_ASTERISKS"])[0] | {"ami_port": cable.port}
        house.settings["HOTLINE_ASTERISKS"] = json.dumps([asterisk])
        context = await chromium.new_context(
            locale="ru-RU", viewport={"width": 1280, "height": 800}, permissions=["microphone", "notifications"]
        )
        try:
            await house.start()
            desk = Desk(await context.new_page(), house.url)
            await desk.log_in("op101")
            await desk.start_work()
            yield desk, cable
        finally:
            await context.close()
            await house.stop()


async def test_a_call_is_registered_on_paper_while_postgresql_is_away(stand: Stand, chromium: Browser) -> None:
    """DAY-20: the card opens on the ring, is filled in and saved; once and with a number when PostgreSQL is back."""
    async with PrivateCluster() as cluster, desk_on(cluster, stand, chromium) as (desk, database):
        page = desk.page
        await cluster.halt()
        async with citizen_calls(stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
            await desk.rings("+7 928 000-11-22")
            await expect(page.locator(".card-paper")).to_be_visible()
            temporary = await page.locator("[data-paper-id]").inner_text()
            await expect(desk.field("applicant_phone")).to_have_value("79280001122")
            await desk.answer()
            await desk.hears(CITIZEN_HZ)
            await desk.field("applicant_last_name").fill("Бумажная")
            await desk.choose_topic("полис")
            await desk.field("content").fill("Где получить полис?")
            await page.keyboard.press("Control+Enter")
            await expect(desk.card.locator("[data-card-target=problems]")).to_contain_text("не отвечает")
            await cluster.start()
            heading = page.locator("#work #appeal-number")
            await expect(heading).to_be_visible(timeout=30_000)
            number = (await heading.inner_text()).split()[-1]
            await expect(page.locator("#toasts")).to_contain_text(f"{temporary} – теперь {number}")
            await desk.hang_up()
            assert (await citizen.wait()).ok
        async with database.begin() as session:
            rows = (await session.execute(text("SELECT number, applicant_name FROM appeal"))).all()
            linked = await session.scalar(text("SELECT count(*) FROM call_appeal WHERE relation = 'opened'"))
    assert [tuple(row) for row in rows] == [(number, "Бумажная")]
    assert linked == 1


async def test_the_telephone_alone_opens_the_card_while_the_link_to_asterisk_is_down(
    stand: Stand, chromium: Browser, demo_db_url: str, demo_db: Database
) -> None:
    """DAY-20, DAY-11: the INVITE's number finds the caller; when the link is back the card belongs to the call."""
    async with desk_by_cable(stand, demo_db_url, chromium) as (desk, cable):
        banner = desk.page.locator("#banner")
        cable.cut()
        await expect(banner).to_contain_text("телефонной станцией", timeout=15_000)
        async with citizen_calls(stand.asterisk, hold_s=120) as citizen:
            await desk.rings("+7 928 000-11-22")
            await expect(desk.field("applicant_phone")).to_have_value("+79280001122")
            await expect(desk.page.locator(".card-paper")).to_have_count(0)
            await desk.answer()
            await desk.field("content").fill("Где получить полис?")
            cable.mend()
            await expect(banner).to_be_hidden(timeout=30_000)
            await expect(desk.field("content")).to_have_value("Где получить полис?")
            await desk.field("applicant_last_name").fill("Безвестная")
            await desk.choose_topic("полис")
            number = await desk.save()
            await desk.hang_up()
            assert (await citizen.wait()).ok
        async with demo_db.begin() as session:
            saved = await session.scalar(
                text("SELECT number FROM appeal JOIN call_appeal ON appeal_id = appeal.id WHERE relation = 'opened'")
            )
    assert saved == number
