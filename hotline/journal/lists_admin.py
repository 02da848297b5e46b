"""Use cases of administering the lists that people choose from (right ``dict.edit``; domain 2.1 principle 4, DAY-44).

A row is never deleted: it is closed by date, so that old appeals stay readable. A row that somebody changed here has an
``edition`` above 0 and is the organisation's own from then on: loading the profile again leaves it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal.list_schema import SCHEMAS, ListSchema, code_problem, parse, plain, to_form
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_classifier import (
    AppealTypeRow,
    ChannelRow,
    Choice,
    DispositionRow,
    KinshipRow,
    PauseReasonRow,
    ResultRow,
    SourceRow,
    TopicRow,
)
from hotline.staff.admin_model import Change
from hotline.staff.admin_rules import everywhere
from hotline.staff.history import read_changes, write_change
from hotline.staff.model import Right, User
from hotline.staff.tables import RoleRow

TABLES: Mapping[str, type[Choice]] = {
    "appeal_type": AppealTypeRow,
    "topic": TopicRow,
    "channel": ChannelRow,
    "source": SourceRow,
    "result": ResultRow,
    "disposition": DispositionRow,
    "pause_reason": PauseReasonRow,
    "kinship": KinshipRow,
}


@dataclass(frozen=True, slots=True)
class ListSummary:
    """One list on the start page: rows that can be chosen today, and rows that are closed or not open yet."""

    code: str
    open: int
    other: int


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: ``form`` has its values as the fields of a form, ``values`` as they are kept.

    :ivar edition: 0 = as the profile has it; otherwise how often it was changed here.
    :ivar open: it can be chosen today.
    """

    code: str
    title: str
    values: Mapping[str, Any]
    form: Mapping[str, str]
    edition: int
    open: bool
    origin: str | None


class ListsAdmin:
    """The door to the lists for administrators of the fund."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def summaries(self, by: User) -> tuple[ListSummary, ...]:
        """Return every list with the number of its rows."""
        _require(by)
        found = []
        async with self._db.begin() as session:
            for code, table in TABLES.items():
                opened = await session.scalar(select(func.count()).select_from(table).where(_open(table, self._today)))
                total = await session.scalar(select(func.count()).select_from(table))
                found.append(ListSummary(code, opened or 0, (total or 0) - (opened or 0)))
        return tuple(found)

    async def rows(self, by: User, list_code: str) -> tuple[ListRow, ...]:
        """Return the rows of a list, those that can be chosen first.

        :raises NotFound: there is no such list.
        """
        _require(by)
        schema, table = _find(list_code)
        async with self._db.begin() as session:
            rows = (await session.scalars(select(table).order_by(table.sort, table.code))).all()
        lines = [self._row(schema, row) for row in rows]
        return tuple(sorted(lines, key=lambda line: not line.open))

    async def sources(self, by: User, list_code: str) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return what the fields of a list may refer to: source → (code, title), open rows only."""
        _require(by)
        schema, _ = _find(list_code)
        async with self._db.begin() as session:
            return {
                one.source: tuple((await _titles(session, one.source, self._today)).items())
                for one in schema.fields
                if one.source
            }

    async def get(self, by: User, list_code: str, code: str) -> tuple[ListRow, tuple[Change, ...]]:
        """Return a row with its history.

        :raises NotFound: there is no such list or row.
        """
        _require(by)
        schema, table = _find(list_code)
        async with self._db.begin() as session:
            row = await session.get(table, code)
            if row is None:
                raise NotFound("there is no such row")
            return self._row(schema, row), await read_changes(session, f"list.{list_code}", code)

    async def save(self, by: User, list_code: str, code: str | None, sent: Mapping[str, str], edition: int = 0) -> str:
        """Add a row (``code`` None: the form has one) or change one; return its code.

        :raises BadInput: ``details`` names each wrong field.
        :raises Conflict: ``stale-record``; ``list-last-row``: nothing could be chosen any more; ``list-in-use``: open
            topics belong to the type, or appeals came by the channel whose form would change.
        """
        _require(by)
        if not everywhere(by.organisation):
            raise Forbidden("the lists are the fund's", error_id="organisations-of-all")
        schema, table = _find(list_code)
        async with self._db.begin() as session:
            row = await _locked(session, table, code, edition)
            known = {one.source: await _titles(session, one.source, None) for one in schema.fields if one.source}
            read = parse(schema, sent, known)
            problems = dict(read.problems)
            new_code = code
            if new_code is None:
                new_code = sent.get("code", "").strip()
                if problem := code_problem(new_code, await _codes(session, table)):
                    problems["code"] = problem
            if not problems:
                problems |= await _reference_problems(session, schema, new_code, read.values)
            if problems:
                raise BadInput("the row cannot be saved", details=problems)
            before = {} if code is None else _values(schema, row)
            if code is not None:
                await self._check_use(session, schema, row, read.values)
            await self._write(session, schema, row, new_code, read.values)
            note = "created" if code is None else ""
            write_change(
                session,
                (f"list.{list_code}", new_code),
                plain(schema, before),
                plain(schema, read.values),
                by=by,
                at=self._clock.now(),
                note=note,
            )
            return new_code

    async def _write(
        self, session: AsyncSession, schema: ListSchema, row: Choice, code: str, values: Mapping[str, Any]
    ) -> None:
        table = TABLES[schema.code]
        if schema.sole and values[schema.sole]:
            flag = getattr(table, schema.sole)
            await session.execute(update(table).where(flag, table.code != code).values({schema.sole: False}))
        row.code = code
        row.edition = (row.edition or 0) + 1
        for name, value in values.items():
            setattr(row, name, value or None if name in {"parent_code", "sla_unit"} else value)
        session.add(row)
        await session.flush()
        if schema.keeps_one and not await session.scalar(
            select(_open(table, self._today)).where(_open(table, self._today)).limit(1)
        ):
            raise Conflict("nothing could be chosen any more", error_id="list-last-row", details={"valid_to": "last"})

    async def _check_use(
        self, session: AsyncSession, schema: ListSchema, row: Choice, values: Mapping[str, Any]
    ) -> None:
        if isinstance(row, AppealTypeRow) and values["valid_to"] and values["valid_to"] != row.valid_to:
            topics = await session.scalar(
                select(func.count())
                .select_from(TopicRow)
                .where(TopicRow.type_code == row.code, _open(TopicRow, values["valid_to"]))
            )
            if topics:
                raise Conflict("open topics belong to it", error_id="list-in-use", details={"topics": topics})
        if isinstance(row, ChannelRow) and values["form"] != row.form:
            used = await session.scalar(select(AppealRecord.id).where(AppealRecord.channel_code == row.code).limit(1))
            if used is not None:
                raise Conflict("appeals came by it", error_id="list-in-use", details={"form": "in use"})

    def _row(self, schema: ListSchema, row: Choice) -> ListRow:
        values = _values(schema, row)
        return ListRow(
            row.code, row.title, values, to_form(schema, values), row.edition, _is_open(row, self._today), row.origin
        )

    @property
    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


