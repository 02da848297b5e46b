"""Writes down what is told of calls, also what was told while the database was away (S002-01).

News of calls come from the bus. While PostgreSQL does not answer they are kept (:mod:`hotline.journal.backlog`) and
written in order once it does, beside the import of Asterisk's logs: recording is idempotent. A kill in between loses
what is kept, which the import then writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge

from hotline.cti.model import Call, CallEvent
from hotline.errors import Unavailable
from hotline.journal.backlog import LIMIT, Backlog
from hotline.journal.calls import CallJournal

log = logging.getLogger(__name__)

AGAIN_S = 1.0
"""Seconds between two attempts."""

WAITING = Gauge("hotline_calls_waiting", "Calls that wait for the database.")
LEFT_OUT = Counter(
    "hotline_calls_left_to_logs_total", "Calls not kept while the database was away: the logs tell them."
)


class CallWriter:
    """``app.py`` subscribes :meth:`on_event` to the bus.

    :param saw: hears of every call whose row was written.
    """

    def __init__(
        self, journal: CallJournal, saw: Callable[[Call], None], *, limit: int = LIMIT, again_s: float = AGAIN_S
    ) -> None:
        self._journal = journal
        self._saw = saw
        self._again_s = again_s
        self._backlog = Backlog(limit)
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many calls wait for the database."""
        return len(self._backlog)

    async def close(self) -> None:
        """Write what waits, if the database answers, and stop; the rest is left to the import of the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        try:
            await self._flush()
        except Unavailable:
            log.warning("%d calls that wait for the database are left to Asterisk's logs", len(self._backlog))

    async def settled(self) -> None:
        """Wait until nothing waits for the database. For tests."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def on_event(self, event: CallEvent) -> None:
        """Write the state that an event carries, or keep it."""
        await self.record([event.call])

    async def record(self, calls: Iterable[Call]) -> None:
        """Write or keep calls. Nothing overtakes what waits already."""
        for call in calls:
            if self._backlog:
                self._keep(call)
                continue
            try:
                await self._write(call)
            except Unavailable:
                log.warning("the database does not answer: calls are kept until it does")
                self._keep(call)

    def _keep(self, call: Call) -> None:
        known = call.key in self._backlog.left_out
        if not self._backlog.put(call) and not known:
            LEFT_OUT.inc()
            log.error("too many calls wait for the database: %s is left to Asterisk's logs", call.key)
        WAITING.set(len(self._backlog))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_later(), name="journal:calls")

    async def _write(self, call: Call) -> None:
        await self._journal.record(call)
        self._saw(call)
        if call.ended_at is not None:
            log.info("call %s is over and in the journal: %s", call.key, call.outcome)

    async def _write_later(self) -> None:
        count = len(self._backlog)
        while self._backlog:
            try:
                await self._flush()
            except Unavailable:
                count = max(count, len(self._backlog))
                await asyncio.sleep(self._again_s)
        self._backlog.left_out.clear()
        log.info("%d calls that waited for the database are in the journal", count)

    async def _flush(self) -> None:
        while (call := self._backlog.oldest()) is not None:
            try:
                await self._write(call)
            except Unavailable:
                raise
            except Exception:  # one call that cannot be written must not keep the others waiting
                log.exception("call %s could not be written and is left to Asterisk's logs", call.key)
            self._backlog.written(call)
            WAITING.set(len(self._backlog))
