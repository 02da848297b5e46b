"""Administration of score sheets and of the rules by which calls are drawn, each organisation its own (DAY-37)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.journal.tables_classifier import TopicRow
from hotline.scoring import sheets
from hotline.scoring.model import Period, Plan, Section, SheetLine
from hotline.scoring.service import newest_edition
from hotline.scoring.tables import EditionRow, PlanRow, SheetRow
from hotline.staff.history import write_change
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

LONGEST_TITLE = 100
_PLAN_FIELDS = (
    "title",
    "sheet_id",
    "per_operator",
    "period",
    "queue",
    "topic_code",
    "min_talk_s",
    "max_talk_s",
    "max_rating",
)


class QualityAdmin:
    """Sheets and rules of the user's own organisation. Every method raises ``Unavailable``."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # --- Sheets -----------------------------------------------------------------------------------------------------

    async def sheets(self, user: User, *, closed: bool = False) -> tuple[SheetLine, ...]:
        """Return the sheets in use, each in its newest edition; with ``closed`` also the others."""
        newest = (
            select(EditionRow.sheet_id, func.max(EditionRow.number).label("number"))
            .group_by(EditionRow.sheet_id)
            .subquery()
        )
        statement = (
            select(SheetRow, EditionRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            .join(newest, newest.c.sheet_id == SheetRow.id)
            .join(EditionRow, (EditionRow.sheet_id == SheetRow.id) & (EditionRow.number == newest.c.number))
            .join(UserRow, UserRow.id == EditionRow.by_id)
            .where(SheetRow.organisation_id == user.organisation.id)
            .order_by(SheetRow.closed_at.is_not(None), SheetRow.title, SheetRow.id)
        )
        if not closed:
            statement = statement.where(SheetRow.closed_at.is_(None))
        async with self._db.begin() as session:
            return tuple(_line(row) for row in await session.execute(statement))

    async def sheet(self, user: User, sheet_id: int) -> SheetLine:
        """Return a sheet, in use or not.

        :raises NotFound: there is none in this organisation.
        """
        found = next((one for one in await self.sheets(user, closed=True) if one.id == sheet_id), None)
        if found is None:
            raise NotFound("there is no such score sheet", error_id="no-such-sheet")
        return found

    async def create_sheet(self, user: User, title: str, body: object) -> int:
        """Make a sheet in its first edition.

        :raises BadInput: the title or the body is wrong; ``details`` names the place.
        """
        title, sections, now = _title(title), sheets.read(body), self._clock.now()
        async with self._db.begin() as session:
            row = SheetRow(organisation_id=user.organisation.id, title=title, created_at=now, version=1)
            session.add(row)
            await session.flush()
            session.add(_edition(row.id, 1, sections, user, now))
            write_change(session, ("score_sheet", row.id), {}, {"title": title}, by=user, at=now, note="created")
            return row.id

    async def save_sheet(self, user: User, sheet_id: int, version: int, title: str, body: object) -> int:
        """Change a sheet: other questions are a new edition, and what was scored keeps the one it was scored by.

        :return: the number of the edition in force.
        :raises NotFound: there is no such sheet in use.
        :raises Conflict: somebody changed it since ``version`` (``stale-record``).
        :raises BadInput: as :meth:`create_sheet`.
        """
        title, sections, now = _title(title), sheets.read(body), self._clock.now()
        async with self._db.begin() as session:
            row = await self._sheet(session, user, sheet_id, version)
            last = await session.get_one(EditionRow, await newest_edition(session, row.id, user.organisation.id))
            before = {"title": row.title, "edition": last.number}
            number = last.number
            if sheets.read(last.body) != sections:
                number += 1
                session.add(_edition(row.id, number, sections, user, now))
            row.title = title
            row.version += 1
            after = {"title": title, "edition": number}
            write_change(session, ("score_sheet", row.id), before, after, by=user, at=now)
            return number

    async def close_sheet(self, user: User, sheet_id: int, version: int) -> None:
        """Take a sheet out of use; scores keep it.

        :raises NotFound, Conflict: as :meth:`save_sheet`; also when a rule draws calls for it (``sheet-in-use``).
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await self._sheet(session, user, sheet_id, version)
            used = select(PlanRow.title).where(PlanRow.sheet_id == row.id, PlanRow.closed_at.is_(None)).limit(1)
            if (title := await session.scalar(used)) is not None:
                raise Conflict("a rule draws calls for this sheet", error_id="sheet-in-use", details={"rule": title})
            row.closed_at = now
            row.version += 1
            write_change(session, ("score_sheet", row.id), {}, {}, by=user, at=now, note="closed")

    async def _sheet(self, session: AsyncSession, user: User, sheet_id: int, version: int) -> SheetRow:
        row = await session.get(SheetRow, sheet_id, with_for_update=True)
        if row is None or row.organisation_id != user.organisation.id or row.closed_at is not None:
            raise NotFound("there is no such score sheet", error_id="no-such-sheet")
        if row.version != version:
            raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
        return row

    # --- Rules of drawing -------------------------------------------------------------------------------------------

    async def plans(self, user: User) -> tuple[Plan, ...]:
        """Return the rules in force."""
        statement = select(PlanRow).where(PlanRow.organisation_id == user.organisation.id, PlanRow.closed_at.is_(None))
        async with self._db.begin() as session:
            return tuple(plan_of(row) for row in await session.scalars(statement.order_by(PlanRow.title, PlanRow.id)))

    async def create_plan(self, user: User, plan: Plan) -> int:
        """Make a rule; its seed is chosen now, once and for ever.

        :raises BadInput: a field is out of bounds, or names no such topic.
        :raises NotFound: there is no such sheet.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            await _check(session, user, plan)
            row = PlanRow(
                organisation_id=user.organisation.id,
                seed=secrets.token_hex(16),
                created_at=now,
                version=1,
                **_values(plan),
            )
            session.add(row)
            await session.flush()
            write_change(session, ("score_plan", row.id), {}, _values(plan), by=user, at=now, note="created")
            return row.id

    async def save_plan(self, user: User, plan_id: int, version: int, plan: Plan | None) -> None:
        """Change a rule, or close it when ``plan`` is ``None``. What was drawn stays.

        :raises NotFound: there is no such rule.
        :raises Conflict: somebody changed it since ``version`` (``stale-record``).
        :raises BadInput: as :meth:`create_plan`.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(PlanRow, plan_id, with_for_update=True)
            if row is None or row.organisation_id != user.organisation.id or row.closed_at is not None:
                raise NotFound("there is no such rule", error_id="no-such-plan")
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            before = _values(plan_of(row))
            if plan is None:
                row.closed_at = now
            else:
                await _check(session, user, plan)
                for name, value in _values(plan).items():
                    setattr(row, name, value)
            row.version += 1
            note = "closed" if plan is None else ""
            after = before if plan is None else _values(plan)
            write_change(session, ("score_plan", plan_id), before, after, by=user, at=now, note=note)


async def _check(session: AsyncSession, user: User, plan: Plan) -> None:
    wrong: dict[str, str] = {}
    if not 1 <= len(plan.title) <= LONGEST_TITLE or "\x00" in plan.title:
        wrong["title"] = "required"
    if not 1 <= plan.per_operator <= 50:
        wrong["per_operator"] = "1 to 50"
    if not 0 <= plan.min_talk_s <= 86_400:
        wrong["min_talk_s"] = "0 to 86400"
    if plan.max_talk_s is not None and not plan.min_talk_s < plan.max_talk_s <= 86_400:
        wrong["max_talk_s"] = "more than the least"
    if plan.max_rating is not None and not 1 <= plan.max_rating <= 5:
        wrong["max_rating"] = "1 to 5"
    if plan.topic_code and await session.get(TopicRow, plan.topic_code) is None:
        wrong["topic_code"] = "unknown"
    if wrong:
        raise BadInput("the rule is not complete", details=wrong)
    await newest_edition(session, plan.sheet_id, user.organisation.id)


def plan_of(row: PlanRow) -> Plan:
    """Return a rule of the database."""
    return Plan(
        row.id,
        row.title,
        row.sheet_id,
        row.per_operator,
        Period(row.period),
        row.queue or "",
        row.topic_code or "",
        row.min_talk_s,
        row.max_talk_s,
        row.max_rating,
        row.seed,
        row.version,
    )


def _values(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(plan, name) for name in _PLAN_FIELDS}
    return found | {
        "period": plan.period.value,
        "queue": plan.queue or None,
        "topic_code": plan.topic_code or None,
    }


def _title(text: str) -> str:
    title = text.strip()
    if not 1 <= len(title) <= LONGEST_TITLE or "\x00" in title:
        raise BadInput("a sheet has a name", details={"title": "required"})
    return title


def _edition(sheet_id: int, number: int, sections: tuple[Section, ...], user: User, now: Any) -> EditionRow:
    return EditionRow(sheet_id=sheet_id, number=number, body=sheets.write(sections), created_at=now, by_id=user.id)


def _line(row: Any) -> SheetLine:
    sheet: SheetRow = row.SheetRow
    edition: EditionRow = row.EditionRow
    return SheetLine(
        sheet.id,
        sheet.title,
        edition.number,
        edition.id,
        sheets.read(edition.body),
        sheet.version,
        sheet.closed_at is not None,
        edition.created_at,
        short_name(row.last_name, row.first_name, row.patronymic),
    )


def read_plan(sent: Mapping[str, str]) -> Plan:
    """Read a rule as a form sends it.

    :raises BadInput: a field cannot be read.
    """

    def number(name: str, default: int | None = None) -> int | None:
        text = sent.get(name, "").strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise BadInput("not a number", details={name: "not-a-number"})
        return int(text)

    try:
        period = Period(sent.get("period", ""))
    except ValueError as error:
        raise BadInput("no such period", details={"period": "unknown"}) from error
    return Plan(
        0,
        sent.get("title", "").strip(),
        number("sheet_id", 0) or 0,
        number("per_operator", 0) or 0,
        period,
        sent.get("queue", "").strip(),
        sent.get("topic_code", "").strip(),
        number("min_talk_s", 0) or 0,
        number("max_talk_s"),
        number("max_rating"),
    )