def _require(by: User) -> None:
    if not by.may(Right.DICT_EDIT):
        raise Forbidden("this user may not change the lists")


def _find(code: str) -> tuple[ListSchema, type[Choice]]:
    if code not in SCHEMAS:
        raise NotFound("there is no such list")
    return SCHEMAS[code], TABLES[code]


def _open(table: type[Choice], day: date) -> Any:
    return and_(
        or_(table.valid_from.is_(None), table.valid_from <= day), or_(table.valid_to.is_(None), table.valid_to > day)
    )


def _is_open(row: Choice, day: date) -> bool:
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or row.valid_to > day)


def _values(schema: ListSchema, row: Choice) -> dict[str, Any]:
    return {one.name: getattr(row, one.name) for one in schema.all_fields}


async def _locked(session: AsyncSession, table: type[Choice], code: str | None, edition: int) -> Choice:
    # One writer at a time for a list: "the last open row" is a rule over all of them.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"list.{table.__name__}"))))
    if code is None:
        return table()
    row = await session.get(table, code, with_for_update=True)
    if row is None:
        raise NotFound("there is no such row")
    if row.edition != edition:
        raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
    return row


async def _titles(session: AsyncSession, source: str, today: date | None) -> dict[str, str]:
    if source == "role":
        rows = await session.execute(select(RoleRow.code, RoleRow.title).order_by(RoleRow.sort, RoleRow.code))
    else:
        table = TABLES[source]
        statement = select(table.code, table.title).order_by(table.sort, table.code)
        rows = await session.execute(statement if today is None else statement.where(_open(table, today)))
    return {row.code: row.title for row in rows}


async def _codes(session: AsyncSession, table: type[Choice]) -> Collection[str]:
    return (await session.scalars(select(table.code))).all()


async def _reference_problems(
    session: AsyncSession, schema: ListSchema, code: str, values: Mapping[str, Any]
) -> dict[str, str]:
    parent = values.get("parent_code")
    if schema.code != "topic" or not parent:
        return {}
    rows = (await session.execute(select(TopicRow.code, TopicRow.parent_code, TopicRow.type_code))).all()
    parents = {row.code: row.parent_code for row in rows}
    types = {row.code: row.type_code for row in rows}
    if types[parent] != values["type_code"]:
        return {"parent_code": "is of another type"}
    at: str | None = parent
    while at is not None:
        if at == code:
            return {"parent_code": "stands below this one"}
        at = parents.get(at)
    return {}
