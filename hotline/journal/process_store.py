"""The process that counts now, out of the profile version that was loaded last; and what the rules look at."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.model import Form, Phase
from hotline.journal.process import build
from hotline.journal.process_model import Actor, Facts, Process, Who
from hotline.journal.tables import AppealCallRow, AppealRecord, StatusEventRow
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_classifier import (
    AppealTypeRow,
    DeadlineRuleRow,
    ProfileRow,
    ProfileVersionRow,
)
from hotline.staff.model import Right, User

_KEPT = 8
_built: OrderedDict[str, Process] = OrderedDict()
"""Processes by fingerprint. A content never changes, so this cannot go stale."""


def current_version() -> Select[int, str]:
    """Select id and fingerprint of the profile version that counts."""
    return (
        select(ProfileVersionRow.id, ProfileVersionRow.fingerprint)
        .join(ProfileRow, ProfileRow.version_id == ProfileVersionRow.id)
        .order_by(ProfileRow.loaded_at.desc(), ProfileVersionRow.id.desc())
        .limit(1)
    )


async def process(session: AsyncSession) -> Process:
    """Return the process that counts now; an empty one when no profile was ever loaded. One small statement."""
    found = (await session.execute(current_version())).one_or_none()
    if found is None:
        return Process({}, ())
    known = _built.get(found.fingerprint)
    if known is None:
        content: dict[str, Any] | None = await session.scalar(
            select(ProfileVersionRow.content).where(ProfileVersionRow.id == found.id)
        )
        known = build(content or {})
        _built[found.fingerprint] = known
        while len(_built) > _KEPT:
            _built.popitem(last=False)
    return known


def actor(row: AppealRecord, user: User) -> Actor:
    """Return what ``user`` is to an appeal."""
    who = set()
    if row.creator_id == user.id:
        who.add(Who.CREATOR)
    if row.owner_id == user.id:
        who.add(Who.OWNER)
    if row.forwarded_to_id == user.id:
        who.add(Who.TARGET)
    if row.forwarded_role in user.roles and row.forwarded_org_id == user.organisation.id:
        who.add(Who.GROUP)
    if user.may(Right.APPEAL_EDIT_ANY):
        who.add(Who.ADMIN)
    return Actor(frozenset(who), user.permissions)


def facts(row: AppealRecord, type_row: Any, max_extension_days: int | None, *, contacted: bool = False) -> Facts:
    """Return what the rules look at in an appeal.

    :param type_row: anything with ``is_consultation`` and ``is_complaint``.
    """
    return Facts(
        phase=Phase(row.phase),
        status=row.status_code or "",
        number=row.number,
        form=Form(row.form),
        consultation=type_row.is_consultation,
        complaint=type_row.is_complaint,
        due_at=row.due_at,
        max_extension_days=max_extension_days or 0,
        filled=filled(row),
        contacted=contacted,
    )


FIELDS = ("title", "content", "measures", "source_org", "written_no", "written_date", "written_close_date", "justified")
"""Fields that ``fields=…`` of a profile may ask for, by the name of their column."""


def filled(row: AppealRecord) -> frozenset[str]:
    """Return which of :data:`FIELDS` are filled in."""
    return frozenset(name for name in FIELDS if getattr(row, name))


async def facts_of(session: AsyncSession, row: AppealRecord) -> Facts:
    """Read what the rules look at in an appeal: one statement."""
    statement = (
        select(AppealTypeRow.is_consultation, AppealTypeRow.is_complaint, DeadlineRuleRow.max_extension_days)
        .outerjoin(DeadlineRuleRow, DeadlineRuleRow.code == row.due_rule)
        .where(AppealTypeRow.code == row.type_code)
    )
    found = (await session.execute(statement)).one()
    reached = row.phase == Phase.CALLBACK and bool(await session.scalar(select(contacted(row.id))))
    return facts(row, found, found.max_extension_days, contacted=reached)


def contacted(appeal_id: Any) -> Any:
    """Return the condition that a call with the citizen was linked since the answer was deferred (T7)."""
    deferred = (
        select(func.max(StatusEventRow.at))
        .where(StatusEventRow.appeal_id == appeal_id, StatusEventRow.to_phase == Phase.CALLBACK.value)
        .scalar_subquery()
    )
    return exists().where(
        and_(
            AppealCallRow.appeal_id == appeal_id,
            CallRecord.key == AppealCallRow.call_key,
            CallRecord.started_at > deferred,
            CallRecord.answered_at.is_not(None),
        )
    )


_TOLD = ("created", "forwarded", "accepted", "closed", "returned")


def kind_of(tell: str | None) -> str:
    """Return under which kind a move is published, by the argument of its effect ``tell``."""
    return f"appeal.{tell}" if tell in _TOLD else "appeal.changed"
