"""What the tests of recovery share: a house with short graces, and what must be true of sound, card and journal."""

from __future__ import annotations

import array
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text
from sqlalchemy.engine import RowMapping

from hotline.db import Database
from hotline.stand.service import Stand
from hotline.stand.sipp import SippRun
from hotline.stand.tones import RATE, Heard, hear, seconds_of_tone
from tests.browser.conftest import OPERATOR_HZ
from tests.browser.desk import RING_MS, Desk
from tests.calls.records import leg_of
from tests.house import House

CITIZEN_HZ, OTHER_HZ = 440.0, 980.0
AUDIBLE_DB = -50.0
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


async def kill_browser(browser: Browser) -> None:
    """kill -9 of every process: no unload handler, no closing handshake, nothing is written down."""
    cdp = await browser.new_browser_cdp_session()
    processes = (await cdp.send("SystemInfo.getProcessInfo"))["processInfo"]
    gone = asyncio.Event()
    browser.on("disconnected", lambda _: gone.set())
    for process in sorted(processes, key=lambda one: one["type"] != "browser"):
        with suppress(ProcessLookupError):  # the browser's own death has taken it along
            os.kill(int(process["id"]), signal.SIGKILL)
    async with asyncio.timeout(10):
        await gone.wait()


async def press(desk: Desk, name: str) -> None:
    """Press a button of the telephone."""
    await desk.phone.get_by_role("button", name=name, exact=True).click()


async def hold(house: House, desk: Desk) -> None:
    """Put the citizen on hold."""
    await press(desk, "Удержать")
    await house.logged("talking -CallHeld-> hold")
    await expect(desk.phone.locator(".phone-headline")).to_have_text("Удержание")


async def consulting(house: House, first: Desk, second: Desk) -> None:
    """The first operator talks with the second one while the citizen waits."""
    await first.phone.locator("#transfer-number").fill("201")
    await first.phone.locator("#transfer-number").press("Enter")
    await expect(second.phone).to_have_attribute("data-call", "ringing", timeout=RING_MS)
    await second.page.keyboard.press("Alt+a")
    await expect(second.phone).to_have_attribute("data-call", "talking", timeout=RING_MS)
    await house.logged("ringing -answered-> consulting")  # his answer has come through


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


async def music_plays(house: House, key: str, *, within_s: float = 10) -> None:
    """Wait until the citizen is sent something else than silence and the operator's tone: the message, then music."""
    sent = leg(house, key, "out")
    begun = sent.stat().st_size
    async with asyncio.timeout(within_s):
        while not any(one.level_db > AUDIBLE_DB and not one.is_tone() for one in hear_from(sent, begun)):
            await house.stand.asterisk.cli("core show uptime")  # as above


async def rung_back(house: House, desk: Desk, key: str) -> None:
    """The operator is rung for his citizen, with the card, and the two hear each other again."""
    await desk.rings(NUMBER)
    await has_card(desk)
    await desk.answer()
    await desk.hears(CITIZEN_HZ)
    await heard_again(house, key)


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
    # In quarters: a packet that comes late on a busy machine must not cost a whole second.
    tones = seconds_of_tone(await leg_of(house, key, "in"), CITIZEN_HZ)
    assert tones >= spoken - 2, f"the citizen spoke for {spoken:.1f} s, {tones} of them are recorded"
    return call
