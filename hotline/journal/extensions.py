"""More time for an answer: asked for, approved, refused, given at once; and the citizen told of it (T9, T10, S000-76).

:func:`ask`, :func:`approve` and :func:`refuse` are effects of the profile's transitions; the door is
:func:`hotline.journal.moves.move`. Rule e of domain 2.5: a second extension only by the administrator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput, Conflict
from hotline.journal.deadlines import extended
from hotline.journal.notice_model import NoticeKind
from hotline.journal.notices import About, notify
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_terms import ExtensionRequestRow
from hotline.staff import queries as staff_queries
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import OrganisationRow, UserRow

if TYPE_CHECKING:
    from hotline.journal.effects_model import Step  # which imports this module: the functions here are effects

OFFERED_DAYS = 30
"""What an extension offers when the rule says nothing (domain 2.5 e)."""
PENDING, APPROVED, REFUSED = "pending", "approved", "refused"


@dataclass(frozen=True, slots=True)
class Extension:
    """A request, or an extension that the administrator gave at once."""

    id: int
    old_due: datetime
    new_due: datetime
    reason: str
    by: str  # short name
    at: datetime
    decision: str  # pending, approved, refused
    decided_by: str
    remark: str
    citizen_to_tell: bool
    """The citizen waits to be told of the new date (59-ФЗ art. 12 part 2)."""


async def ask(session: AsyncSession, row: AppealRecord, step: Step) -> None:
    """Write a request down and tell those who may approve it (T9, S001-091).

    :raises Conflict: it was extended before; only the administrator may do that again.
    """
    user, at, due_at = step.user, step.at, step.form.due_at
    if due_at is None:
        raise BadInput("the new date is missing", error_id="move-incomplete", details={"due_at": "required"})
    before = exists().where(ExtensionRequestRow.appeal_id == row.id, ExtensionRequestRow.decision == APPROVED)
    if not user.may(Right.APPEAL_EXTEND) and await session.scalar(select(before)):
        raise Conflict("this deadline was extended before", error_id="extended-before")
    session.add(
        ExtensionRequestRow(
            appeal_id=row.id,
            old_due=row.due_at,
            new_due=due_at,
            reason=step.comment.strip(),
            requested_by_id=user.id,
            at=at,
            decision=PENDING,
        )
    )
    deciders = await _who_may(session, Right.APPEAL_EXTEND)
    await notify(session, deciders - {user.id}, NoticeKind.EXTENSION_ASKED, About(row.id, row.number), at)


async def approve(session: AsyncSession, row: AppealRecord, step: Step) -> None:
    """Set the date that was asked for, or the one that the administrator gives instead (T10).

    :raises Conflict: nobody has asked.
    """
    user, at = step.user, step.at
    request = await _pending(session, row.id)
    if request is None:
        raise Conflict("nobody has asked for more time", error_id="no-extension-request")
    request.new_due = step.form.due_at or request.new_due
    request.decision, request.decided_by_id, request.decided_at = APPROVED, user.id, at
    request.notice_due = True
    row.due_at, row.due_manual = request.new_due, True
    people = {request.requested_by_id, row.owner_id} - {user.id}
    await notify(session, people, NoticeKind.EXTENSION_APPROVED, About(row.id, row.number), at)


async def refuse(session: AsyncSession, row: AppealRecord, step: Step) -> None:
    """Refuse a request: the deadline stays, the remark says why (T10)."""
    user, at = step.user, step.at
    request = await _pending(session, row.id)
    if request is None:
        raise Conflict("nobody has asked for more time", error_id="no-extension-request")
    request.decision, request.decided_by_id, request.decided_at = REFUSED, user.id, at
    request.remark = step.comment.strip()
    people = {request.requested_by_id, row.owner_id} - {user.id}
    await notify(session, people, NoticeKind.EXTENSION_REFUSED, About(row.id, row.number), at)


async def give(session: AsyncSession, row: AppealRecord, step: Step) -> None:
    """Move a deadline by the administrator's word; ``row`` belongs to the caller's transaction (S000-76).

    :raises BadInput: the date is not later than the deadline, or the reason is missing.
    """
    user, at, due_at, reason = step.user, step.at, step.form.due_at, step.comment
    if due_at is None:
        raise BadInput("the new date is missing", error_id="move-incomplete", details={"due_at": "required"})
    wrong = {}
    if due_at <= row.due_at:
        wrong["due_at"] = "must be later than the deadline"
    if not reason.strip():
        wrong["comment"] = "required"
    if wrong:
        raise BadInput("the deadline cannot be extended so", error_id="move-incomplete", details=wrong)
    session.add(
        ExtensionRequestRow(
            appeal_id=row.id,
            old_due=row.due_at,
            new_due=due_at,
            reason=reason.strip(),
            requested_by_id=user.id,
            at=at,
            decision=APPROVED,
            decided_by_id=user.id,
            decided_at=at,
            notice_due=True,
        )
    )
    row.due_at, row.due_manual = due_at, True
    await notify(session, {row.owner_id} - {user.id}, NoticeKind.EXTENSION_APPROVED, About(row.id, row.number), at)


async def tell(session: AsyncSession, appeal_id: int, user: User, at: datetime) -> int:
    """Write down that the citizen was told of the new dates; return of how many."""
    rows = await session.scalars(
        select(ExtensionRequestRow)
        .where(
            ExtensionRequestRow.appeal_id == appeal_id,
            ExtensionRequestRow.notice_due,
            ExtensionRequestRow.notice_sent_at.is_(None),
        )
        .with_for_update()
    )
    told = 0
    for row in rows:
        row.notice_sent_at, row.notice_by_id = at, user.id
        told += 1
    return told


async def of_appeal(session: AsyncSession, appeal_id: int) -> tuple[Extension, ...]:
    """Return the requests of an appeal, newest first."""
    asker, decider = UserRow.__table__.alias("asker"), UserRow.__table__.alias("decider")
    statement = (
        select(
            ExtensionRequestRow,
            *(asker.c[name].label(f"asker_{name}") for name in _NAME),
            *(decider.c[name].label(f"decider_{name}") for name in _NAME),
        )
        .join(asker, asker.c.id == ExtensionRequestRow.requested_by_id)
        .outerjoin(decider, decider.c.id == ExtensionRequestRow.decided_by_id)
        .where(ExtensionRequestRow.appeal_id == appeal_id)
        .order_by(ExtensionRequestRow.id.desc())
    )
    return tuple(
        Extension(
            id=one.ExtensionRequestRow.id,
            old_due=one.ExtensionRequestRow.old_due,
            new_due=one.ExtensionRequestRow.new_due,
            reason=one.ExtensionRequestRow.reason,
            by=short_name(one.asker_last_name, one.asker_first_name, one.asker_patronymic),
            at=one.ExtensionRequestRow.at,
            decision=one.ExtensionRequestRow.decision,
            decided_by=short_name(one.decider_last_name, one.decider_first_name, one.decider_patronymic),
            remark=one.ExtensionRequestRow.remark,
            citizen_to_tell=one.ExtensionRequestRow.notice_due and one.ExtensionRequestRow.notice_sent_at is None,
        )
        for one in await session.execute(statement)
    )


_NAME = ("last_name", "first_name", "patronymic")


def offered(due_at: datetime, now: datetime, max_days: int, zone: ZoneInfo) -> datetime:
    """Return the date that the field is filled with: the deadline and 30 days (or what the rule allows).

    An appeal so late that this is over counts from today instead.
    """
    days = max_days or OFFERED_DAYS
    found = extended(due_at, days, zone)
    return found if found > now else extended(now, days, zone)


async def _pending(session: AsyncSession, appeal_id: int) -> ExtensionRequestRow | None:
    return await session.scalar(
        select(ExtensionRequestRow)
        .where(ExtensionRequestRow.appeal_id == appeal_id, ExtensionRequestRow.decision == PENDING)
        .with_for_update()
    )


async def _who_may(session: AsyncSession, right: str) -> set[int]:
    """Return active people of the fund with a right: a few hundred accounts, and only when somebody asks."""
    statement = staff_queries.users_with_rights().where(
        UserRow.active, UserRow.organisation.has(OrganisationRow.kind == "tfoms")
    )
    people = [staff_queries.to_user(row) for row in await session.execute(statement)]
    return {one.id for one in people if one.may(right)}
