"""Reads of appeals for screens: one statement a page, one for all folder counts (indexes: ADR 0005)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal import queries_calls, restricted
from hotline.journal.folder_book import FolderBook
from hotline.journal.list_pages import WORK, cursor_of, listed, titled
from hotline.journal.list_settings import JournalSettings
from hotline.journal.listing import Filters, FolderCount, FolderDef, Order, Sort
from hotline.journal.model import AppealRow, CallRow, Page, Phase
from hotline.journal.queries_appeals import (
    Moment,
    all_work,
    check_order,
    colour,
    count_of,
    counted,
    effective_order,
    matching,
    members,
    narrowed,
    of_one_owner,
    own_open,
    scattered,
    worked_by,
)
from hotline.journal.ready import NOW, Ready
from hotline.journal.search import Search
from hotline.journal.tables import AppealRecord, is_open
from hotline.journal.visibility import appeals as visible
from hotline.journal.visibility import waits_for
from hotline.staff.model import User

__all__ = ["COUNT_LIMIT", "PAGE", "JournalQueries", "colour", "of_person", "visible", "waits_for"]

COUNT_LIMIT = 99
"""Folder counts above this are shown as "99+": nobody reads them, and exact ones cost a scan."""
PAGE = 50
BATCH = 1000
"""Rows that an export reads at a time."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page of a folder, checked."""

    folder: FolderDef
    user: User
    filters: Filters
    order: Order
    after: str | None
    q: str
    limit: int


