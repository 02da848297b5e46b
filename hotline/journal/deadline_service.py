"""The use cases around deadlines as one object, for those who wire and for pages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hotline.clock import Clock
from hotline.db import Database
from hotline.journal.calendar_admin import CalendarAdmin
from hotline.journal.outbox import Outbox
from hotline.journal.recompute import Recompute


class DeadlineService:
    """The calendar, and deadlines moved by it."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, relay: Outbox) -> None:
        self.calendar = CalendarAdmin(db, clock, zone)
        self.recompute = Recompute(db, clock, zone, relay)
