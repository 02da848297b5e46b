"""The composition root: the only place that wires the parts together (docs/internals.md).

Start order: what remembers first (journal, operators' desk), what speaks to Asterisk after it, what people see last;
stopping goes the other way round, so that nobody is shown what no longer works.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from functools import partial

import aiohttp
from aiohttp import web

from hotline import tracing
from hotline.board.parts import BoardParts
from hotline.callback import CallbackParts
from hotline.clock import Clock, SystemClock
from hotline.config import AsteriskSettings, Settings
from hotline.cti.model import Call, CallEvent, LinkChanged
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.housekeeping import Housekeeping
from hotline.journal import settings_store
from hotline.journal.call_writer import CallWriter
from hotline.journal.classifier import Classifier
from hotline.journal.imports import CallsImported, recorder
from hotline.journal.service import Journal
from hotline.migrations import require_fit
from hotline.queue.lines import LinesService, People, Ports
from hotline.queue.lines_keeper import LinesKeeper
from hotline.queue.model import PauseReason, Policy
from hotline.queue.service import OperatorDesk, QueuePort
from hotline.recording import RecordingParts
from hotline.register.runner import ImportRunner
from hotline.register.service import Register
from hotline.scoring.parts import ScoringParts
from hotline.softphone.accounts import AccountService
from hotline.softphone.line_quality import LineQualityService
from hotline.softphone.model import PhoneConnected
from hotline.softphone.proxy import SipProxy
from hotline.softphone.quality import QualityService
from hotline.softphone.recovery import Limits
from hotline.softphone.recovery_service import Recovery
from hotline.staff.audit_partitions import AuditPartitions
from hotline.staff.oidc import require_provider
from hotline.staff.second_factor import require_keys
from hotline.staff.service import StaffService
from hotline.staff.sign_on import SignOn
from hotline.stats.report_jobs import ReportJobs
from hotline.supervision.parts import SupervisionParts
from hotline.web.alarm_words import letter_words
from hotline.web.app import make_app
from hotline.web.phone import authorise
from hotline.web.services import Services
from hotline.web.views.admin_queue import BY_ROLE
from hotline.webhook import WebhookParts

log = logging.getLogger(__name__)

SHUTDOWN_S = 5.0  # how long open requests may take to finish when the service stops
ANSWER_S = 1.5  # a database that does not answer so soon is not waited for any more when the service stops


class Hotline:
    """The running product: every service, wired.

    Use as an async context manager; inside it the service listens on ``settings.listen_host:listen_port``.
    """

    services: Services
    url: str

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Hotline:
        async with AsyncExitStack() as stack:
            await self._build(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        database = self.services.database
        if not await database.answers(ANSWER_S):
            log.warning("the database does not answer: stopping without it")
            database.cut()
        await self._stack.aclose()

    async def _build(self, stack: AsyncExitStack) -> None:
        settings, clock = self.settings, self._clock
        database = await _opened(stack, settings)
        bus = Bus()
        stack.push_async_callback(bus.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())

        journal = Journal(database, clock, settings, bus)
        calls = journal.calls
        cti = self._telephony(bus, database, journal)
        callback = CallbackParts(settings, database, bus, clock, cti, journal.outbox)
        desk = await self._desk(stack, bus, database, cti, journal.classifier, callback.gate)
        callback.start(desk)
        stack.push_async_callback(callback.close)
        home = settings.asterisks[0]  # operators' telephones live on the first server
        accounts = AccountService(http, home, queue=settings.queue)
        sip = SipProxy(home.http_url, authorise, bus, clock, http=http)
        bus.subscribe(LinkChanged, handler=_of_server(home, accounts.on_link), name="softphone.accounts")
        bus.subscribe(PhoneConnected, handler=accounts.on_phone_connected, name="softphone.adoption")
        bus.subscribe(CallEvent, handler=journal.card.call_backs.on_event, name="journal.call-backs")
        writer = CallWriter(calls, callback.keeper.saw)
        stack.push_async_callback(writer.close)
        rewrite = _record_all(writer, cti)
        bus.subscribe(CallEvent, handler=writer.on_event, name="journal.calls", on_overflow=rewrite)
        bus.subscribe(LinkChanged, handler=_log_link, name="log.links")
        bus.subscribe(CallEvent, handler=_log_call, name="log.calls")

        recording = RecordingParts(settings, database, bus, clock, cti)
        recording.start()
        stack.push_async_callback(recording.close)
        quality = QualityService(database, bus, clock)
        staff = StaffService(database, clock, settings)
        line_keeper = keeper_of_lines(settings, database, clock, staff, cti, desk, bus)
        board = BoardParts(settings, database, bus, clock, desk, lambda: _live_calls(cti), letter_words(settings))
        await board.start()
        stack.push_async_callback(board.close)
        self.services = Services(
            settings=settings,
            clock=clock,
            bus=bus,
            database=database,
            staff=staff,
            appeals=journal.appeals,
            lists=journal.queries,
            drafts=journal.drafts,
            notices=journal.notices,
            deadlines=journal.deadlines,
            persons=journal.persons,
            dossiers=journal.dossiers,
            merges=journal.merges,
            register=await _register(stack, settings, database, clock),
            classifier=journal.classifier,
            calls=calls,
            callbacks=callback.service,
            recordings=journal.recordings,
            archive=recording.archive,
            recording=recording.controls,
            dispositions=journal.dispositions,
            hand_overs=journal.handover,
            card=journal.card,
            desk=desk,
            board=board.board,
            alarms=board.alarms,
            cti=cti,
            accounts=accounts,
            sip=sip,
            quality=quality,
            lines=LineQualityService(database, bus, clock, quality.final),
            sign_on=await _sign_on(stack, settings, database, clock, staff),
            supervision=await _begun(
                stack, SupervisionParts(settings, database, bus, clock, desk, cti, staff.user, journal.outbox)
            ),
            line_rules=line_keeper.lines,
            line_keeper=line_keeper,
        )
        for worker in (self.services.quality, self.services.lines, _report_jobs(self.services)):
            worker.start()
            stack.push_async_callback(worker.close)
        recovery = Recovery(
            bus,
            clock,
            sip,
            {name: one.rescue for name, one in cti.items()},
            Limits(grace=timedelta(seconds=settings.lost_grace_s), back=timedelta(seconds=settings.lost_back_s)),
        )
        webhooks = WebhookParts(settings, database, bus, clock, journal.outbox)
        for part in (recovery, line_keeper, ScoringParts(database, bus, clock, cti), webhooks):
            part.start()
            stack.push_async_callback(part.close)
        await journal.outbox.relay()  # what a crash kept from being published
        for service in cti.values():
            await service.start()
            stack.push_async_callback(service.stop)
        keeper = Housekeeping(
            clock,
            settings.zone,
            {
                "drafts": journal.drafts.purge,
                "files": journal.card.attachments.purge,
                "sessions": self.services.staff.purge,
                "personal rights": self.services.staff.rights.close_ended,
                "audit tables": AuditPartitions(database, clock).prepare,
                "notices": journal.notices.purge,
                "uploads": self.services.register.purge,
                "reports": self.services.reports.purge,
                "webhooks": self.services.webhooks.purge,
                "samples": self.services.drawing.nightly,
                "statistics": partial(self.services.stats_check.of_yesterday, settings.zone),
            },
        )
        keeper.start()
        stack.push_async_callback(keeper.close)
        journal.reminders.start()
        stack.push_async_callback(journal.reminders.close)
        await self._listen(stack)
        stack.push_async_callback(sip.close)

    def _telephony(self, bus: Bus, database: Database, journal: Journal) -> dict[str, CtiService]:
        call_backs = journal.card.call_backs
        sink = recorder(journal.calls, bus, call_backs.link)
        bus.subscribe(CallsImported, handler=call_backs.on_imported, name="journal.call-backs.imported")
        return {one.name: CtiService(one, bus, self._clock, database, sink=sink) for one in self.settings.asterisks}

    async def _desk(
        self,
        stack: AsyncExitStack,
        bus: Bus,
        database: Database,
        cti: dict[str, CtiService],
        classifier: Classifier,
        port: QueuePort,
    ) -> OperatorDesk:
        settings = self.settings
        desk = OperatorDesk(
            database,
            bus,
            self._clock,
            port,
            Policy(queues=(settings.queue,), wrap_up=timedelta(seconds=settings.wrap_up_s)),
            live_calls=lambda: _live_calls(cti),
            reasons=pause_reasons(classifier),
        )
        await desk.start()
        stack.push_async_callback(desk.close)
        return desk

    async def _listen(self, stack: AsyncExitStack) -> None:
        runner = web.AppRunner(make_app(self.services), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self.settings.listen_host, self.settings.listen_port).start()
        self.url = self.settings.public_url


def _live_calls(cti: Mapping[str, CtiService]) -> list[Call]:
    return [call for one in cti.values() for call in one.calls.values()]


def pause_reasons(classifier: Classifier) -> Callable[[], Awaitable[Mapping[str, PauseReason]]]:
    """Return what reads the profile's pause reasons in the words of the operators' desk."""

    async def read() -> Mapping[str, PauseReason]:
        return {
            one.code: PauseReason(
                one.code,
                one.title,
                None if one.limit_min is None else timedelta(minutes=one.limit_min),
                automatic=one.automatic,
            )
            for one in await classifier.pause_reasons()
        }

    return read


def keeper_of_lines(
    settings: Settings,
    database: Database,
    clock: Clock,
    staff: StaffService,
    cti: Mapping[str, CtiService],
    desk: OperatorDesk,
    bus: Bus,
) -> LinesKeeper:
    """Wire the rules of lines: what they ask of people and of the production calendar, and where they are applied."""

    async def people() -> tuple[People, ...]:
        return tuple(People(one.id, one.has_role(*BY_ROLE)) for one in await staff.people.everybody_taking())

    async def days() -> Mapping[date, bool]:
        async with database.begin() as session:
            return (await settings_store.calendar(session)).days

    lines = LinesService(database, clock, settings.zone, settings.queue, Ports(people, days))
    return LinesKeeper(lines, {name: one.distribution for name, one in cti.items()}, desk, bus, clock)


async def _opened(stack: AsyncExitStack, settings: Settings) -> Database:
    """Connect to the database and see that its schema is one for this program."""
    database = Database.connect(settings.database_url.get_secret_value())
    stack.push_async_callback(database.close)
    await database.ping()
    await require_fit(database)
    return database


async def _begun(stack: AsyncExitStack, parts: SupervisionParts) -> SupervisionParts:
    """Start what continues where a killed service was; it stops with the stack."""
    await parts.start()
    stack.push_async_callback(parts.close)
    return parts


async def _sign_on(
    stack: AsyncExitStack, settings: Settings, database: Database, clock: Clock, staff: StaffService
) -> SignOn | None:
    """Make the way in over the organisation's OpenID provider, when there is one; it keeps no cookies."""
    if not settings.oidc_issuer:
        return None
    http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
    return SignOn(database, clock, settings, staff, http)


