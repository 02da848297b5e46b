"""Reads of calls for screens: one statement a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Row, and_, func, literal, or_, select, tuple_, union
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.cti.model import Direction
from hotline.journal import cursors, masking, visibility
from hotline.journal.closing import must_be_classified
from hotline.journal.model import CallRow, Page
from hotline.journal.tables import AppealCallRow, AppealRecord
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_classifier import DispositionRow
from hotline.journal.tables_person import PersonPhoneRow
from hotline.journal.tables_rating import RatingRow
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

_APPEALS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(func.jsonb_build_array(AppealRecord.id, AppealRecord.number), AppealRecord.id)
        )
    )
    .join(AppealCallRow, AppealCallRow.appeal_id == AppealRecord.id)
    .where(AppealCallRow.call_key == CallRecord.key)
    .scalar_subquery()
)


def without_characteristic() -> ColumnElement[bool]:
    """Return what makes a call wait for its characteristic: ``closing.must_be_classified`` as the index has it."""
    return and_(
        CallRecord.disposition_code.is_(None),
        CallRecord.ended_at.is_not(None),
        CallRecord.operator_id.is_not(None),
        # Written into the statement: a bound parameter could not prove that the partial index holds the rows.
        CallRecord.direction != literal(Direction.INTERNAL.value, literal_execute=True),
    )


async def calls(
    session: AsyncSession,
    user: User,
    *,
    key: str | None = None,
    number: ColumnElement[bool] | None = None,
    unclassified: bool = False,
    person: int | None = None,
    after: str | None,
    limit: int,
) -> Page[CallRow]:
    """Return a page of calls as ``user`` may see them, newest first.

    :param unclassified: only those that wait for a characteristic.
    :param person: only calls of his appeals, and from numbers that are his and not marked as wrong.
    :param number: only calls from or to such a number (``tails.calls_with``).
    """
    statement = (
        select(
            CallRecord,
            DispositionRow.title.label("disposition"),
            UserRow.last_name,
            UserRow.first_name,
            UserRow.patronymic,
            _APPEALS.label("appeals"),
            RatingRow.score.label("rating"),
        )
        .outerjoin(RatingRow, RatingRow.call_key == CallRecord.key)
        .outerjoin(DispositionRow, DispositionRow.code == CallRecord.disposition_code)
        .outerjoin(UserRow, UserRow.id == CallRecord.operator_id)
        .order_by(CallRecord.started_at.desc(), CallRecord.id.desc())
        .limit(limit + 1)
    )
    limits = visibility.calls(user)
    if limits is not None:
        statement = statement.where(limits)
    if key is not None:
        statement = statement.where(CallRecord.key == key)
    if person is not None:
        statement = statement.where(CallRecord.id.in_(_of_person(person)))
    if number is not None:
        statement = statement.where(number)
    if unclassified:
        statement = statement.where(without_characteristic())
    if after:
        statement = statement.where(tuple_(CallRecord.started_at, CallRecord.id) < tuple_(*cursors.decode(after)))
    rows = (await session.execute(statement)).all()
    last = rows[limit - 1].CallRecord if len(rows) > limit else None
    return Page(
        tuple(masking.call(user, _row(row)) for row in rows[:limit]),
        cursors.encode(last.id, last.started_at) if last is not None else None,
    )


async def citizen(session: AsyncSession, user: User, key: str) -> str | None:
    """Return the number of the citizen of a call that ``user`` may see, for looking up whose it is; never shown.

    :raises NoResultFound: there is no such call for him.
    """
    limits = visibility.calls(user)
    found = await session.execute(
        select(CallRecord.direction, CallRecord.from_e164, CallRecord.from_raw, CallRecord.dialled).where(
            CallRecord.key == key, *([] if limits is None else [limits])
        )
    )
    direction, e164, raw, dialled = found.one()
    return dialled if direction == Direction.OUT.value else e164 or raw


async def people_of(session: AsyncSession, key: str, among: Iterable[int]) -> tuple[int, ...]:
    """Return which of some people have a call among theirs, by the same rule as :func:`calls` of a person."""
    wanted = list(among)
    by_number = (
        select(PersonPhoneRow.person_id)
        .join(CallRecord, CallRecord.from_e164 == PersonPhoneRow.e164)
        .where(CallRecord.key == key, PersonPhoneRow.person_id.in_(wanted), ~PersonPhoneRow.is_wrong)
    )
    by_appeal = (
        select(AppealRecord.applicant_id, AppealRecord.insured_id)
        .join(AppealCallRow, AppealCallRow.appeal_id == AppealRecord.id)
        .where(AppealCallRow.call_key == key)
    )
    found = set(await session.scalars(by_number))
    for applicant, insured in await session.execute(by_appeal):
        found.update(one for one in (applicant, insured) if one is not None)
    return tuple(found.intersection(wanted))


def _of_person(person: int) -> CompoundSelect[tuple[int]]:
    by_appeal = (
        select(CallRecord.id)
        .join(AppealCallRow, AppealCallRow.call_key == CallRecord.key)
        .join(AppealRecord, AppealRecord.id == AppealCallRow.appeal_id)
        .where(or_(AppealRecord.applicant_id == person, AppealRecord.insured_id == person))
    )
    by_number = (
        select(CallRecord.id)
        .join(PersonPhoneRow, PersonPhoneRow.e164 == CallRecord.from_e164)
        .where(PersonPhoneRow.person_id == person, ~PersonPhoneRow.is_wrong)
    )
    return union(by_appeal, by_number)


def _row(row: Row[Any]) -> CallRow:
    call: CallRecord = row.CallRecord
    operator = short_name(row.last_name, row.first_name, row.patronymic) or call.operator
    return CallRow(
        key=call.key,
        direction=call.direction,
        phase=call.phase,
        caller=call.from_e164 or call.from_raw,
        dialled=call.dialled,
        queue=call.queue,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        wait_s=call.wait_s,
        talk_s=call.talk_s,
        outcome=call.outcome,
        ended_by=call.ended_by,
        operator_id=call.operator_id,
        operator=operator,
        disposition=row.disposition,
        recorded=call.recorded,
        rating=row.rating,
        appeals=tuple((appeal_id, number) for appeal_id, number in row.appeals or ()),
        disposition_code=call.disposition_code,
        disposition_note=call.disposition_note,
        classify=call.disposition_code is None
        and must_be_classified(
            Direction(call.direction), ended=call.ended_at is not None, operator_known=call.operator_id is not None
        ),
    )
