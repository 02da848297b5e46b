"""What somebody would see of an appeal, and why: for who administers rights (domain 2.8, S000-72…S000-74)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Label, Select, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import NotFound
from hotline.journal import masking, visibility
from hotline.journal.restriction import Restriction, sees_contacts, sees_content
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_classifier import TopicRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.sight import Reach
from hotline.staff.tables import OrganisationRow


class Outcome(StrEnum):
    """How much is seen."""

    NOTHING = "nothing"
    HEADING = "heading"
    MASKED = "masked"  # everything but numbers and addresses
    WHOLE = "whole"


class Why(StrEnum):
    """Why; several may hold."""

    WORKS = "works"  # works or has worked with it, or it waits for him
    ORGANISATION = "organisation"  # of his organisation, or forwarded to it
    REACH = "reach"  # his roles see everybody's
    IN_WORK = "in_work"  # his roles see what is in work, whoever works on it
    BEYOND = "beyond"  # his roles do not reach this organisation's
    TOPIC = "topic"  # its topic is restricted, and he lacks the right
    RESTRICTED = "restricted"  # the appeal is restricted
    MASKS = "masks"  # none of his rights works with citizens' numbers
    NO_APPEALS = "no_appeals"  # no right opens any appeal


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a user and an appeal."""

    visible: bool
    readable: bool
    works: bool
    organisation: bool
    is_open: bool
    topic_restricted: bool
    restriction: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer about one appeal."""

    number: str
    organisation: str
    outcome: Outcome
    why: tuple[Why, ...]


def explain(user: User, facts: Facts) -> tuple[Outcome, tuple[Why, ...]]:
    """Say what ``user`` sees of an appeal and why. Pure."""
    if not any(user.may(one) for one in _OPENS):
        return Outcome.NOTHING, (Why.NO_APPEALS,)
    if not facts.visible:
        return Outcome.NOTHING, (Why.BEYOND,)
    if facts.readable:
        return _masks(user, facts)
    why = []
    if facts.topic_restricted and not facts.works and not user.may(Right.APPEAL_VIEW_RESTRICTED):
        why.append(Why.TOPIC)
    if not sees_content(user, facts.restriction, works=facts.works):
        why.append(Why.RESTRICTED)
    if not why:
        why = [Why.BEYOND, *([Why.IN_WORK] if facts.is_open and user.sight.headings is Reach.ACTIVE else [])]
    return Outcome.HEADING, tuple(why)


_OPENS = (Right.APPEAL_CREATE, Right.APPEAL_ACCEPT, Right.APPEAL_REVIEW, Right.APPEAL_VIEW_ALL)
"""As ``web.access`` has it for the pages of appeals."""


def _masks(user: User, facts: Facts) -> tuple[Outcome, tuple[Why, ...]]:
    why = Why.WORKS if facts.works else Why.ORGANISATION if facts.organisation else Why.REACH
    if not masking.sees_private(user):
        return Outcome.MASKED, (why, Why.MASKS)
    if not sees_contacts(user, facts.restriction, works=facts.works):
        return Outcome.MASKED, (why, Why.RESTRICTED)
    return Outcome.WHOLE, (why,)


class SightOfAppeal:
    """Asks the same conditions as the pages do."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def of(self, by: User, user: User, number: str) -> Explained:
        """Return what ``user`` would see of the appeal of this number. That it was asked is audited.

        :raises NotFound: there is none, or ``by`` himself may not see it: asking tells no more than looking.
        """
        async with self._db.begin() as session:
            appeal_id = await self._known(session, by, number.strip())
            row = (await session.execute(_statement(user).where(AppealRecord.id == appeal_id))).one()
            facts = Facts(
                visible=bool(row.visible),
                readable=bool(row.readable),
                works=bool(row.works),
                organisation=bool(row.of_organisation),
                is_open=row.is_open,
                topic_restricted=row.topic_restricted,
                restriction=row.restricted or Restriction.NONE,
            )
            details = {"part": "heading", "fields": ["sight"], "of_user": user.id}
            audit(session, "view", ("appeal", appeal_id), user_id=by.id, at=self._clock.now(), details=details)
        outcome, why = explain(user, facts)
        return Explained(row.number, row.organisation, outcome, why)

    @staticmethod
    async def _known(session: AsyncSession, by: User, number: str) -> int:
        limits = visibility.appeals(by)
        allowed = any(by.may(one) for one in _OPENS)
        found = await session.scalar(
            select(AppealRecord.id).where(
                AppealRecord.number == number, *([] if limits is None else [limits]), *([] if allowed else [false()])
            )
        )
        if found is None:
            raise NotFound("there is no such appeal", error_id="no-such-appeal")
        return found


def _statement(user: User) -> Select[*tuple[Any, ...]]:
    visible, readable = visibility.appeals(user), visibility.content(user)
    own = user.organisation.id

    def told(condition: ColumnElement[bool] | None, name: str) -> Label[bool]:
        return func.coalesce(true() if condition is None else condition, false()).label(name)

    of_organisation = or_(
        AppealRecord.responsible_org_id == own,
        AppealRecord.organisation_id == own,
        AppealRecord.forwarded_org_id == own,
    )
    statement: Select[*tuple[Any, ...]] = (
        select(
            AppealRecord.number,
            AppealRecord.is_open,
            AppealRecord.restricted,
            TopicRow.restricted.label("topic_restricted"),
            OrganisationRow.short_name.label("organisation"),
            told(visible, "visible"),
            told(readable, "readable"),
            told(visibility.works_with(user), "works"),
            told(of_organisation, "of_organisation"),
        )
        .join(TopicRow, TopicRow.code == AppealRecord.topic_code)
        .join(OrganisationRow, OrganisationRow.id == AppealRecord.responsible_org_id)
    )
    return statement
