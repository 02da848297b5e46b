"""The history of a record of administration: its audit entries with what was before and what is after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.staff.admin_model import Change
from hotline.staff.admin_rules import difference
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import AuditEventRow, UserRow

SHOWN = 50


def write_change(
    session: AsyncSession,
    record: tuple[str, int | str],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    by: User | None,
    at: datetime,
    note: str = "",
) -> bool:
    """Write down the fields that differ; nothing and ``False`` when none does and there is no ``note``.

    :param by: ``None``: it happened by itself.
    """
    was, is_now = difference(before, after)
    if not is_now and not note:
        return False
    details: dict[str, Any] = {"fields": sorted(is_now), "before": was, "after": is_now}
    if note:
        details["note"] = note
    audit(session, "change", record, user_id=by.id if by is not None else None, at=at, details=details)
    return True


async def read_changes(session: AsyncSession, entity: str, entity_id: int | str) -> tuple[Change, ...]:
    """Return the latest changes of a record, newest first."""
    return tuple(change for _, change in await read_changes_of(session, entity, [entity_id]))


async def read_changes_of(
    session: AsyncSession, entity: str, entity_ids: Iterable[int | str]
) -> tuple[tuple[str, Change], ...]:
    """Return the latest changes of several records together, newest first, each with its record's id."""
    rows = await session.execute(
        select(AuditEventRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .outerjoin(UserRow, UserRow.id == AuditEventRow.user_id)
        .where(
            AuditEventRow.entity == entity,
            AuditEventRow.entity_id.in_(sorted({str(one) for one in entity_ids})),
            AuditEventRow.action == "change",
        )
        .order_by(AuditEventRow.at.desc(), AuditEventRow.id.desc())
        .limit(SHOWN)
    )
    return tuple(
        (
            row.entity_id,
            Change(
                row.id,
                row.at,
                short_name(last, first, patronymic),
                row.details.get("before", {}),
                row.details.get("after", {}),
                row.details.get("note", "") or ("created" if "created" in row.details else ""),
            ),
        )
        for row, last, first, patronymic in rows
    )
