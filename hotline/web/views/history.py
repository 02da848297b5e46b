"""The citizen's earlier appeals on a card: to look at, to link, to forward to who handled them (S001-057…059)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.journal.model import AppealRow
from hotline.staff.model import User
from hotline.web.services import Services
from hotline.web.titles import Mark, urgency_mark


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """An earlier appeal. ``former_id``: who handled it, when the matrix lets the reader forward to him."""

    id: int
    number: str
    url: str
    urgency: Mark
    appeal_at: datetime
    topic_title: str
    type_title: str
    status_title: str
    former_id: int | None
    former: str
    former_extension: str | None


async def citizen_history(its: Services, user: User, *person_ids: str) -> list[HistoryRow] | None:
    """Return the earlier appeals of people, newest first; ``None`` when nobody is attached."""
    wanted = sorted({int(one) for one in person_ids if one.isascii() and one.isdigit()})
    if not wanted:
        return None
    found: dict[int, AppealRow] = {}
    for person_id in wanted:
        found |= {row.id: row for row in await its.persons.appeals(user, person_id, show_all=True)}
    former = await its.card.links.former(user, list(found)) if found else {}
    rows = []
    for appeal_id in sorted(found, reverse=True):
        row, who = found[appeal_id], former.get(appeal_id)
        rows.append(
            HistoryRow(
                id=row.id,
                number=row.number,
                url=f"/appeals/{row.id}",
                urgency=urgency_mark(row.colour, row.due_at),
                appeal_at=row.appeal_at,
                topic_title=row.topic,
                type_title=row.type,
                status_title=row.status,
                former_id=who.user_id if who else None,
                former=who.full_name if who else "",
                former_extension=who.extension if who else None,
            )
        )
    return rows
