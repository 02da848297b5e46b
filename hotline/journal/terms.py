"""Deadlines in the database: computed by the rules in the organisation's zone, every change in the history."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import Conflict
from hotline.journal import settings_store
from hotline.journal.cardcheck import CardData
from hotline.journal.deadlines import Deadline, Facts, deadline
from hotline.journal.model import Form
from hotline.journal.tables import AppealRecord, StatusEventRow
from hotline.staff.tables import OrganisationRow

MOVED = "deadline"
"""The event of the history that says that a deadline has moved."""


async def deadline_of(session: AsyncSession, data: CardData, registered_at: datetime, zone: ZoneInfo) -> Deadline:
    """Return when a card must be answered (S000-65).

    :param zone: of the organisation that registered it (:func:`zone_of`): its midnight ends the last day.
    :raises Conflict: the profile has no rule for such an appeal.
    """
    facts = Facts(
        form=data.form,
        appeal_at=data.appeal_at,
        registered_at=registered_at,
        to_head_of_region=data.to_head_of_region,
        urgent=data.urgent,
        topic=data.topic,
    )
    rules = await settings_store.deadline_rules(session)
    due = deadline(facts, rules, zone, await settings_store.calendar(session))
    if due is None:
        raise Conflict("the profile has no deadline for such an appeal", error_id="no-deadline-rule")
    return due


async def zone_of(session: AsyncSession, organisation_id: int, default: ZoneInfo) -> ZoneInfo:
    """Return the zone in which an organisation's days begin and end (domain 2.5 h)."""
    name = await session.scalar(select(OrganisationRow.time_zone).where(OrganisationRow.id == organisation_id))
    return ZoneInfo(name) if name else default


def facts_of(row: AppealRecord) -> Facts:
    """Return what the rules look at in a stored appeal."""
    return Facts(
        form=Form(row.form),
        appeal_at=row.appeal_at,
        registered_at=row.created_at,
        to_head_of_region=row.to_head_of_region,
        urgent=row.urgent,
        topic=row.topic_code,
    )


def may_recompute(row: AppealRecord) -> bool:
    """Tell whether a rule may set this deadline: a date given by hand stays, and a stopped clock too (rule c)."""
    return not row.due_manual and row.close_date is None


def set_deadline(row: AppealRecord, due: Deadline, zone: ZoneInfo) -> str:
    """Put a computed deadline into ``row``; return the words for its history, ``""`` when the moment is the same."""
    before: datetime | None = row.due_at
    row.due_at = due.due_at
    row.due_rule = due.rule.code
    row.due_base = due.base
    return "" if before is None or before == due.due_at else moved(before, due.due_at, zone)


def moved(before: datetime, after: datetime, zone: ZoneInfo) -> str:
    """Return a change of a deadline as the history keeps it, in the organisation's time."""
    return f"{before.astimezone(zone):%d.%m.%Y %H:%M} → {after.astimezone(zone):%d.%m.%Y %H:%M}"


def history_of(row: AppealRecord, user_id: int, words: str, at: datetime) -> StatusEventRow:
    """Return the line of the history that says that a deadline has moved (:func:`moved`)."""
    return StatusEventRow(
        appeal_id=row.id,
        at=at,
        by_id=user_id,
        event=MOVED,
        from_phase=row.phase,
        to_phase=row.phase,
        status_code=row.status_code,
        owner_id=row.owner_id,
        comment=words,
    )
