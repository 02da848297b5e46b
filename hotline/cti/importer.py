"""Imports Asterisk's own durable records, so that no call is lost while the service is down (telephony.md 2).

CEL and queue_log are read from where the last import stopped. Lines of a call that has not ended wait in the database;
when its LINKEDID_END comes, the call is rebuilt and given to the sink. Position, waiting lines and whatever the sink
writes change in **one** transaction: a crash at any moment neither loses a call nor records it twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import AsteriskSettings
from hotline.cti import cel, history, queue_log, recordings
from hotline.cti.logfiles import Chunk, Line, Position, read_new
from hotline.cti.model import Call
from hotline.cti.tables import LogLine, LogPosition
from hotline.db import Database
from hotline.errors import BadInput

log = logging.getLogger(__name__)

Sink = Callable[[AsyncSession, Sequence[Call]], Awaitable[None]]
"""Records complete calls in the transaction it is given. Must be idempotent by ``Call.key``."""

CEL, QUEUE_LOG = "cel", "queue_log"
_BATCH = 5_000
_NOT_A_CALL = frozenset({"NONE", "MANAGER", "REALTIME", ""})


@dataclass(slots=True)
class ImportCounts:
    """What the importer has done since it was made."""

    lines: int = 0
    broken: int = 0
    calls: int = 0


@dataclass(slots=True)
class _Book:
    """The lines known of each unfinished call, parsed."""

    cel: dict[str, list[cel.CelRow]] = field(default_factory=lambda: defaultdict(list))
    queue: dict[str, list[queue_log.QueueLogRow]] = field(default_factory=lambda: defaultdict(list))

    def newest(self) -> dict[str, datetime]:
        """Return each call's latest moment."""
        moments: dict[str, datetime] = {}
        for key, cel_rows in self.cel.items():
            moments[key] = max(row.at for row in cel_rows)
        for key, queue_rows in self.queue.items():
            latest = max(row.at for row in queue_rows)
            moments[key] = max(latest, moments.get(key, latest))
        return moments


