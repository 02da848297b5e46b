"""What lists and pages show of restricted appeals (S003-110)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, false, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal import masking, visibility
from hotline.journal.list_pages import known
from hotline.journal.model import AppealRow
from hotline.journal.names import named
from hotline.journal.queries_appeals import appeal_row
from hotline.journal.restriction import Restriction, choices
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_person import PersonRow
from hotline.staff.model import Right, User


async def shown(session: AsyncSession, user: User, rows: Sequence[Row[Any]], now: datetime) -> tuple[AppealRow, ...]:
    """Return the lines of a list as ``user`` may see them; one statement more when there are restricted ones."""
    if not rows:
        return ()
    lines = await named(session, lambda names: [appeal_row(row, now, names) for row in rows])
    return await hidden_from(session, user, lines)


async def hidden_from(session: AsyncSession, user: User, rows: Sequence[AppealRow]) -> tuple[AppealRow, ...]:
    """Return the same lines without what ``user`` may not see of them."""
    own = await works_on(session, user, (row.id for row in rows if row.restricted != Restriction.NONE))
    return tuple(masking.row(user, row, works=row.id in own) for row in rows)


def keeps(user: User | None) -> ColumnElement[bool]:
    """Return whether somebody of ``person`` asked in an appeal that such as ``user`` do not see where to reach him.

    A column of a statement that reads ``person``, so that a search of the register takes one round trip (S003-110).
    """
    free = visibility.unrestricted(user, contacts=True) if user is not None else []
    if not free or user is None or user.may(Right.PERSON_EDIT):
        return false()
    kept = func.coalesce(free[0], false()).is_(False)  # an appeal that waits for nobody compares as unknown
    # Written into the statement: a bound parameter could not prove that the partial index holds the rows.
    restricted = AppealRecord.restricted != literal(Restriction.NONE.value, literal_execute=True)
    first = select(AppealRecord.id).where(AppealRecord.applicant_id == PersonRow.id, restricted, kept)
    # Looked up for each row that is shown: of EXISTS the planner might make a table of all such appeals.
    return first.limit(known(1)).correlate(PersonRow).scalar_subquery().is_not(None)


async def works_on(session: AsyncSession, user: User, appeal_ids: Iterable[int]) -> frozenset[int]:
    """Return with which of these appeals ``user`` works or has worked; no statement for none of them."""
    wanted = list(appeal_ids)
    if not wanted:
        return frozenset()
    statement = select(AppealRecord.id).where(AppealRecord.id.in_(wanted), visibility.works_with(user))
    return frozenset(await session.scalars(statement))


def choices_of(row: AppealRecord, user: User) -> tuple[Restriction, ...]:
    """Return what ``user`` may make of the restriction of an appeal that he reads."""
    return choices(user, row.restricted, owner=row.owner_id == user.id, own_restriction=row.restricted_by_id == user.id)
