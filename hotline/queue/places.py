"""Who stands in which queue, and before whom, as administrators want it; ``service.OperatorDesk`` brings it about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.db import Database
from hotline.errors import BadInput, Conflict
from hotline.queue.tables import QueueMemberRow

PENALTIES = range(101)
"""Asterisk offers a call first to those whose penalty is lowest; the profile's own rules use a handful of values."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place in a queue. ``version`` 0: nobody has said anything, his role decides."""

    member: bool
    penalty: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place as somebody typed it. ``by_role``: whether he is a member while nobody has said anything."""

    member: bool
    penalty: int
    version: int
    by_role: bool


Note = Callable[[AsyncSession, int, Place, Place], object]
"""Session, user, what was, what is."""


class QueuePlaces:
    """Reads and writes the places of one queue."""

    def __init__(self, db: Database, queue: str) -> None:
        self._db = db
        self.queue = queue

    async def all(self, user_ids: Iterable[int]) -> dict[int, Place]:
        """Return what administrators said of these users."""
        async with self._db.begin() as session:
            rows = await session.scalars(
                select(QueueMemberRow).where(
                    QueueMemberRow.queue == self.queue, QueueMemberRow.user_id.in_(list(user_ids))
                )
            )
            return {row.user_id: Place(row.member, row.penalty, row.version) for row in rows}

    async def put(self, wanted: Mapping[int, Wanted], note: Note) -> dict[int, Place]:
        """Store the places of several people together: all of them, or none.

        :param wanted: what somebody typed, by user.
        :param note: writes what was and what is into the audit trail, in the same transaction.
        :raises BadInput: a penalty is out of bounds (``details``: ``penalty``).
        :raises Conflict: somebody changed some of them since (``stale-record``; ``details["users"]``: whose).
        """
        if any(one.penalty not in PENALTIES for one in wanted.values()):
            raise BadInput("no such penalty", details={"penalty": "0 to 100"})
        stored: dict[int, Place] = {}
        async with self._db.begin() as session:
            for user_id in sorted(wanted):  # in one order: two who save the same people never wait for each other
                blank = insert(QueueMemberRow).values(
                    user_id=user_id, queue=self.queue, member=wanted[user_id].by_role, version=0
                )
                await session.execute(blank.on_conflict_do_nothing(index_elements=["user_id", "queue"]))
            rows = {
                row.user_id: row
                for row in await session.scalars(
                    select(QueueMemberRow)
                    .where(QueueMemberRow.queue == self.queue, QueueMemberRow.user_id.in_(sorted(wanted)))
                    .order_by(QueueMemberRow.user_id)
                    .with_for_update()
                )
            }
            if stale := [user_id for user_id, one in wanted.items() if rows[user_id].version != one.version]:
                raise Conflict(
                    "somebody else changed this meanwhile", error_id="stale-record", details={"users": stale}
                )
            for user_id, one in wanted.items():
                row = rows[user_id]
                before = Place(row.member, row.penalty, row.version)
                row.member, row.penalty, row.version = one.member, one.penalty, one.version + 1
                stored[user_id] = Place(row.member, row.penalty, row.version)
                note(session, user_id, before, stored[user_id])
        return stored
