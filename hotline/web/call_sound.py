"""The calls of a card or an appeal as its page shows them: the recording and how it sounded (issue 3, S002-02)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotline.journal.model import CallLink
from hotline.softphone.quality_rules import BEST, WORST, LegQuality, worst
from hotline.staff.model import Right, User
from hotline.web.i18n import gettext, show_duration
from hotline.web.services import Services
from hotline.web.titles import Mark, outcome_mark, quality_mark

LEAST_SILENCE_S = 1.0
CALL_BACK = "callback"
"""Relation of a call that was placed from the appeal that it is about."""


@dataclass(frozen=True, slots=True)
class CallSound:
    """How a call sounded where it sounded worst: word, bar, figures. ``fault``: for how long a voice was away."""

    mark: Mark
    score: float
    lowest: float
    best: float = BEST
    worst: float = WORST
    fault: str = ""


@dataclass(frozen=True, slots=True)
class CallPart:
    """A call that is over. ``recording_url`` is empty when it was not recorded."""

    started_at: datetime
    talk_s: float
    recording_url: str
    sound: CallSound | None
    outcome: Mark | None = None
    """Of a call about the appeal that the operator placed: how it ended; he tried, even when nobody answered."""
    rating: int | None = None
    """What the citizen said of it, 1 to 5."""


class CallFacts(Protocol):
    """What a page knows of a call."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def started_at(self) -> datetime: ...  # noqa: D102
    @property
    def talk_s(self) -> float: ...  # noqa: D102
    @property
    def recorded(self) -> bool: ...  # noqa: D102


def sound_of(legs: tuple[LegQuality, ...]) -> CallSound | None:
    """Return how a call sounded; ``None`` when nobody measured it."""
    leg = worst(legs)
    mark = quality_mark(leg)
    if leg is None or leg.mos is None or mark is None:
        return None
    silence_s = sum(one.alarm_s for one in legs)
    fault = ""
    if silence_s >= LEAST_SILENCE_S:
        fault = gettext("One side was not heard for %(time)s") % {"time": show_duration(silence_s)}
    return CallSound(mark, round(leg.mos, 2), round(leg.mos_min, 2), fault=fault)


async def call_parts(its: Services, user: User, calls: Iterable[CallFacts]) -> list[CallPart]:
    """Return what there is to hear and to say of calls, those with neither left out. Two queries at most.

    Figures are for who talked in the call and for who may watch calls (``call.monitor``).
    """
    calls = list(calls)
    legs = await its.quality.of_calls(one.key for one in calls) if calls else {}
    said = await its.reviews.said(one.key for one in calls) if calls else {}
    if not user.may(Right.CALL_MONITOR):
        legs = {key: mine for key, mine in legs.items() if any(leg.user_id == user.id for leg in mine)}
    parts = [
        CallPart(
            one.started_at,
            one.talk_s,
            f"/recordings/{one.key}/player" if one.recorded else "",
            sound_of(legs.get(one.key, ())),
            outcome_mark(one.outcome) if isinstance(one, CallLink) and one.relation == CALL_BACK else None,
            said.get(one.key),
        )
        for one in calls
    ]
    return [part for part in parts if part.recording_url or part.sound is not None or part.outcome is not None]
