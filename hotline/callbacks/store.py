"""The ledger's rows: whatever is known of one citizen's number, folded again and written down (docs/callbacks.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, delete, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.callbacks.model import (
    OVER,
    CallSeen,
    Closing,
    Duty,
    DutyState,
    Limits,
    Move,
    MoveKind,
    Reason,
    Result,
)
from hotline.callbacks.rules import due_at, fold, judge
from hotline.callbacks.tables import DutyCallRow, DutyMoveRow, DutyRow
from hotline.cti.model import Direction, EndedBy, EndSource, Outcome
from hotline.journal import settings_store
from hotline.journal.tables import AppealCallRow, AppealRecord
from hotline.journal.tables_call import CallLegRow, CallRecord

SETTLED = timedelta(days=7)
"""What ended so long ago is not folded again: no fact comes as late as that."""
HORIZON = timedelta(days=90)
"""Calls before this are nobody's duty any more, when nothing else bounds the fold."""
HIDDEN = "?"
OUTGOING = literal(Direction.OUT.value, literal_execute=True)
"""Written into the statement: a bound parameter could not prove that the partial index holds the rows."""
_LOCK = 0x6475_7479  # "duty": a family of advisory locks of our own


@dataclass(frozen=True, slots=True)
class Refolded:
    """What a fold has changed: duties and their states."""

    states: tuple[tuple[int, str], ...] = ()
    new: tuple[int, ...] = ()
    """Ids of those that began."""

    @property
    def changed(self) -> tuple[int, ...]:
        """Their ids."""
        return tuple(duty_id for duty_id, _ in self.states)


def citizen_of(number: str | None, key: str) -> str:
    """Return the name under which a caller's duties are kept; who hides his number is nobody else."""
    return number or f"{HIDDEN}{key}"


async def refold(session: AsyncSession, citizen: str, limits: Limits, zone: ZoneInfo, now: datetime) -> Refolded:
    """Make the stored duties of a citizen equal to what his calls, his appeals and people's words say."""
    await lock(session, citizen)
    settled = await session.scalar(
        select(func.max(DutyRow.over_at)).where(DutyRow.citizen == citizen, DutyRow.over_at < now - SETTLED)
    )
    begun = await session.scalar(
        select(func.min(DutyRow.first_at)).where(DutyRow.citizen == citizen, DutyRow.over_at.is_(None))
    )
    after = settled or min(now - HORIZON, (begun or now) - timedelta(seconds=1))
    moves = await gather(session, citizen, limits, after)
    return await _write(session, citizen, fold(moves, limits), moves, after, zone, limits)


