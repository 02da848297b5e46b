"""What planning stands on: templates of shifts, and absences by reason (S001A-13, S001A-14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.attendance.model import AbsenceReason, ShiftKind, Slot
from hotline.attendance.queries import absences
from hotline.attendance.roster_rules import folded, read_day, read_slot
from hotline.attendance.scope import Whose, planned_by
from hotline.attendance.tables import AbsenceRow, ShiftTemplateRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.staff.history import write_change
from hotline.staff.model import User
from hotline.staff.tables import UserRow

TITLE_LENGTH = 60
LONGEST_ABSENCE_DAYS = 400


@dataclass(frozen=True, slots=True)
class Template:
    """A shift that is planned again and again.

    :ivar common: everybody's, kept by the fund.
    :ivar editable: whether the reader may change it.
    """

    id: int
    title: str
    slot: Slot
    common: bool
    editable: bool
    version: int


class Planning:
    """Templates and absences. Changing them needs ``attendance.plan``."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def templates(self, by: User) -> list[Template]:
        """Return the templates in use, by the beginning of the shift: the common ones and those of the organisation."""
        whose = planned_by(by)
        statement = select(ShiftTemplateRow).where(ShiftTemplateRow.closed_at.is_(None))
        if whose.organisation_id is not None:
            own = ShiftTemplateRow.organisation_id
            statement = statement.where(or_(own.is_(None), own == whose.organisation_id))
        async with self._db.begin() as session:
            rows = await session.scalars(statement.order_by(ShiftTemplateRow.starts, ShiftTemplateRow.title))
            return [_template(row, whose) for row in rows]

    async def by_title(self, by: User) -> Mapping[str, Slot]:
        """Return what the titles of templates stand for in a file."""
        return {folded(one.title): one.slot for one in await self.templates(by)}

    async def save(self, by: User, template_id: int | None, sent: Mapping[str, str], version: int) -> None:
        """Make a template, or change it. Shifts that were planned by it stay as they are.

        :raises BadInput: ``details`` says what is wrong with each field.
        :raises NotFound: there is none that ``by`` may change.
        :raises Conflict: somebody changed it since ``version``.
        """
        whose = planned_by(by)
        problems: dict[str, str] = {}
        title = sent.get("title", "").strip()
        if not title or len(title) > TITLE_LENGTH:
            problems["title"] = f"at most {TITLE_LENGTH} characters" if title else "required"
        slot = read_slot(sent, problems)
        if slot is None:
            raise BadInput("the shift cannot be kept", details=problems)
        async with self._db.begin() as session:
            now = self._clock.now()
            if template_id is None:
                row = ShiftTemplateRow(organisation_id=whose.organisation_id, version=0)
                before = {}
            else:
                row = await _own(session, whose, template_id, version)
                before = _facts(row)
            row.title, row.kind, row.starts, row.ends = title, slot.kind.value, slot.starts, slot.ends
            row.break_min, row.version = slot.break_min, row.version + 1
            session.add(row)
            await session.flush()
            note = "" if before else "created"
            write_change(session, ("shift_template", row.id), before, _facts(row), by=by, at=now, note=note)

    async def close(self, by: User, template_id: int, version: int) -> None:
        """Take a template out of the choice; the errors are those of :meth:`save`."""
        async with self._db.begin() as session:
            row = await _own(session, planned_by(by), template_id, version)
            row.closed_at, row.version = self._clock.now(), row.version + 1
            write_change(session, ("shift_template", row.id), {}, {}, by=by, at=row.closed_at, note="closed")

    async def add_absence(self, by: User, person_id: int, sent: Mapping[str, str]) -> None:
        """Write down days on which somebody is rightly away; shifts that are planned there stay, excused.

        :raises BadInput: ``details`` says what is wrong with each field.
        :raises NotFound: there is no such person among those whom ``by`` plans for.
        :raises Conflict: he is away on some of these days already (``absence-overlaps``).
        """
        whose = planned_by(by)
        first, last, reason = _absence(sent)
        async with self._db.begin() as session:
            user = await session.get(UserRow, person_id, with_for_update={"key_share": True})
            if user is None or not whose.covers(user.organisation_id):
                raise NotFound("there is no such employee", error_id="no-such-employee")
            if await absences(session, [person_id], first, last):
                raise Conflict("he is away on some of these days already", error_id="absence-overlaps")
            now = self._clock.now()
            row = AbsenceRow(
                user_id=person_id, first_day=first, last_day=last, reason=reason, created_at=now, created_by_id=by.id
            )
            session.add(row)
            await session.flush()
            after = {"first_day": first.isoformat(), "last_day": last.isoformat(), "reason": reason.value}
            after["user_id"] = str(person_id)
            write_change(session, ("absence", row.id), {}, after, by=by, at=now, note="created")

    async def close_absence(self, by: User, absence_id: int, version: int) -> int:
        """Take an absence back; return whose it was.

        :raises NotFound: there is none of somebody whom ``by`` plans for.
        :raises Conflict: somebody changed it since ``version``.
        """
        whose = planned_by(by)
        async with self._db.begin() as session:
            row = await session.get(AbsenceRow, absence_id, with_for_update=True)
            user = None if row is None else await session.get(UserRow, row.user_id)
            if row is None or user is None or row.closed_at is not None or not whose.covers(user.organisation_id):
                raise NotFound("there is no such absence", error_id="no-such-absence")
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            row.closed_at, row.version = self._clock.now(), row.version + 1
            write_change(session, ("absence", row.id), {}, {}, by=by, at=row.closed_at, note="closed")
            return row.user_id


async def _own(session: AsyncSession, whose: Whose, template_id: int, version: int) -> ShiftTemplateRow:
    row = await session.get(ShiftTemplateRow, template_id, with_for_update=True)
    foreign = row is not None and whose.organisation_id not in {None, row.organisation_id}
    if row is None or row.closed_at is not None or foreign:
        raise NotFound("there is no such shift", error_id="no-such-shift")
    if row.version != version:
        raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
    return row


def _absence(sent: Mapping[str, str]) -> tuple[date, date, AbsenceReason]:
    problems: dict[str, str] = {}
    days = {name: read_day(sent.get(name, "")) for name in ("first_day", "last_day")}
    problems |= {name: "not a date" for name, day in days.items() if day is None}
    first, last = days["first_day"], days["last_day"]
    if first and last and last < first:
        problems["last_day"] = "lies before the first day"
    elif first and last and (last - first).days >= LONGEST_ABSENCE_DAYS:
        problems["last_day"] = f"at most {LONGEST_ABSENCE_DAYS} days later"
    if sent.get("reason", "") not in list(AbsenceReason):
        problems["reason"] = "required"
    if problems or first is None or last is None:
        raise BadInput("the absence cannot be kept", details=problems)
    return first, last, AbsenceReason(sent["reason"])


def _template(row: ShiftTemplateRow, whose: Whose) -> Template:
    slot = Slot(row.starts, row.ends, ShiftKind(row.kind), row.break_min)
    editable = whose.organisation_id in {None, row.organisation_id}
    return Template(row.id, row.title, slot, row.organisation_id is None, editable, row.version)


def _facts(row: ShiftTemplateRow) -> dict[str, str]:
    return {
        "title": row.title, "kind": row.kind, "starts": row.starts.isoformat("minutes"),
        "ends": row.ends.isoformat("minutes"), "break_min": str(row.break_min),
    }  # fmt: skip
