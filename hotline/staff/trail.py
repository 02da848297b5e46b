"""Searching the audit trail (right ``audit.view``; domain 3.4). Reading it is written into it as well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, tuple_

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.staff.admin_rules import everywhere
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import AuditEventRow, UserRow

PAGE = 100
EXPORTED = 50_000
"""Most lines of an export; who needs more narrows the period."""


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """What to look for; empty parts do not limit. ``until`` is not included."""

    login: str = ""
    action: str = ""
    entity: str = ""
    entity_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrailLine:
    """An entry. ``details`` never hold contents: names of fields, counts, states of administration."""

    id: int
    at: datetime
    login: str
    name: str
    ip: str
    action: str
    entity: str
    entity_id: str
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrailPage:
    """A page, newest first; ``after`` fetches the next one."""

    lines: tuple[TrailLine, ...]
    after: str | None


class AuditTrail:
    """The door to the audit trail."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def search(self, by: User, query: TrailQuery, *, after: str = "") -> TrailPage:
        """Return a page of the entries that ``by`` may see: an insurer's auditor those of its own people.

        :raises Forbidden: no right.
        :raises BadInput: ``after`` is no cursor.
        """
        statement = _statement(by, query).limit(PAGE + 1)
        if after:
            statement = statement.where(_beyond(after))
        async with self._db.begin() as session:
            rows = (await session.execute(statement)).all()
            self._note(session, by, "view", query, len(rows[:PAGE]))
        return TrailPage(
            tuple(_line(row) for row in rows[:PAGE]),
            str(rows[PAGE - 1].AuditEventRow.id) if len(rows) > PAGE else None,
        )

    async def export(self, by: User, query: TrailQuery) -> AsyncIterator[TrailLine]:
        """Walk through the entries, at most :data:`EXPORTED`; that it was exported is written down first."""
        statement = _statement(by, query).limit(EXPORTED)
        async with self._db.begin() as session:
            self._note(session, by, "export", query, None)
        async with self._db.begin() as session:
            async for row in await session.stream(statement.execution_options(yield_per=1000)):
                yield _line(row)

    def _note(self, session: Any, by: User, action: str, query: TrailQuery, found: int | None) -> None:
        asked = [name for name, value in asdict(query).items() if value]
        details = {"by": asked} | ({} if found is None else {"found": found})
        audit(session, action, ("audit", ""), user_id=by.id, at=self._clock.now(), details=details)


def _statement(by: User, query: TrailQuery) -> Select[*tuple[Any, ...]]:
    if not by.may(Right.AUDIT_VIEW):
        raise Forbidden("this user may not read the audit trail")
    row = AuditEventRow
    conditions: list[ColumnElement[bool]] = []
    if query.login:
        conditions.append(row.user_id == select(UserRow.id).where(UserRow.login == query.login).scalar_subquery())
    for column, value in ((row.action, query.action), (row.entity, query.entity), (row.entity_id, query.entity_id)):
        if value:
            conditions.append(column == value)
    if query.since is not None:
        conditions.append(row.at >= query.since)
    if query.until is not None:
        conditions.append(row.at < query.until)
    if not everywhere(by.organisation):
        conditions.append(row.user_id.in_(select(UserRow.id).where(UserRow.organisation_id == by.organisation.id)))
    statement: Select[*tuple[Any, ...]] = (
        select(row, UserRow.login, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .outerjoin(UserRow, UserRow.id == row.user_id)
        .where(*conditions)
        .order_by(row.at.desc(), row.id.desc())
    )
    return statement


def _beyond(after: str) -> ColumnElement[bool]:
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise BadInput("no such page", error_id="bad-cursor")
    other = select(AuditEventRow.at).where(AuditEventRow.id == int(after)).correlate(None).scalar_subquery()
    return tuple_(AuditEventRow.at, AuditEventRow.id) < tuple_(other, int(after))


def _line(row: Row[Any]) -> TrailLine:
    found: AuditEventRow = row.AuditEventRow
    name = short_name(row.last_name, row.first_name, row.patronymic)
    return TrailLine(
        found.id, found.at, row.login or "", name, found.ip, found.action, found.entity, found.entity_id, found.reason,
        found.details,
    )  # fmt: skip