async def lock(session: AsyncSession, citizen: str) -> None:
    """Let nobody else fold the same citizen's calls until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK, func.hashtext(citizen))))


async def gather(session: AsyncSession, citizen: str, limits: Limits, after: datetime) -> list[Move]:
    """Return everything that happened between a citizen and us after ``after``."""
    # A call may have begun long before what it means for the ledger.
    statement = calls_seen(_calls_of(citizen)).where(CallRecord.started_at > after - timedelta(days=1))
    calls = [judge(_seen(row), limits) for row in (await session.execute(statement)).all()]
    found = [move for move in calls if move is not None]
    missed = [move.call_key for move in found if move.kind is MoveKind.MISS]
    if missed:
        found += await _appeals(session, citizen, missed, after)
    words = await session.scalars(select(DutyMoveRow).where(DutyMoveRow.citizen == citizen, DutyMoveRow.at > after))
    found += [_move(row) for row in words]
    return [move for move in found if move.at > after]


def calls_seen(which: ColumnElement[bool]) -> Select[CallRecord, datetime | None]:
    """Return the statement that reads the calls for :func:`judge`."""
    return select(CallRecord, last_partner().label("last_partner_at")).where(which)


def last_partner() -> ScalarSelect[datetime | None]:
    """Return when the last telephone of ours that had talked left a call, as SQL."""
    return (
        select(func.max(CallLegRow.ended_at))
        .where(
            CallLegRow.call_id == CallRecord.id, CallLegRow.extension.is_not(None), CallLegRow.answered_at.is_not(None)
        )
        .correlate(CallRecord)
        .scalar_subquery()
    )


async def unseen(session: AsyncSession, since: datetime) -> set[str]:
    """Return the citizens whose missed calls since then the ledger has not taken into account, or wrongly."""
    lost = and_(
        CallRecord.ended_by.is_distinct_from(EndedBy.AGENT.value),
        or_(
            CallRecord.end_source == EndSource.RESTART.value,
            CallRecord.ended_at - last_partner() >= timedelta(seconds=1),
        ),
    )
    missed = or_(CallRecord.outcome.is_distinct_from(Outcome.ANSWERED.value), lost)
    known = exists().where(DutyCallRow.call_key == CallRecord.key, DutyCallRow.kind == MoveKind.MISS.value)
    incoming = await session.execute(
        select(CallRecord.from_e164, CallRecord.key).where(
            CallRecord.direction == Direction.IN.value,
            CallRecord.started_at > since,
            CallRecord.ended_at.is_not(None),
            missed,
            ~known,
        )
    )
    found = {citizen_of(number, key) for number, key in incoming}
    # Of owed citizens: what came to pass after the duty began. By their numbers, not by all calls of that time.
    later = and_(
        CallRecord.started_at > since,
        func.coalesce(CallRecord.answered_at, CallRecord.ended_at) > DutyRow.first_at,
        ~exists().where(DutyCallRow.call_key == CallRecord.key).correlate(CallRecord),
    )
    came = and_(CallRecord.direction == Direction.IN.value, CallRecord.from_e164 == DutyRow.number)
    called = and_(
        CallRecord.direction == OUTGOING,
        CallRecord.dialled.in_([DutyRow.number, func.substr(DutyRow.number, 2)]),
        CallRecord.ended_at.is_not(None),
    )
    for one in (came, called):
        owed = select(DutyRow.citizen).where(DutyRow.over_at.is_(None), exists().where(one, later).correlate(DutyRow))
        found |= set(await session.scalars(owed))
    registered = await session.scalars(
        select(DutyRow.citizen)
        .join(AppealRecord, AppealRecord.applicant_snapshot["phone"].astext == DutyRow.number)
        .where(DutyRow.over_at.is_(None), AppealRecord.created_at > DutyRow.first_at)
    )
    return found | set(registered)


async def owed_by_phone(session: AsyncSession, appeal_id: int) -> set[str]:
    """Return the citizens with an open duty who are in an appeal: by its telephone or its calls."""
    row = await session.get(AppealRecord, appeal_id)
    if row is None:
        return set()
    phone = (row.applicant_snapshot or {}).get("phone") or ""
    linked = select(DutyCallRow.duty_id).join(AppealCallRow, AppealCallRow.call_key == DutyCallRow.call_key)
    named = or_(DutyRow.number == phone, DutyRow.id.in_(linked.where(AppealCallRow.appeal_id == appeal_id)))
    return set(await session.scalars(select(DutyRow.citizen).where(DutyRow.over_at.is_(None), named)))


def e164(dialled: str) -> str:
    """Return what was dialled through the trunk as E.164: the dialplan writes it without the plus."""
    return dialled if dialled.startswith("+") else f"+{dialled}"


def _calls_of(citizen: str) -> ColumnElement[bool]:
    if citizen.startswith(HIDDEN):
        return CallRecord.key == citizen.removeprefix(HIDDEN)
    incoming = and_(CallRecord.from_e164 == citizen, CallRecord.direction == Direction.IN.value)
    outgoing = and_(CallRecord.dialled.in_([citizen, citizen.removeprefix("+")]), CallRecord.direction == OUTGOING)
    return or_(incoming, outgoing)


async def _appeals(session: AsyncSession, citizen: str, missed: Sequence[str], after: datetime) -> list[Move]:
    """Return the registrations of appeals in which the citizen appears."""
    of_calls = select(AppealCallRow.appeal_id).where(AppealCallRow.call_key.in_(missed))
    named: ColumnElement[bool] = AppealRecord.id.in_(of_calls)
    if not citizen.startswith(HIDDEN):
        named = or_(named, AppealRecord.applicant_snapshot["phone"].astext == citizen)
    rows = await session.execute(
        select(AppealRecord.id, AppealRecord.created_at, AppealRecord.creator_id).where(
            named, AppealRecord.created_at > after
        )
    )
    return [Move(MoveKind.SERVE, row.created_at, row.creator_id, appeal_id=row.id) for row in rows]


async def _write(
    session: AsyncSession,
    citizen: str,
    duties: Sequence[Duty],
    moves: Sequence[Move],
    after: datetime,
    zone: ZoneInfo,
    limits: Limits,
) -> Refolded:
    stored = list(
        await session.scalars(
            select(DutyRow)
            .where(DutyRow.citizen == citizen, DutyRow.first_at > after)
            .order_by(DutyRow.first_at, DutyRow.id)
            .with_for_update()
        )
    )
    if not duties and not stored:
        return Refolded()
    calendar = await settings_store.calendar(session)
    changed: list[DutyRow] = []
    pairs = _paired(duties, stored)
    used = {id(row) for _, row in pairs}
    for row in stored:
        if id(row) not in used and row.over_at is None:
            _void(row)
            changed.append(row)
            await session.flush()
    # Whatever ends is written first: only one duty of a citizen may be open at a time.
    for duty, found in sorted(pairs, key=lambda pair: pair[0].state not in OVER):
        values = _values(duty) | {"due_at": due_at(duty.first_at, limits, calendar, zone)}
        if found is not None and all(getattr(found, name) == value for name, value in values.items()):
            continue
        number = None if citizen.startswith(HIDDEN) else citizen
        row = found or DutyRow(citizen=citizen, number=number, version=0)
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        session.add(row)
        changed.append(row)
        await session.flush()
    await _link_calls(session, moves, [(duty, row) for duty, row in _paired(duties, [*stored, *changed]) if row])
    return Refolded(tuple((row.id, row.state) for row in changed), tuple(row.id for row in changed if row.version == 1))


def _void(row: DutyRow) -> None:
    """End a duty that a later, better report has taken the ground from: its calls were answered, or are another's."""
    row.state, row.closing, row.over_at = DutyState.CLOSED.value, Closing.VOID.value, row.last_at
    row.taken_by_id = row.taken_until = row.next_try_at = None
    row.version += 1


