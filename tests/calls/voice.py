"""An operator of a played conversation: what he does without a word to anybody, and what his desk does by itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hotline.load.session import Session
from hotline.softphone.headless import CallState, HeadlessCall, HeadlessPhone
from hotline.softphone.media import ToneMeter

LIMIT = 25
"""Seconds that anything may take on a busy machine."""
FREE = {"ready", "ringing"}
"""The queue may have given him the next citizen at once."""


@dataclass
class Voice:
    """An operator."""

    who: int
    its: Session
    phone: HeadlessPhone
    call: HeadlessCall | None = None

    @property
    def extension(self) -> str:
        return self.phone.account.extension

    @property
    def meter(self) -> ToneMeter:
        assert self.call is not None, f"{self.extension} is in no call"
        return self.call.meter

    async def rings(self) -> HeadlessCall:
        """Wait for a ring that has not ended yet."""
        while (call := await self.phone.next_call(within=LIMIT)).state is not CallState.RINGING:
            pass
        self.call = call
        return call

    async def is_ready(self) -> None:
        """Be free again: a person presses «Свободен»."""
        async with asyncio.timeout(LIMIT):
            while (await self.its.post_until("/api/operator/ready", within_s=LIMIT))["state"] not in FREE:
                pass

    async def card(self, key: str) -> None:
        """Open the card, as the desk does by itself."""
        async with self.its.http.get(f"/calls/{key}/card", headers={"Accept": "text/html"}) as answer:
            page = await answer.text()
            assert answer.status == 200, f"{self.extension} gets no card: {answer.status} {page[-500:]}"
