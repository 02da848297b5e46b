"""Lists that people choose from, as they are valid today (S000-33…S000-44, S001-050…S001-053)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Text, cast, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.journal.model import CardDefaults, Channel, Form, Named, ScriptText, Topic
from hotline.journal.tables_classifier import (
    AppealTypeRow,
    ChannelRow,
    Choice,
    KinshipRow,
    PauseReasonRow,
    ResultRow,
    ScriptRow,
    SourceRow,
    TopicRow,
)
from hotline.staff.model import User
from hotline.staff.rules import fold

Row = TypeVar("Row", bound=Choice)


@dataclass(frozen=True, slots=True)
class PauseEntry:
    """A reason for a pause. ``limit_min`` is in minutes, ``None`` for no limit."""

    code: str
    title: str
    limit_min: int | None
    automatic: bool


async def valid_rows(
    session: AsyncSession, table: type[Row], today: date, organisation_id: int | None = None
) -> Sequence[Row]:
    """Return the rows of a list that can be chosen on ``today``, in their order.

    :param organisation_id: whose own rows to add to everybody's.
    """
    statement = (
        select(table)
        .where(
            or_(table.valid_from.is_(None), table.valid_from <= today),
            or_(table.valid_to.is_(None), table.valid_to > today),
            or_(table.organisation_id.is_(None), table.organisation_id == organisation_id),
        )
        .order_by(table.sort, table.code)
    )
    return (await session.scalars(statement)).all()


class Classifier:
    """Reads the lists. One statement a call."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def types(self, organisation_id: int | None = None) -> tuple[Named, ...]:
        """Return the types of appeals (S001-050)."""
        return _named(await self._rows(AppealTypeRow, organisation_id))

    async def complaint_types(self, organisation_id: int | None = None) -> frozenset[str]:
        """Return the types whose cards have the complaint block (S000-34)."""
        return frozenset(row.code for row in await self._rows(AppealTypeRow, organisation_id) if row.is_complaint)

    async def channels(self, organisation_id: int | None = None) -> tuple[Channel, ...]:
        """Return the ways in which appeals arrive, with their form (S000-36)."""
        rows = await self._rows(ChannelRow, organisation_id)
        return tuple(Channel(row.code, row.title, Form(row.form)) for row in rows)

    async def sources(self, organisation_id: int | None = None) -> tuple[Named, ...]:
        """Return the sources (S000-40)."""
        return _named(await self._rows(SourceRow, organisation_id))

    async def results(self, organisation_id: int | None = None) -> tuple[Named, ...]:
        """Return the results of work (S000-68)."""
        return _named(await self._rows(ResultRow, organisation_id))

    async def kinships(self, organisation_id: int | None = None) -> tuple[Named, ...]:
        """Return the degrees of kinship (S000-28)."""
        return _named(await self._rows(KinshipRow, organisation_id))

    async def pause_reasons(self) -> tuple[PauseEntry, ...]:
        """Return why an operator pauses, the system's own reasons among them."""
        rows = await self._rows(PauseReasonRow, None)
        return tuple(PauseEntry(row.code, row.title, row.limit_min, row.automatic) for row in rows)

    async def topics(
        self, type_code: str, q: str = "", organisation_id: int | None = None, *, restricted: bool = True
    ) -> tuple[Topic, ...]:
        """Return the topics of a type; with ``q`` only those that every word of it fits (S000-43, S001-051).

        :param type_code: code of the type; ``""`` for all types.
        :param q: keywords, or the beginning of a code.
        :param restricted: whether the reader may see restricted topics (domain 2.8).
        """
        rows = await self._rows(TopicRow, organisation_id)
        return tuple(
            Topic(row.code, row.title, row.type_code, tuple(row.keywords))
            for row in rows
            if (restricted or not row.restricted)
            and (not type_code or row.type_code == type_code)
            and (row.code.startswith(q.strip()) or _fits(q, (row.title, *row.keywords)))
        )

    async def scripts(self, topic: str, q: str = "", organisation_id: int | None = None) -> tuple[ScriptText, ...]:
        """Return typical answers for a topic, the most special first; with ``q`` those with the words (S001-053).

        :param topic: code of the chosen topic; ``""`` when none is chosen yet.
        """
        rows = await self._rows(ScriptRow, organisation_id)
        if q.strip():
            found = [row for row in rows if _fits(q, (row.title, row.body, *row.keywords))]
        else:
            found = [row for row in rows if _closeness(row.topics, topic)]
        found.sort(key=lambda row: (-_closeness(row.topics, topic), row.sort, row.code))
        return tuple(
            ScriptText(row.code, row.title, row.body, tuple(row.topics), row.version, tuple(row.recommended))
            for row in found
        )

    async def version(self) -> str:
        """Return a fingerprint of all that a card offers: another one after any change of these lists, and each day."""
        prints = []
        for table in (AppealTypeRow, ChannelRow, SourceRow, KinshipRow, TopicRow):
            whole = cast(literal_column(table.__tablename__), Text)
            rows = func.string_agg(whole, aggregate_order_by(literal("\n"), table.code))
            prints.append(select(func.md5(rows)).select_from(table).scalar_subquery())
        async with self._db.begin() as session:
            found = (await session.execute(select(*prints))).one()
        return " ".join((self._today().isoformat(), *map(str, found)))

    async def defaults(self, user: User) -> CardDefaults:
        """Return what a new card of ``user`` starts with (S000-29, S000-40). Empty text: nothing is chosen."""
        async with self._db.begin() as session:
            today = self._today()
            types = await valid_rows(session, AppealTypeRow, today, user.organisation.id)
            channels = await valid_rows(session, ChannelRow, today, user.organisation.id)
            sources = await valid_rows(session, SourceRow, today, user.organisation.id)
        return CardDefaults(
            type=next((row.code for row in types if user.has_role(*row.default_for)), ""),
            channel=next((row.code for row in channels if user.has_role(*row.default_for)), ""),
            source=next((row.code for row in sources if row.is_default), ""),
        )

    async def _rows(self, table: type[Row], organisation_id: int | None) -> Sequence[Row]:
        async with self._db.begin() as session:
            return await valid_rows(session, table, self._today(), organisation_id)

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


def _named(rows: Iterable[Choice]) -> tuple[Named, ...]:
    return tuple(Named(row.code, row.title) for row in rows)


def _fits(q: str, texts: Iterable[str]) -> bool:
    """Tell whether every word of ``q`` stands in one of ``texts``, whatever its Russian ending."""
    haystack = " ".join(fold(text) for text in texts)
    return all(_stem(fold(word)) in haystack for word in q.split())


def _stem(word: str) -> str:
    # Endings are one to three letters; two fewer of a long word find «жалобу» in «жалоба» and confuse nobody.
    return word[:-2] if len(word) > 5 else word[: max(4, len(word) - 1)]


def _closeness(topics: Iterable[str], topic: str) -> int:
    """Return 0 for a script that says nothing about ``topic``, more for a more special one."""
    best = 0
    for pattern in topics:
        if pattern == topic and topic:
            return 1000
        if pattern.endswith("*") and topic.startswith(pattern[:-1]):
            best = max(best, len(pattern))
    return best
