"""Draws calls by the rules: every night for the period that is over, and when somebody asks for more now (DAY-37)."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.cti.model import Direction, SegmentKind
from hotline.db import Database
from hotline.errors import NotFound
from hotline.journal.tables import AppealCallRow, AppealRecord
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_rating import RatingRow
from hotline.journal.tables_segment import CallSegmentRow
from hotline.scoring.admin import plan_of
from hotline.scoring.model import Drawn, Plan, State
from hotline.scoring.sampling import Candidate, draw, end_of, start_of
from hotline.scoring.service import newest_edition
from hotline.scoring.tables import PlanRow, ReviewRow
from hotline.staff.audit import audit
from hotline.staff.model import User
from hotline.staff.tables import OrganisationRow, UserRow

BATCH = 1000


class Drawing:
    """The drawing of samples. Every method raises ``Unavailable``."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def nightly(self) -> int:
        """Draw for every rule from the period that is over: only then all of its calls have the same chance.

        Doing it again is harmless.
        """
        async with self._db.begin() as session:
            ids = list(await session.scalars(select(PlanRow.id).where(PlanRow.closed_at.is_(None))))
        return sum([(await self._draw(plan_id, back=1, user=None)).made for plan_id in ids])

    async def now(self, user: User, plan_id: int) -> Drawn:
        """Draw from what there is of the present period.

        :raises NotFound: there is no such rule in the user's organisation.
        """
        return await self._draw(plan_id, back=0, user=user)

    async def _draw(self, plan_id: int, *, back: int, user: User | None) -> Drawn:
        now = self._clock.now()
        async with self._db.begin() as session:
            # The lock makes two drawings of one rule come one after the other: the second finds what the first made.
            row = await session.get(PlanRow, plan_id, with_for_update=True)
            if row is None or row.closed_at is not None or (user and row.organisation_id != user.organisation.id):
                raise NotFound("there is no such rule", error_id="no-such-plan")
            plan = plan_of(row)
            organisation = await session.get_one(OrganisationRow, row.organisation_id)
            zone = ZoneInfo(organisation.time_zone) if organisation.time_zone else self._zone
            start = start_of(plan.period, now.astimezone(zone).date())
            if back:
                start = start_of(plan.period, start - timedelta(days=1))
            bounds = _bounds(plan, start, zone)
            candidates = await _candidates(session, plan, row.organisation_id, bounds)
            have = await _have(session, plan_id, start)
            taken = await _taken(session, candidates)
            chosen = draw(
                candidates, seed=plan.seed, start=start, per_operator=plan.per_operator, have=have, taken=taken
            )
            made = await _write(session, row, start, chosen, now) if chosen else 0
            if made:
                details = {"period": start.isoformat(), "calls": made}
                audit(
                    session,
                    "change",
                    ("score_plan", plan_id),
                    user_id=user.id if user else None,
                    at=now,
                    details=details,
                )
            after = Counter(have) + Counter(one.operator_id for one in chosen)
            operators = {one.operator_id for one in candidates}
            short = sum(after[one] < plan.per_operator for one in operators)
            return Drawn(start, made, len(operators), short)


def _bounds(plan: Plan, start: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    end = end_of(plan.period, start)
    return datetime.combine(start, time(), zone), datetime.combine(end, time(), zone)


async def _candidates(
    session: AsyncSession, plan: Plan, organisation_id: int, bounds: tuple[datetime, datetime]
) -> list[Candidate]:
    """Return the recorded conversations with citizens that fit a rule, each operator's part by itself."""
    talk = func.sum(CallSegmentRow.seconds)
    fits = [talk >= plan.min_talk_s]
    if plan.max_talk_s is not None:
        fits.append(talk <= plan.max_talk_s)
    statement = (
        select(CallSegmentRow.user_id, CallRecord.key)
        .join(CallRecord, CallRecord.id == CallSegmentRow.call_id)
        .join(UserRow, UserRow.id == CallSegmentRow.user_id)
        .where(
            CallSegmentRow.kind == SegmentKind.TALK.value,
            CallSegmentRow.started_at >= bounds[0],
            CallSegmentRow.started_at < bounds[1],
            CallRecord.ended_at.is_not(None),
            CallRecord.recorded,
            CallRecord.direction != Direction.INTERNAL.value,
            UserRow.organisation_id == organisation_id,
            CallRecord.queue == plan.queue if plan.queue else true(),
        )
        .group_by(CallSegmentRow.user_id, CallRecord.key)
        .having(and_(*fits))
    )
    if plan.max_rating is not None:
        low = select(RatingRow.call_key).where(RatingRow.score <= plan.max_rating)
        statement = statement.where(CallRecord.key.in_(low))
    if plan.topic_code:
        # Codes of topics say where they belong: 1.02 is below 1.
        below = AppealRecord.topic_code.startswith(f"{plan.topic_code}.", autoescape=True)
        about = (
            select(AppealCallRow.call_key)
            .join(AppealRecord, AppealRecord.id == AppealCallRow.appeal_id)
            .where(or_(AppealRecord.topic_code == plan.topic_code, below))
        )
        statement = statement.where(CallRecord.key.in_(about))
    return [Candidate(user_id, key) for user_id, key in await session.execute(statement) if user_id is not None]


async def _have(session: AsyncSession, plan_id: int, start: date) -> dict[int, int]:
    """Return how many calls each operator has by a rule in a period; what was skipped is drawn anew."""
    rows = await session.execute(
        select(ReviewRow.operator_id, func.count())
        .where(ReviewRow.plan_id == plan_id, ReviewRow.period_start == start, ReviewRow.state != State.SKIPPED.value)
        .group_by(ReviewRow.operator_id)
    )
    return {row[0]: row[1] for row in rows}


async def _taken(session: AsyncSession, candidates: list[Candidate]) -> set[Candidate]:
    """Return those that are or were reviewed, whoever chose them."""
    found: set[Candidate] = set()
    keys = sorted({one.call_key for one in candidates})
    for place in range(0, len(keys), BATCH):
        rows = await session.execute(
            select(ReviewRow.operator_id, ReviewRow.call_key).where(
                ReviewRow.call_key.in_(keys[place : place + BATCH]), ReviewRow.calibration_id.is_(None)
            )
        )
        found |= {Candidate(operator_id, key) for operator_id, key in rows}
    return found


async def _write(
    session: AsyncSession, plan: PlanRow, start: date, chosen: tuple[Candidate, ...], now: datetime
) -> int:
    edition_id = await newest_edition(session, plan.sheet_id, plan.organisation_id)
    rows = [
        {
            "call_key": one.call_key,
            "operator_id": one.operator_id,
            "organisation_id": plan.organisation_id,
            "edition_id": edition_id,
            "plan_id": plan.id,
            "period_start": start,
            "state": State.DRAWN.value,
            "created_at": now,
        }
        for one in chosen
    ]
    statement = insert(ReviewRow).values(rows)
    statement = statement.on_conflict_do_nothing(
        index_elements=["call_key", "operator_id"], index_where=ReviewRow.calibration_id.is_(None)
    )
    return len(list(await session.scalars(statement.returning(ReviewRow.id))))
