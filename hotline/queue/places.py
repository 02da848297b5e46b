"""Who stands in which queue, and before whom, as administrators want it; ``service.OperatorDesk`` brings it about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

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

    async def of(self, user_id: int, *, by_role: bool) -> Place:
        """Return somebody's place; ``by_role`` is what his role makes of him when nobody has said anything."""
        return (await self.all([user_id])).get(user_id, Place(by_role))

    async def put(self, user_id: int, *, member: bool, penalty: int, version: int) -> Place:
        """Store a place.

        :raises BadInput: the penalty is out of bounds.
        :raises Conflict: somebody changed it since ``version`` (``stale-record``).
        """
        if penalty not in PENALTIES:
            raise BadInput("no such penalty", details={"penalty": "0 to 100"})
        async with self._db.begin() as session:
            row = await session.get(QueueMemberRow, (user_id, self.queue), with_for_update=True)
            if (row.version if row is not None else 0) != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            if row is None:
                row = QueueMemberRow(user_id=user_id, queue=self.queue, version=0)
                session.add(row)
            row.member, row.penalty, row.version = member, penalty, version + 1
        return Place(member, penalty, version + 1)
