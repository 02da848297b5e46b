"""The page of an appeal while its operator calls about it: which call, and what may be done when it is over (T7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.journal.call_backs import about
from hotline.journal.model import Appeal
from hotline.journal.moving import Trigger
from hotline.staff.model import User
from hotline.web.call_sound import CALL_BACK
from hotline.web.services import Services
from hotline.web.titles import Mark, outcome_mark


@dataclass(frozen=True, slots=True)
class CallBack:
    """A call about an appeal. ``since`` is when it began; ``outcome`` is ``None`` while it goes on."""

    key: str
    since: datetime
    outcome: Mark | None
    contacted: str
    """The move that says that the citizen was reached, where it may be made now."""


def call_back(its: Services, user: User, appeal: Appeal, key: str) -> CallBack | None:
    """Return the call that the page was opened with; ``None`` when it is not one about this appeal."""
    offered = [move.trigger for move in appeal.life.moves if move.trigger == Trigger.CONTACTED]
    contacted = offered[0] if offered else ""
    live = its.live_call(key)
    if live is not None:
        mine = about(live) == appeal.id and user.extension == live.operator
        return CallBack(key, live.started_at, None, contacted) if mine else None
    stored = next((one for one in appeal.calls if one.key == key and one.relation == CALL_BACK), None)
    if stored is None:
        return None
    return CallBack(key, stored.started_at, outcome_mark(stored.outcome), contacted)
