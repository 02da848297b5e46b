"""An operator's favourite topics on Alt+1…9, and the topic of his last card (DAY-03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput
from hotline.journal.classifier import valid_rows
from hotline.journal.model import Topic
from hotline.journal.tables import AppealRecord, AppealWorkerRow
from hotline.journal.tables_card import TopicFavouriteRow
from hotline.journal.tables_classifier import TopicRow
from hotline.staff.model import Right, User

PLACES = 9


class Favourites:
    """One list for each user."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def of(self, user: User) -> tuple[Topic, ...]:
        """Return the user's favourites in their order; topics that were closed since are left out."""
        today = self._today()
        statement = (
            select(TopicRow)
            .join(TopicFavouriteRow, TopicFavouriteRow.topic_code == TopicRow.code)
            .where(TopicFavouriteRow.user_id == user.id)
            .order_by(TopicFavouriteRow.place)
        )
        async with self._db.begin() as session:
            rows = (await session.scalars(statement)).all()
        return tuple(
            _topic(row) for row in rows if (row.valid_to is None or row.valid_to > today) and _may_choose(user, row)
        )

    async def choose(self, user: User, codes: Sequence[str]) -> tuple[Topic, ...]:
        """Replace the user's favourites.

        :raises BadInput: more than nine, one twice, or one that cannot be chosen today.
        """
        if len(codes) > PLACES or len(set(codes)) < len(codes):
            raise BadInput("these are not nine different topics", details={"topics": f"at most {PLACES}"})
        async with self._db.begin() as session:
            rows = await valid_rows(session, TopicRow, self._today(), user.organisation.id)
            known = {row.code: row for row in rows if _may_choose(user, row)}
            if not set(codes) <= set(known):
                raise BadInput("there is no such topic", details={"topics": "unknown"})
            await session.execute(delete(TopicFavouriteRow).where(TopicFavouriteRow.user_id == user.id))
            session.add_all(
                TopicFavouriteRow(user_id=user.id, place=place, topic_code=code)
                for place, code in enumerate(codes, start=1)
            )
        return tuple(_topic(known[code]) for code in codes)

    async def last(self, user: User) -> Topic | None:
        """Return the topic of the last card that the user saved; ``None`` when there is none or it was closed."""
        statement = (
            select(TopicRow)
            .join(AppealRecord, AppealRecord.topic_code == TopicRow.code)
            .join(AppealWorkerRow, AppealWorkerRow.appeal_id == AppealRecord.id)
            .where(AppealWorkerRow.user_id == user.id, AppealRecord.creator_id == user.id)
            .order_by(AppealWorkerRow.appeal_id.desc())
            .limit(1)
        )
        async with self._db.begin() as session:
            row = await session.scalar(statement)
        if row is None or (row.valid_to is not None and row.valid_to <= self._today()):
            return None
        return _topic(row)

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


def _may_choose(user: User, row: TopicRow) -> bool:
    """Restricted topics are for those who may see them (domain 2.8)."""
    return not row.restricted or user.may(Right.APPEAL_VIEW_RESTRICTED)


def _topic(row: TopicRow) -> Topic:
    return Topic(row.code, row.title, row.type_code, tuple(row.keywords))