class JournalQueries:
    """Lists and counts.

    :param zone: the installation's; the days of filters are in the zone of the reader's organisation (domain 2.5 h).
    """

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo | None = None) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone or ZoneInfo("UTC")
        self.book = FolderBook(clock)
        self.settings = JournalSettings(db, clock)
        self.search = Search(db, clock)
        self._ready = Ready()

    async def folders(self, user: User) -> tuple[FolderCount, ...]:
        """Return the user's folders with their counts, in one statement."""
        now = self._clock.now()
        async with self._db.read() as session:
            folders = await self.book.of(session, user)
            if not folders:
                return ()
            key = ("folders", user, self.book.edition)
            (row,) = await self._ready.rows(session, key, lambda: self._counts(folders, user), {"now": now})
        return tuple(
            FolderCount(folder, min(count, COUNT_LIMIT), count > COUNT_LIMIT)
            for folder, count in zip(folders, row, strict=True)
        )

    def _counts(self, folders: Iterable[FolderDef], user: User) -> Select[Any]:
        """Return the statement of one row with the count of each folder."""
        return select(
            *(
                count_of(counted(folder, user, NOW, self.book.scope), COUNT_LIMIT + 1).label(f"count_{at}")
                for at, folder in enumerate(folders)
            )
        )

    async def folder(self, user: User, code: str = "") -> FolderDef:
        """Return a folder of the user by its code; his first one when ``code`` is empty.

        :raises BadInput: nobody has such a folder.
        :raises Forbidden: the user has no such folder.
        """
        async with self._db.read() as session:
            found = await self.book.of(session, user)
        for one in found:
            if not code or one.code == code:
                return one
        if code and not self.book.knows(code):
            raise BadInput("there is no such folder", details={"folder": "unknown"})
        raise Forbidden("this user has no such folder", error_id="no-such-folder")

    async def appeals(
        self,
        user: User,
        code: str,
        *,
        order: Order | None = None,
        filters: Filters | None = None,
        after: str | None = None,
        q: str = "",
        limit: int = PAGE,
    ) -> Page[AppealRow]:
        """Return a page of a folder.

        :param order: ``None``: the folder's own.
        :param after: :attr:`Page.after` of the page before, in the same order and with the same filters.
        :param q: beginning of a number, a telephone, or the beginning of the applicant's surname and name.
        :raises Forbidden: the user has no such folder.
        :raises BadInput: ``after`` is no cursor, or the list is too long for ``order``.
        """
        folder = await self.folder(user, code)
        filters = filters or Filters()
        if order is not None:
            check_order(folder, user, filters, order)
        order = effective_order(folder, user, filters, order or folder.order)
        now = self._clock.now()
        asked = _Asked(folder, user, filters, order, after, q, limit)
        async with self._db.read() as session:
            if filters == Filters() and not q and after is None:
                # The first page of a folder, which everybody sees all day.
                key = (folder.code, user, order, limit, self.book.edition)
                rows = await self._ready.rows(session, key, lambda: self._page(asked, NOW), {"now": now})
            else:
                rows = (await session.execute(self._page(asked, now))).all()
            lines = await restricted.shown(session, user, rows[:limit], now)
        return Page(
            lines,
            cursor_of(rows[limit - 1], order) if len(rows) > limit else None,
        )

    async def every(
        self, user: User, code: str, *, order: Order | None = None, filters: Filters | None = None, q: str = ""
    ) -> AsyncIterator[tuple[AppealRow, ...]]:
        """Walk through a whole folder for an export, a thousand rows at a time, each its own short transaction.

        :raises Forbidden, BadInput: see :meth:`appeals`.
        """
        after = None
        while True:
            found = await self.appeals(user, code, order=order, filters=filters, after=after, q=q, limit=BATCH)
            yield found.rows
            after = found.after
            if after is None:
                return

    async def some(self, user: User, appeal_ids: tuple[int, ...]) -> tuple[AppealRow, ...]:
        """Return those of some appeals that the user may see, in the order of their ids."""
        now = self._clock.now()
        limits = visible(user)
        statement = titled(AppealRecord).where(AppealRecord.id.in_(appeal_ids)).order_by(AppealRecord.id)
        if limits is not None:
            statement = statement.where(limits)
        async with self._db.read() as session:
            return await restricted.shown(session, user, (await session.execute(statement)).all(), now)

    def _page(self, asked: _Asked, now: Moment) -> Select[Any]:
        folder, user, filters, order = asked.folder, asked.user, asked.filters, asked.order
        zone, limit = user.organisation.zone(self._zone), asked.limit + 1
        if all_work(folder, user, self.book.scope) and not asked.q:
            conditions = [*worked_by(user), *narrowed(filters, now, zone, WORK)]
            return listed(conditions, order, after=asked.after, limit=limit, source=WORK)
        if order.by is Sort.OWNER and of_one_owner(folder, user):
            order = Order(Sort.REGISTERED, order.descending)  # which is how those of one employee are ordered
        by_id = order.by is Sort.REGISTERED
        conditions = [
            *members(folder, user, now, self.book.scope, by_id=by_id),
            *narrowed(filters, now, zone),
            *matching(asked.q, user),
        ]
        return listed(
            conditions,
            order,
            after=asked.after,
            limit=limit,
            scattered=scattered(folder, user, self.book.scope),
            narrow=(by_id and filters.due is not None) or own_open(folder, user, order, filters, asked.q),
        )

    async def calls(
        self, user: User, *, after: str | None = None, unclassified: bool = False, limit: int = PAGE
    ) -> Page[CallRow]:
        """Return a page of the calls that the user may see, newest first (S002-01).

        :param unclassified: only those that wait for their characteristic (S002-20).

        :raises BadInput: ``after`` is no cursor.
        """
        async with self._db.read() as session:
            return await queries_calls.calls(session, user, unclassified=unclassified, after=after, limit=limit)


async def of_person(
    session: AsyncSession, user: User, person_id: int, *, show_all: bool, now: datetime
) -> tuple[AppealRow, ...]:
    """Return a person's appeals, newest first, at most 100 (S000-19, S000-20)."""
    statement = (
        titled(AppealRecord)
        .where(or_(AppealRecord.applicant_id == person_id, AppealRecord.insured_id == person_id))
        .where(_limit_to_all(user, show_all=show_all))
        .order_by(AppealRecord.id.desc())
        .limit(100)
    )
    return await restricted.shown(session, user, (await session.execute(statement)).all(), now)


def _limit_to_all(user: User, *, show_all: bool) -> ColumnElement[bool]:
    if not show_all:
        return is_open()
    limits = visible(user)
    return and_(AppealRecord.phase != Phase.DELETED, *([] if limits is None else [limits]))
