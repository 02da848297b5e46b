"""Reconciles the journal's calls with Asterisk's logs (peers 6: statistics that check themselves)."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import AsteriskSettings
from hotline.cti import cel, queue_log
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_segment import CallSegmentRow
from hotline.staff.model import User
from hotline.staff.sight import Reach
from hotline.stats.compare import Difference, Kept, Wait, compare
from hotline.stats.seen import Seen, see
from hotline.stats.service import may_look
from hotline.stats.tables import StatsCheckRow

log = logging.getLogger(__name__)

KEPT = 1_000
"""Most differences of a result that are stored and listed."""
LONGEST_CALL = timedelta(hours=24)
"""How far outside the period lines of its calls are looked for."""
SETTLED = timedelta(minutes=1)
"""A call that ended later than this ago may not be imported yet."""

Row = TypeVar("Row", cel.CelRow, queue_log.QueueLogRow)


@dataclass(slots=True)
class Logs:
    """The lines of all calls by call, and where they begin."""

    cel: dict[str, list[cel.CelRow]] = field(default_factory=lambda: defaultdict(list))
    queue: dict[str, list[queue_log.QueueLogRow]] = field(default_factory=lambda: defaultdict(list))
    broken: int = 0
    begins: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a reconciliation found. ``found`` are the first of its ``differences``."""

    start: datetime
    end: datetime
    covered_from: datetime | None
    at: datetime
    calls: int
    broken: int
    differences: int
    found: tuple[Difference, ...]


class StatsCheck:
    """Compares, keeps the result, and shows the last one."""

    def __init__(self, db: Database, clock: Clock, asterisks: Sequence[AsteriskSettings]) -> None:
        self._db = db
        self._clock = clock
        self._asterisks = asterisks

    async def run(self, start: datetime, end: datetime) -> Result:
        """Compare the ended calls that began in [``start``, ``end``); keep and return what differs."""
        result = await self._compare(start, end)
        await self._keep(result)
        log.info("statistics: %d calls compared with the logs, %d differences", result.calls, result.differences)
        return result

    async def _compare(self, start: datetime, end: datetime) -> Result:
        now = self._clock.now()
        end = min(end, now)
        found: list[Difference] = []
        counted = broken = 0
        covered: datetime | None = None
        for asterisk in self._asterisks:
            logs = await asyncio.to_thread(read, asterisk.log_dir, start - LONGEST_CALL, end + LONGEST_CALL)
            begins = max(start, logs.begins) if logs.begins is not None else end
            if begins > start:
                covered = begins if covered is None else max(covered, begins)
            seen = await asyncio.to_thread(seen_calls, logs, begins, end, now - SETTLED)
            async with self._db.begin() as session:
                kept = await kept_calls(session, asterisk.name, begins, end, now - SETTLED)
            # What only just ended is in one of them already and in the other not yet.
            differing = compare(kept, seen)
            found += differing
            counted += len(kept.keys() | seen.keys())
            broken += logs.broken
        return Result(start, end, covered, now, counted, broken, len(found), tuple(found[:KEPT]))

    async def of_yesterday(self, zone: ZoneInfo) -> int:
        """Compare the day before today, once; return how many calls differ. The daily job.

        A service that is started again finds the day compared already.
        """
        today = self._clock.now().astimezone(zone).date()
        start, end = (datetime.combine(day, time(), zone) for day in (today - timedelta(days=1), today))
        async with self._db.begin() as session:
            done = select(StatsCheckRow.id).where(StatsCheckRow.from_at <= start, StatsCheckRow.to_at >= end)
            if await session.scalar(done.limit(1)) is not None:
                return 0
        if (await self._compare(start, end)).differences:
            # The service may have been started this moment, with the import of what it missed still to come.
            await asyncio.sleep(SETTLED.total_seconds())
        return (await self.run(start, end)).differences

    async def last(self, user: User) -> Result | None:
        """Return the last result.

        :raises Forbidden: it names calls of everybody, and ``user`` does not see all.
        """
        if not may_look(user) or not user.sight.calls.covers(Reach.ACTIVE):
            raise Forbidden("the reconciliation is for those who see all calls", error_id="no-statistics")
        async with self._db.begin() as session:
            row = await session.scalar(select(StatsCheckRow).order_by(StatsCheckRow.id.desc()).limit(1))
        if row is None:
            return None
        found = tuple(Difference(*one) for one in row.found)
        return Result(row.from_at, row.to_at, row.covered_from, row.at, row.calls, row.broken, row.differences, found)

    async def _keep(self, result: Result) -> None:
        values = {
            "from_at": result.start,
            "to_at": result.end,
            "covered_from": result.covered_from,
            "at": result.at,
            "calls": result.calls,
            "broken": result.broken,
            "differences": result.differences,
            "found": [[one.call_key, one.what, one.journal, one.logs] for one in result.found],
        }
        async with self._db.begin() as session:
            await session.execute(insert(StatsCheckRow).values(values))


