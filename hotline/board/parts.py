"""Everything of the board in one object, so that the composition root has one line for each of its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hotline.board.alarms import Alarms
from hotline.board.mail import AlarmMail, Words
from hotline.board.service import BoardService, Desk, Place
from hotline.clock import Clock
from hotline.config import Settings
from hotline.cti.model import Call
from hotline.db import Database
from hotline.events import Bus


class BoardParts:
    """The live board, its alarms and their letters.

    :param tick_s: seconds between two looks at what only time changes.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        clock: Clock,
        desk: Desk,
        live_calls: Callable[[], Iterable[Call]],
        words: Words,
        *,
        tick_s: float = 1.0,
    ) -> None:
        place = Place(settings.zone, settings.queue, settings.organisation)
        self.board = BoardService(database, bus, clock, desk, place, live_calls, tick_s=tick_s)
        self.mail = AlarmMail(database, clock, settings, words)
        self.alarms = Alarms(database, clock, self.board.live, self.mail.defer, every_s=tick_s)

    async def start(self) -> None:
        """Begin. Must be called before Asterisk is connected."""
        await self.board.start()
        self.mail.start()
        self.alarms.start()

    async def close(self) -> None:
        """Stop."""
        await self.alarms.close()
        await self.mail.close()
        await self.board.close()
