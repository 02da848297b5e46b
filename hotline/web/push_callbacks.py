"""Tells browsers that the ledger of citizens not served has changed: ids only, at an even pace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from hotline.journal.duty_news import DutyChanged
from hotline.web.access import needs_of
from hotline.web.pace import Pace
from hotline.web.push import PushHub
from hotline.web.services import Services

EVERY_S = 2.0
_KEY = "callbacks"


class CallbackNews:
    """One instance a process. What has changed is read by each page that shows it, so nothing private is told."""

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._changed: set[int] = set()
        self._pace = Pace(self._tell, EVERY_S)
        self._stop: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        self._stop = self._services.bus.subscribe(DutyChanged, handler=self._on_change, name="push:callbacks")

    async def close(self) -> None:
        """Unsubscribe."""
        if self._stop is not None:
            await self._stop()
            self._stop = None
        await self._pace.close()

    async def _on_change(self, fact: DutyChanged) -> None:
        self._changed.update(fact.duty_ids)
        await self._pace.touch(_KEY)

    async def _tell(self, _key: str) -> None:
        ids, self._changed = sorted(self._changed), set()
        text = msgspec.json.encode({"type": "callbacks", "data": {"duty_ids": ids}})
        needed = needs_of("GET", "/callbacks")
        for user_id in self._hub.users():
            user = await self._services.staff.user(user_id)
            if user is not None and needed is not None and needed.met_by(user):
                await self._hub.to_user(user_id, text)
