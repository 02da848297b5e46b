"""Who edits which appeal, and alarms of operators, pushed live (domain 2.11; DAY-31)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hotline.journal.emergencies import Emergency, EmergencyChanged
from hotline.journal.locks import LockChanged
from hotline.web.push import PushHub
from hotline.web.push_messages import at, message
from hotline.web.services import Services


class CardNews:
    """Tells browsers. One instance a process."""

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._stop: list[Callable[[], Awaitable[None]]] = []

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        bus = self._services.bus
        self._stop = [
            bus.subscribe(LockChanged, handler=self._on_lock, name="push:locks"),
            bus.subscribe(EmergencyChanged, handler=self._on_emergency, name="push:emergencies"),
        ]

    async def close(self) -> None:
        """Unsubscribe."""
        for stop in self._stop:
            await stop()
        self._stop = []

    async def _on_lock(self, fact: LockChanged) -> None:
        data = {"appeal_id": fact.appeal_id, "user_id": fact.user_id, "tab": fact.tab, "by": fact.by}
        await self._hub.broadcast(message("lock", data))

    async def _on_emergency(self, fact: EmergencyChanged) -> None:
        """To those who watch calls, and back to the operator who pressed the key."""
        told = message("emergency", emergency_data(fact.emergency))
        extension = fact.emergency.extension
        await self._hub.to_extensions((extension,) if extension else (), told, watchers=True)


def emergency_data(one: Emergency) -> dict[str, Any]:
    """Return an alarm as browsers know it: nothing of the citizen."""
    return {
        "id": one.id,
        "at": at(one.at),
        "by": one.by,
        "user_id": one.user_id,
        "extension": one.extension,
        "call_key": one.call_key,
        "seen_by": one.seen_by,
    }
