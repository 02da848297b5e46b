"""Plans shifts: days of a person, a week copied, a file, and the way back (S001A-13, S001A-14).

Every change goes through :meth:`Roster._put`: it locks the people, refuses shifts that overlap, and writes down what
was before, so that it can be undone as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.attendance import queries
from hotline.attendance.model import Shift, ShiftKind, Slot
from hotline.attendance.queries import Person
from hotline.attendance.roster_rules import BadRow, ReadRoster, collisions, copied, folded
from hotline.attendance.rules import bounds
from hotline.attendance.scope import Whose, planned_by
from hotline.attendance.tables import RosterChangeRow, ShiftRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

SHOWN_CHANGES = 10
_PORTION = 1000
Key = tuple[int, date]
"""A person and a day."""
Plan = Mapping[Key, Slot | None]
"""What shall be planned; ``None``: nothing."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What copying a week does, or would do. ``kept``: days on which something is planned already, or he is away."""

    shifts: int
    people: int
    kept: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file does, or would do."""

    new: int
    changed: int
    same: int
    cleared: int
    rejected: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A change that was made."""

    id: int
    at: datetime
    by: str
    kind: str
    shifts: int
    undone: bool


class Roster:
    """Changes of the plan. All need ``attendance.plan`` and touch only people whom the user may plan for."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def set_days(
        self, by: User, person_id: int, plan: Mapping[date, Slot | None], seen: Mapping[date, int]
    ) -> int:
        """Plan days of one person; return how many are different now.

        :param seen: the version of each day's shift that ``by`` saw; 0: there was none.
        :raises NotFound: there is no such person among those whom he plans for.
        :raises Conflict: somebody planned one of the days since (``stale-roster``), or shifts would overlap.
        """
        whose = planned_by(by)
        async with self._db.begin() as session:
            found = await _locked(session, whose, [person_id])
            if not found:
                raise NotFound("there is no such employee", error_id="no-such-employee")
            present = await _present(session, [person_id], plan)
            stale = [day for day in plan if _version(present.get((person_id, day))) != seen.get(day, 0)]
            if stale:
                days = [day.isoformat() for day in sorted(stale)]
                raise Conflict("somebody planned this meanwhile", error_id="stale-roster", details={"days": days})
            wanted = {(person_id, day): slot for day, slot in plan.items()}
            return await self._put(session, by, found, wanted, present, "set")

    async def copy_week(
        self, by: User, source: date, target: date, team: int | None = None, *, apply: bool, expected: int | None = None
    ) -> Copied:
        """Copy the seven days from ``source`` to those from ``target``; what is planned there already stays.

        :param expected: how many shifts the preview named.
        :raises BadInput: the weeks overlap.
        :raises Conflict: it would be another number by now (``roster-changed``), or shifts would overlap.
        """
        whose = planned_by(by)
        if abs((target - source).days) < 7:
            raise BadInput("choose another week", details={"target": "overlaps"})
        last = target + timedelta(days=6)
        async with self._db.begin() as session:
            ids = list(await session.scalars(_planned(whose, team, source)))
            found = await _locked(session, whose, ids)
            ids = sorted(found)
            shifts = await queries.shifts(session, ids, source, source + timedelta(days=6))
            away = await queries.absences(session, ids, target, last)
            wanted: dict[Key, Slot | None] = {}
            for one in ids:
                slots = {day: shift.slot for day, shift in shifts.get(one, {}).items()}
                wanted |= {(one, day): slot for day, slot in copied(slots, source, target).items()}
            present = await _present(session, ids, [day for _, day in wanted])
            free = {
                key: slot
                for key, slot in wanted.items()
                if key not in present
                and not any(its.first_day <= key[1] <= its.last_day for its in away.get(key[0], ()))
            }
            if expected is not None and expected != len(free):
                raise Conflict("the plan changed meanwhile", error_id="roster-changed")
            if apply:
                await self._put(session, by, found, free, present, "copy")
            return Copied(len(free), len({one for one, _ in free}), len(wanted) - len(free))

    async def take(self, by: User, read: ReadRoster, *, apply: bool) -> Taken:
        """Plan what a file says; with ``apply`` false only say what it would do.

        Rows of unknown people, and those whose shift would overlap another, are rejected; the others are taken.
        """
        whose = planned_by(by)
        async with self._db.begin() as session:
            known = await _known(session, whose, read)
            rejected = list(read.rejected)
            lines: dict[Key, tuple[int, Slot | None]] = {}
            for row in read.rows:
                ids = known.get(folded(row.who), [])
                if len(ids) != 1:
                    problem = "unknown" if not ids else "several have this name"
                    rejected.append(BadRow(row.line, (row.who, row.day.isoformat()), {read.by: problem}))
                    continue
                lines[ids[0], row.day] = (row.line, row.slot)
            found = await _locked(session, whose, sorted({one for one, _ in lines}))
            wanted = {key: slot for key, (_, slot) in lines.items()}
            present = await _present(session, sorted(found), [day for _, day in wanted])
            for key in self._overlapping(found, wanted, present):
                if key in wanted:
                    del wanted[key]
                    name = found[key[0]].name
                    rejected.append(BadRow(lines[key][0], (name, key[1].isoformat()), {"day": "overlaps"}))
            told = _counted(wanted, present, tuple(sorted(rejected, key=lambda row: row.line)))
            if apply:
                await self._put(session, by, found, wanted, present, "import")
            return told

    async def undo(self, by: User, change_id: int) -> None:
        """Take a change back as a whole.

        :raises NotFound: there is no such change, or it was taken back already.
        :raises Conflict: some of its days were planned anew since (``roster-changed``).
        """
        whose = planned_by(by)
        async with self._db.begin() as session:
            row = await session.get(RosterChangeRow, change_id, with_for_update=True)
            if row is None or row.undone or row.kind == "undo" or not _may_undo(whose, row):
                raise NotFound("there is nothing to take back", error_id="no-roster-change")
            before, after = _from_json(row.before), _from_json(row.after)
            ids = sorted({one for one, _ in after})
            found = await _locked(session, whose, ids)
            present = await _present(session, ids, [day for _, day in after])
            changed = any(_slot(present.get(key)) != slot for key, slot in after.items())
            if changed or found.keys() != set(ids):
                raise Conflict("the plan changed meanwhile", error_id="roster-changed")
            await self._put(session, by, found, before, present, "undo")
            row.undone = True

    async def changes(self, by: User) -> list[Made]:
        """Return the latest changes that ``by`` may take back, newest first."""
        whose = planned_by(by)
        statement = (
            select(RosterChangeRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            .join(UserRow, UserRow.id == RosterChangeRow.by_id)
            .order_by(RosterChangeRow.id.desc())
            .limit(SHOWN_CHANGES)
        )
        if whose.organisation_id is not None:
            statement = statement.where(RosterChangeRow.organisation_id == whose.organisation_id)
        async with self._db.begin() as session:
            return [
                Made(row.id, row.at, short_name(last, first, patronymic), row.kind, len(row.after), row.undone)
                for row, last, first, patronymic in await session.execute(statement)
            ]

    def _shift(self, person: Person, day: date, slot: Slot, version: int) -> Shift:
        zone = ZoneInfo(person.zone) if person.zone else self._zone
        return Shift(person.id, day, slot, *bounds(day, slot, zone), version)

    def _overlapping(self, found: Mapping[int, Person], wanted: Plan, present: Mapping[Key, Shift]) -> list[Key]:
        after = {key: shift for key, shift in present.items() if key not in wanted}
        for (one, day), slot in wanted.items():
            if slot is not None:
                after[one, day] = self._shift(found[one], day, slot, 0)
        by_person: dict[int, list[Shift]] = defaultdict(list)
        for (one, _), shift in after.items():
            by_person[one].append(shift)
        clashes: list[Key] = []
        for one, shifts in by_person.items():
            for earlier, later in collisions(shifts):
                # Of two neighbours the one that is new is to blame; of two new ones the later.
                clashes += [(one, day) for day in (later, earlier) if (one, day) in wanted][:1]
        return clashes

    async def _put(
        self,
        session: AsyncSession,
        by: User,
        found: Mapping[int, Person],
        wanted: Plan,
        present: Mapping[Key, Shift],
        kind: str,
    ) -> int:
        changed = {key: slot for key, slot in wanted.items() if _slot(present.get(key)) != slot}
        if not changed:
            return 0
        if clashes := self._overlapping(found, changed, present):
            days = sorted({day.isoformat() for _, day in clashes})
            names = sorted({found[one].name for one, _ in clashes})
            raise Conflict("shifts would overlap", error_id="shifts-overlap", details={"days": days, "people": names})
        teams = {found[one].team_id for one, _ in changed}
        row = RosterChangeRow(
            at=self._clock.now(), by_id=by.id, kind=kind, organisation_id=teams.pop() if len(teams) == 1 else None,
            before=_to_json({key: _slot(present.get(key)) for key in changed}), after=_to_json(changed),
        )  # fmt: skip
        session.add(row)
        await session.flush()
        await self._write(session, found, changed, row.id)
        audit(
            session, "change", ("roster", row.id), user_id=by.id, at=row.at,
            details={"event": kind, "shifts": len(changed), "people": sorted({one for one, _ in changed})[:100]},
        )  # fmt: skip
        return len(changed)

    async def _write(self, session: AsyncSession, found: Mapping[int, Person], changed: Plan, version: int) -> None:
        gone = [key for key, slot in changed.items() if slot is None]
        for portion in _portions(gone):
            await session.execute(delete(ShiftRow).where(tuple_(ShiftRow.user_id, ShiftRow.day).in_(portion)))
        # The number of the change is the version: it only rises, also when a shift is taken out and planned again.
        kept = [self._shift(found[one], day, slot, version) for (one, day), slot in changed.items() if slot is not None]
        for portion in _portions(kept):
            rows = insert(ShiftRow).values([_values(shift) for shift in portion])
            fresh = {name: rows.excluded[name] for name in _values(portion[0]) if name not in {"user_id", "day"}}
            await session.execute(rows.on_conflict_do_update(index_elements=["user_id", "day"], set_=fresh))


async def _locked(session: AsyncSession, whose: Whose, ids: Sequence[int]) -> dict[int, Person]:
    """Lock people, in one order, and return those of ``whose``."""
    lock = select(UserRow.id).where(UserRow.id.in_(ids)).order_by(UserRow.id)
    await session.execute(lock.with_for_update(key_share=True))
    return {one.id: one for one in await queries.by_ids(session, ids) if whose.covers(one.team_id)}


async def _present(session: AsyncSession, ids: Sequence[int], days: Iterable[date]) -> dict[Key, Shift]:
    """Return what is planned on these days and beside them."""
    wanted = list(days)
    if not wanted or not ids:
        return {}
    found = await queries.shifts(session, ids, min(wanted), max(wanted))
    return {(one, day): shift for one, its in found.items() for day, shift in its.items()}


async def _known(session: AsyncSession, whose: Whose, read: ReadRoster) -> dict[str, list[int]]:
    """Return the active people by what the file names them by."""
    columns = (UserRow.id, UserRow.login, UserRow.extension, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
    statement = select(*columns).where(UserRow.active)
    if whose.organisation_id is not None:
        statement = statement.where(UserRow.organisation_id == whose.organisation_id)
    found: dict[str, list[int]] = defaultdict(list)
    for row in await session.execute(statement):
        full = " ".join(filter(None, (row.last_name, row.first_name, row.patronymic)))
        short = short_name(row.last_name, row.first_name, row.patronymic)
        words = {"login": [row.login], "extension": [row.extension or ""], "name": [full, short]}[read.by]
        for word in filter(None, dict.fromkeys(map(folded, words))):
            found[word].append(row.id)
    return found


def _planned(whose: Whose, team: int | None, first: date) -> Any:
    statement = (
        select(ShiftRow.user_id)
        .join(UserRow, UserRow.id == ShiftRow.user_id)
        .where(ShiftRow.day.between(first, first + timedelta(days=6)), UserRow.active)
        .distinct()
    )
    for organisation_id in (whose.organisation_id, team):
        if organisation_id is not None:
            statement = statement.where(UserRow.organisation_id == organisation_id)
    return statement


def _may_undo(whose: Whose, row: RosterChangeRow) -> bool:
    return whose.organisation_id is None or row.organisation_id == whose.organisation_id


def _counted(wanted: Plan, present: Mapping[Key, Shift], rejected: tuple[BadRow, ...]) -> Taken:
    new = changed = same = cleared = 0
    for key, slot in wanted.items():
        was = _slot(present.get(key))
        if was == slot:
            same += 1
        elif slot is None:
            cleared += 1
        elif was is None:
            new += 1
        else:
            changed += 1
    return Taken(new, changed, same, cleared, rejected)


def _slot(shift: Shift | None) -> Slot | None:
    return None if shift is None else shift.slot


def _version(shift: Shift | None) -> int:
    return 0 if shift is None else shift.version


def _values(shift: Shift) -> dict[str, Any]:
    slot = shift.slot
    return {
        "user_id": shift.user_id, "day": shift.day, "kind": slot.kind.value, "starts": slot.starts, "ends": slot.ends,
        "break_min": slot.break_min, "starts_at": shift.starts_at, "ends_at": shift.ends_at, "version": shift.version,
    }  # fmt: skip


def _to_json(plan: Plan) -> list[Any]:
    return [
        {"user_id": one, "day": day.isoformat()}
        | ({} if slot is None else {"starts": slot.starts.isoformat("minutes"), "ends": slot.ends.isoformat("minutes"),
                                    "kind": slot.kind.value, "break_min": slot.break_min})
        for (one, day), slot in sorted(plan.items())
    ]  # fmt: skip


def _from_json(stored: Iterable[Mapping[str, Any]]) -> dict[Key, Slot | None]:
    return {
        (one["user_id"], date.fromisoformat(one["day"])): Slot(
            time.fromisoformat(one["starts"]), time.fromisoformat(one["ends"]), ShiftKind(one["kind"]), one["break_min"]
        )
        if "starts" in one
        else None
        for one in stored
    }


def _portions(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + _PORTION] for start in range(0, len(rows), _PORTION))
