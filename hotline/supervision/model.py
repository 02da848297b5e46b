"""What a supervisor does in an operator's conversation, as data (DAY-15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.staff.model import Right


class Wish(StrEnum):
    """What a supervisor may ask for."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE = "take"


RIGHT: Mapping[Wish, Right] = {
    Wish.LISTEN: Right.CALL_SPY,
    Wish.WHISPER: Right.CALL_WHISPER,
    Wish.BARGE: Right.CALL_BARGE,
    Wish.TAKE: Right.CALL_TAKE_OVER,
}
"""Each has a right of its own."""


class Stage(StrEnum):
    """Where it stands."""

    RINGING = "ringing"  # the supervisor's telephone rings
    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    OVER = "over"


ON = frozenset({Stage.LISTEN, Stage.WHISPER, Stage.BARGE})
HEARD = frozenset({Stage.WHISPER, Stage.BARGE})
"""The operator hears him."""


class Ended(StrEnum):
    """Why it is over."""

    HUNG_UP = "hung_up"  # the conversation ended, or one of them went
    ASKED = "asked"  # the supervisor ended it on the page
    NOT_ANSWERED = "not_answered"  # he did not take his own telephone
    TAKEN = "taken"  # the citizen is his now
    LOST = "lost"  # gone while the service did not look: the moment is when that was noticed


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of one stage."""

    stage: Stage
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One supervisor in one conversation.

    :ivar channel: Uniqueid of his channel; another one after he went back from a talk of three.
    :ivar wish: what the ring leads to.
    """

    id: int
    supervisor_id: int
    supervisor: str  # extensions
    operator_id: int
    operator: str
    asterisk: str
    call_key: str
    channel: str
    wish: Wish
    started_at: datetime
    reason: str
    stage: Stage = Stage.RINGING
    spells: tuple[Spell, ...] = ()
    ended_at: datetime | None = None
    ended: Ended | None = None

    def seconds(self, now: datetime) -> dict[str, float]:
        """Return how long he listened, whispered and talked so far, in seconds with one decimal."""
        found: dict[str, float] = {}
        for one in self.spells:
            length = max(0.0, ((one.ended_at or now) - one.started_at).total_seconds())
            found[one.stage] = round(found.get(one.stage, 0.0) + length, 1)
        return found


@dataclass(frozen=True, slots=True)
class SupervisionChanged:
    """Published on the bus at every step. ``problem``: the error_id of a ring that led to nothing."""

    session: Session
    problem: str = ""


class Telling(StrEnum):
    """When an operator is told that a supervisor takes part (setting ``supervision_told``)."""

    NEVER = "never"
    VOICE = "voice"  # when he can hear him
    ALWAYS = "always"