class Importer:
    """Reads the logs of one Asterisk.

    :param sink: called with the calls that have ended, inside the import's transaction.
    :param batch: most CEL lines in one transaction.
    """

    def __init__(
        self, settings: AsteriskSettings, database: Database, clock: Clock, sink: Sink, *, batch: int = _BATCH
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._sink = sink
        self._batch = batch
        self._lock = asyncio.Lock()
        self.counts = ImportCounts()

    async def run(self, *, booted_at: datetime | None = None, alive: frozenset[str] = frozenset()) -> list[Call]:
        """Import everything new; return the calls that were completed.

        :param booted_at: when this Asterisk was started: what began before and has no end died with the one before.
        :param alive: keys of the calls that are known to go on.
        :raises Unavailable: the database cannot be reached; nothing has changed.
        """
        calls: list[Call] = []
        async with self._lock:
            while True:
                more, done = await self._pass()
                calls += done
                if not more:
                    break
            if booted_at is not None:
                calls += await self._close_dead(booted_at, alive)
        self.counts.calls += len(calls)
        return calls

    async def _pass(self) -> tuple[bool, list[Call]]:
        async with self._database.begin() as session:
            positions = await self._positions(session)
            # CEL first: the queue's line about a call is on disk before CEL writes the call's end.
            cel_chunk = await self._read(CEL, positions.get(CEL))
            queue_chunk = await self._read(QUEUE_LOG, positions.get(QUEUE_LOG))
            if not cel_chunk.lines and not queue_chunk.lines:
                return False, []
            book = await self._waiting(session)
            fresh = self._parse(book, cel_chunk.lines, queue_chunk.lines)
            done = [key for key, rows in book.cel.items() if history.is_complete(rows, key)]
            calls = await self._finish(session, book, done)
            await self._keep(session, [row for row in fresh if row["call_key"] not in set(done)])
            for source, chunk in ((CEL, cel_chunk), (QUEUE_LOG, queue_chunk)):
                await self._move(session, source, chunk.position)
        return cel_chunk.more or queue_chunk.more, calls

    async def _close_dead(self, booted_at: datetime, alive: frozenset[str]) -> list[Call]:
        async with self._database.begin() as session:
            book = await self._waiting(session)
            dead = [key for key, at in book.newest().items() if at < booted_at and key not in alive]
            return await self._finish(session, book, dead, cut_at=booted_at) if dead else []

    async def _finish(
        self, session: AsyncSession, book: _Book, keys: Sequence[str], *, cut_at: datetime | None = None
    ) -> list[Call]:
        """Rebuild calls, record them and forget their lines."""
        calls: list[Call] = []
        for key in keys:
            rows, joins = book.cel.get(key, []), book.queue.get(key, [])
            rebuilt = history.rebuild(self._settings.name, rows, joins, cut_at=cut_at)
            calls += [replace(call, recorded=await self.recorded(call.key)) for call in rebuilt]
        if calls:
            await self._sink(session, calls)
        if keys:
            mine = (LogLine.asterisk == self._settings.name, LogLine.call_key.in_(keys))
            await session.execute(delete(LogLine).where(*mine))
        return calls

    async def recorded(self, key: str) -> bool:
        """Tell whether a call was or is being recorded.

        Neither CEL nor a snapshot says so; the file does, also one that was converted meanwhile.
        """
        try:
            path = recordings.path_of(self._settings.recording_dir, key)
        except BadInput:
            return False
        return await asyncio.to_thread(lambda: path.is_file() or path.with_suffix(".opus").is_file())

    # Reading

    async def _read(self, source: str, position: Position | None) -> Chunk:
        folder = self._settings.log_dir
        path = folder / "cel" / "events.csv" if source == CEL else folder / "queue_log"
        limit = self._batch if source == CEL else 1_000_000  # all of it: see _pass
        return await asyncio.to_thread(read_new, path, position, limit)

    def _parse(self, book: _Book, cel_lines: Sequence[Line], queue_lines: Sequence[Line]) -> list[dict[str, object]]:
        """Parse new lines into the book; return the rows to keep for those that belong to calls."""
        fresh: list[dict[str, object]] = []
        for line in cel_lines:
            try:
                row = cel.parse_line(line.text)
            except BadInput as error:
                self._complain(CEL, line, error)
                continue
            book.cel[row.linkedid].append(row)
            fresh.append(self._row(CEL, line, row.linkedid, row.at))
        for line in queue_lines:
            try:
                entry = queue_log.parse_line(line.text)
            except BadInput as error:
                self._complain(QUEUE_LOG, line, error)
                continue
            wanted = entry.event == queue_log.ENTERED or entry.event in queue_log.LEFT
            if wanted and entry.call_id not in _NOT_A_CALL:
                book.queue[entry.call_id].append(entry)
                fresh.append(self._row(QUEUE_LOG, line, entry.call_id, entry.at))
        self.counts.lines += len(cel_lines) + len(queue_lines)
        return fresh

    def _complain(self, source: str, line: Line, error: BadInput) -> None:
        self.counts.broken += 1
        log.warning("%s %s at byte %d of %d: %s", self._settings.name, source, line.offset, line.inode, error.message)

    def _row(self, source: str, line: Line, key: str, at: datetime) -> dict[str, object]:
        return {
            "asterisk": self._settings.name,
            "source": source,
            "inode": line.inode,
            "byte_offset": line.offset,
            "call_key": key,
            "at": at,
            "line": line.text,
        }

    # Remembering

    async def _positions(self, session: AsyncSession) -> dict[str, Position]:
        """Read the positions and lock them: two services on one database must not import the same lines."""
        query = select(LogPosition).where(LogPosition.asterisk == self._settings.name).with_for_update()
        rows = (await session.scalars(query)).all()
        return {row.source: Position(row.inode, row.byte_offset) for row in rows}

    async def _waiting(self, session: AsyncSession) -> _Book:
        book = _Book()
        query = select(LogLine).where(LogLine.asterisk == self._settings.name).order_by(LogLine.id)
        for row in await session.scalars(query):
            if row.source == CEL:
                book.cel[row.call_key].append(cel.parse_line(row.line))
            else:
                book.queue[row.call_key].append(queue_log.parse_line(row.line))
        return book

    async def _keep(self, session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
        for start in range(0, len(rows), 1_000):
            statement = insert(LogLine).values(rows[start : start + 1_000])
            await session.execute(statement.on_conflict_do_nothing(constraint="uq_cti_log_line_place"))

    async def _move(self, session: AsyncSession, source: str, position: Position | None) -> None:
        if position is None:
            return
        values = {"inode": position.inode, "byte_offset": position.offset, "updated_at": self._clock.now()}
        statement = insert(LogPosition).values(asterisk=self._settings.name, source=source, **values)
        await session.execute(statement.on_conflict_do_update(index_elements=["asterisk", "source"], set_=values))
