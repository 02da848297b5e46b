"""One line of the operators' grid (DAY-34, DAY-36, DAY-16). Pure: what is known of a person in, what is shown out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hotline.cti.model import Call, Direction
from hotline.journal.masking import tail
from hotline.queue.model import IN_CALL, Operator, OperatorState, PauseReason
from hotline.softphone.quality_rules import QualityChanged, verdict

NEAR = 0.8
"""From this share of a limit on it is shown in amber (DAY-36)."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may take calls."""

    user_id: int
    name: str
    extension: str
    organisation_id: int
    organisation: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """What the board shows of an operator. Moments are UTC; ``party`` is a number without its beginning.

    ``near_at`` and ``limit_at`` are when the state becomes long and too long; the page turns amber and red by itself.
    """

    user_id: int
    name: str
    extension: str
    organisation_id: int
    organisation: str
    roles: tuple[str, ...]
    state: OperatorState = OperatorState.OFFLINE
    since: datetime | None = None
    reason: str = ""
    near_at: datetime | None = None
    limit_at: datetime | None = None
    over: bool = False
    queues: tuple[str, ...] = ()
    penalty: int = 0
    call_key: str | None = None
    call_queue: str | None = None
    direction: str = ""
    party: str = ""
    mos: float | None = None
    verdict: str | None = None
    alarm: str | None = None
    applied: bool = True


def line_of(
    person: Person,
    operator: Operator | None,
    call: Call | None,
    quality: QualityChanged | None,
    reasons: Mapping[str, PauseReason],
    *,
    applied: bool = True,
) -> OperatorLine:
    """Return a person's line.

    :param operator: ``None``: he has not been at work.
    :param call: the call that decides his state, if it goes on.
    :param quality: how it sounds now, if anybody measures.
    """
    head = (person.user_id, person.name, person.extension, person.organisation_id, person.organisation, person.roles)
    if operator is None or operator.extension != person.extension:
        return OperatorLine(*head)
    if operator.state is OperatorState.OFFLINE:
        return OperatorLine(*head, since=operator.since)
    reason = ""
    if operator.state is OperatorState.PAUSE and operator.reason is not None:
        found = reasons.get(operator.reason)
        reason = found.title if found is not None else operator.reason
    busy = call if operator.state in IN_CALL else None
    report = quality.report if quality is not None and busy is not None and quality.call_key == busy.key else None
    score = report.mos if report is not None else None
    return OperatorLine(
        *head,
        state=operator.state,
        since=operator.since,
        reason=reason,
        near_at=_near(operator),
        limit_at=operator.limit_at,
        over=operator.over_limit,
        queues=operator.queues,
        penalty=operator.penalty,
        call_key=busy.key if busy is not None else None,
        call_queue=busy.queue if busy is not None else None,
        direction=busy.direction if busy is not None else "",
        party=_party(person, busy),
        mos=None if score is None else round(score, 1),
        verdict=None if score is None else verdict(score),
        alarm=report.alarm if report is not None else None,
        applied=applied,
    )


def _near(operator: Operator) -> datetime | None:
    if operator.limit_at is None:
        return None
    return operator.since + (operator.limit_at - operator.since) * NEAR


def _party(person: Person, call: Call | None) -> str:
    """Who is at the other end: of a citizen the last digits only, a colleague's internal number whole."""
    if call is None:
        return ""
    if call.direction is Direction.INTERNAL:
        others = (call.caller, call.dialled)
        return next((one for one in others if one and one != person.extension), "")
    return tail((call.caller if call.direction is Direction.IN else call.dialled) or "")