def _paired(duties: Sequence[Duty], stored: Sequence[DutyRow]) -> list[tuple[Duty, DutyRow | None]]:
    """Find the row of each duty: the one that has most of its calls. Rows that are left over stay as they are."""
    free = list(dict.fromkeys(stored))
    pairs: list[tuple[Duty, DutyRow | None]] = []
    for duty in duties:
        best = max(free, key=lambda row: len(set(row.calls) & set(duty.calls)), default=None)
        if best is not None and not set(best.calls) & set(duty.calls):
            best = None
        if best is not None:
            free.remove(best)
        pairs.append((duty, best))
    return pairs


async def _link_calls(session: AsyncSession, moves: Sequence[Move], pairs: Sequence[tuple[Duty, DutyRow]]) -> None:
    rows = []
    for move in moves:
        if not move.call_key:
            continue
        for duty, row in pairs:
            until = duty.over_at
            if duty.first_at <= move.at and (until is None or move.at <= until):
                rows.append({"call_key": move.call_key, "duty_id": row.id, "kind": move.kind.value})
                break
    keys = [row["call_key"] for row in rows]
    gone = delete(DutyCallRow).where(DutyCallRow.duty_id.in_([row.id for _, row in pairs]))
    await session.execute(gone.where(DutyCallRow.call_key.not_in(keys)))
    if rows:
        statement = insert(DutyCallRow).values(rows)
        fresh = {"duty_id": statement.excluded.duty_id, "kind": statement.excluded.kind}
        await session.execute(statement.on_conflict_do_update(index_elements=["call_key"], set_=fresh))


def _values(duty: Duty) -> dict[str, Any]:
    return {
        "state": duty.state.value,
        "queue": duty.queue,
        "reasons": [reason.value for reason in duty.reasons],
        "calls": list(duty.calls),
        "first_at": duty.first_at,
        "last_at": duty.last_at,
        "taken_by_id": duty.taken_by,
        "taken_until": duty.taken_until,
        "attempts": duty.attempts,
        "last_result": duty.last_result.value if duty.last_result else None,
        "last_try_at": duty.last_try_at,
        "next_try_at": duty.next_try_at,
        "asked_since": duty.asked_since,
        "place_tries": duty.place_tries,
        "voicemail": duty.voicemail,
        "over_at": duty.over_at,
        "over_by_id": duty.over_by,
        "closing": duty.closing.value if duty.closing else None,
        "served_call": duty.served_call,
        "served_appeal_id": duty.served_appeal,
    }


def duty_of(row: DutyRow) -> Duty:
    """Return a row as the rules know it."""
    return Duty(
        state=DutyState(row.state),
        first_at=row.first_at,
        last_at=row.last_at,
        calls=tuple(row.calls),
        reasons=tuple(Reason(one) for one in row.reasons),
        queue=row.queue,
        taken_by=row.taken_by_id,
        taken_until=row.taken_until,
        attempts=row.attempts,
        last_result=Result(row.last_result) if row.last_result else None,
        last_try_at=row.last_try_at,
        next_try_at=row.next_try_at,
        asked_since=row.asked_since,
        place_tries=row.place_tries,
        voicemail=row.voicemail,
        over_at=row.over_at,
        over_by=row.over_by_id,
        closing=Closing(row.closing) if row.closing else None,
        served_call=row.served_call,
        served_appeal=row.served_appeal_id,
    )


def _seen(row: Any) -> CallSeen:
    call: CallRecord = row.CallRecord
    return CallSeen(
        key=call.key,
        direction=call.direction,
        number=call.from_e164,
        queue=call.queue,
        started_at=call.started_at,
        queued_at=call.queued_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        outcome=call.outcome,
        ended_by=call.ended_by,
        end_source=call.end_source,
        talk_s=call.talk_s,
        operator_id=call.operator_id,
        last_partner_at=row.last_partner_at,
    )


def _move(row: DutyMoveRow) -> Move:
    return Move(
        MoveKind(row.kind),
        row.at,
        row.user_id,
        result=Result(row.result) if row.result else None,
        closing=Closing(row.closing) if row.closing else None,
        next_try_at=row.next_try_at,
        note=row.note,
        insists=row.insists,
        place=row.id,
    )
