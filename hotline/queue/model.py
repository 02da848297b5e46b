"""What an operator is to the queue: state, the facts behind it, what can happen to him and what follows from it.

Pure data. ``rules.decide`` is the only place that makes one ``Operator`` out of another; docs/states.md draws it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class OperatorState(StrEnum):
    """What an operator is doing (domain 2.2, "AgentState log")."""

    OFFLINE = "offline"  # «Не активен»
    READY = "ready"  # «Свободен»
    RINGING = "ringing"  # «Вызов»
    TALKING = "talking"  # «Разговаривает»
    HOLD = "hold"  # «Удержание»: the other party waits
    WRAP_UP = "wrap_up"  # «Постобработка» (S001A-18)
    PAUSE = "pause"  # «Пауза», with a reason
    LOST = "lost"  # «Нет связи» (DAY-16)


IN_CALL = frozenset({OperatorState.RINGING, OperatorState.TALKING, OperatorState.HOLD})
"""States in which at least one call occupies the operator."""


class CallPart(StrEnum):
    """The operator's part in one call."""

    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time that began at ``since`` and ought to be over by ``limit_at`` (``None``: no limit)."""

    since: datetime
    limit_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that the operator is in, or has planned for the end of his call (then ``stretch`` is ``None``)."""

    reason: str
    stretch: Stretch | None = None
    missed_call: str | None = None
    """Key of the call whose missed offer caused this pause (DAY-10); ``None`` when the operator chose it."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator now: the state that people see, and the facts from which ``rules`` derive it.

    ``since`` is the beginning of the state as people count it: an interrupted pause or wrap-up goes on from where it
    began. ``limit_at`` is when the state ends by itself (wrap-up) or becomes too long (pause).
    """

    user_id: int
    extension: str
    since: datetime
    state: OperatorState = OperatorState.OFFLINE
    reason: str | None = None
    limit_at: datetime | None = None
    over_limit: bool = False
    queues: tuple[str, ...] = ()
    penalty: int = 0
    places: tuple[int, ...] = ()
    """His place in each of ``queues``, in their order; empty: ``penalty`` in all of them."""
    calls: tuple[tuple[str, CallPart], ...] = ()
    last_call: str | None = None
    pause: Pause | None = None
    wrap_up: Stretch | None = None
    phone_lost_at: datetime | None = None
    supervising: bool = False
    """He takes part in somebody else's conversation, or his telephone rings for that (DAY-15)."""

    @property
    def call_key(self) -> str | None:
        """The call that decides the state, or in wrap-up the call just finished; ``None`` when there is none."""
        for wanted in (CallPart.TALKING, CallPart.HELD, CallPart.RINGING):
            for key, part in self.calls:
                if part is wanted:
                    return key
        return self.last_call if self.state is OperatorState.WRAP_UP else None

    def part_in(self, call_key: str) -> CallPart | None:
        """Return the operator's part in a call; ``None`` when he has none."""
        return dict(self.calls).get(call_key)


@dataclass(frozen=True, slots=True)
class PauseReason:
    """Why an operator may pause, and for how long before it is conspicuous (DAY-36)."""

    code: str
    title: str
    limit: timedelta | None
    automatic: bool = False
    """The system's own: nobody can choose it. The first such reason is that of a missed offer (DAY-10)."""


MISSED_CALL = "P10"
"""The reason of the automatic pause after a missed offer (DAY-10), for a profile that names none."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What differs between hotlines. All durations are positive; ``wrap_up`` zero means that there is no wrap-up."""

    queues: tuple[str, ...] = ("hotline",)
    wrap_up: timedelta = timedelta(seconds=60)
    wrap_up_extension: timedelta = timedelta(seconds=60)
    wrap_up_max: timedelta = timedelta(minutes=5)  # limit of P03; no forced wrap-up exceeds ``wrap_up`` (DAY-05)
    phone_grace: timedelta = timedelta(seconds=15)  # DAY-16
    lost_limit: timedelta = timedelta(hours=1)  # then his working day is over: nobody stays "lost" for ever
    dying: timedelta = timedelta(
        seconds=5
    )  # how long before its connection is gone an Asterisk may end rings by itself
    pause_reasons: Mapping[str, PauseReason] = field(default_factory=dict)
    """By code, in the order in which they are offered: the profile's classifier. Without any there is no pause."""

    @property
    def longest_wrap_up(self) -> timedelta:
        """How long a wrap-up may become when the operator asks for more time."""
        return max(self.wrap_up, self.wrap_up_max)

    @property
    def missed_call(self) -> str:
        """The reason of the automatic pause after a missed offer."""
        return next((reason.code for reason in self.pause_reasons.values() if reason.automatic), MISSED_CALL)


