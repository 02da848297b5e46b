"""What surrounds a registration card, as one object: what ``app.py`` makes and ``web`` uses."""

from __future__ import annotations

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.answers import AnswerBook
from hotline.journal.antivirus import Antivirus
from hotline.journal.attachments import Attachments
from hotline.journal.call_backs import CallBacks
from hotline.journal.callers import Callers
from hotline.journal.classifier import Classifier
from hotline.journal.draft_giving import DraftGiving
from hotline.journal.emergencies import Emergencies
from hotline.journal.favourites import Favourites
from hotline.journal.filestore import FileStore
from hotline.journal.link_service import AppealLinks
from hotline.journal.locks import EditLocks
from hotline.journal.outbox import Outbox
from hotline.journal.recent import RecentCalls
from hotline.staff.quick_organisations import QuickOrganisations


class CardServices:
    """Files, locks, links, answers, favourites, alarms, organisations, unfinished cards that change hands."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        settings: Settings,
        outbox: Outbox,
        bus: Bus | None,
        classifier: Classifier,
    ) -> None:
        zone, limit = settings.zone, settings.attachment_mb * 1024 * 1024
        store, scanner = FileStore(settings.attachment_dir), Antivirus(settings.clamd)
        self.attachments = Attachments(db, clock, zone, store, scanner, limit)
        self.locks = EditLocks(db, clock, zone, bus)
        self.links = AppealLinks(db, clock, zone, outbox, bus)
        self.callers = Callers(db, clock)
        self.recent = RecentCalls(db)
        self.call_backs = CallBacks(db, clock, outbox)
        self.favourites = Favourites(db, clock, zone)
        self.emergencies = Emergencies(db, clock, bus)
        self.answers = AnswerBook(db, clock, zone, classifier)
        self.giving = DraftGiving(db, clock)
        self.organisations = QuickOrganisations(db, clock)
