"""Fixtures for tests in a real Chromium with a fake microphone that sings 700 Hz."""

from __future__ import annotations

import array
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from hotline.stand.service import Stand
from hotline.stand.tones import RATE, sine, write_wav
from tests.browser.desk import Desk
from tests.house import House, open_house

CHROMIUM = "/usr/bin/chromium"
OPERATOR_HZ = 700.0
EARS = Path(__file__).parent / "ears.js"

OpenDesk = Callable[[str], Awaitable[Desk]]


def _bursts(hz: float) -> array.array[int]:
    """A tone in bursts: a steady one is what noise suppression is made to remove."""
    burst = sine(hz, 0.3, level_db=-6)
    burst.extend([0] * (RATE // 5))
    return burst * 4


@pytest.fixture(scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """One browser; each desk has a context (cookies, storage) of its own."""
    microphone = write_wav(tmp_path_factory.mktemp("microphone") / "bursts.wav", _bursts(OPERATOR_HZ))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",  # the tests run as root
                "--disable-gpu",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--autoplay-policy=no-user-gesture-required",
                # Asterisk cannot resolve mDNS names in candidates (docs/telephony.md).
                "--disable-features=WebRtcHideLocalIpsWithMdns",
                "--allow-loopback-in-peer-connection",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def house(stand: Stand, demo_db_url: str) -> AsyncIterator[House]:
    """The service on the real Asterisk with the demo people."""
    async with open_house(stand, demo_db_url) as running:
        yield running
    sys.stdout.write("\n".join(running.log[-100:]))  # pytest shows it with a failed test


@pytest.fixture
async def open_desk(house: House, chromium: Browser) -> AsyncIterator[OpenDesk]:
    """Open a browser and log in as a demo user; anything the page logs as an error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    async def open_(login: str) -> Desk:
        context = await chromium.new_context(
            locale="ru-RU", viewport={"width": 1280, "height": 800}, permissions=["microphone", "notifications"]
        )
        contexts.append(context)
        await context.add_init_script(path=EARS)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        desk = Desk(page, house.url)
        await desk.log_in(login)
        return desk

    yield open_
    for context in contexts:
        await context.close()
    assert errors == []
