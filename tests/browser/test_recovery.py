"""The call outlives the browser (issue 3): reload, crash, closed tab, another computer, a dead service.

Each time the citizen is never hung up, the operator hears him again and is heard, the recording goes on, and the
journal has one call.
"""

from __future__ import annotations

import array
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import SippRun, citizen_calls
from hotline.stand.tones import RATE, Heard, hear, hear_by_second
from tests.browser.conftest import OPERATOR_HZ, OpenDesk
from tests.browser.desk import Desk
from tests.house import House

pytestmark = [pytest.mark.calls, pytest.mark.browser]

CITIZEN_HZ, OTHER_HZ = 440.0, 980.0
NUMBER = "+7 928 000-11-22"
CONTENT = "Где получить полис, если я переехала?"


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    """A house that waits 3 s for a sound and 12 s for an operator, instead of 7 and 30."""
    running = House(stand, demo_db_url, settings={"HOTLINE_LOST_GRACE_S": "3", "HOTLINE_LOST_BACK_S": "12"})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()
        sys.stdout.write("\n".join(running.log[-100:]))  # pytest shows it with a failed test


async def talk_and_write(desk: Desk) -> None:
    """Answer the citizen, hear him, write a draft that reaches the server."""
    await desk.rings(NUMBER)
    await desk.answer()
    await desk.hears(CITIZEN_HZ)
    await desk.field("content").fill(CONTENT)
    async with desk.page.expect_response(lambda answer: "/api/drafts/" in answer.url and answer.ok):
        await desk.field("content").blur()


async def has_card(desk: Desk) -> None:
    """The card of the call is open, with everything that was typed."""
    await expect(desk.field("content")).to_have_value(CONTENT, timeout=15_000)
    await expect(desk.field("content")).to_be_editable()


def leg(house: House, key: str, side: str) -> Path:
    """A leg of the recording."""
    return house.stand.asterisk.settings.recording_dir / f"{key}-{side}.wav"


async def heard_again(house: House, key: str, *, after: int = 0, within_s: float = 10) -> None:
    """Wait until the citizen hears the operator: the recording of what he is sent, from where it was begun anew.

    :param after: number of log lines that tell of earlier voices.
    """
    await house.logged(f"recording {key}: begun anew", after=after)
    sent = leg(house, key, "out")
    begun = sent.stat().st_size
    async with asyncio.timeout(within_s):
        while not any(voice.is_tone() for voice in hear_from(sent, begun)):
            await house.stand.asterisk.cli("core show uptime")  # takes its time; nothing tells when a file grows


