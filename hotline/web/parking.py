"""Parked citizens, shown to everybody: place, who parked, since when. Not who it is: that is the card's business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hotline.cti.model import CallEvent
from hotline.web.push import PushHub
from hotline.web.push_messages import message, parking_data
from hotline.web.services import Services


class ParkingNews:
    """Tells every browser when a place is taken or free. One instance a process."""

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._told: list[dict[str, object]] = []
        self._stop: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        self._stop = self._services.bus.subscribe(
            CallEvent, handler=self._on_call, name="push:parking", on_overflow=self._tell
        )

    async def close(self) -> None:
        """Unsubscribe."""
        if self._stop is not None:
            await self._stop()
            self._stop = None

    async def _on_call(self, event: CallEvent) -> None:
        if event.call.parked is not None or any(row["call_key"] == event.call.key for row in self._told):
            await self._tell()

    async def _tell(self) -> None:
        now = parking_data(self._services)
        if now != self._told:
            self._told = now
            await self._hub.broadcast(message("parking", {"places": now}))
