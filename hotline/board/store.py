"""What the board reads and writes in the database; the rules are in ``figures`` and ``alarm_rules``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Row, Select, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.board.figures import LEFT_WORD, CallFact, Goal
from hotline.board.model import QueueSetting
from hotline.board.operators import Person
from hotline.board.tables import BoardQueueRow
from hotline.cti.model import Direction
from hotline.journal.tables_call import CallRecord
from hotline.queue.lines_model import Kind
from hotline.queue.tables_lines import DistributionRuleRow
from hotline.staff.model import Effect, Right, short_name
from hotline.staff.tables import OrganisationRow, RoleRightRow, UserRoleRow, UserRow

BEFORE_QUEUE = timedelta(hours=2)
"""A call may listen to greetings for so long before it joins a queue; calls are found by their beginning."""


def _calls() -> Select[str, str | None, datetime | None, datetime | None, datetime | None, str | None]:
    row = CallRecord
    return select(row.key, row.queue, row.queued_at, row.answered_at, row.ended_at, row.outcome).where(
        row.direction == literal(Direction.IN.value, literal_execute=True),
        row.queue.is_not(None),
        row.queued_at.is_not(None),
    )


async def calls_of_day(session: AsyncSession, start: datetime, end: datetime) -> list[CallFact]:
    """Return the citizens' calls that joined a queue in a span of time."""
    row = CallRecord
    found = await session.execute(
        _calls().where(
            row.started_at >= start - BEFORE_QUEUE, row.started_at < end, row.queued_at >= start, row.queued_at < end
        )
    )
    return [_fact(one) for one in found]


async def calls_by_key(session: AsyncSession, keys: Iterable[str]) -> list[CallFact]:
    """Return those of these calls that ever stood in a queue."""
    return [_fact(one) for one in await session.execute(_calls().where(CallRecord.key.in_(list(keys))))]


def _fact(row: Row[str, str | None, datetime | None, datetime | None, datetime | None, str | None]) -> CallFact:
    key, queue, queued_at, answered_at, ended_at, outcome = row
    if queue is None or queued_at is None:
        msg = f"call {key} never stood in a queue"
        raise LookupError(msg)
    lost = ended_at is not None and answered_at is None and outcome not in LEFT_WORD
    return CallFact(key, queue, queued_at, answered_at, ended_at, lost)


async def people(session: AsyncSession) -> list[Person]:
    """Return everybody who may take calls."""
    takes = (
        select(UserRoleRow.user_id)
        .join(RoleRightRow, RoleRightRow.role_code == UserRoleRow.role_code)
        .where(RoleRightRow.right_code == Right.CALL_TAKE.value, RoleRightRow.effect == Effect.ALLOW.value)
    )
    roles = (
        select(func.array_agg(aggregate_order_by(UserRoleRow.role_code, UserRoleRow.role_code)))
        .where(UserRoleRow.user_id == UserRow.id)
        .scalar_subquery()
    )
    found = await session.execute(
        select(
            UserRow.id,
            UserRow.last_name,
            UserRow.first_name,
            UserRow.patronymic,
            UserRow.extension,
            OrganisationRow.id,
            OrganisationRow.short_name,
            roles,
        )
        .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
        .where(UserRow.active, UserRow.extension.is_not(None), UserRow.id.in_(takes))
    )
    return [
        Person(user_id, short_name(last, first, patronymic), extension, org_id, org, tuple(codes or ()))
        for user_id, last, first, patronymic, extension, org_id, org, codes in found
        if extension is not None
    ]


async def organisation_id(session: AsyncSession, code: str) -> int | None:
    """Return the id of an organisation; ``None``: there is none of this code."""
    return await session.scalar(select(OrganisationRow.id).where(OrganisationRow.code == code))


async def queue_titles(session: AsyncSession) -> dict[str, str]:
    """Return what the administration calls its queues, by code."""
    row = DistributionRuleRow
    found = await session.execute(
        select(row.code, row.body["title"].astext).where(row.kind == Kind.QUEUE.value, row.closed_at.is_(None))
    )
    return {code: title for code, title in found if title}


async def settings(session: AsyncSession) -> dict[str, QueueSetting]:
    """Return what the administration says of queues."""
    rows = await session.scalars(select(BoardQueueRow).order_by(BoardQueueRow.queue))
    return {row.queue: setting_of(row) for row in rows}


def setting_of(row: BoardQueueRow) -> QueueSetting:
    """Return what a row says of its queue."""
    goal = Goal(row.goal_percent, row.goal_s, row.short_s)
    return QueueSetting(row.queue, goal, row.organisation_id, row.version)
