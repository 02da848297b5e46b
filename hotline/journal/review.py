"""What the administrator's review shows besides the list: extensions of an appeal, returns by employee (domain 2.9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func, literal, select

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Forbidden
from hotline.journal import appeal_view, extensions
from hotline.journal.extensions import Extension
from hotline.journal.model import Phase
from hotline.journal.tables import AppealRecord, StatusEventRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import OrganisationRow, UserRow

PERIODS = (7, 30, 90, 365)
"""Days that the counter of returns may look back."""


@dataclass(frozen=True, slots=True)
class Returns:
    """How often an employee's work came back."""

    user_id: int
    name: str
    organisation: str
    closed: int  # appeals that he sent to review
    returned: int  # of his, that came back with a remark


class Review:
    """Reads and small writes around the review."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def extensions(self, user: User, appeal_id: int) -> tuple[Extension, ...]:
        """Return the requests for more time of an appeal, newest first.

        :raises Forbidden: the user may not see the appeal.
        """
        async with self._db.begin() as session:
            await appeal_view.require_visible(session, user, appeal_id)
            return await extensions.of_appeal(session, appeal_id)

    async def citizen_told(self, user: User, appeal_id: int) -> int:
        """Write down that the citizen was told of the new deadline (59-ФЗ art. 12 part 2); return of how many.

        :raises Forbidden: the user may not see the appeal, or it is not his.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            await appeal_view.require_visible(session, user, appeal_id)
            owner = await session.scalar(select(AppealRecord.owner_id).where(AppealRecord.id == appeal_id))
            if owner != user.id and not user.may(Right.APPEAL_EDIT_ANY):
                raise Forbidden("this is another's appeal")
            told = await extensions.tell(session, appeal_id, user, now)
            if told:
                details = {"event": "citizen-told", "count": told}
                audit(session, "change", ("appeal", appeal_id), user_id=user.id, at=now, details=details)
        return told

    async def returns(self, user: User, days: int) -> tuple[Returns, ...]:
        """Return who closed and whose appeals came back in the last ``days``, most returned first.

        The fund's administrator sees everybody, an insurer's his own people.

        :raises Forbidden: the user reviews nothing.
        """
        if not user.may(Right.APPEAL_REVIEW):
            raise Forbidden("this user reviews nothing")
        since = self._clock.now() - timedelta(days=days)
        came_back = StatusEventRow.to_phase == Phase.REWORK.value
        # Who sent it is who did the one; whose it came back to is its owner after the other.
        whose = case((came_back, StatusEventRow.owner_id), else_=StatusEventRow.by_id)
        statement = (
            select(
                UserRow.id,
                UserRow.last_name,
                UserRow.first_name,
                UserRow.patronymic,
                OrganisationRow.short_name.label("organisation"),
                func.count().filter(~came_back).label("closed"),
                func.count().filter(came_back).label("returned"),
            )
            .join(UserRow, UserRow.id == whose)
            .join(OrganisationRow, OrganisationRow.id == UserRow.organisation_id)
            .where(
                StatusEventRow.at >= since,
                StatusEventRow.from_phase != StatusEventRow.to_phase,
                # Written into the statement, as in the partial index.
                StatusEventRow.to_phase.in_(
                    [literal(one.value, literal_execute=True) for one in (Phase.REVIEW, Phase.REWORK)]
                ),
            )
            .group_by(UserRow.id, OrganisationRow.short_name)
            .order_by(func.count().filter(came_back).desc(), UserRow.last_name, UserRow.id)
        )
        if user.organisation.kind != "tfoms":
            statement = statement.where(UserRow.organisation_id == user.organisation.id)
        async with self._db.begin() as session:
            rows = (await session.execute(statement)).all()
        return tuple(
            Returns(
                row.id,
                short_name(row.last_name, row.first_name, row.patronymic),
                row.organisation,
                row.closed,
                row.returned,
            )
            for row in rows
        )
