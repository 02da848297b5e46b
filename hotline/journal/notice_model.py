"""What people are told about: data only. Words come from the kind: no text of an appeal gets into a notice (DAY-29)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

WAITING = "waiting"
"""In the details of a notice about several appeals: how many."""

REVIEW = "review"
"""In the details of a notice about a score: the review's id."""

MESSAGE = "message"
"""In the details of a notice of a supervisor's line: the message's id."""


WEBHOOK = "webhook"
"""In the details of a notice about a webhook: its id."""


class NoticeKind(StrEnum):
    """Why somebody is told. The web part has words and an icon for each."""

    DUE_SOON = "due_soon"  # three days before the deadline (domain 2.5)
    DUE_TOMORROW = "due_tomorrow"
    DUE_HALF = "due_half"  # an oral appeal: half of its hours are over
    DUE_NEARLY = "due_nearly"  # and 90 percent of them
    OVERDUE = "overdue"
    DIGEST = "digest"  # once a day: how many appeals await a reply
    FORWARDED = "forwarded"  # an appeal waits for this person to take it
    DECLINED = "declined"  # it came back to its sender
    RETURNED = "returned"  # for rework, with a remark
    REASSIGNED = "reassigned"
    CLOSED = "closed"  # approved and closed finally
    CALLBACK = "callback"  # the citizen must be called back (T6)
    REVIEW = "review"  # something waits for the administrator
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_APPROVED = "extension_approved"  # the citizen must be told of the new date
    EXTENSION_REFUSED = "extension_refused"
    SCORED = "scored"  # a conversation of this operator has a score
    SCORE_DISPUTED = "score_disputed"  # the operator does not agree; to the reviewer
    SCORE_SETTLED = "score_settled"  # his answer was considered
    SUPERVISOR = "supervisor"  # a supervisor wrote to him, or changed his state
    WEBHOOK_OFF = "webhook_off"  # another system took no event for a day; to administrators


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the list behind the bell."""

    id: int
    kind: str
    at: datetime
    read: bool
    appeal_id: int | None
    number: str  # of the appeal; "" when it is about none
    details: Mapping[str, int] = field(default_factory=dict)  # counts only


@dataclass(frozen=True, slots=True)
class NoticeMade:
    """Published on the bus after the transaction that made notices."""

    kind: str
    number: str
    appeal_id: int | None
    user_ids: tuple[int, ...]
    at: datetime
