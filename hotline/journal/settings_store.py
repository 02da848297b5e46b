"""What the profile sets, read into the pure rules' own shapes; and the counter behind appeal numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.deadlines import Calendar, DeadlineRule, Shift, Unit
from hotline.journal.forwarding import ForwardRule, Kind
from hotline.journal.model import Form
from hotline.journal.numbering import DEFAULT_PATTERN, Reset, period, render
from hotline.journal.tables import NumberCounterRow
from hotline.journal.tables_classifier import CalendarDayRow, DeadlineRuleRow, ForwardRuleRow, ProfileRow
from hotline.staff.model import Organisation

MAIN_JOURNAL = "main"


async def next_number(session: AsyncSession, organisation: Organisation, day: date) -> str:
    """Draw the next appeal number of an organisation; rolling back gives it back, so there are no gaps.

    The counter is locked until the transaction ends: savings of one organisation take turns from here on, in the
    order of their coming. Waiting for the row itself has no order: who is overtaken again and again may time out.
    """
    numbering = (await profile_settings(session)).get("numbering", {})
    since = period(Reset(numbering.get("reset", Reset.NEVER)), day)
    queue = func.hashtextextended(f"appeal-number:{organisation.id}:{since}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(queue)))
    statement = insert(NumberCounterRow).values(
        organisation_id=organisation.id, journal=MAIN_JOURNAL, period=since, value=1
    )
    seq = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "journal", "period"], set_={"value": NumberCounterRow.value + 1}
        ).returning(NumberCounterRow.value)
    )
    assert seq is not None  # noqa: S101 - an upsert with RETURNING always returns
    return render(numbering.get("pattern", DEFAULT_PATTERN), org_code=organisation.code, day=day, seq=seq)


async def profile_settings(session: AsyncSession) -> dict[str, Any]:
    """Return the settings of the profile that was loaded last; empty when none was."""
    found = await session.scalar(select(ProfileRow.settings).order_by(ProfileRow.loaded_at.desc()).limit(1))
    return found or {}


async def deadline_rules(session: AsyncSession) -> tuple[DeadlineRule, ...]:
    """Return the table of deadlines (domain 2.5)."""
    rows = await session.scalars(select(DeadlineRuleRow).where(DeadlineRuleRow.active))
    return tuple(
        DeadlineRule(
            code=row.code,
            priority=row.priority,
            amount=row.amount,
            unit=Unit(row.unit),
            form=Form(row.form) if row.form else None,
            to_head_of_region=row.to_head_of_region,
            urgent=row.urgent,
            topic=row.topic_code,
            shift=Shift(row.shift),
            max_extension_days=row.max_extension_days,
        )
        for row in rows
    )


async def calendar(session: AsyncSession) -> Calendar:
    """Return the days that differ from the ordinary week."""
    rows = await session.scalars(select(CalendarDayRow))
    return Calendar({row.day: row.is_working for row in rows})


async def forward_rules(session: AsyncSession) -> tuple[ForwardRule, ...]:
    """Return the forwarding matrix (domain 2.4)."""
    return tuple(
        ForwardRule(
            from_role=row.from_role,
            to_role=row.to_role,
            kind=Kind(row.kind),
            form=Form(row.form) if row.form else None,
            same_organisation=row.same_organisation,
            needs_reason=row.needs_reason,
        )
        for row in await session.scalars(select(ForwardRuleRow))
    )
