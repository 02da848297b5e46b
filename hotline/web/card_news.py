"""Who edits which appeal, and alarms of operators, pushed live (domain 2.11; DAY-31)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hotline.errors import Unavailable
from hotline.journal.emergencies import Emergency, EmergencyChanged
from hotline.journal.locks import LockChanged
from hotline.web.push_messages import Announcer, emergency_data, message
from hotline.web.services import Services

log = logging.getLogger(__name__)

LOAD_AGAIN_S = 5.0


class CardNews:
    """Tells browsers. One instance a process."""

    def __init__(self, services: Services, announcer: Announcer) -> None:
        self._services = services
        self._hub = announcer.hub
        self._alarms = announcer.alarms
        self._stop: list[Callable[[], Awaitable[None]]] = []
        self._loading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Subscribe, then read which alarms are open. Must be called in the running loop."""
        bus = self._services.bus
        self._stop = [
            bus.subscribe(LockChanged, handler=self._on_lock, name="push:locks"),
            bus.subscribe(EmergencyChanged, handler=self._on_emergency, name="push:emergencies"),
        ]
        self._loading = asyncio.create_task(self._load(), name="push:open-alarms")

    async def close(self) -> None:
        """Unsubscribe."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        for stop in self._stop:
            await stop()
        self._stop = []

    async def _on_lock(self, fact: LockChanged) -> None:
        data = {"appeal_id": fact.appeal_id, "user_id": fact.user_id, "tab": fact.tab, "by": fact.by}
        await self._hub.broadcast(message("lock", data))

    async def _load(self) -> None:
        """Read the open alarms, however long the database is away: a restart must not silence one."""
        while True:
            try:
                found = await self._services.card.emergencies.open()
            except Unavailable:
                log.warning("open alarms cannot be read: trying again")
                await asyncio.sleep(LOAD_AGAIN_S)
                continue
            for one in self._alarms.load(found):
                await self._tell(one)  # to those who connected meanwhile
            return

    async def _on_emergency(self, fact: EmergencyChanged) -> None:
        self._alarms.take(fact.emergency)  # before it is told: a snapshot in between has it too
        await self._tell(fact.emergency)

    async def _tell(self, one: Emergency) -> None:
        """To those who watch calls, and back to the operator who pressed the key."""
        told = message("emergency", emergency_data(one))
        await self._hub.to_extensions((one.extension,) if one.extension else (), told, watchers=True)
