"""Reviewers hear of what was closed into review: once, and the notice grows until it is read (S000-64, domain 2.2).

An operator closes dozens of appeals a day; a notice for each would teach the administrator to look away.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal import outbox
from hotline.journal.effects_model import Step
from hotline.journal.notice_model import WAITING, NoticeKind, NoticeMade
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_terms import NotificationRow
from hotline.staff import queries as staff_queries
from hotline.staff.model import Right
from hotline.staff.tables import OrganisationRow, UserRow

_KEY = "review"
"""Of the notice that grows: each person has at most one."""


async def tell_reviewers(session: AsyncSession, row: AppealRecord, step: Step) -> None:
    """Tell those who review, never who closed it himself, in the transaction of ``session``.

    Who has an unread notice of this kind already gets one more in its count, at the top of his list, and no ring.
    """
    people = sorted(await _reviewers(session) - {step.user.id})
    if not people:
        return
    waiting = await _taken_off(session, people)
    counts = {user_id: waiting.get(user_id, 0) + 1 for user_id in people}
    rows = [
        {
            "user_id": user_id,
            "kind": NoticeKind.REVIEW.value,
            "appeal_id": row.id if count == 1 else None,
            "details": {WAITING: count},
            "at": step.at,
            "key": _KEY,
        }
        for user_id, count in counts.items()
    ]
    added = insert(NotificationRow).values(rows)
    # Somebody else closed another one at the same moment, and his notice came first: both count.
    both = (
        func.coalesce(NotificationRow.details[WAITING].as_integer(), 1) + added.excluded.details[WAITING].as_integer()
    )
    await session.execute(
        added.on_conflict_do_update(
            index_elements=["user_id", "key"],
            set_={"details": func.jsonb_build_object(WAITING, both), "appeal_id": None, "at": step.at, "read_at": None},
        )
    )
    rung = tuple(user_id for user_id, count in counts.items() if count == 1)
    if rung:
        outbox.put_notice(session, NoticeMade(NoticeKind.REVIEW.value, row.number, row.id, rung, step.at))


async def _reviewers(session: AsyncSession) -> set[int]:
    """Return the fund's people who review; those of insurers see nothing that is not their own."""
    statement = staff_queries.users_with_rights().where(
        UserRow.active, UserRow.organisation.has(OrganisationRow.kind == "tfoms")
    )
    people = [staff_queries.to_user(found) for found in await session.execute(statement)]
    return {one.id for one in people if one.may(Right.APPEAL_REVIEW)}


async def _taken_off(session: AsyncSession, people: Iterable[int]) -> dict[int, int]:
    """Take the unread notices off and return what they counted; a read one stays as it is, and grows no more."""
    kept = (
        select(NotificationRow)
        .where(NotificationRow.user_id.in_(list(people)), NotificationRow.key == _KEY)
        .order_by(NotificationRow.user_id)  # always the same order: two of them cannot wait for each other
        .with_for_update()
    )
    found = (await session.scalars(kept)).all()
    read = [one.id for one in found if one.read_at is not None]
    unread = [one for one in found if one.read_at is None]
    if read:
        await session.execute(update(NotificationRow).where(NotificationRow.id.in_(read)).values(key=None))
    if unread:
        await session.execute(delete(NotificationRow).where(NotificationRow.id.in_([one.id for one in unread])))
    return {one.user_id: int(one.details.get(WAITING, 1)) for one in unread}
