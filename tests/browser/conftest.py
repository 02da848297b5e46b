"""Fixtures for tests in a real Chromium with a fake microphone that sings 700 Hz."""

from __future__ import annotations

import array
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from hotline.stand.service import Stand
from hotline.stand.tones import RATE, sine, write_wav
from tests.browser.desk import Desk
from tests.house import House, open_house

CHROMIUM = "/usr/bin/chromium"
OPERATOR_HZ = 700.0
EARS = Path(__file__).parent / "ears.js"

ARGUMENTS = (
    "--no-sandbox",  # the tests run as root
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Asterisk cannot resolve mDNS names in candidates (docs/telephony.md).
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class OpenDesk(Protocol):
    """Opens a page and logs in as a demo user: in the Chromium that all tests share, or in another one."""

    def __call__(self, login: str, *, browser: Browser | None = None) -> Awaitable[Desk]: ...


class Launch(Protocol):
    """Starts a Chromium of the test's own, with additional arguments."""

    def __call__(self, *arguments: str) -> Awaitable[Browser]: ...


def _bursts(hz: float) -> array.array[int]:
    """A tone in bursts: a steady one is what noise suppression is made to remove."""
    burst = sine(hz, 0.3, level_db=-6)
    burst.extend([0] * (RATE // 5))
    return burst * 4


def microphone(folder: Path) -> Path:
    """Write what the fake microphone hears."""
    return write_wav(folder / "bursts.wav", _bursts(OPERATOR_HZ))


@pytest.fixture(scope="session")
async def launch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Launch]:
    """Start a Chromium: for a test that kills it, or for all the others (``chromium``). All are closed at the end."""
    sound = microphone(tmp_path_factory.mktemp("microphone"))
    async with async_playwright() as playwright, AsyncExitStack() as started:

        async def launch_(*arguments: str) -> Browser:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={sound}", *arguments],
            )
            started.push_async_callback(browser.close)
            return browser

        yield launch_


@pytest.fixture(scope="session")
async def chromium(launch: Launch) -> Browser:
    """One browser; each desk has a context (cookies, storage) of its own."""
    return await launch()


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

    async def open_(login: str, *, browser: Browser | None = None) -> Desk:
        context = await (browser or chromium).new_context(
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
