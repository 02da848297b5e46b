"""The journal as one object: what ``app.py`` makes and ``web`` uses."""

from __future__ import annotations

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.appeals import Appeals
from hotline.journal.calls import CallJournal
from hotline.journal.card_service import CardServices
from hotline.journal.classifier import Classifier
from hotline.journal.deadline_service import DeadlineService
from hotline.journal.dispositions import Dispositions
from hotline.journal.dossiers import Dossiers
from hotline.journal.drafts import Drafts
from hotline.journal.handover import HandOvers
from hotline.journal.merges import Merges
from hotline.journal.notices import Notices
from hotline.journal.outbox import Outbox
from hotline.journal.persons import Persons
from hotline.journal.queries import JournalQueries
from hotline.journal.recordings import Recordings
from hotline.journal.reminders import Reminders


class Journal:
    """All use cases of the journal over one database.

    :param bus: where changes of appeals are published; ``None`` publishes nothing.
    """

    def __init__(self, db: Database, clock: Clock, settings: Settings, bus: Bus | None = None) -> None:
        self.outbox = Outbox(db, bus)
        self.classifier = Classifier(db, clock, settings.zone)
        self.calls = CallJournal(db, clock, bus)
        self.dispositions = Dispositions(db, clock, settings.zone, bus)
        self.drafts = Drafts(db, clock, settings.zone, self.classifier)
        self.appeals = Appeals(db, clock, settings.zone, self.outbox, bus)
        self.handover = HandOvers(db, clock, self.outbox)
        self.notices = Notices(db, clock)
        self.reminders = Reminders(db, clock, settings.zone, self.outbox)
        self.deadlines = DeadlineService(db, clock, settings.zone, self.outbox, self.appeals)
        self.persons = Persons(db, clock)
        self.dossiers = Dossiers(db, clock, settings.zone, self.outbox)
        self.merges = Merges(db, clock, self.outbox)
        self.queries = JournalQueries(db, clock, settings.zone)
        self.recordings = Recordings(db, clock)
        self.card = CardServices(db, clock, settings, self.outbox, bus, self.classifier)
