"""What a duty towards a citizen who was not served is made of (DAY-14). Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from hotline.errors import Conflict


class Reason(StrEnum):
    """Why a call did not serve the citizen."""

    ABANDONED = "abandoned"  # he gave up waiting, or during the greeting
    ASKED = "asked"  # he pressed 1: his place in the queue is kept
    OUT_OF_HOURS = "out_of_hours"
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    LOST = "lost"  # somebody talked with him, then the call broke off and nobody was there


class DutyState(StrEnum):
    """Where a duty stands."""

    OPEN = "open"
    TAKEN = "taken"  # an operator cares for it; after a while without a call it is open again
    ATTEMPTED = "attempted"  # he was called and not reached
    SERVED = "served"  # by a call or an appeal, whoever made it
    CLOSED = "closed"  # by a person, who said why


OVER = frozenset({DutyState.SERVED, DutyState.CLOSED})


class Result(StrEnum):
    """What came of an attempt to reach him."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    SHORT = "short"  # answered, but nobody can be served in so few seconds: an answering machine, a hang-up
    LATER = "later"  # he asked to be called at another time


class Closing(StrEnum):
    """Why a person closes a duty without having reached the citizen by this telephone system."""

    SERVED_ELSEWHERE = "served_elsewhere"
    NOT_NEEDED = "not_needed"
    NOT_REACHED = "not_reached"
    WRONG_NUMBER = "wrong_number"
    NUISANCE = "nuisance"
    VOID = "void"  # by the ledger itself: a better report says that there was no such duty


class MoveKind(StrEnum):
    """What can happen to a duty. The first three are facts about calls and appeals, the others what people do."""

    MISS = "miss"
    TRY = "try"
    SERVE = "serve"
    TAKE = "take"
    RELEASE = "release"
    ATTEMPT = "attempt"
    CLOSE = "close"
    REOPEN = "reopen"


FACTS = frozenset({MoveKind.MISS, MoveKind.TRY, MoveKind.SERVE})


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happened. ``at`` orders them; of the same moment facts come first."""

    kind: MoveKind
    at: datetime
    user_id: int | None = None
    call_key: str = ""
    queue: str = ""
    reason: Reason | None = None  # of MISS
    since: datetime | None = None  # of MISS with ASKED: when he joined the queue; his place counts from here
    result: Result | None = None  # of TRY and ATTEMPT
    closing: Closing | None = None  # of CLOSE
    appeal_id: int | None = None  # of SERVE
    next_try_at: datetime | None = None
    note: str = ""
    insists: bool = False  # of TAKE, ATTEMPT, CLOSE: a supervisor does it although another has taken it
    place: int = 0  # of people's moves: in which order they were written down

    @property
    def order(self) -> tuple[datetime, bool, str, int, str]:
        """Sorts moves the same way however they were found."""
        return self.at, self.kind not in FACTS, self.call_key, self.place, self.kind


@dataclass(frozen=True, slots=True)
class Duty:
    """A citizen is owed a call. Made and changed by ``rules.step`` alone."""

    state: DutyState
    first_at: datetime
    last_at: datetime
    calls: tuple[str, ...]
    reasons: tuple[Reason, ...]
    queue: str = ""
    taken_by: int | None = None
    taken_until: datetime | None = None
    attempts: int = 0
    last_result: Result | None = None
    last_try_at: datetime | None = None
    next_try_at: datetime | None = None
    asked_since: datetime | None = None
    place_tries: int = 0
    """Attempts since he asked to keep his place."""
    voicemail: str = ""
    """Key of the latest call with a message."""
    over_at: datetime | None = None
    over_by: int | None = None
    closing: Closing | None = None
    served_call: str = ""
    served_appeal: int | None = None

    @property
    def tries(self) -> int:
        """How often he called in vain."""
        return len(self.calls)

    def holder(self, now: datetime) -> int | None:
        """Return who has it in his hands; ``None``: nobody (any more)."""
        if self.state is not DutyState.TAKEN or self.taken_until is None or self.taken_until <= now:
            return None
        return self.taken_by


@dataclass(frozen=True, slots=True)
class Limits:
    """What differs between hotlines.

    :ivar day_until: the end of the working day in which citizens are called back, in the organisation's zone.
    :ivar served_s: seconds of talk from which an outgoing call has served him.
    :ivar hold: for how long a taken duty stays with him who took it.
    :ivar place_tries: how often a citizen who kept his place is called by itself.
    :ivar place_pause: between these tries.
    :ivar international: whether numbers of other countries are called back.
    """

    day_until: time = time(18)
    served_s: float = 10.0
    hold: timedelta = timedelta(minutes=15)
    place_tries: int = 3
    place_pause: timedelta = timedelta(minutes=15)
    international: bool = False


@dataclass(frozen=True, slots=True)
class CallSeen:
    """What the ledger looks at in a call row. ``number`` is E.164; ``None`` for hidden ones."""

    key: str
    direction: str
    number: str | None
    queue: str | None
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    ended_by: str | None
    end_source: str | None
    talk_s: float
    operator_id: int | None
    last_partner_at: datetime | None = field(default=None)
    """When the last telephone of ours that had talked left the call."""


class IllegalMove(Conflict):
    """The state of the duty does not allow this (any more)."""

    default_id = "illegal-callback-move"
