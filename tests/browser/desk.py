"""An operator at the desk, driven through the page as a person would: by what is written on it and by the keyboard."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

RING_MS = 15_000
PASSWORD = "demonstration"


@dataclass(frozen=True, slots=True)
class Sound:
    """The loudest tone that the operator hears."""

    hz: float
    db: float


class Desk:
    """One browser page with a logged-in operator."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    @property
    def phone(self) -> Locator:
        """The softphone."""
        return self.page.locator("#softphone")

    @property
    def card(self) -> Locator:
        """The registration card in the work area."""
        return self.page.locator("#work form#card")

    def field(self, name: str) -> Locator:
        """A field of the card."""
        return self.card.locator(f"[name={name}]")

    async def log_in(self, login: str, password: str = PASSWORD) -> None:
        """Log in and wait for the shell."""
        await self.page.goto(f"{self.url}/login")
        await self.page.locator("#login").fill(login)
        await self.page.locator("#password").fill(password)
        await self.page.locator("#password").press("Enter")
        await expect(self.phone).to_be_visible()

    async def start_work(self) -> None:
        """«Начало работы»."""
        await self.phone.get_by_role("button", name="Начало работы").click()
        await self.is_active()

    async def is_active(self, *, within_ms: int = 15_000) -> None:
        """The telephone is registered and the operator free."""
        await expect(self.phone).to_have_attribute("data-status", "active", timeout=within_ms)
        await expect(self.page.locator(".desk-state [data-state=ready]")).to_be_visible(timeout=within_ms)

    async def rings(self, number: str) -> None:
        """The telephone rings; the number stands on top."""
        await expect(self.phone).to_have_attribute("data-call", "ringing", timeout=RING_MS)
        await expect(self.phone.locator(".phone-number")).to_have_text(number)

    async def answer(self) -> None:
        """Alt+A, once it rings: pressed before, it would answer nothing."""
        await expect(self.phone).to_have_attribute("data-call", "ringing", timeout=RING_MS)
        await self.page.keyboard.press("Alt+a")
        await expect(self.phone).to_have_attribute("data-call", "talking", timeout=RING_MS)

    async def hang_up(self) -> None:
        """Alt+H."""
        await self.page.keyboard.press("Alt+h")
        await self.is_free()

    async def is_free(self) -> None:
        """No call on the telephone."""
        await expect(self.phone).to_have_attribute("data-call", "none", timeout=RING_MS)

    async def hears(self, hz: float, *, tolerance: float = 15) -> Sound:
        """Wait until this tone is the loudest sound in the operator's ear."""
        heard = await self.page.wait_for_function(
            "([hz, tolerance]) => window.earsHearTone(hz, tolerance)", arg=[hz, tolerance], timeout=RING_MS
        )
        value = await heard.json_value()
        return Sound(value["hz"], value["db"])

    async def choose_topic(self, word: str) -> None:
        """Find a topic by a word of it and take the first."""
        query = self.card.locator("#card-topic")
        await query.fill(word)
        await self.card.locator("#topic-list [role=option]").first.click()

    async def save(self) -> str:
        """Ctrl+Enter; return the number of the saved appeal."""
        await self.page.keyboard.press("Control+Enter")
        head = self.page.locator("#work #appeal-number")
        await expect(head).to_be_visible()
        return (await head.inner_text()).split()[-1]