def hear_from(path: Path, offset: int) -> list[Heard]:
    """Measure quarters of a second of a WAV file that is being written, from a byte on."""
    raw = path.read_bytes()[offset:]
    samples = array.array("h", raw[: len(raw) // 2 * 2])
    size = RATE // 4
    return [hear(samples[at : at + size], OPERATOR_HZ) for at in range(0, len(samples) - size + 1, size)]


async def live_key(db: Database) -> str:
    """Key of the newest call."""
    async with db.begin() as session:
        return str(await session.scalar(text("SELECT key FROM call ORDER BY started_at DESC LIMIT 1")))


async def ended(house: House, db: Database, citizen: SippRun, key: str, *, others: int = 0) -> RowMapping:
    """The conversation was ended by the operator; the journal has one row, the recording no gap."""
    result = await citizen.wait()
    assert result.ok, result.errors
    await house.logged(f"{key} is over and in the journal")
    async with db.begin() as session:
        rows = (await session.execute(text("SELECT * FROM call WHERE key = :key"), {"key": key})).mappings().all()
        began = await session.scalar(
            text("SELECT count(*) FROM call c WHERE started_at >= (SELECT started_at FROM call WHERE key = :key)"),
            {"key": key},
        )
    assert len(rows) == 1
    assert began == 1 + others, "the recovery left calls of its own in the journal"
    call = rows[0]
    assert (call["outcome"], call["ended_by"]) == ("answered", "agent")
    spoken = (call["ended_at"] - call["answered_at"]).total_seconds()
    tones = sum(one.is_tone() for one in hear_by_second(leg(house, key, "in"), CITIZEN_HZ))
    assert tones >= spoken - 2, f"the citizen spoke for {spoken:.0f} s, {tones} of them are recorded"
    return call


async def test_a_reloaded_page_takes_its_call_back(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """Within 5 s by itself: sound both ways, the card with its draft."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        for _ in range(2):  # the second time, the call that was taken back is
            began, known = time.monotonic(), len(house.log)
            await desk.page.reload()
            await expect(desk.phone).to_have_attribute("data-call", "talking", timeout=5_000)
            await desk.hears(CITIZEN_HZ)
            assert time.monotonic() - began < 5
            await heard_again(house, key, after=known)
            await has_card(desk)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)
    assert await desk.page.evaluate("sessionStorage.getItem('hotline.calls')") is None  # no secret is left


async def test_a_crashed_tab_is_rung_back(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        async with desk.page.expect_event("crash"):
            cdp = await desk.page.context.new_cdp_session(desk.page)
            crash = asyncio.ensure_future(cdp.send("Page.crash"))
        crash.cancel()
        await asyncio.gather(crash, return_exceptions=True)
        # A crashed tab cannot be reloaded from here; a new one knows nothing of the call, so the operator is rung.
        again = Desk(await desk.page.context.new_page(), house.url)
        await again.page.goto(house.url)
        await again.rings(NUMBER)
        await has_card(again)
        await again.answer()
        await again.hears(CITIZEN_HZ)
        await heard_again(house, key)
        await again.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_the_operator_is_back_at_another_computer(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """The browser is gone with everything it knew: the citizen waits with music and the operator is rung first."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await desk.page.context.close()
        await house.logged(f"call {key}, telephone 101 (grace): keep")
        again = await open_desk("op101")
        await again.rings(NUMBER)
        await has_card(again)
        await again.answer()
        await again.hears(CITIZEN_HZ)
        await heard_again(house, key)
        await again.hang_up()
        await ended(house, demo_db, citizen, key)


async def test_nobody_comes_back(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    """The citizen goes to the head of the queue, before somebody who waits; the next operator has the draft."""
    first = await open_desk("op101")
    await first.start_work()
    asterisk = house.stand.asterisk
    async with citizen_calls(asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(first)
        key = await live_key(demo_db)
        async with citizen_calls(asterisk, caller="79280003344", sound=OTHER_HZ, hold_s=120):
            await first.page.context.close()
            await house.logged(f"call {key}, telephone 101 (waiting): requeue", within_s=40)
            second = await open_desk("op102")
            await second.phone.get_by_role("button", name="Начало работы").click()
            await second.rings(NUMBER)
            await second.answer()
            await second.hears(CITIZEN_HZ)
            await has_card(second)
            await second.hang_up()
            await ended(house, demo_db, citizen, key, others=1)


async def test_service_killed_while_the_citizen_is_on_hold(
    house: House, open_desk: OpenDesk, demo_db: Database
) -> None:
    """The operator takes him back by the same page; nobody was moved meanwhile."""
    desk = await open_desk("op101")
    await desk.start_work()
    async with citizen_calls(house.stand.asterisk, sound=CITIZEN_HZ, hold_s=120) as citizen:
        await talk_and_write(desk)
        key = await live_key(demo_db)
        await desk.phone.get_by_role("button", name="Удержать").click()
        await house.logged("talking -CallHeld-> hold")
        await house.kill()
        before = len(house.log)
        await house.start()
        await house.logged("phone 101: connected", after=before)
        await expect(desk.phone).to_have_attribute("data-status", "active", timeout=20_000)
        await house.logged(f"call {key}, telephone 101: grace is over (with him)", after=before)
        await desk.phone.get_by_role("button", name="Удержать").click()
        await desk.hears(CITIZEN_HZ)
        await heard_again(house, key)
        await desk.hang_up()
        await ended(house, demo_db, citizen, key)
        assert not [line for line in house.log if ": keep" in line]
