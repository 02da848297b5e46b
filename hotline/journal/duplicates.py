"""Appeals that were probably registered before (DAY-23, DAY-25)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import Conflict
from hotline.journal import visibility
from hotline.journal.cardcheck import CardData
from hotline.journal.model import Phase
from hotline.journal.tables import AppealRecord, is_open
from hotline.journal.tables_classifier import StatusRow, TopicRow
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

WITHIN = timedelta(days=30)
"""How long the same person with the same topic is taken for the same matter (DAY-23)."""
AT_MOST = 5
ASK = "ask"
"""First word of ``CardForm.duplicates_seen``: the sender wants to be asked. Ids that he has seen follow."""


class Likeness(StrEnum):
    """Why an appeal looks like the card."""

    TOPIC = "topic"  # the same person, an open appeal, the same topic
    LETTER = "letter"  # the same number, date and sender of a letter


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An appeal that the card probably repeats."""

    id: int
    number: str
    version: int
    likeness: Likeness
    topic: str
    status: str
    owner: str
    created_at: datetime

    def to_json(self) -> dict[str, Any]:
        """Return it for a browser. Moments are ISO 8601 in UTC."""
        return {
            "id": self.id,
            "number": self.number,
            "version": self.version,
            "likeness": self.likeness.value,
            "topic": self.topic,
            "status": self.status,
            "owner": self.owner,
            "created_at": self.created_at.isoformat(),
        }


def seen(text: str) -> frozenset[int] | None:
    """Read ``CardForm.duplicates_seen``; ``None``: the sender does not want to be asked."""
    words = text.split()
    if not words or words[0] != ASK:
        return None
    return frozenset(int(word) for word in words[1:] if word.isascii() and word.isdigit() and len(word) <= 18)


def require_new(found: Iterable[Duplicate], already_seen: frozenset[int] | None) -> tuple[str, ...]:
    """Return warnings about duplicates, or ask about those that the sender has not seen.

    :raises Conflict: ``details["duplicates"]`` lists them; nothing was saved.
    """
    found = tuple(found)
    if already_seen is None:
        return ("possible-duplicate",) if found else ()
    if any(one.id not in already_seen for one in found):
        raise Conflict(
            "this was probably registered before",
            error_id="possible-duplicate",
            details={"duplicates": [one.to_json() for one in found]},
        )
    return ()


async def find(session: AsyncSession, data: CardData, user: User, now: datetime) -> tuple[Duplicate, ...]:
    """Return what looks like the card, newest first, at most five, of what ``user`` may see at all."""
    same_topic = _same_topic(data, now)
    same_letter = _same_letter(data)
    wanted = [condition for condition in (same_topic, same_letter) if condition is not None]
    if not wanted:
        return ()
    limits = visibility.appeals(user)
    statement = (
        select(
            AppealRecord.id,
            AppealRecord.number,
            AppealRecord.version,
            AppealRecord.created_at,
            AppealRecord.written_no,
            TopicRow.title.label("topic"),
            StatusRow.title.label("status"),
            UserRow.last_name,
            UserRow.first_name,
            UserRow.patronymic,
        )
        .join(TopicRow, TopicRow.code == AppealRecord.topic_code)
        .join(StatusRow, StatusRow.code == AppealRecord.status_code)
        .join(UserRow, UserRow.id == AppealRecord.owner_id)
        .where(or_(*wanted), *([] if limits is None else [limits]))
        .order_by(AppealRecord.id.desc())
        .limit(AT_MOST)
    )
    return tuple(
        Duplicate(
            id=row.id,
            number=row.number,
            version=row.version,
            likeness=Likeness.LETTER if data.written_no and row.written_no == data.written_no else Likeness.TOPIC,
            topic=row.topic,
            status=row.status,
            owner=short_name(row.last_name, row.first_name, row.patronymic),
            created_at=row.created_at,
        )
        for row in await session.execute(statement)
    )


def _same_topic(data: CardData, now: datetime) -> ColumnElement[bool] | None:
    people = {data.applicant.person_id, data.insured.person_id} - {None}
    if not people:
        return None
    return and_(
        or_(AppealRecord.applicant_id.in_(people), AppealRecord.insured_id.in_(people)),
        AppealRecord.topic_code == data.topic,
        AppealRecord.created_at >= now - WITHIN,
        is_open(),
    )


def _same_letter(data: CardData) -> ColumnElement[bool] | None:
    """The sender is the organisation, or the applicant when the letter came from him directly."""
    if not data.written_no or data.written_date is None:
        return None
    sender: ColumnElement[bool] = AppealRecord.source_code == data.source
    if data.source_org_id is not None:
        sender = AppealRecord.source_org_id == data.source_org_id
    elif data.source_org:
        sender = AppealRecord.source_org == data.source_org
    return and_(
        AppealRecord.written_no == data.written_no,
        AppealRecord.written_no != "",  # the condition of the partial index
        AppealRecord.written_date == data.written_date,
        AppealRecord.phase != Phase.DELETED.value,
        sender,
    )
