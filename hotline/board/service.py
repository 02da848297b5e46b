"""Keeps the live board up to date: facts of the bus, the day's calls from the database, who works here (DAY-34).

The day begins with what the database knows; from then on events change it. What Asterisk's logs have corrected is read
from the database again. So the figures are right after a kill of the service and after a restart of Asterisk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from hotline.board import store
from hotline.board.figures import DayBook
from hotline.board.live import LiveBoard
from hotline.clock import Clock
from hotline.cti.model import Call, CallEvent, LinkChanged, LinkState, QueueChanged
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.events import Bus
from hotline.journal.imports import CallsImported
from hotline.queue.board import Board
from hotline.queue.model import OperatorChanged, PauseReason
from hotline.softphone.quality import FRESH
from hotline.softphone.quality_rules import QualityChanged

log = logging.getLogger(__name__)

TICK_S = 1.0
PEOPLE_EVERY = timedelta(minutes=1)
"""How soon a new colleague, a new role or a new organisation shows; somebody unknown who begins to work, at once."""


class Desk(Protocol):
    """What the board asks of the operators' desk."""

    @property
    def pause_reasons(self) -> Mapping[str, PauseReason]:
        """The reasons by code."""
        ...

    def board(self) -> Board:
        """Return the operators now."""
        ...


def day_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning and the end, in UTC, of the day in a zone; it may have 23 or 25 hours."""
    day = moment.astimezone(zone).date()
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    return start, datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the board stands: the zone of its days, the queue that is always on it, whose hotline it is (by code)."""

    zone: ZoneInfo
    queue: str
    organisation: str


class BoardService:
    """The board of this process.

    :param live_calls: every call that goes on, when the stream of events had a hole.
    :param tick_s: seconds between two looks at what only time changes.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        desk: Desk,
        place: Place,
        live_calls: Callable[[], Iterable[Call]],
        *,
        tick_s: float = TICK_S,
    ) -> None:
        self._db = database
        self._bus = bus
        self._clock = clock
        self._desk = desk
        self._place = place
        self._live_calls = live_calls
        self._tick_s = tick_s
        self.live = LiveBoard(DayBook(*day_of(clock.now(), place.zone)), (place.queue,))
        self.changed = asyncio.Event()
        """Set with every fact; whoever shows the board clears it and takes the changes."""
        self._suspect: set[str] = set()
        self._read_day = True
        self._people_due: datetime | None = None
        self._stop: list[Callable[[], Awaitable[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what is known and begin to listen. Must be called before Asterisk is connected."""
        handlers: tuple[tuple[type, Callable[..., Awaitable[None]]], ...] = (
            (OperatorChanged, self._on_operator),
            (CallEvent, self._on_call),
            (QueueChanged, self._on_queue),
            (QualityChanged, self._on_sound),
            (LinkChanged, self._on_link),
            (CallsImported, self._on_imported),
        )
        for kind, handler in handlers:
            name = f"board:{kind.__name__}"
            self._stop.append(self._bus.subscribe(kind, handler=handler, name=name, on_overflow=self._rebuild))
        await self._rebuild()
        await self.tick()
        self._task = asyncio.create_task(self._run(), name="board:tick")

    async def close(self) -> None:
        """Stop."""
        for stop in self._stop:
            await stop()
        self._stop = []
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def look_again(self, keys: Iterable[str]) -> None:
        """Read these calls from the database soon: Asterisk's logs have told more about them."""
        self._suspect.update(keys)

    def settings_changed(self) -> None:
        """Read people and settings at the next tick."""
        self._people_due = None

    async def tick(self) -> None:
        """Do what is due. A database that does not answer is asked again at the next tick."""
        now = self._clock.now()
        if now >= self.live.day.end or now < self.live.day.start:
            self.live.begin_day(DayBook(*day_of(now, self._place.zone)))
            self._read_day = True
        self.live.forget_sounds(now - FRESH)
        self.live.reasons = self._desk.pause_reasons
        try:
            await self._read(now)
        except Unavailable:
            log.warning("the board cannot read the database now")
        self.changed.set()

    async def _read(self, now: datetime) -> None:
        if self._people_due is None or now >= self._people_due:
            async with self._db.begin() as session:
                self.live.home = await store.organisation_id(session, self._place.organisation)
                self.live.set_people(await store.people(session))
                self.live.set_settings(await store.settings(session))
                self.live.set_titles(await store.queue_titles(session))
            self._people_due = now + PEOPLE_EVERY
        day = self.live.day
        if self._read_day:
            async with self._db.begin() as session:
                facts = await store.calls_of_day(session, day.start, day.end)
            self._read_day = False
            self.live.set_stored(facts)
        if self._suspect:
            keys = frozenset(self._suspect)
            async with self._db.begin() as session:
                facts = await store.calls_by_key(session, keys)
            self._suspect -= keys
            self.live.set_stored(facts)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            try:
                await self.tick()
            except Exception:  # the board must outlive one bad row
                log.exception("the board's tick failed")

    async def _rebuild(self) -> None:
        """Events were dropped, or nothing has been told yet: take what exists now."""
        board = self._desk.board()
        for operator in board.operators:
            self.live.set_operator(operator, applied=operator.user_id not in board.unapplied)
        self.live.set_calls(self._live_calls())
        self._read_day = True
        self.changed.set()

    async def _on_operator(self, fact: OperatorChanged) -> None:
        self.live.set_operator(fact.operator, applied=fact.applied)
        if not self.live.knows(fact.operator.user_id):
            self._people_due = None
        self.changed.set()

    async def _on_call(self, fact: CallEvent) -> None:
        self.live.set_call(fact.call)
        self.changed.set()

    async def _on_queue(self, fact: QueueChanged) -> None:
        self.live.set_waiting(fact)
        self.changed.set()

    async def _on_sound(self, fact: QualityChanged) -> None:
        self.live.set_sound(fact)
        self.changed.set()

    async def _on_imported(self, fact: CallsImported) -> None:
        self.look_again(fact.keys)

    async def _on_link(self, fact: LinkChanged) -> None:
        """Asterisk is back: what happened meanwhile is in the journal by its logs, whose calls are told one by one."""
        if fact.state is LinkState.UP:
            self._read_day = True
        self.changed.set()
