"""Characteristics of calls: what a person chooses, what the system sets, what still waits (S002-20, S002-21)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.cti.model import Call, Direction, Outcome
from hotline.db import Database
from hotline.errors import BadInput, Forbidden, NotFound
from hotline.events import Bus
from hotline.journal import queries_calls
from hotline.journal.card_form import storable
from hotline.journal.classifier import valid_rows
from hotline.journal.closing import (
    CallClassified,
    DispositionChoice,
    Talker,
    Unclassified,
    code_for,
    ending,
    must_be_classified,
    talkers_in_order,
)
from hotline.journal.listening import is_message, may_name
from hotline.journal.model import CallRow
from hotline.journal.tables import CALL_BACK, AppealCallRow
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.journal.tables_classifier import DispositionRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.tables import OrganisationRow, UserRoleRow, UserRow

FREQUENT = 9
"""As many as there are keys Alt+1…Alt+9 (DAY-03)."""
HABIT = timedelta(days=30)
"""How far back an operator's own habit is looked at."""
MAX_NOTE = 2_000
LIST = 20
"""Calls without a characteristic that are named; all of them are counted."""

Choices = Sequence[tuple[str, str, Sequence[str]]]
"""What endings speak for: code, direction, endings."""


class Dispositions:
    """Use cases of characteristics."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, bus: Bus | None = None) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._bus = bus

    async def choices(self, user: User, key: str) -> tuple[CallRow, tuple[DispositionChoice, ...]]:
        """Return a call and the characteristics for its direction, the user's most used ones first.

        :raises NotFound: there is no such call, or the user may not see it.
        """
        since = self._clock.now() - HABIT
        async with self._db.begin() as session:
            row = await _visible(session, user, key)
            offered = await self._offered(session, user, row.direction)
            used = await session.execute(
                select(CallRecord.disposition_code, func.count())
                .where(
                    CallRecord.operator_id == user.id,
                    CallRecord.disposition_by_id == user.id,
                    CallRecord.direction == row.direction,
                    CallRecord.started_at > since,
                )
                .group_by(CallRecord.disposition_code)
            )
            counts: dict[str | None, int] = {row[0]: row[1] for row in used}
        ranked = sorted(offered, key=lambda one: -counts.get(one.code, 0))  # stable: the profile's order decides ties
        return row, tuple(DispositionChoice(one.code, one.title, one.needs_note) for one in ranked)

    async def set(self, user: User, key: str, code: str, note: str = "") -> CallRow:
        """Say how a call ended, in the organisation's own words (S002-20). The audit keeps a change.

        :raises NotFound: no such call, or not one that the user may see.
        :raises Forbidden: the user neither talked in it nor watches calls, and it is no message that he may hear.
        :raises BadInput: unknown or closed characteristic, one of the other direction, an internal call, or a
            characteristic that needs a note without a note (S002-21).
        """
        note = storable(note).strip()
        async with self._db.begin() as session:
            seen = await _visible(session, user, key)
            row = await session.scalar(select(CallRecord).where(CallRecord.key == key).with_for_update())
            assert row is not None  # noqa: S101 - it was visible a moment ago, and calls are never deleted
            await _require_part(session, user, row)
            chosen = next((one for one in await self._offered(session, user, seen.direction) if one.code == code), None)
            _check(seen, chosen, note)
            before = row.disposition_code
            row.disposition_code = code
            row.disposition_note = note
            row.disposition_by_id = user.id
            row.disposition_at = self._clock.now()
            audit(
                session,
                "change",
                ("call", key),
                user_id=user.id,
                at=row.disposition_at,
                details={"fields": ["disposition"], "from": before, "to": code},
            )
            await session.flush()
            after = await _visible(session, user, key)
            owner = row.operator_id
        if self._bus is not None and owner is not None:
            self._bus.publish(CallClassified(key, owner, code))
        return after

    async def unclassified(self, user: User) -> Unclassified:
        """Return the user's own ended calls that still need a characteristic, the latest first."""
        waiting = and_(CallRecord.operator_id == user.id, queries_calls.without_characteristic())
        async with self._db.begin() as session:
            count = await session.scalar(select(func.count()).select_from(CallRecord).where(waiting))
            keys = await session.scalars(
                select(CallRecord.key)
                .where(waiting)
                .order_by(CallRecord.started_at.desc(), CallRecord.id.desc())
                .limit(LIST)
            )
            return Unclassified(count or 0, tuple(keys))

    async def _offered(self, session: AsyncSession, user: User, direction: str) -> Sequence[DispositionRow]:
        today = self._clock.now().astimezone(self._zone).date()
        rows = await valid_rows(session, DispositionRow, today, user.organisation.id)
        return [row for row in rows if row.direction == direction]


def _check(call: CallRow, chosen: DispositionRow | None, note: str) -> None:
    if call.direction == Direction.INTERNAL:
        raise BadInput("an internal call has no characteristic", error_id="internal-call")
    if chosen is None:
        raise BadInput("unknown disposition", details={"disposition": "unknown"})
    if chosen.needs_note and not note:
        raise BadInput(
            "this disposition needs a note", error_id="note-required", details={"disposition_note": "required"}
        )
    if len(note) > MAX_NOTE:
        raise BadInput("the note is too long", details={"disposition_note": f"at most {MAX_NOTE} characters"})


