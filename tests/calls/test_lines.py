"""A change of the rules that Asterisk refuses, or does not hear, on a real Asterisk with the whole service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from hotline.profiles.demo import DEMO_PASSWORD
from hotline.stand.service import Stand
from tests.calls.asterisk import ami
from tests.calls.citizen import Citizen
from tests.calls.ears import hears_music
from tests.house import House, open_house

pytestmark = pytest.mark.calls

PENDING, APPLIED = "правила ещё не применены", "правила действуют"
MENDED = "differences of the lines mended"
QUEUE = {
    "strategy": "leastrecent", "ring_s": "20", "max_wait_s": "60", "then": "voicemail", "announce_s": "0",
    "reassure_s": "0", "music": "hotline", "service_level_s": "20",
}  # fmt: skip


@dataclass
class Administrator:
    """Somebody at /admin/lines."""

    http: aiohttp.ClientSession
    csrf: str

    async def adds_queue(self, code: str) -> bool:
        """Add a queue; return whether Asterisk has it already."""
        body = {**QUEUE, "code": code, "title": code}
        headers = {"Accept": "application/json", "X-CSRF-Token": self.csrf}
        async with self.http.post("/admin/lines/queue", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            told: dict[str, object] = await answer.json()
        return bool(told["applied"])

    async def sees(self) -> tuple[bool, bool]:
        """Return whether the page says that Asterisk does not have the rules, and that it has them."""
        async with self.http.get("/admin/lines") as answer:
            text = await answer.text()
        return PENDING in text, APPLIED in text


@asynccontextmanager
async def administrator(house: House) -> AsyncIterator[Administrator]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(house.url, cookie_jar=jar, headers={"Origin": house.url}) as http:
        body = {"login": "admin", "password": DEMO_PASSWORD}
        async with http.post("/login", json=body, headers={"Accept": "application/json"}) as answer:
            assert answer.status == 200, await answer.text()
            yield Administrator(http, (await answer.json())["csrf"])


async def test_a_change_that_asterisk_refused_or_did_not_hear_is_applied_later_by_itself(
    stand: Stand, demo_db_url: str, tmp_path: Path
) -> None:
    """S001-012: the change is kept and shown as pending, comes into force as soon as it can, and who waits meanwhile
    hears his music and keeps his place."""
    asterisk = stand.asterisk
    obstacle = asterisk.rendered.config_dir / "lines" / "queues.conf"
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(stand, demo_db_url))
        boss = await stack.enter_async_context(administrator(house))
        async with (
            ami(asterisk.settings) as events,
            Citizen("79280001301", stand.trunk.asterisk_port, tone_hz=440, folder=tmp_path) as citizen,
        ):
            citizen.call("112")
            joined = await events.wait("QueueCallerJoin")
            await hears_music(citizen.meter)
            obstacle.mkdir(parents=True)  # Asterisk can neither read nor write the file: it refuses
            assert not await boss.adds_queue("refused")
            assert await boss.sees() == (True, False)
            await hears_music(citizen.meter)
            before = len(house.log)
            obstacle.rmdir()
            await house.logged(MENDED, after=before, within_s=30)
            assert await boss.sees() == (False, True)
            assert "refused has 0 calls" in await asterisk.cli("queue show refused")
            await hears_music(citizen.meter)
            await events.send("Ping")
            heard = {one.get("Event") for one in events.seen if one.get("Uniqueid") == joined["Uniqueid"]}
            assert heard.isdisjoint({"QueueCallerLeave", "Hangup"}), heard

        before = len(house.log)
        await asterisk.kill()
        await house.logged(f"link {asterisk.settings.name}: down", after=before)
        assert not await boss.adds_queue("unheard")
        assert await boss.sees() == (True, False)
        before = len(house.log)
        await asterisk.restart()
        await house.logged(MENDED, after=before, within_s=40)
        assert await boss.sees() == (False, True)
        assert "unheard has 0 calls" in await asterisk.cli("queue show unheard")
