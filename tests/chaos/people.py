"""Operators under chaos: telephones with sound that keep talking, and one page on which somebody types all the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Browser, Error, async_playwright, expect

from hotline.errors import HotlineError, Unavailable
from hotline.load.operators import OPERATOR_HZ
from hotline.load.session import Person, Session, session, telephone
from hotline.softphone.headless import HeadlessCall, HeadlessPhone
from tests.browser.conftest import ARGUMENTS, CHROMIUM, microphone
from tests.browser.desk import RING_MS, Desk
from tests.browser.recovery import kill_browser
from tests.chaos.processes import passing

LETTER_S = 0.15
AUTOSAVE_S = 3.0
"""What is younger may be in the browser's memory alone: it saves two seconds after a change (docs/internals.md), and a
request takes its time."""
WORDS = "Где получить полис, если я переехала? "
FIELD = "content"


class Operator:
    """Somebody without a browser who answers every call and talks until the citizen hangs up."""

    def __init__(self, its: Session, phone: HeadlessPhone) -> None:
        self.its = its
        self.phone = phone
        self.answered = 0
        """Calls that he answered so far."""

    @property
    def extension(self) -> str:
        """His internal number."""
        return self.phone.account.extension

    async def work(self) -> None:
        """Answer one call after the other; runs until cancelled."""
        while True:
            try:
                call = await self.phone.next_call(within=600)
            except TimeoutError:
                continue
            await self._talk(call)

    async def _talk(self, call: HeadlessCall) -> None:
        with suppress(Unavailable):  # the citizen gave up, or the connection is gone: the next ring is answered
            await call.answer()
            self.answered += 1
            await call.ended.wait()
            await self._free()

    async def _free(self) -> None:
        """«Свободен», as soon as the service lets him; he may be free by himself already."""
        with suppress(TimeoutError, HotlineError):
            await self.its.post_until("/api/operator/ready", within_s=20)


@asynccontextmanager
async def operator(url: str, person: Person) -> AsyncIterator[Operator]:
    """Log in and begin to work."""
    async with (
        session(url, person) as its,
        telephone(its, person.login, tone_hz=OPERATOR_HZ) as phone,
    ):
        one = Operator(its, phone)
        await its.post("/api/operator/start", {"microphone": True})
        working = asyncio.create_task(one.work())
        try:
            yield one
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


class Typist:
    """An operator with a real page, who types into the card from the answer until the end."""

    def __init__(self, url: str, stack: AsyncExitStack, sound: Path) -> None:
        self._url = url
        self._stack = stack
        self._sound = sound
        self._typing: asyncio.Task[None] | None = None
        self._answering: asyncio.Task[None] | None = None
        self.typed = ""
        self.fresh = 0
        """Letters that only the browser knew when it was killed, at most."""
        self.desk: Desk | None = None
        self.browser: Browser | None = None

    async def arrive(self, login: str) -> None:
        """Open a browser and log in."""
        await self.leave()
        playwright = await self._stack.enter_async_context(async_playwright())
        arguments = [*ARGUMENTS, f"--use-file-for-fake-audio-capture={self._sound}"]
        self.browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        self._stack.push_async_callback(_close, self.browser)
        context = await self.browser.new_context(
            locale="ru-RU", viewport={"width": 1280, "height": 800}, permissions=["microphone", "notifications"]
        )
        self.desk = Desk(await context.new_page(), self._url)
        await self.desk.log_in(login)

    async def answer(self, *, types: bool = True) -> None:
        """Answer the next ring and begin to type."""
        assert self.desk is not None
        await self.desk.answer()
        self._answering = asyncio.create_task(self._answer_more())
        if not types:
            return
        await expect(self.desk.field(FIELD)).to_be_editable(timeout=RING_MS)
        await self.desk.field(FIELD).press("Control+End")
        self._typing = asyncio.create_task(self._type())

    async def _answer_more(self) -> None:
        """Answer whoever rings later; the card that is being typed stays."""
        assert self.desk is not None
        with suppress(Error):  # the browser was killed
            while True:
                ring = self.desk.page.locator("#softphone[data-call=ringing]")
                await ring.wait_for(state="attached", timeout=0)
                await self.desk.page.keyboard.press("Alt+a")
                await ring.wait_for(state="detached", timeout=RING_MS)

    async def leave(self) -> None:
        """Do nothing any more."""
        await self.stop_typing()
        if self._answering is not None:
            self._answering.cancel()
            await asyncio.gather(self._answering, return_exceptions=True)

    async def _type(self) -> None:
        assert self.desk is not None
        place = 0
        while True:
            letter = WORDS[place % len(WORDS)]
            await self.desk.page.keyboard.insert_text(letter)
            self.typed += letter
            place += 1
            await passing(LETTER_S)

    async def stop_typing(self) -> None:
        """Lift the hands from the keyboard."""
        task, self._typing = self._typing, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        # A blank at the end is no letter: the server trims what it stores.
        self.typed = self.typed.rstrip()

    async def die(self) -> None:
        """kill -9 of the browser, between two letters."""
        await self.stop_typing()
        self.fresh = round(AUTOSAVE_S / LETTER_S)
        assert self.browser is not None
        await kill_browser(self.browser)

    async def pid(self) -> int:
        """Process id of the browser's main process."""
        assert self.browser is not None
        cdp = await self.browser.new_browser_cdp_session()
        processes = (await cdp.send("SystemInfo.getProcessInfo"))["processInfo"]
        await cdp.detach()
        return next(int(one["id"]) for one in processes if one["type"] == "browser")


async def _close(browser: Browser) -> None:
    with suppress(Error):  # it was killed
        await browser.close()


@asynccontextmanager
async def typist(url: str, folder: Path) -> AsyncIterator[Typist]:
    """Somebody with a browser, not there yet."""
    async with AsyncExitStack() as stack:
        one = Typist(url, stack, microphone(folder))
        try:
            yield one
        finally:
            await one.leave()
