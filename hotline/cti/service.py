"""One Asterisk, live: link → typed events → calls → facts on the bus; commands the other way; the logs behind it all.

The reader folds an event itself as long as nothing is in the way, so that a ring costs one turn of the event loop.
While a snapshot is read, a transfer runs (its steps wait for Asterisk) or events come in a flood, it only appends to a
bounded buffer and one consumer folds them in order. When the buffer overflows it is thrown away and the picture is
rebuilt from a snapshot, because a stream with holes is worse than a late one (performance.md 1: a reader that pauses
makes Asterisk drop the session).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from hotline.clock import Clock
from hotline.config import AsteriskSettings
from hotline.cti import events as ev
from hotline.cti import metrics, snapshot
from hotline.cti.calls import CallTracker, Fact
from hotline.cti.commands import Commands
from hotline.cti.control import CallControl
from hotline.cti.distribution import Distribution
from hotline.cti.errors import MalformedEvent
from hotline.cti.framing import Framer, Message
from hotline.cti.importer import Importer, Sink
from hotline.cti.link import AmiLink
from hotline.cti.linkrules import Timing
from hotline.cti.model import Call, CallEvent, CallEventKind, EndedBy, LinkChanged, LinkState
from hotline.cti.ratings import Ratings
from hotline.cti.rescue import Rescue
from hotline.cti.restore import restore
from hotline.cti.spying import Spying
from hotline.cti.transfer_service import TransferService
from hotline.db import Database
from hotline.errors import HotlineError, NotFound
from hotline.events import Bus

log = logging.getLogger(__name__)

_BREATH = 100  # events folded before the event loop may do something else
_METRICS_EVERY_S = 1.0  # a metric costs as much as folding an event, so what it says is gathered


class CtiService:
    """The telephony of one Asterisk. Publishes ``CallEvent``, ``QueueChanged``, ``MemberChanged``, ``DeviceChanged``,
    ``LinkChanged``, ``ConsultOffered`` and ``ConsultEnded`` on the bus.

    :param sink: records calls rebuilt from the logs, in the transaction it is given; idempotent by ``Call.key``.
    :param backlog: most events that may wait to be folded.
    :param import_every_s: pause between two looks into the log files.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        bus: Bus,
        clock: Clock,
        database: Database,
        sink: Sink,
        *,
        timing: Timing | None = None,
        backlog: int = 20_000,
        import_every_s: float = 5.0,
    ) -> None:
        self.name = settings.name
        self._bus = bus
        self._clock = clock
        self._limit = backlog
        self._import_every_s = import_every_s
        self.tracker = CallTracker(settings.name)
        self.link = AmiLink(settings, self._on_message, self._on_state, clock, timing=timing)
        self.commands = Commands(self.link)
        self.control = CallControl(self.tracker, self.commands)
        self.transfers = TransferService(self.tracker, self.commands, self.control, bus, clock)
        self.distribution = Distribution(self.link)
        self.ratings = Ratings(self.link)
        self.spying = Spying(self.tracker, self.commands, self.control, self.transfers, self._beside)
        self.rescue = Rescue(self.tracker, self.commands, self.control)
        self.importer = Importer(settings, database, clock, sink)
        self.boot_id = ""
        self.last_event_at: datetime | None = None
        # Looking a labelled metric up costs more than counting it, and this happens on every event.
        self._lag = metrics.LAG.labels(settings.name)
        self._waiting = metrics.BACKLOG.labels(settings.name)
        self._live = metrics.CALLS.labels(settings.name)
        self._failures = metrics.PROBLEMS.labels(settings.name, "handler")
        self._seen = {name: metrics.EVENTS.labels(settings.name, name) for name in ev.WANTED}
        self._counted: Counter[str] = Counter()
        """Events folded since the metrics were written, by name."""
        self._longest = 0.0
        """Of those: seconds that the slowest waited."""
        self._metrics_due: asyncio.TimerHandle | None = None
        self._read = -1
        """The read of the link whose events come now, and how many of them were folded at once."""
        self._at_once = 0
        self._backlog: deque[tuple[float, Framer, Message]] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._look_into_logs = asyncio.Event()
        self._syncing = False
        self._overflowed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._sync_task: asyncio.Task[None] | None = None

    @property
    def calls(self) -> dict[str, Call]:
        """The live calls by key."""
        return self.tracker.calls

    @property
    def link_state(self) -> LinkState:
        """State of the connection; ``UP`` means that the picture is live."""
        return self.link.state

    async def start(self) -> None:
        """Begin to connect, fold and import. Returns at once; the bus tells when the link is up."""
        self._spawn(self._consume(), "consume")
        self._spawn(self._import_forever(), "import")
        await self.link.start()

    async def stop(self) -> None:
        """Disconnect and stop every task of this service."""
        await self.link.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._metrics_due is not None:
            self._metrics_due.cancel()
            self._write_metrics()

    async def drain(self) -> None:
        """Wait until everything read so far is folded. For tests and for an orderly stop."""
        while self._backlog or not self._idle.is_set():
            await self._idle.wait()

    def status(self) -> dict[str, object]:
        """What ``/status`` shows about this Asterisk; JSON-safe."""
        counts, framer = self.link.counts, self.link.framer
        return {
            "asterisk": self.name,
            "state": self.link.state.value,
            "reason": self.link.reason,
            "version": framer.version,
            "boot_id": self.boot_id,
            "calls": len(self.tracker.calls),
            "backlog": len(self._backlog),
            "last_event_at": self.last_event_at.isoformat() if self.last_event_at else None,
            "connections": counts.connections,
            "losses": counts.losses,
            "refusals": counts.refusals,
            "unreadable": framer.counts.broken + framer.counts.oversized,
            "orphans": self.tracker.orphans,
            "imported_calls": self.importer.counts.calls,
            "broken_log_lines": self.importer.counts.broken,
        }

    # From the link: these two must return at once

    def _on_message(self, message: Message) -> None:
        reads = self.link.framer.counts.reads
        if reads != self._read:
            self._read, self._at_once = reads, 0
        if self._at_once < _BREATH and self._free():
            self._at_once += 1
            event, _ = self._fold(message)
            if event is not None:
                self._look_after(event)
            return
        if len(self._backlog) >= self._limit:
            metrics.PROBLEMS.labels(self.name, "overflow").inc()
            log.error("events of %s come faster than they are folded: starting over from a snapshot", self.name)
            self._backlog.clear()
            self._overflowed = True
        self._backlog.append((asyncio.get_running_loop().time(), self.link.framer, message))
        self._idle.clear()
        self._wake.set()

    def _free(self) -> bool:
        """Tell whether an event may be folded at once: nothing older waits, and nothing must be waited for."""
        return self._idle.is_set() and not self._syncing and not self._overflowed and not self.transfers.running

    def _on_state(self, state: LinkState, reason: str) -> None:
        metrics.LINK_UP.labels(self.name).set(1 if state is LinkState.UP else 0)
        metrics.LINK_CHANGES.labels(self.name, state.value).inc()
        if state is LinkState.SYNCING:
            self._begin_sync()
        self._bus.publish(LinkChanged(self.name, state, self._clock.now(), reason, self.boot_id))

    # Resynchronisation

    def _begin_sync(self) -> None:
        """From now on events only gather, until the snapshot has been read."""
        self._syncing = True
        # What the former connection left behind is older than any snapshot.
        self._backlog = deque(entry for entry in self._backlog if entry[1] is self.link.framer)
        if self._sync_task is not None:
            self._sync_task.cancel()
        self._sync_task = self._spawn(self._sync(), "sync")

    async def _sync(self) -> None:
        try:
            seen = await snapshot.read(self.link, self._clock)
        except HotlineError as error:
            metrics.PROBLEMS.labels(self.name, "sync").inc()
            log.warning("no snapshot of %s: %s", self.name, error.message)
            self.link.drop(f"no snapshot: {error.message}")
            return
        rebooted = self.boot_id not in {"", seen.boot_id}
        self.boot_id = seen.boot_id
        self._publish(restore(self.tracker, seen, rebooted=rebooted))
        await self._find_recordings(seen.at)
        await self._quietly(self.transfers.resync())
        self._syncing = False
        self._wake.set()
        self.link.synced()
        self._look_into_logs.set()

    async def _find_recordings(self, at: datetime) -> None:
        """A recording that began while nobody listened: no snapshot tells of it, but its file is there."""
        for call in self.tracker.live_calls():
            if call.published and not call.recorded and await self.importer.recorded(call.key):
                call.recorded = True
                self._publish([CallEvent(CallEventKind.RECOVERED, call.freeze(), at, call.operator)])

    # The one consumer

    async def _consume(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            await self._wake.wait()
            self._wake.clear()
            done = 0
            while self._backlog and not self._syncing:
                read_at, _, message = self._backlog.popleft()
                await self._handle(message)
                self._longest = max(self._longest, now() - read_at)
                done += 1
                if done % _BREATH == 0:
                    await asyncio.sleep(0)
            if self._overflowed and not self._syncing:
                self._overflowed = False
                self._begin_sync()
            elif not self._backlog:
                self._idle.set()

    async def _handle(self, message: Message) -> None:
        event, facts = self._fold(message)
        if event is None:
            return
        try:
            await self.transfers.observe(event, facts)
            self._look_after(event)
        except Exception:  # as in _fold
            self._failures.inc()
            log.exception("%s: cannot follow a transfer through %s", self.name, message.event, extra=_about(message))

    def _fold(self, message: Message) -> tuple[ev.Event | None, list[Fact]]:
        """Read, fold and publish one event; without an event when there is nothing more to do with it."""
        try:
            event = ev.parse(message)
        except MalformedEvent as error:
            metrics.PROBLEMS.labels(self.name, "malformed").inc()
            log.warning("%s: %s", self.name, error.message)
            return None, []
        if event is None:
            return None, []
        if self._metrics_due is None:
            self._metrics_due = asyncio.get_running_loop().call_later(_METRICS_EVERY_S, self._write_metrics)
        self._counted[message.event] += 1
        self.last_event_at = event.at
        try:
            facts = self.tracker.apply(event)
            self._publish(facts)
            self.spying.saw(event)
        except Exception:  # one event that we cannot fold must not stop the others
            self._failures.inc()
            log.exception("%s: cannot fold %s", self.name, message.event, extra=_about(message))
            return None, []
        return event, facts

    def _publish(self, facts: list[Fact]) -> None:
        for fact in facts:
            self._bus.publish(fact)
            if isinstance(fact, CallEvent) and fact.kind is CallEventKind.ENDED:
                call = fact.call
                outcome, source = call.outcome or "unknown", call.end_source or "unknown"
                metrics.ENDED.labels(self.name, outcome, source).inc()
                if call.queued_at is not None:
                    metrics.WAIT.labels(self.name).observe(call.wait_s(fact.at))

    def _write_metrics(self) -> None:
        self._metrics_due = None
        for name, count in self._counted.items():
            self._seen[name].inc(count)
        self._counted.clear()
        self._waiting.set(len(self._backlog))
        self._live.set(len(self.tracker.live_calls()))
        self._lag.observe(self._longest)
        self._longest = 0.0

    def _look_after(self, event: ev.Event) -> None:
        """A citizen without a partner must not be left alone (telephony.md 6.2; the dialplan is the second net)."""
        key: str | None = None
        rate = False
        if isinstance(event, ev.UserEvent) and event.name == "CitizenAlone":
            call = self.tracker.live(event.call_id)
            if call is not None and call.hint is EndedBy.AGENT:
                key, rate = call.key, event.headers.get("Rate") == "1"
        elif isinstance(event, ev.Hangup):
            call = self.tracker.live(event.channel.linkedid)
            party = call.party if call is not None else None
            if call is not None and party is not None and party.holding and not call.has_operator():
                key = call.key
        if key is not None:
            self._spawn(self._quietly(self.control.look_after(key, rate=rate)), "look after")

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except NotFound as error:  # he went by himself meanwhile
            log.debug("%s: %s", self.name, error.message)
        except HotlineError as error:
            log.warning("%s: %s", self.name, error.message)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        self._spawn(self._quietly(work), "supervision")

    # The logs

    async def _import_forever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._import_every_s):
                    await self._look_into_logs.wait()
            except TimeoutError:
                pass  # nothing hurries: it is time for the usual look
            self._look_into_logs.clear()
            try:
                # Only a live link says for sure which Asterisk's calls can still be going on.
                booted_at = self.link.booted_at if self.link.state is LinkState.UP else None
                alive = frozenset(call.key for call in self.tracker.live_calls())
                calls = await self.importer.run(booted_at=booted_at, alive=alive)
            except Exception as error:  # the database is away, or the sink failed: the lines wait for the next time
                level = logging.WARNING if isinstance(error, HotlineError) else logging.ERROR
                log.log(level, "%s: import of the logs failed: %s", self.name, error, exc_info=level == logging.ERROR)
            else:
                metrics.IMPORTED.labels(self.name).inc(len(calls))
                if calls:
                    log.info("%s: %d calls imported from the logs", self.name, len(calls))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"cti:{self.name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _about(message: Message) -> dict[str, str]:
    """Tell a log line which call an event is about (Asterisk: Linkedid)."""
    return {"call": message.get("Linkedid", "")}
