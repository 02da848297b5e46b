"""What a telephone call is, for the whole product: the words that ``cti`` speaks to ``queue``, ``journal`` and ``web``.

Pure data: standard library only. ``cti.calls`` folds Asterisk's events into these; nobody else makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Direction(StrEnum):
    """Who started the call (S001-008)."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Phase(StrEnum):
    """Where a live call stands."""

    STARTED = "started"  # greeting, menus; not yet in a queue
    QUEUED = "queued"
    RINGING = "ringing"  # offered to at least one operator (or, outgoing, ringing at the far end)
    TALKING = "talking"
    HELD = "held"
    CONSULTING = "consulting"  # the citizen waits while the operator asks a colleague (telephony.md 6)
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended (domain 2.2)."""

    ANSWERED = "answered"
    ABANDONED_IVR = "abandoned_ivr"
    ABANDONED_QUEUE = "abandoned_queue"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    OUT_OF_HOURS = "out_of_hours"
    CALLBACK = "callback"  # left the queue with the wish to be called back; his place is kept


class EndedBy(StrEnum):
    """Who hung up."""

    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"


class EndSource(StrEnum):
    """How we know that the call ended."""

    AMI = "ami"  # seen live
    RESYNC = "resync"  # missing from a snapshot; provisional until the logs are read
    RESTART = "restart"  # Asterisk started anew, so the call cannot exist any more
    LOG = "log"  # CEL or queue_log


class LegRole(StrEnum):
    """What a channel does in a call."""

    CALLER = "caller"
    AGENT = "agent"
    CONSULT = "consult"
    CALLEE = "callee"  # far end of an outgoing or internal call


@dataclass(frozen=True, slots=True)
class Leg:
    """One channel of a call."""

    uniqueid: str
    channel: str
    role: LegRole
    extension: str | None  # internal number for PJSIP/<extension>; None for the trunk
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None  # Q.850 hang-up cause


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; ``ended_at`` is ``None`` while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """Length so far, in seconds."""
        return ((self.ended_at or now) - self.started_at).total_seconds()


class SegmentKind(StrEnum):
    """What a part of a call is, for statistics."""

    WAIT = "wait"  # the citizen stands in a queue
    TALK = "talk"  # he is an operator's, holds included
    CONSULT = "consult"  # an operator asks a colleague while he waits
    BLIND = "blind"  # he is sent to a colleague who was not asked
    LOST = "lost"  # the operator's browser was lost


class SegmentResult(StrEnum):
    """How a part ended."""

    OPEN = ""
    ANSWERED = "answered"  # of a wait: an operator took him
    ABANDONED = "abandoned"  # of a wait: he hung up
    LEFT = "left"  # of a wait: time, a digit or a rule led him out of the queue
    DONE = "done"  # of a transfer: the colleague has him; of a loss: somebody talks with him again
    JOINED = "joined"  # of a consultation: the three talked together
    REFUSED = "refused"  # of a transfer: the colleague did not answer
    CANCELLED = "cancelled"  # of a transfer: the colleague answered and the operator took the citizen back


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a call with a beginning and an end: what statistics count and add up (``cti.segments`` makes it)."""

    kind: SegmentKind
    started_at: datetime
    ended_at: datetime | None = None
    queue: str | None = None  # of a wait: where he waits; of a talk: whence he came
    extension: str | None = None  # who answered, talks, is asked, or was lost
    by: str | None = None  # of a transfer: who asks or sends
    result: SegmentResult = SegmentResult.OPEN
    again: bool = False  # of a wait: an operator had talked with him before

    def seconds(self, now: datetime) -> float:
        """Length so far, in seconds; never negative."""
        return max(0.0, ((self.ended_at or now) - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Parking:
    """A citizen who waits for anybody. ``slot`` is the number that operators call to each other."""

    slot: int
    by: str  # extension of the operator who parked him and gets him back after a while
    since: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """The state of one conversation: everything that shares a Linkedid (telephony.md 1.4).

    ``key`` is the Uniqueid of the first channel (the dialplan's ``CALL_ID``); it contains the server's systemname and
    is therefore unique among all Asterisk servers. It also names the recording files.
    """

    key: str
    asterisk: str
    direction: Direction
    phase: Phase
    caller: str | None  # number as Asterisk saw it; None when withheld
    dialled: str  # DID or extension that was dialled
    started_at: datetime
    queue: str | None = None
    queued_at: datetime | None = None
    offered_at: datetime | None = None  # first ring at an operator
    answered_at: datetime | None = None  # first bridge with an operator or far end
    ended_at: datetime | None = None
    operator: str | None = None  # extension of the operator who talks or talked last
    ringing: tuple[str, ...] = ()  # extensions being rung right now
    legs: tuple[Leg, ...] = ()
    holds: tuple[Span, ...] = ()
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    end_source: EndSource | None = None
    recorded: bool = False
    parked: Parking | None = None
    segments: tuple[Segment, ...] = ()
    card_id: str | None = None  # the card that it carries (``CARD_ID``); of an outgoing call: what it is about

    def wait_s(self, now: datetime) -> float:
        """Seconds from joining the queue to the answer, the end, or ``now``. 0 when never queued."""
        if self.queued_at is None:
            return 0.0
        return max(timedelta(), (self.answered_at or self.ended_at or now) - self.queued_at).total_seconds()

    def talk_s(self, now: datetime) -> float:
        """Seconds from the answer to the end or ``now``, holds included. 0 when never answered."""
        if self.answered_at is None:
            return 0.0
        return max(timedelta(), (self.ended_at or now) - self.answered_at).total_seconds()

    def hold_s(self, now: datetime) -> float:
        """Seconds that the citizen spent on hold."""
        return sum(span.seconds(now) for span in self.holds)


class CallEventKind(StrEnum):
    """What just happened to a call; the values are the push types that browsers see (domain 2.11)."""

    STARTED = "call.started"
    QUEUED = "call.queued"
    OFFERED = "call.offered"  # ``extension`` rings
    OFFER_ENDED = "call.offer_ended"  # ``extension`` stopped ringing without an answer
    ANSWERED = "call.answered"  # ``extension`` talks
    HELD = "call.held"
    RESUMED = "call.resumed"
    PARKED = "call.parked"
    CONSULTING = "call.consulting"  # ``extension`` is being consulted
    TRANSFERRED = "call.transferred"  # ``extension`` is the new operator
    ENDED = "call.ended"
    RECOVERED = "call.recovered"  # found in a snapshot or a log: state set, intermediate facts unknown


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Published on the bus for every change of a call. ``call`` is the state *after* it. Handlers set, never count."""

    kind: CallEventKind
    call: Call
    at: datetime
    extension: str | None = None
    reason: str = ""  # of OFFER_ENDED: Asterisk's DIALSTATUS (NOANSWER, BUSY; CANCEL: the caller left); "" unknown


@dataclass(frozen=True, slots=True)
class VoiceChanged:
    """The citizen hears another telephone than before, alone: a colleague, or the same operator on a new channel.

    Asterisk's recording must then be begun anew (``recording_renewal``).
    """

    asterisk: str
    call_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RatingGiven:
    """A citizen was asked after a conversation how it was; what he said lies in AstDB (``cti.ratings``)."""

    asterisk: str
    call_key: str
    at: datetime


CallFact = CallEvent | VoiceChanged | RatingGiven


class DeviceState(StrEnum):
    """State of an internal number as Asterisk sees it (QueueMemberStatus 1.3, DeviceStateChange)."""

    UNKNOWN = "unknown"
    IDLE = "idle"
    IN_USE = "in_use"
    BUSY = "busy"
    RINGING = "ringing"
    ON_HOLD = "on_hold"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """An internal number changed its state."""

    asterisk: str
    extension: str
    state: DeviceState
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """A queue member as Asterisk sees it (QueueMemberStatus/Added/Removed/Pause)."""

    asterisk: str
    queue: str
    extension: str
    present: bool  # False: removed from the queue
    paused: bool
    pause_reason: str
    state: DeviceState
    in_call: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """The waiting line of a queue changed: number of citizens waiting, and since when the first of them waits."""

    asterisk: str
    queue: str
    waiting: int
    oldest_at: datetime | None
    at: datetime


class LinkState(StrEnum):
    """Our connection to one Asterisk."""

    CONNECTING = "connecting"
    SYNCING = "syncing"  # logged in, snapshot being read
    UP = "up"
    DOWN = "down"
    REFUSED = "refused"  # wrong user or secret: somebody must act


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The connection to one Asterisk changed. ``boot_id`` changes when Asterisk itself was restarted."""

    asterisk: str
    state: LinkState
    at: datetime
    reason: str = ""
    boot_id: str = ""


@dataclass(frozen=True, slots=True)
class ConsultOffered:
    """A colleague is being asked to take part: his browser opens the caller's card while his phone rings (S001-016).

    Also when he is to get the citizen without being asked first (blind transfer, parked call), and, after a restart of
    the service, for a consultation that was found running.
    """

    asterisk: str
    call: Call
    from_extension: str
    to_extension: str
    card_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsultEnded:
    """The consultation is over. ``status``: ``done`` (the colleague has the citizen), ``cancelled`` or ``refused``."""

    asterisk: str
    call_key: str
    from_extension: str
    to_extension: str
    status: str
    reason: str  # why it was refused: Asterisk's DIALSTATUS (``BUSY``, ``NOANSWER``…) or ``""``
    at: datetime


class Standing(StrEnum):
    """Where a call stands, seen from one operator whose browser may be gone (``softphone.recovery``)."""

    WITH_HIM = "with him"  # he has a channel in it that was answered
    RINGING_HIM = "ringing him"
    ALONE = "alone"  # the citizen waits and no operator has a channel
    ELSEWHERE = "elsewhere"  # over, ended on purpose, in the queue, or another operator's


@dataclass(frozen=True, slots=True)
class OperatorPart:
    """An operator's part in a call at one moment."""

    standing: Standing
    leg: str | None = None  # Uniqueid of his live channel
    main: bool = True  # the citizen is his: he was not merely asked by a colleague
    others: bool = False  # another operator's answered channel is in the call
    idle: bool = False  # his telephone is registered and free


@dataclass(frozen=True, slots=True)
class LineReport:
    """What Asterisk's RTP has counted on a channel so far, from its beginning (RFC 3550): packets, milliseconds.

    ``sent_…`` is what the other side has reported of what it was sent; ``rtt_ms`` ``None``: it has not reported yet.
    """

    received: int
    lost: int
    jitter_ms: float
    sent: int
    sent_lost: int
    sent_jitter_ms: float
    rtt_ms: float | None