async def _register(stack: AsyncExitStack, settings: Settings, database: Database, clock: Clock) -> Register:
    """Make the register's import and what watches over its worker process."""

    def wake() -> None:
        runner.wake()

    register = Register(database, clock, settings.register_dir, wake)
    runner = ImportRunner(register.unfinished, settings.database_url.get_secret_value(), settings.time_zone)
    runner.start()
    stack.push_async_callback(runner.close)
    return register


def _report_jobs(services: Services) -> ReportJobs:
    """Return what counts the statistics of long periods in the background."""
    return ReportJobs(services.reports, services.settings.database_url.get_secret_value(), services.bus)


def _of_server(
    server: AsteriskSettings, handler: Callable[[LinkChanged], Awaitable[None]]
) -> Callable[[LinkChanged], Awaitable[None]]:
    """Pass on only what concerns one Asterisk server."""

    async def only_ours(event: LinkChanged) -> None:
        if event.asterisk == server.name:
            await handler(event)

    return only_ours


async def _log_link(event: LinkChanged) -> None:
    log.info("link %s: %s %s", event.asterisk, event.state, event.reason)


async def _log_call(event: CallEvent) -> None:
    """What a call went through can be read in the log by its key; numbers stay out of it."""
    log.info("call %s: %s", event.call.key, event.kind, extra={"phase": event.call.phase})


def _record_all(writer: CallWriter, cti: dict[str, CtiService]) -> Callable[[], Coroutine[None, None, None]]:
    """After an overflow of the bus: write down every call that goes on now."""

    async def record() -> None:
        await writer.record(_live_calls(cti))

    return record


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Hotline]:
    """Run the product inside ``async with``."""
    async with Hotline(settings) as hotline:
        yield hotline


async def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM.

    :raises BadInput: the settings ask for second factors and have no key for them (``no-secret-key``), or name a
        sign-on server that could be listened to.
    :raises Unavailable: the database does not answer at the start, or its schema is not one for this program. A dead
        Asterisk is waited for.
    """
    require_keys(settings)
    require_provider(settings)
    if settings.tracing:
        tracing.install(tracing.load(settings.tracing))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as hotline:
        # What is there now stays: looking through it again would stop everything, calls included, for some 40 ms.
        gc.collect()
        gc.freeze()
        log.info("ready at %s", hotline.url)
        await stop.wait()
        log.info("stopping")
