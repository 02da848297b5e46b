"""Duties as lists show them: the statement, and its rows as a reader may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.orm import aliased

from hotline.callbacks import store
from hotline.callbacks.model import DutyState, Limits
from hotline.callbacks.places import may_be_called, place_of
from hotline.callbacks.tables import DutyMoveRow, DutyRow
from hotline.journal import masking
from hotline.journal.model import Colour
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_call import CallRecord
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

Queues = frozenset[str] | None
"""The queues whose duties somebody sees; ``None``: all."""


class Folder(StrEnum):
    """The lists."""

    OPEN = "open"
    MINE = "mine"
    OVERDUE = "overdue"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class DutyLine:
    """A duty as lists show it. ``number`` is masked for who may not see it; then ``callable`` is false for him."""

    id: int
    version: int
    number: str
    callable: bool
    state: str
    colour: Colour
    reasons: tuple[str, ...]
    queue: str
    first_at: datetime
    last_at: datetime
    due_at: datetime
    tries: int
    attempts: int
    last_result: str | None
    next_try_at: datetime | None
    taken_by_id: int | None
    taken_by: str
    keeps_place: bool
    voicemail: str
    over_at: datetime | None
    over_by: str
    closing: str | None
    served_call: str
    appeal: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a duty's history: a call, or what somebody did."""

    at: datetime
    kind: str
    by: str
    word: str  # outcome of the call, result of the attempt, reason of the closing
    note: str = ""
    call_key: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the navigation shows."""

    open: int
    mine: int
    overdue: int


@dataclass(frozen=True, slots=True)
class DutyPage:
    """Some lines, and where the next ones begin."""

    rows: tuple[DutyLine, ...]
    after: str | None


_TAKER = aliased(UserRow)
_ENDER = aliased(UserRow)


def lines() -> Select[Any]:
    """Return the statement that :func:`line_of` reads."""
    return (
        select(
            DutyRow,
            *(getattr(_TAKER, name).label(f"taker_{name}") for name in ("last_name", "first_name", "patronymic")),
            *(getattr(_ENDER, name).label(f"ender_{name}") for name in ("last_name", "first_name", "patronymic")),
            AppealRecord.number.label("appeal_number"),
        )
        .outerjoin(_TAKER, _TAKER.id == DutyRow.taken_by_id)
        .outerjoin(_ENDER, _ENDER.id == DutyRow.over_by_id)
        .outerjoin(AppealRecord, AppealRecord.id == DutyRow.served_appeal_id)
        .execution_options(populate_existing=True)
    )


def visible(queues: Queues) -> list[ColumnElement[bool]]:
    """Return which duties are of these queues.

    A call that never reached a queue (the greeting, out of hours) is everybody's who serves any.
    """
    if queues is None:
        return []
    return [DutyRow.queue.in_(["", *sorted(queues)] if queues else [])]


def in_folder(folder: Folder, user: User, now: datetime) -> ColumnElement[bool]:
    """Return what stands in a list."""
    live = DutyRow.over_at.is_(None)
    match folder:
        case Folder.OPEN:
            return live
        case Folder.MINE:
            return and_(live, DutyRow.taken_by_id == user.id, DutyRow.taken_until > now)
        case Folder.OVERDUE:
            return and_(live, DutyRow.due_at < now)
        case Folder.CLOSED:
            return DutyRow.over_at.is_not(None)


def line_of(found: Row[Any], user: User, now: datetime, limits: Limits) -> DutyLine:
    """Return a row of :func:`lines` as ``user`` may see it."""
    row: DutyRow = found.DutyRow
    duty = store.duty_of(row)
    holder = duty.holder(now)
    private = masking.sees_private(user)
    number = row.number or ""
    late = Colour.RED if row.due_at < now else Colour.GREEN
    return DutyLine(
        id=row.id,
        version=row.version,
        number=number if private else masking.tail(number),
        callable=bool(number) and private and may_be_called(number, limits),
        state=_state(row, holder),
        colour=Colour.BLACK if row.over_at is not None else late,
        reasons=tuple(row.reasons),
        queue=row.queue,
        first_at=row.first_at,
        last_at=row.last_at,
        due_at=row.due_at,
        tries=duty.tries,
        attempts=row.attempts,
        last_result=row.last_result,
        next_try_at=row.next_try_at if row.next_try_at is not None and row.next_try_at > now else None,
        taken_by_id=holder,
        taken_by=_name(found, "taker") if holder is not None else "",
        keeps_place=place_of(row.id, row.number, duty, limits, now) is not None,
        voicemail=row.voicemail,
        over_at=row.over_at,
        over_by=_name(found, "ender"),
        closing=row.closing,
        served_call=row.served_call,
        appeal=(row.served_appeal_id, found.appeal_number) if row.served_appeal_id is not None else None,
    )


def _name(found: Row[Any], who: str) -> str:
    last, first, patronymic = (getattr(found, f"{who}_{part}") for part in ("last_name", "first_name", "patronymic"))
    return short_name(last, first, patronymic)


def of_call(found: Any) -> Happened:
    """Return a call as a line of the history."""
    call: CallRecord = found.CallRecord
    by = short_name(found.last_name, found.first_name, found.patronymic)
    return Happened(call.ended_at or call.started_at, found.kind, by, call.outcome or "", call_key=call.key)


def of_word(found: Any) -> Happened:
    """Return what somebody did as a line of the history."""
    move: DutyMoveRow = found.DutyMoveRow
    by = short_name(found.last_name, found.first_name, found.patronymic)
    return Happened(move.at, move.kind, by, move.result or move.closing or "", move.note)


def _state(row: DutyRow, holder: int | None) -> str:
    """A hold that has run out is none."""
    if row.state != DutyState.TAKEN or holder is not None:
        return row.state
    return (DutyState.ATTEMPTED if row.attempts else DutyState.OPEN).value