async def _visible(session: AsyncSession, user: User, key: str) -> CallRow:
    page = await queries_calls.calls(session, user, key=key, after=None, limit=1)
    if not page.rows:
        raise NotFound("there is no such call", error_id="no-such-call")
    return page.rows[0]


def names(user: User, row: CallRecord | CallRow) -> bool:
    """Tell whether ``user`` may say what a call that he can see was; that he talked in it is for others to find out."""
    return may_name(
        own=row.operator_id == user.id,
        watches=user.may(Right.CALL_MONITOR),
        listens=user.may(Right.CALL_LISTEN_OWN) or user.may(Right.CALL_LISTEN_ANY),
        message=is_message(row.outcome, row.answered_at),
    )


async def _require_part(session: AsyncSession, user: User, row: CallRecord) -> None:
    if names(user, row):
        return
    talked = await session.scalar(
        select(CallLegRow.id)
        .where(CallLegRow.call_id == row.id, CallLegRow.user_id == user.id, CallLegRow.answered_at.is_not(None))
        .limit(1)
    )
    if talked is None:
        raise Forbidden("this user did not talk in this call", error_id="not-your-call")


# --- What the system sets by itself -----------------------------------------------------------------------------------


async def close_by_itself(
    session: AsyncSession,
    row: CallRecord,
    call: Call,
    clock: Clock,
    choices: Choices | None = None,
    registered: Collection[str] | None = None,
) -> None:
    """Give an ended call the characteristic that its ending speaks for, unless a person has chosen one.

    Later knowledge (an appeal saved afterwards, Asterisk's own log) corrects what the system had set.

    :param choices: of :func:`closing_choices`, when they were read in this transaction.
    :param registered: of :func:`registered_of`, likewise.
    """
    if row.ended_at is None or row.disposition_by_id is not None:
        return
    talkers: Sequence[Talker] = ()
    numbers = talkers_in_order(call)
    if len(numbers) > 1:
        talkers = await _talkers(session, row, numbers)
    if registered is None:
        registered = await registered_of(session, [row.key])
    outcome = Outcome(row.outcome) if row.outcome else None
    direction = Direction(row.direction)
    found = ending(direction, outcome, registered=row.key in registered, talkers=talkers)
    code = None
    if found is not None:
        code = code_for(found, direction, choices if choices is not None else await closing_choices(session))
    if code != row.disposition_code:
        row.disposition_code = code
        row.disposition_at = clock.now() if code else None


async def registered_of(session: AsyncSession, keys: Collection[str]) -> frozenset[str]:
    """Return those of these calls whose card became an appeal.

    That an outgoing call is about an appeal says nothing of how it ended: somebody has to, or the line did.
    """
    statement = select(AppealCallRow.call_key).where(
        AppealCallRow.call_key.in_(keys), AppealCallRow.relation != CALL_BACK
    )
    return frozenset(await session.scalars(statement))


async def register(session: AsyncSession, call_key: str, clock: Clock) -> CallClassified | None:
    """A call's card became an appeal: that is its characteristic, unless a person has chosen another.

    :return: what to publish after the transaction; ``None`` when nothing changed.
    """
    row = await session.scalar(
        select(CallRecord).where(CallRecord.key == call_key, CallRecord.disposition_by_id.is_(None)).with_for_update()
    )
    if row is None:
        return None
    direction = Direction(row.direction)
    found = ending(direction, None, registered=True, talkers=())
    code = code_for(found, direction, await closing_choices(session))
    if code is None or code == row.disposition_code:
        return None
    row.disposition_code = code
    row.disposition_at = clock.now()
    return CallClassified(call_key, row.operator_id, code) if row.operator_id is not None else None


def fact_about(row: CallRecord) -> CallClassified | None:
    """Return what its operator should hear of an ended call; ``None`` for a call that is nobody's to classify."""
    mine = must_be_classified(
        Direction(row.direction), ended=row.ended_at is not None, operator_known=row.operator_id is not None
    )
    if not mine or row.operator_id is None:
        return None
    return CallClassified(row.key, row.operator_id, row.disposition_code)


async def closing_choices(session: AsyncSession) -> Choices:
    """Return the characteristics that endings speak for."""
    rows = await session.scalars(
        select(DispositionRow)
        .where(DispositionRow.closes != [], DispositionRow.valid_to.is_(None))
        .order_by(DispositionRow.sort)
    )
    return [(row.code, row.direction, tuple(row.closes)) for row in rows]


async def _talkers(session: AsyncSession, row: CallRecord, numbers: Sequence[str]) -> Sequence[Talker]:
    """Return who had these numbers in this call; extensions change hands, so the legs are asked, not the users."""
    found = await session.execute(
        select(CallLegRow.extension, UserRow.id, OrganisationRow.id, OrganisationRow.kind, UserRoleRow.role_code)
        .join(UserRow, UserRow.id == CallLegRow.user_id)
        .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
        .outerjoin(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .where(CallLegRow.call_id == row.id, or_(*(CallLegRow.extension == number for number in numbers)))
    )
    people: dict[str, Talker] = {}
    for extension, user_id, organisation_id, kind, role in found:
        if extension is None:
            continue
        known = people.get(extension, Talker(user_id, organisation_id, kind, frozenset()))
        people[extension] = Talker(user_id, organisation_id, kind, known.roles | ({role} if role else set()))
    return [people[number] for number in numbers if number in people]
