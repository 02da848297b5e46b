"""Puts the web part's services together on a test's database, as ``hotline.app`` does."""

from __future__ import annotations

from collections.abc import Iterable

import aiohttp
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.app import keeper_of_lines, pause_reasons
from hotline.archive.retention import Terms
from hotline.archive.service import Archive
from hotline.board.parts import BoardParts
from hotline.callbacks.service import Callbacks
from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.cti.model import Call
from hotline.cti.recording_control import RecordingControl
from hotline.cti.service import CtiService
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
from hotline.journal.moving import Moving
from hotline.journal.notices import Notices
from hotline.journal.outbox import Outbox
from hotline.journal.persons import Persons
from hotline.journal.queries import JournalQueries
from hotline.journal.recordings import Recordings
from hotline.queue.service import OperatorDesk
from hotline.register.service import Register
from hotline.softphone.accounts import AccountService
from hotline.softphone.line_quality import LineQualityService
from hotline.softphone.proxy import SipProxy
from hotline.softphone.quality import QualityService
from hotline.staff.service import StaffService
from hotline.staff.sign_on import SignOn
from hotline.supervision.parts import SupervisionParts
from hotline.web.alarm_words import letter_words
from hotline.web.phone import authorise
from hotline.web.services import Services
from tests.integration.queue.recording import RecordingPort

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def wire(
    settings: Settings,
    database: Database,
    bus: Bus,
    clock: FakeClock,
    queue: RecordingPort,
    http: aiohttp.ClientSession,
) -> Services:
    """Put the services together as ``hotline.app`` does."""
    asterisk = settings.asterisks[0]
    outbox = Outbox(database, bus)
    calls = CallJournal(database, clock, bus)
    classifier = Classifier(database, clock, settings.zone)

    async def sink(session: AsyncSession, found: Iterable[Call]) -> None:
        for call in found:
            await calls.record(call, session)

    cti = CtiService(asterisk, bus, clock, database, sink)
    desk = OperatorDesk(
        database,
        bus,
        clock,
        queue,
        live_calls=lambda: list(cti.calls.values()),
        reasons=pause_reasons(classifier),
        tick_s=3600,
    )
    staff = StaffService(database, clock, settings, hasher=HASHER)
    keeper = keeper_of_lines(settings, database, clock, staff, {asterisk.name: cti}, desk, bus)
    board = BoardParts(
        settings, database, bus, clock, desk, lambda: list(cti.calls.values()), letter_words(settings), tick_s=3600
    )
    return Services(
        settings=settings,
        clock=clock,
        bus=bus,
        database=database,
        staff=staff,
        appeals=Appeals(database, clock, settings.zone, outbox, bus),
        lists=JournalQueries(database, clock, settings.zone),
        drafts=Drafts(database, clock, settings.zone, classifier),
        notices=Notices(database, clock),
        deadlines=DeadlineService(
            database, clock, settings.zone, outbox, Moving(database, clock, settings.zone, outbox)
        ),
        persons=Persons(database, clock),
        dossiers=Dossiers(database, clock, settings.zone, outbox),
        merges=Merges(database, clock, outbox),
        register=Register(database, clock, settings.register_dir),
        classifier=classifier,
        calls=calls,
        callbacks=Callbacks(database, clock, settings.zone, outbox),
        recordings=Recordings(database, clock),
        archive=Archive(database, clock, [asterisk], Terms(365), lambda: set(cti.calls)),
        recording={
            asterisk.name: RecordingControl(
                cti.tracker, cti.commands, cti.control, bus, clock, folder=asterisk.recording_dir
            )
        },
        dispositions=Dispositions(database, clock, settings.zone, bus),
        hand_overs=HandOvers(database, clock, outbox),
        card=CardServices(database, clock, settings, outbox, bus, classifier),
        desk=desk,
        board=board.board,
        alarms=board.alarms,
        cti={asterisk.name: cti},
        accounts=AccountService(http, asterisk),
        sip=SipProxy(asterisk.http_url, authorise, bus, clock, http=http),
        quality=(quality := QualityService(database, bus, clock)),
        lines=LineQualityService(database, bus, clock, quality.final),
        sign_on=SignOn(database, clock, settings, staff, http) if settings.oidc_issuer else None,
        supervision=SupervisionParts(settings, database, bus, clock, desk, {asterisk.name: cti}, staff.user, outbox),
        line_rules=keeper.lines,
        line_keeper=keeper,
    )
