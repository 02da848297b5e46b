"""Use cases of lines and queues: read them all, change one, close one (right ``queue.manage``; S001-012).

A change is judged with everything else in force, in the transaction that writes it, one change at a time: two that are
sound each for itself could leave a line without anybody together. What Asterisk then has to know is ``plan``;
``lines_keeper`` brings it there, after a crash as well, so nothing has to be remembered between the two.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.queue.lines_check import field_errors, introduced, problems
from hotline.queue.lines_explain import Imagined, Step, explain
from hotline.queue.lines_model import (
    ALL,
    TYPES,
    Hours,
    Kind,
    Line,
    Person,
    Priority,
    Problem,
    Queue,
    Record,
    Rules,
    Skill,
    Taker,
)
from hotline.queue.lines_rules import Plan, places_of, plan
from hotline.queue.tables import QueueMemberRow
from hotline.queue.tables_lines import DistributionRuleRow

T = TypeVar("T")
_LOCK = 0x6C696E6573
"""Of pg_advisory_xact_lock: changes of the rules go one after another."""

Note = Callable[[AsyncSession, Mapping[str, Any], Mapping[str, Any]], object]
"""Writes what was and what is into the audit trail, in the transaction of the change."""


@dataclass(frozen=True, slots=True)
class People:
    """Somebody who may take calls, as ``staff`` knows him; ``by_role``: he is of level 1 (S001-012)."""

    user_id: int
    by_role: bool


@dataclass(frozen=True, slots=True)
class Ports:
    """What other packages answer; ``hotline.app`` wires it."""

    people: Callable[[], Awaitable[Sequence[People]]]
    """Everybody who may take calls and has a telephone."""
    calendar: Callable[[], Awaitable[Mapping[date, bool]]]
    """Days that differ from the ordinary week: whether people work then (DAY-41)."""


@dataclass(frozen=True, slots=True)
class Versions:
    """All rules in force, and the version of every record, closed ones too."""

    rules: Rules
    of: Mapping[tuple[Kind, str], int]
    closed: Mapping[tuple[Kind, str], Record]
    """What is in force no more, as it was at last."""

    def version(self, kind: Kind, code: str) -> int:
        """Return a record's version; 0: there has never been one."""
        return self.of.get((kind, code), 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of a record: what it is to be (``None``: out of force), and the version that was read."""

    kind: Kind
    code: str
    record: Record | None
    version: int
    note: Note


class LinesService:
    """The administration's rules."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, main: str, ports: Ports) -> None:
        """Wire it; ``main`` is the queue of the settings, ``zone`` that of the installation."""
        self._db = db
        self._clock = clock
        self._zone = zone
        self._main = main
        self._ports = ports

    async def all(self) -> Versions:
        """Return everything in force.

        :raises Unavailable: the database does not answer.
        """
        async with self._db.begin() as session:
            return await self._read(session)

    async def plan(self) -> Plan:
        """Return what Asterisk has to know now. Raises as ``all``."""
        found = await self.all()
        return plan(found.rules, await self._ports.calendar(), self._today())

    async def places(self) -> dict[int, dict[str, int]]:
        """Return the queues of everybody who may take calls, with his place in each. Raises as ``all``."""
        rules = (await self.all()).rules
        return {taker.user_id: places_of(rules, taker) for taker in await self._takers()}

    async def places_of(self, user_id: int, *, by_role: bool) -> dict[str, int]:
        """Return somebody's queues, with his place in each. Raises as ``all``."""
        async with self._db.begin() as session:
            rules = (await self._read(session)).rules
            said = await _said(session, user_id)
        return places_of(rules, Taker(user_id, by_role, said.get(user_id, {})))

    async def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the rules in force. Raises as ``all``."""
        rules = (await self.all()).rules
        found = problems(rules, await self._takers(), await self._ports.calendar(), self._today())
        return introduced(frozenset(), found)

    async def explain(self, call: Imagined) -> tuple[Step, ...]:
        """Say what way a call would go. Raises as ``all``."""
        rules = (await self.all()).rules
        return explain(rules, call, await self._takers(), await self._ports.calendar())

    async def members(self) -> dict[str, int]:
        """Return how many may stand in each queue. Raises as ``all``."""
        rules = (await self.all()).rules
        everybody = [places_of(rules, taker) for taker in await self._takers()]
        return {code: sum(code in places for places in everybody) for code in rules.queue_codes}

    # --- Changes ----------------------------------------------------------------------------------------------------

    async def put(self, kind: Kind, code: str, record: Record, version: int, note: Note) -> int:
        """Store a record, new or changed, and return its version.

        :param version: what was read; 0 for a new one.
        :raises BadInput: a field is wrong (``details``: field → word), or the rules would leave somebody without an
            answer (``bad-rules``; ``details["problems"]`` lists what, where and which).
        :raises Conflict: somebody changed it since ``version`` (``stale-record``).
        """
        if wrong := field_errors(kind, code, record):
            raise BadInput("these rules cannot be understood", details=wrong)
        (stored,) = (await self._change([Wanted(kind, code, record, version, note)])).values()
        return stored

    async def put_people(self, wanted: Mapping[int, tuple[Person, int, Note]]) -> dict[int, int]:
        """Store the skills of several people at once, all or none; return their versions. Raises as ``put``.

        ``details["users"]`` of a conflict are those whose skills somebody has changed.

        :param wanted: user → his skills, the version that was read, and what writes it into the history.
        """
        for user_id, (person, _, _) in wanted.items():
            if wrong := field_errors(Kind.PERSON, str(user_id), person):
                raise BadInput("these rules cannot be understood", details=wrong)
        all_of_them = [Wanted(Kind.PERSON, str(user_id), *one) for user_id, one in wanted.items()]
        return {int(code): version for code, version in (await self._change(all_of_them)).items()}

    async def close(self, kind: Kind, code: str, version: int, note: Note) -> int:
        """Take a record out of force; it stays for what refers to it. Raises as ``put``.

        :raises NotFound: there is none in force.
        """
        (stored,) = (await self._change([Wanted(kind, code, None, version, note)])).values()
        return stored

    async def _change(self, wanted: Sequence[Wanted]) -> dict[str, int]:
        """Change records of which each has a code of its own; return their versions by code."""
        calendar, people = await self._ports.calendar(), await self._ports.people()
        async with self._db.begin() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            before = after = (await self._read(session)).rules
            rows = {
                one.code: await session.get(DistributionRuleRow, (one.kind, one.code), with_for_update=True)
                for one in wanted
            }
            stale = [one for one in wanted if one.version != (row.version if (row := rows[one.code]) else 0)]
            if stale:
                users = [int(one.code) for one in stale if one.kind is Kind.PERSON]
                details: dict[str, Any] = {"users": users} if users else {}
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record", details=details)
            for one in wanted:
                if one.record is None and ((row := rows[one.code]) is None or row.closed_at is not None):
                    raise NotFound("there is no such rule")
                after = _with(after, one.kind, one.code, one.record)
            takers, today = _takers(people, await _said(session)), self._today()
            refuse(problems(before, takers, calendar, today), problems(after, takers, calendar, today))
            now = self._clock.now()
            for one in wanted:
                _store(session, rows[one.code], one, now)
        return {one.code: one.version + 1 for one in wanted}

    # --- Reading ----------------------------------------------------------------------------------------------------

    async def _read(self, session: AsyncSession) -> Versions:
        rows = (await session.scalars(select(DistributionRuleRow).order_by(DistributionRuleRow.code))).all()
        rules = Rules(self._main)
        closed: dict[tuple[Kind, str], Record] = {}
        for row in rows:
            kind = Kind(row.kind)
            record = msgspec.convert(row.body, TYPES[kind])
            if row.closed_at is None:
                rules = _with(rules, kind, row.code, record)
            else:
                closed[kind, row.code] = record
        return Versions(rules, {(Kind(row.kind), row.code): row.version for row in rows}, closed)

    async def _takers(self) -> tuple[Taker, ...]:
        people = await self._ports.people()
        async with self._db.begin() as session:
            return _takers(people, await _said(session))

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


def _store(session: AsyncSession, row: DistributionRuleRow | None, one: Wanted, now: datetime) -> None:
    """Write one record and its history."""
    was = dict(row.body) if row is not None else {}
    body = was if one.record is None else msgspec.to_builtins(one.record)
    closed_at = now if one.record is None else None
    if row is None:
        row = DistributionRuleRow(kind=one.kind, code=one.code, version=0)
        session.add(row)
    one.note(session, _state(was, row.closed_at, one.version), _state(body, closed_at, 1))
    row.body, row.version, row.changed_at, row.closed_at = body, one.version + 1, now, closed_at


def refuse(before: frozenset[Problem], after: frozenset[Problem]) -> None:
    """Refuse a change that brings problems.

    :raises BadInput: it does (``bad-rules``).
    """
    if found := introduced(before, after):
        listed = [
            {"what": one.what, "kind": str(one.where[0]), "code": one.where[1], "which": one.which} for one in found
        ]
        raise BadInput("nobody would answer such calls", error_id="bad-rules", details={"problems": listed})


def _with(rules: Rules, kind: Kind, code: str, record: Record | None) -> Rules:
    """Return the rules with one record put in, or taken out."""

    def put(records: Mapping[str, T], one: T | None) -> dict[str, T]:
        rest = {key: value for key, value in records.items() if key != code}
        return rest if one is None else rest | {code: one}

    match kind:
        case Kind.HOURS:
            return replace(rules, hours=put(rules.hours, _as(Hours, record)))
        case Kind.QUEUE:
            return replace(rules, queues=put(rules.queues, _as(Queue, record)))
        case Kind.LINE:
            return replace(rules, lines=put(rules.lines, _as(Line, record)))
        case Kind.SKILL:
            return replace(rules, skills=put(rules.skills, _as(Skill, record)))
        case Kind.PERSON:
            person = _as(Person, record)
            rest = {key: value for key, value in rules.people.items() if key != int(code)}
            return replace(rules, people=rest if person is None else rest | {int(code): person})
        case Kind.PRIORITY:
            return replace(rules, priority=_as(Priority, record) or Priority())


def _as(kind: type[T], record: object) -> T | None:
    assert record is None or isinstance(record, kind)  # noqa: S101 - TYPES says so, which mypy cannot follow
    return record


def record_of(kind: Kind, body: Mapping[str, Any]) -> Record:
    """Return the record that a stored or an undone body holds.

    :raises BadInput: it holds something else.
    """
    try:
        return msgspec.convert(dict(body), TYPES[kind])
    except msgspec.ValidationError as error:
        raise BadInput("these rules cannot be understood", details={"body": "not-understood"}) from error


def _state(body: Mapping[str, Any], closed_at: datetime | None, version: int) -> dict[str, Any]:
    """Return what the history tells of a record. Numbers of citizens are only counted there."""
    told = {name: value for name, value in body.items() if name != "vip"}
    if "vip" in body:
        told["vip_count"] = len(body["vip"])
    return told | {"active": closed_at is None} if version else {}


async def _said(session: AsyncSession, user_id: int | None = None) -> dict[int, dict[str, tuple[bool, int]]]:
    statement = select(QueueMemberRow)
    if user_id is not None:
        statement = statement.where(QueueMemberRow.user_id == user_id)
    found: dict[int, dict[str, tuple[bool, int]]] = {}
    for row in await session.scalars(statement):
        found.setdefault(row.user_id, {})[row.queue] = (row.member, row.penalty)
    return found


def _takers(people: Sequence[People], said: Mapping[int, Mapping[str, tuple[bool, int]]]) -> tuple[Taker, ...]:
    return tuple(Taker(one.user_id, one.by_role, said.get(one.user_id, {})) for one in people)


__all__ = ["ALL", "LinesService", "Note", "People", "Ports", "Versions", "record_of", "refuse"]
