"""Operators' states on disk: the present state (for a restart) and the log of all states (for statistics).

Writing is behind the facts: a database that is slow or down delays no citizen and no operator. What could not be
written waits, in order, and is written when the database is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.db import Database
from hotline.errors import Unavailable
from hotline.queue.model import Operator
from hotline.queue.tables import AgentStateLogRow, OperatorRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """An operator as he is since ``at``; ``logged`` when that begins a new line of the log."""

    operator: Operator
    at: datetime
    logged: bool


async def load(db: Database) -> list[Operator]:
    """Return the last known state of every operator.

    A state that this version cannot read is reported and left out: that operator starts his work anew.

    :raises Unavailable: the database does not answer.
    """
    operators: list[Operator] = []
    async with db.begin() as session:
        for row in await session.scalars(select(OperatorRow).order_by(OperatorRow.user_id)):
            try:
                operators.append(msgspec.convert(row.snapshot, Operator))
            except msgspec.ValidationError as error:
                log.warning("state of user %d cannot be read, he must start work again: %s", row.user_id, error)
    return operators


async def save(session: AsyncSession, change: Change) -> None:
    """Write one change. Writing it twice is the same as writing it once."""
    operator, at = change.operator, change.at
    values = {
        "extension": operator.extension,
        "snapshot": msgspec.to_builtins(operator),
        "changed_at": at,
    }
    await session.execute(
        insert(OperatorRow)
        .values(user_id=operator.user_id, **values)
        .on_conflict_do_update(index_elements=[OperatorRow.user_id], set_=values)
    )
    if not change.logged:
        return
    line = AgentStateLogRow
    await session.execute(
        update(line)
        .where(line.user_id == operator.user_id, line.to_at.is_(None), line.from_at != at)
        # The wall clock of a server may be set back; a stretch of time never ends before it began.
        .values(to_at=func.greatest(line.from_at, at))
    )
    facts = {
        "extension": operator.extension,
        "state": str(operator.state),
        "reason": operator.reason,
        "call_key": operator.call_key,
    }
    await session.execute(
        insert(line)
        .values(user_id=operator.user_id, from_at=at, to_at=None, **facts)
        # Two changes at one moment: the later one is what counts from then on.
        .on_conflict_do_update(index_elements=[line.user_id, line.from_at], set_=facts)
    )


class StateWriter:
    """Writes changes in the order in which they happened, by a task of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many changes are not on disk yet: 0 unless the database is slow or down."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="operators:writer")

    def put(self, change: Change) -> None:
        """Take a change. Never waits."""
        self._waiting.append(change)
        self._wake.set()

    def retry(self) -> None:
        """Try again to write what is waiting, if anything is."""
        if self._waiting:
            self._wake.set()

    async def flush(self) -> None:
        """Write everything that is waiting.

        :raises Unavailable: the database does not answer; nothing is lost, it keeps waiting.
        """
        async with self._writing:
            while self._waiting:
                change = self._waiting[0]
                try:
                    async with self._db.begin() as session:
                        await save(session, change)
                except SQLAlchemyError:
                    # One change that the database refuses must not hold up all others for ever.
                    log.exception("state of user %d was refused by the database", change.operator.user_id)
                self._waiting.popleft()

    async def close(self) -> None:
        """Write what is waiting, if the database answers, and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        try:
            await self.flush()
        except Unavailable:
            log.warning("%d changes of operators' states were not saved: the database is down", self.waiting)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except Unavailable:
                log.warning("operators' states cannot be saved now, %d are waiting", self.waiting)
