"""Supervision in one object: conversations, messages, help; wired by ``hotline.app``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from hotline.clock import Clock
from hotline.config import Settings
from hotline.cti.model import CallEvent, CallEventKind
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.outbox import Outbox
from hotline.queue.service import OperatorDesk
from hotline.staff.model import User
from hotline.supervision.help import HelpDesk
from hotline.supervision.messages import SupervisorMessages
from hotline.supervision.model import Telling
from hotline.supervision.service import Supervision


class SupervisionParts:
    """What the web part asks."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        clock: Clock,
        desk: OperatorDesk,
        cti: Mapping[str, CtiService],
        user_of: Callable[[int], Awaitable[User | None]],
        outbox: Outbox,
    ) -> None:
        spying = {name: one.spying for name, one in cti.items()}
        telling = Telling(settings.supervision_told)
        self.calls = Supervision(database, clock, bus, desk, spying, user_of, telling)
        self.messages = SupervisorMessages(database, clock, bus, desk, outbox)
        self.help = HelpDesk(database, clock, bus)
        self._bus = bus
        self._stop: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Continue with what the disk knows. Call before the links are started; raises ``Unavailable``."""
        await self.calls.start()
        await self.help.load()
        self._stop = self._bus.subscribe(CallEvent, handler=self._on_call, name="supervision:help")

    async def close(self) -> None:
        """Stop; what goes on in Asterisk goes on."""
        if self._stop is not None:
            await self._stop()
            self._stop = None
        await self.calls.close()

    async def _on_call(self, event: CallEvent) -> None:
        if event.kind is CallEventKind.ENDED:
            await self.help.call_ended(event.call.key)
