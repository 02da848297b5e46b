"""Organisations as a card needs them: found by a word, added on the spot when missing (S000-41, S000-42)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict
from hotline.staff.audit import audit
from hotline.staff.model import Organisation, User
from hotline.staff.rules import fold
from hotline.staff.tables import OrganisationRow, search_key

AT_MOST = 20
MAX_NAME = 300
MIN_NAME = 3


class QuickKind(StrEnum):
    """What may be added on the spot (S000-42); funds, insurers and clinics are the administrator's."""

    OTHER = "other"
    FEDERAL = "federal"
    TERRITORIAL = "territorial"


@dataclass(frozen=True, slots=True)
class Found:
    """An organisation to choose from."""

    id: int
    name: str
    kind: str


class QuickOrganisations:
    """Search and addition."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def search(self, q: str) -> tuple[Found, ...]:
        """Return the organisations that have every word of ``q`` in their names or code, at most 20."""
        conditions = [
            or_(_contains("name", word), _contains("short_name", word), OrganisationRow.code == raw)
            for raw in q.split()
            if (word := fold(raw))
        ]
        statement = (
            select(OrganisationRow)
            .where(OrganisationRow.active, *conditions)
            .order_by(OrganisationRow.name, OrganisationRow.id)
            .limit(AT_MOST)
        )
        async with self._db.begin() as session:
            return tuple(Found(row.id, row.name, row.kind) for row in await session.scalars(statement))

    async def add(self, user: User, kind: str, name: str, *, sure: bool = False) -> Organisation:
        """Add an organisation.

        :param sure: the user has seen the ones with a like name.
        :raises BadInput: ``details`` names what is wrong.
        :raises Conflict: ``like-organisation``: ``details["like"]`` lists organisations with a like name.
        """
        name = " ".join(name.split())
        wrong: dict[str, str] = {}
        if kind not in list(QuickKind):
            wrong["kind"] = "unknown"
        if len(fold(name)) < MIN_NAME:
            wrong["name"] = "required"
        elif len(name) > MAX_NAME:
            wrong["name"] = f"at most {MAX_NAME} characters"
        if wrong:
            raise BadInput("the organisation cannot be added so", details=wrong)
        async with self._db.begin() as session:
            # Two people who miss the same one at the same moment take turns.
            await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("organisation", 0))))
            like = [] if sure else (await session.scalars(_like(name))).all()
            if like:
                raise Conflict(
                    "there are organisations with a like name",
                    error_id="like-organisation",
                    details={"like": [{"id": row.id, "name": row.name, "kind": row.kind} for row in like]},
                )
            number = await session.scalar(select(func.coalesce(func.max(OrganisationRow.id), 0) + 1))
            row = OrganisationRow(code=f"q{number}", kind=kind, name=name, short_name=name[:60], is_own_region=False)
            session.add(row)
            await session.flush()
            now = self._clock.now()
            audit(session, "change", ("organisation", row.id), user_id=user.id, at=now, details={"event": "add_quick"})
            return Organisation(row.id, row.code, row.kind, row.name, row.short_name)


def _contains(column: str, word: str) -> ColumnElement[bool]:
    key: ColumnElement[str] = literal_column(search_key(f"organisation.{column}"))
    return func.strpos(key, word) > 0


def _like(name: str) -> Select[OrganisationRow]:
    """Return the ones whose name holds this one, or is held by it: «ФОМС» and «Московский ФОМС»."""
    key: ColumnElement[str] = literal_column(search_key("organisation.name"))
    word = fold(name)
    alike = or_(func.strpos(key, word) > 0, func.strpos(word, key) > 0)
    return select(OrganisationRow).where(OrganisationRow.active, alike).order_by(OrganisationRow.name).limit(AT_MOST)
