"""Operators without a browser, for tests with many of them: the same log-in, the same ``/sip``, the same API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.softphone.headless import HeadlessCall, HeadlessPhone
from hotline.softphone.model import SoftphoneAccount
from hotline.staff.model import NewUser
from hotline.staff.service import StaffService

PASSWORD = "operator-of-a-test"


async def hire(db: Database, count: int, *, first_extension: int = 110) -> list[str]:
    """Create ``count`` level-1 operators; return their logins."""
    staff = StaffService(db, SystemClock(), Settings())
    logins = []
    for number in range(first_extension, first_extension + count):
        user = await staff.create_user(
            NewUser(
                login=f"headless{number}",
                password=PASSWORD,
                last_name=f"Ёлкина-{number}",
                first_name="Яна",
                organisation_code="00",
                roles=("op1",),
                extension=str(number),
            )
        )
        logins.append(user.login)
    return logins


@dataclass
class Operator:
    """A logged-in operator with a telephone."""

    login: str
    http: aiohttp.ClientSession
    phone: HeadlessPhone
    answered: list[HeadlessCall] = field(default_factory=list)

    async def post(self, path: str, body: object = None) -> dict[str, object]:
        """Call the API; fail the test when it refuses."""
        async with self.http.post(path, json=body if body is not None else {}) as answer:
            text = await answer.text()
            assert answer.status == 200, f"{path}: {answer.status} {text}"
            result: dict[str, object] = await answer.json()
            return result

    async def start_work(self) -> None:
        """«Начало работы»."""
        await self.post("/api/operator/start", {"microphone": True})

    async def answer_all(self, hears_hz: int) -> None:
        """Answer every call, listen until the citizen is heard, hang up. Runs until cancelled."""
        while True:
            call = await self.phone.next_call(within=120)
            await call.answer()
            async with asyncio.timeout(15):
                await call.meter.wait_for_tone(hears_hz)
            self.answered.append(call)
            await call.hangup()


@asynccontextmanager
async def operator(url: str, login: str, *, password: str = PASSWORD, tone_hz: int = 700) -> AsyncIterator[Operator]:
    """Log in, connect the telephone, log out at the end."""
    jar = aiohttp.CookieJar(unsafe=True)
    headers = {"Origin": url, "Accept": "application/json"}
    async with aiohttp.ClientSession(url, cookie_jar=jar, headers=headers) as http:
        async with http.post("/login", json={"login": login, "password": password}) as answer:
            assert answer.status == 200, await answer.text()
            http.headers["X-CSRF-Token"] = (await answer.json())["csrf"]
        async with http.get("/api/softphone") as answer:
            assert answer.status == 200, await answer.text()
            data = await answer.json()
        cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in jar)
        account = SoftphoneAccount(data["extension"], data["uri"], data["password"], login)
        async with HeadlessPhone(
            account, data["ws"], headers={"Cookie": cookies}, origin=url, tone_hz=tone_hz
        ) as phone:
            yield Operator(login, http, phone)
