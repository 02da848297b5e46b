"""Carries imports out: file → staging table → persons, in steps that each commit what they did and how far they are.

Runs in a process of its own (:mod:`hotline.register.runner`): reading a million rows must not touch the calls. One
import works at a time on a database; a killed one is taken up where its last step ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import date
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from hotline.clock import Clock
from hotline.db import SERVER_SETTINGS, Database
from hotline.errors import BadInput, HotlineError, Unavailable
from hotline.register import files, merge
from hotline.register.model import Issue, Layout, RegisterRow, State, step
from hotline.register.rows import RowReader
from hotline.register.tables import RegisterBatchRow, RegisterIssueRow, RegisterStagingRow
from hotline.register.textfile import Record
from hotline.staff.audit import audit
from hotline.staff.rules import fold
from hotline.staff.tables import OrganisationRow

log = logging.getLogger(__name__)

CHUNK = 2000
"""Rows of one step."""
MOST_TOLD = 100_000
"""Lines of the report on rejected rows; beyond them rows are only counted."""
HOPELESS = 2000
"""When not one of so many rows could be taken over, the columns are wrong."""
AGAIN_S = (0.2, 1, 3, 10, 30)
"""Waits before a step is tried again that met a lock."""
_LOCK = 7_263_001
"""Advisory lock of the one worker."""
_FIELDS = tuple(field.name for field in fields(RegisterRow))
_COLUMNS = ("batch_id", "row_no", *_FIELDS)
_values = attrgetter(*_FIELDS)
_BUSY = frozenset({"55P03", "40P01", "40001"})
"""SQLSTATE of a lock time-out, a deadlock and a serialization failure."""


class Cancelled(Exception):
    """Somebody cancelled the import."""


@asynccontextmanager
async def worker_database(url: str) -> AsyncIterator[Database]:
    """Open a database whose statements may take their time."""
    connect = {"timeout": 5, "server_settings": SERVER_SETTINGS}
    engine = create_async_engine(url, pool_size=2, hide_parameters=True, connect_args=connect)
    try:
        yield Database(engine)
    finally:
        await engine.dispose()


class Worker:
    """Works imports off.

    :param told: called after each step, with the batch; the command line draws its bar by it.
    """

    def __init__(
        self, db: Database, clock: Clock, zone: ZoneInfo, told: Callable[[RegisterBatchRow], None] | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._told = told

    async def run(self) -> bool:
        """Work until nothing waits. False: another worker is at it."""
        async with self._db.begin() as holder:
            if not await holder.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
                return False
            while (batch_id := await self._next()) is not None:
                await self._carry_out(batch_id)
        return True

    async def _next(self) -> int | None:
        """Return what a kill interrupted, else what has waited longest."""
        order = [State.CLOSING.value, State.MERGING.value, State.LOADING.value, State.WAITING.value]
        async with self._db.begin() as session:
            return await session.scalar(
                select(RegisterBatchRow.id)
                .where(RegisterBatchRow.state.in_(order))
                .order_by(func.array_position(order, RegisterBatchRow.state), RegisterBatchRow.id)
                .limit(1)
            )

    async def _carry_out(self, batch_id: int) -> None:
        try:
            while (state := await self._state(batch_id)) not in {State.DONE, State.FAILED, State.CANCELLED}:
                await self._step(batch_id, state)
        except Cancelled:
            await self._end(batch_id, State.CANCELLED, "")
        except Unavailable:
            raise  # the database is away: the import goes on when it is back
        except HotlineError as error:
            log.warning("import %d failed: %s", batch_id, error.error_id)
            await self._end(batch_id, State.FAILED, error.error_id)
        except (OSError, MemoryError) as error:
            log.warning("import %d: the file cannot be read: %s", batch_id, type(error).__name__)
            await self._end(batch_id, State.FAILED, "file-unreadable")

    async def _state(self, batch_id: int) -> State:
        async with self._db.begin() as session:
            return State(
                await session.scalar(select(RegisterBatchRow.state).where(RegisterBatchRow.id == batch_id)) or ""
            )

    async def _step(self, batch_id: int, state: State) -> None:
        if state is State.WAITING:
            async with self._db.begin() as session:
                batch = await _locked(session, batch_id)
                batch.state = step(state, State.LOADING)
                batch.started_at = self._clock.now()
        elif state is State.LOADING:
            await self._load(batch_id)
        elif state is State.MERGING:
            await self._merge(batch_id)
        elif state is State.CLOSING:
            await self._close(batch_id)

    # --- file → staging table --------------------------------------------------------------------------------------

    async def _load(self, batch_id: int) -> None:
        async with self._db.begin() as session:
            batch = await session.get_one(RegisterBatchRow, batch_id)
            insurers = await insurer_codes(session)
        layout = Layout.from_json(batch.layout)
        source = await asyncio.to_thread(files.open_source, Path(batch.path), layout)
        reader = RowReader(layout, insurers, self._today())
        records = source.records(batch.position, batch.rows_read)
        try:
            while chunk := list(islice(records, CHUNK)):
                await self._stage(batch_id, chunk, reader, source.total)
        finally:
            if hasattr(records, "close"):
                records.close()
        async with self._db.begin() as session:
            batch = await _locked(session, batch_id)
            duplicates = await merge.drop_duplicates(session, batch_id, max(0, MOST_TOLD - batch.rows_rejected))
            batch.rows_rejected += duplicates
            batch.state = step(State(batch.state), State.MERGING)
        async with self._db.begin() as session:
            await session.execute(text("ANALYZE register_staging"))

    async def _stage(self, batch_id: int, chunk: Sequence[Record], reader: RowReader, total: int) -> None:
        rows: list[tuple[Any, ...]] = []
        issues: list[Issue] = []
        for record in chunk:
            if record.problem:
                issues.append(Issue(record.row_no, "", record.problem, rejected=True))
                continue
            row, found = reader.read(record.row_no, record.cells)
            issues += found
            if row is not None:
                rows.append((batch_id, record.row_no, *_values(row)))
        async with self._db.begin() as session:
            await session.execute(text("SET LOCAL synchronous_commit = off"))
            batch = await _locked(session, batch_id)
            _heed(batch)
            if rows:
                raw = await (await session.connection()).get_raw_connection()
                driver: Any = raw.driver_connection
                await driver.copy_records_to_table("register_staging", records=rows, columns=_COLUMNS)
            rejected = sum(issue.rejected for issue in issues)
            room = MOST_TOLD - batch.rows_rejected - batch.warnings
            if issues and room > 0:
                await session.execute(insert(RegisterIssueRow), [_told(batch_id, one) for one in issues[:room]])
            batch.position = chunk[-1].position
            batch.total = total
            batch.rows_read = chunk[-1].row_no
            batch.rows_rejected += rejected
            batch.warnings += len(issues) - rejected
            batch.seen_at = self._clock.now()
            hopeless = batch.rows_rejected >= HOPELESS and not rows and not await _any_row(session, batch_id)
        self._tell(batch)
        if hopeless:
            raise BadInput("none of the first rows could be taken over", error_id="no-usable-row")

    # --- staging table → persons -----------------------------------------------------------------------------------

    async def _merge(self, batch_id: int) -> None:
        while True:
            async with self._db.begin() as session:
                batch = await session.get_one(RegisterBatchRow, batch_id)
            _heed(batch)
            if batch.merged_to >= batch.rows_read:
                break
            await self._merge_range(batch_id, batch.merged_to, batch.merged_to + CHUNK)
        if batch.rows_read == 0:
            raise BadInput("the file has a heading only", error_id="empty-file")
        if batch.full_file:
            async with self._db.begin() as session:
                batch = await _locked(session, batch_id)
                batch.state = step(State(batch.state), State.CLOSING)
        else:
            await self._end(batch_id, State.DONE, "")

    async def _merge_range(self, batch_id: int, lower: int, upper: int) -> None:
        for wait in (*AGAIN_S, None):
            try:
                async with self._db.begin() as session:
                    batch = await _locked(session, batch_id)
                    done = await merge.merge_rows(session, batch_id, batch.scope, lower, upper, self._clock.now())
                    batch.merged_to = upper
                    batch.added += done.added
                    batch.changed += done.changed
                    batch.unchanged += done.unchanged
                    batch.seen_at = self._clock.now()
                self._tell(batch)
            except IntegrityError:
                # Somebody, a card or a dossier, took the same ENP meanwhile: only that row is left out.
                if upper - lower == 1:
                    await self._reject(batch_id, upper)
                    return
                middle = (lower + upper) // 2
                await self._merge_range(batch_id, lower, middle)
                await self._merge_range(batch_id, middle, upper)
                return
            except DBAPIError as error:
                if wait is None or getattr(error.orig, "sqlstate", "") not in _BUSY:
                    raise
                await asyncio.sleep(wait)
            else:
                return

    async def _reject(self, batch_id: int, row_no: int) -> None:
        async with self._db.begin() as session:
            batch = await _locked(session, batch_id)
            issue = Issue(row_no, "", "somebody else has this ENP", rejected=True)
            await session.execute(insert(RegisterIssueRow), [_told(batch_id, issue)])
            batch.rows_rejected += 1
            batch.merged_to = row_no

    # --- what a full file misses -----------------------------------------------------------------------------------

    async def _close(self, batch_id: int) -> None:
        async with self._db.begin() as session:
            batch = await _locked(session, batch_id)
            scope, closed = batch.scope, batch.closed
            keys, there = await merge.missing(session, batch_id, scope)
            batch.missing = closed + len(keys)
            limit = batch.close_limit_pct
        if len(keys) * 100 > limit * (there + closed):
            await self._end(batch_id, State.DONE, "too-many-missing")
            return
        for start in range(0, len(keys), CHUNK):
            some = keys[start : start + CHUNK]
            async with self._db.begin() as session:
                batch = await _locked(session, batch_id)
                _heed(batch)
                await merge.close_entries(session, batch_id, scope, some, self._today())
                batch.closed += len(some)
            self._tell(batch)
        await self._end(batch_id, State.DONE, "")

    async def _end(self, batch_id: int, state: State, problem: str) -> None:
        async with self._db.begin() as session:
            batch = await _locked(session, batch_id)
            batch.state = step(State(batch.state), state)
            batch.problem = problem
            batch.finished_at = batch.seen_at = self._clock.now()
            path, batch.path = (batch.path if batch.own_file else ""), ("" if batch.own_file else batch.path)
            audit(
                session, "import", ("register", batch_id), user_id=batch.created_by_id, at=self._clock.now(),
                details={"state": state.value, "added": batch.added, "changed": batch.changed, "closed": batch.closed},
            )  # fmt: skip
            # Only one import works at a time; TRUNCATE gives the space back at once.
            await session.execute(text(f"TRUNCATE {RegisterStagingRow.__tablename__}"))
        if path:
            # Personal data that are in the database now need not lie about as a file.
            await asyncio.to_thread(Path(path).unlink, missing_ok=True)
        self._tell(batch)
        log.info("import %d: %s, %d added, %d changed", batch_id, state, batch.added, batch.changed)

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    def _tell(self, batch: RegisterBatchRow) -> None:
        if self._told is not None:
            self._told(batch)


async def insurer_codes(session: AsyncSession) -> dict[str, int]:
    """Return the insurers by code and by names, folded."""
    rows = await session.execute(
        select(OrganisationRow.id, OrganisationRow.code, OrganisationRow.name, OrganisationRow.short_name).where(
            OrganisationRow.kind.in_(("smo", "insurer"))
        )
    )
    return {fold(name): row.id for row in rows for name in (row.name, row.short_name, row.code)}


async def _locked(session: AsyncSession, batch_id: int) -> RegisterBatchRow:
    return await session.get_one(RegisterBatchRow, batch_id, with_for_update=True, populate_existing=True)


async def _any_row(session: AsyncSession, batch_id: int) -> bool:
    found = select(RegisterStagingRow.row_no).where(RegisterStagingRow.batch_id == batch_id).limit(1)
    return await session.scalar(found) is not None


def _heed(batch: RegisterBatchRow) -> None:
    if batch.cancel_requested:
        raise Cancelled


def _told(batch_id: int, issue: Issue) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "row_no": issue.row_no,
        "column": issue.column[:100],
        "reason": issue.reason,
        "rejected": issue.rejected,
    }