def read(folder: Path, start: datetime, end: datetime) -> Logs:
    """Read the logs and their rotated predecessors; only lines of [``start``, ``end``) are kept."""
    logs = Logs()

    def take(lines: Iterator[str], parse: Callable[[str], Row], keep: Callable[[Row], object]) -> None:
        for line in lines:
            try:
                row = parse(line)
            except BadInput:
                logs.broken += 1
                continue
            if logs.begins is None or row.at < logs.begins:
                logs.begins = row.at
            if start <= row.at < end:
                keep(row)

    take(_lines(folder / "cel" / "events.csv"), cel.parse_line, lambda row: logs.cel[row.linkedid].append(row))
    begins = logs.begins  # queue_log alone proves nothing
    take(_lines(folder / "queue_log"), queue_log.parse_line, lambda row: logs.queue[row.call_id].append(row))
    logs.begins = begins
    return logs


def _lines(path: Path) -> Iterator[str]:
    """Yield complete lines, those of older files first."""
    files = (
        sorted(path.parent.glob(f"{path.name}*"), key=lambda file: file.stat().st_mtime_ns)
        if path.parent.is_dir()
        else []
    )
    for file in files:
        if file.suffix in {".gz", ".xz", ".zst"}:
            log.warning("%s is packed and cannot be compared", file.name)
            continue
        with file.open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.endswith("\n"):
                    yield line.rstrip("\r\n")


def seen_calls(logs: Logs, start: datetime, end: datetime, settled: datetime) -> dict[str, Seen]:
    """Return the logs' side: calls that began in [``start``, ``end``) and ended before ``settled``, by key."""
    calls = (see(key, rows, logs.queue.get(key, ())) for key, rows in logs.cel.items())
    return {
        call.key: call
        for call in calls
        if call is not None and start <= call.started_at < end and call.ended_at is not None and call.ended_at < settled
    }


async def kept_calls(
    session: AsyncSession, asterisk: str, start: datetime, end: datetime, settled: datetime
) -> dict[str, Kept]:
    """Return the journal's side of them. Of calls without an end in the log (Asterisk died) nothing can be compared."""
    mine = (
        CallRecord.asterisk == asterisk,
        CallRecord.direction != "internal",
        CallRecord.started_at >= start,
        CallRecord.started_at < end,
        CallRecord.ended_at < settled,
        CallRecord.end_source != "restart",
    )
    columns = (
        CallRecord.id, CallRecord.key, CallRecord.direction, CallRecord.started_at, CallRecord.ended_at,
        CallRecord.outcome, CallRecord.operator,
    )  # fmt: skip
    calls = (await session.execute(select(*columns).where(*mine))).all()
    parts: dict[int, list[CallSegmentRow]] = defaultdict(list)
    segments = select(CallSegmentRow).join(CallRecord, CallRecord.id == CallSegmentRow.call_id).where(*mine)
    for part in await session.scalars(segments.order_by(CallSegmentRow.started_at, CallSegmentRow.id)):
        parts[part.call_id].append(part)
    kept: dict[str, Kept] = {}
    for row in calls:
        talks = [part for part in parts[row.id] if part.kind == "talk"]
        waits = [part for part in parts[row.id] if part.kind == "wait"]
        kept[row.key] = Kept(
            row.key,
            row.direction,
            row.started_at,
            row.ended_at,
            row.outcome or "",
            row.operator if talks else None,
            tuple(part.extension or "" for part in talks),
            sum(part.seconds - part.hold_s for part in talks),
            tuple(Wait(part.queue or "", part.seconds, part.result, part.user_id) for part in waits),
        )
    return kept
