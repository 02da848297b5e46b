"""The use cases around deadlines as one object, for those who wire and for pages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hotline.clock import Clock
from hotline.db import Database
from hotline.journal.bulk import Bulk
from hotline.journal.calendar_admin import CalendarAdmin
from hotline.journal.moving import Moving
from hotline.journal.outbox import Outbox
from hotline.journal.recompute import Recompute
from hotline.journal.review import Review


class DeadlineService:
    """The calendar, deadlines moved by it, the administrator's actions on many appeals."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, relay: Outbox, moving: Moving) -> None:
        self.calendar = CalendarAdmin(db, clock, zone)
        self.recompute = Recompute(db, clock, zone, relay)
        self.bulk = Bulk(db, clock, zone, relay, moving)
        self.review = Review(db, clock)
