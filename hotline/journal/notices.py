"""Notices: written in the transaction of what they tell about, shown behind the bell, pushed live by the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import NotFound
from hotline.journal import outbox
from hotline.journal.notice_model import Notice, NoticeKind, NoticeMade
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_terms import NotificationRow
from hotline.staff.model import User

PAGE = 50
COUNT_LIMIT = 99
"""The bell shows "99+" above it: nobody reads more, and an exact count costs a scan."""
KEPT_DAYS = 90
"""Read notices are deleted after so many days: the history of the appeal says the same for ever."""


@dataclass(frozen=True, slots=True)
class About:
    """What a notice speaks of. ``key`` makes it unique for each person; ``counts`` are numbers, never texts."""

    appeal_id: int | None = None
    number: str = ""
    key: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


async def notify(
    session: AsyncSession, user_ids: Iterable[int | None], kind: NoticeKind, about: About, at: datetime
) -> tuple[int, ...]:
    """Tell people, in the transaction of ``session``; ``Outbox.relay`` afterwards makes their bells ring.

    :return: whom it told; those who have a notice with the same key already are left alone.
    """
    wanted = sorted({user_id for user_id in user_ids if user_id is not None})
    if not wanted:
        return ()
    rows = [
        {
            "user_id": user_id,
            "kind": kind.value,
            "appeal_id": about.appeal_id,
            "details": dict(about.counts),
            "at": at,
            "key": about.key,
        }
        for user_id in wanted
    ]
    statement = insert(NotificationRow).values(rows).on_conflict_do_nothing(index_elements=["user_id", "key"])
    told = tuple(sorted(await session.scalars(statement.returning(NotificationRow.user_id))))
    if told:
        outbox.put_notice(session, NoticeMade(kind.value, about.number, about.appeal_id, told, at))
    return told


async def read_of(session: AsyncSession, user_id: int, key: str, at: datetime) -> None:
    """Mark the notice with this key as read: its owner has confirmed elsewhere what it tells."""
    mine = (NotificationRow.user_id == user_id, NotificationRow.key == key, NotificationRow.read_at.is_(None))
    await session.execute(update(NotificationRow).where(*mine).values(read_at=at))


class Notices:
    """What stands behind one person's bell. Nobody sees another's notices."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def unread(self, user_id: int) -> int:
        """Return how many notices wait, at most :data:`COUNT_LIMIT` + 1."""
        waiting = select(NotificationRow.id).where(
            NotificationRow.user_id == user_id, NotificationRow.read_at.is_(None)
        )
        async with self._db.begin() as session:
            found = await session.scalar(select(func.count()).select_from(waiting.limit(COUNT_LIMIT + 1).subquery()))
        return found or 0

    async def latest(self, user: User, *, before: int | None = None, limit: int = PAGE) -> tuple[Notice, ...]:
        """Return the newest notices, or those older than the notice ``before``."""
        statement = (
            select(NotificationRow, AppealRecord.number)
            .outerjoin(AppealRecord, AppealRecord.id == NotificationRow.appeal_id)
            .where(NotificationRow.user_id == user.id)
            .order_by(NotificationRow.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(NotificationRow.id < before)
        async with self._db.begin() as session:
            rows = (await session.execute(statement)).all()
        return tuple(_notice(row.NotificationRow, row.number) for row in rows)

    async def read(self, user: User, notice_id: int) -> Notice:
        """Mark one notice as read and return it.

        :raises NotFound: there is none, or it is another's.
        """
        async with self._db.begin() as session:
            row = await session.scalar(
                select(NotificationRow)
                .where(NotificationRow.id == notice_id, NotificationRow.user_id == user.id)
                .with_for_update()
            )
            if row is None:
                raise NotFound("there is no such notice")
            row.read_at = row.read_at or self._clock.now()
            number = None
            if row.appeal_id is not None:
                number = await session.scalar(select(AppealRecord.number).where(AppealRecord.id == row.appeal_id))
            return _notice(row, number)

    async def read_all(self, user: User) -> int:
        """Mark all of them as read; return how many were not."""
        async with self._db.begin() as session:
            done = await session.execute(
                update(NotificationRow)
                .where(NotificationRow.user_id == user.id, NotificationRow.read_at.is_(None))
                .values(read_at=self._clock.now())
                .returning(NotificationRow.id)
            )
            return len(done.all())

    async def purge(self) -> int:
        """Delete notices that were read more than :data:`KEPT_DAYS` days ago; return how many went."""
        before = self._clock.now() - timedelta(days=KEPT_DAYS)
        async with self._db.begin() as session:
            gone = await session.execute(
                delete(NotificationRow).where(NotificationRow.read_at < before).returning(NotificationRow.id)
            )
            return len(gone.all())


def _notice(row: NotificationRow, number: str | None) -> Notice:
    return Notice(
        id=row.id,
        kind=row.kind,
        at=row.at,
        read=row.read_at is not None,
        appeal_id=row.appeal_id,
        number=number or "",
        details=row.details,
    )