# --- What can happen to an operator ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartWork:
    """«Начало работы». ``microphone``: the browser's check passed; ``phone``: his telephone is connected.

    Without ``queues`` he is at work, but reached by his internal number only (level 2, S001-016).
    """

    extension: str
    queues: tuple[str, ...]
    microphone: bool
    phone: bool = True
    penalty: int = 0
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EndWork:
    """«Завершить»."""


@dataclass(frozen=True, slots=True)
class Reassign:
    """An administrator changed his queues, or his place in them; it holds from this moment."""

    queues: tuple[str, ...]
    penalty: int = 0
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GoReady:
    """«Свободен»: ends a pause or a wrap-up, or takes back a planned pause."""


@dataclass(frozen=True, slots=True)
class TakePause:
    """«Пауза». In a call it is a plan: it begins when the call and its wrap-up are over."""

    reason: str


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    """The operator needs more time for the card."""


@dataclass(frozen=True, slots=True)
class CloseWrapUp:
    """A wrap-up that goes on although nobody works on the card any more ends; a planned pause begins then."""


@dataclass(frozen=True, slots=True)
class Forced:
    """A supervisor does it for him (right ``agent.force_state``). ``by``: the supervisor's id.

    It may do less than the operator himself: nobody is thrown out of a call, and only a pause or a wrap-up is ended.
    """

    wish: GoReady | TakePause | EndWork | CloseWrapUp
    by: int


@dataclass(frozen=True, slots=True)
class CallOffered:
    """His telephone rings."""

    call_key: str


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """He talks, talks again after a hold, or has begun to dial."""

    call_key: str


@dataclass(frozen=True, slots=True)
class CallHeld:
    """He has put the other party on hold."""

    call_key: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """He has no part in the call any more. ``wrap_up``: the call is one that is written down in a card."""

    call_key: str
    wrap_up: bool


@dataclass(frozen=True, slots=True)
class OfferMissed:
    """His telephone rang and he neither answered, nor did the citizen leave."""

    call_key: str


@dataclass(frozen=True, slots=True)
class ServerGone:
    """The link to a telephone server is gone: it may have ended rings because it was going itself."""

    asterisk: str


@dataclass(frozen=True, slots=True)
class Supervises:
    """He begins (``on``) or ceases to take part in somebody else's conversation."""

    on: bool


@dataclass(frozen=True, slots=True)
class PhoneGone:
    """His telephone's connection to us is gone."""


@dataclass(frozen=True, slots=True)
class PhoneBack:
    """His telephone is connected."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Happening = (
    StartWork
    | EndWork
    | Reassign
    | GoReady
    | TakePause
    | ExtendWrapUp
    | Forced
    | CallOffered
    | CallAnswered
    | CallHeld
    | CallEnded
    | OfferMissed
    | ServerGone
    | Supervises
    | PhoneGone
    | PhoneBack
    | Tick
)


# --- What follows from it -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add the operator's telephone to the queue."""

    queue: str
    extension: str
    member_name: str
    paused: bool
    penalty: int


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Take the operator's telephone out of the queue."""

    queue: str
    extension: str


@dataclass(frozen=True, slots=True)
class PauseMember:
    """No calls for this telephone, in any queue."""

    extension: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnpauseMember:
    """Calls for this telephone again."""

    extension: str


MemberEffect = AddMember | RemoveMember | PauseMember | UnpauseMember


class Notice(StrEnum):
    """What an operator or his supervisor should be told."""

    OFFER_MISSED = "offer-missed"
    PAUSE_OVER_LIMIT = "pause-over-limit"
    WRAP_UP_OVER = "wrap-up-over"
    PHONE_LOST = "phone-lost"
    PHONE_BACK = "phone-back"
    SIGNED_OFF = "signed-off"  # by us, after ``Policy.lost_limit`` without a telephone


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the operator and whoever watches him."""

    notice: Notice


Effect = MemberEffect | Notify


@dataclass(frozen=True, slots=True)
class Decision:
    """The operator after a happening, and what must be done about it, in this order."""

    operator: Operator
    effects: tuple[Effect, ...] = ()


# --- What the rest of the product hears -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OperatorChanged:
    """Published on the bus when anything that people see of an operator changed. ``operator`` is the state *after*.

    ``applied`` is false while Asterisk has not confirmed his membership of the queues.
    """

    operator: Operator
    previous: OperatorState
    at: datetime
    applied: bool = True


@dataclass(frozen=True, slots=True)
class OperatorNotice:
    """Published on the bus: see ``Notice``."""

    user_id: int
    extension: str
    notice: Notice
    at: datetime
