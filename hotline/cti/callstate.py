"""The working memory of one live call: what ``calls.CallTracker`` folds events into. Pure.

``LiveCall`` is mutable and private to the tracker; everybody else sees the frozen ``model.Call`` that ``freeze`` makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hotline.cti.model import (
    Call,
    Direction,
    EndedBy,
    EndSource,
    Leg,
    LegRole,
    Outcome,
    Parking,
    Phase,
    Span,
    VoiceChanged,
)
from hotline.cti.segments import Story

_DIAL_OUTCOMES = {
    "BUSY": Outcome.BUSY,
    "NOANSWER": Outcome.NO_ANSWER,
    "CANCEL": Outcome.NO_ANSWER,
    "CONGESTION": Outcome.FAILED,
    "CHANUNAVAIL": Outcome.FAILED,
}


@dataclass(slots=True, eq=False)
class LiveLeg:
    """One channel. ``bridge`` is where it is now; ``holding`` says that it waits there."""

    uniqueid: str
    channel: str
    extension: str | None
    role: LegRole
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    unheard: bool = False
    """It rang over a connection that is gone, so nobody missed anything."""
    bridge: str | None = None
    holding: bool = False
    frozen: Leg | None = None
    """The latest picture of it: most events change no leg, and a call is pictured at each of them."""
    given: str = ""
    """Why the dialplan's ``give`` rang it (``transfer``, ``parked``, ``back``…); empty: it was dialled otherwise."""
    place: tuple[str, str] = ("", "")
    """Context and extension of the dialplan in which a snapshot found it."""

    def freeze(self) -> Leg:
        """Return the leg as the rest of the product sees it."""
        leg = self.frozen
        if (
            leg is None
            or leg.ended_at is not self.ended_at
            or leg.answered_at is not self.answered_at
            or leg.role is not self.role
            or leg.cause is not self.cause
            or leg.started_at is not self.started_at
        ):
            leg = self.frozen = Leg(
                self.uniqueid,
                self.channel,
                self.role,
                self.extension,
                self.started_at,
                self.answered_at,
                self.ended_at,
                self.cause,
            )
        return leg


@dataclass(slots=True, eq=False)
class LiveCall:
    """One conversation, being put together."""

    key: str
    asterisk: str
    direction: Direction
    caller: str | None
    dialled: str
    started_at: datetime
    published: bool
    """A browser that only recovers its call or tests its echo makes a channel too; such a thing is no call until
    somebody is dialled."""
    phase: Phase = Phase.STARTED
    queue: str | None = None
    queued_at: datetime | None = None
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    operator: str | None = None
    ringing: list[str] = field(default_factory=list)
    legs: dict[str, LiveLeg] = field(default_factory=dict)
    holds: list[Span] = field(default_factory=list)
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    end_source: EndSource | None = None
    recorded: bool = False
    parked: Parking | None = None
    story: Story = field(default_factory=Story)
    card_id: str | None = None
    phone_hold: bool = False
    """The running hold is the telephone's own, so no bridge will tell its end."""
    voice: str | None = None
    """Channel that the party heard last, alone; ``None``: none yet, ``""``: unknown, the call was found running."""
    # Hints for the end.
    hint: EndedBy | None = None
    operator_left: bool = False
    dial_status: str = ""
    voicemail: bool = False
    out_of_hours: bool = False
    callback: bool = False
    """The citizen asked to be called back."""

    def freeze(self) -> Call:
        """Return the call as the rest of the product sees it."""
        # By position: this is made at every step of every call, and names would cost as much as the values.
        return Call(
            self.key,
            self.asterisk,
            self.direction,
            self.phase,
            self.caller,
            self.dialled,
            self.started_at,
            self.queue,
            self.queued_at,
            self.offered_at,
            self.answered_at,
            self.ended_at,
            self.operator,
            tuple(self.ringing),
            tuple([leg.freeze() for leg in self.legs.values()]),
            tuple(self.holds),
            self.outcome,
            self.ended_by,
            self.end_source,
            self.recorded,
            self.parked,
            tuple(self.story.segments),
            self.card_id,
        )

    @property
    def first(self) -> LiveLeg | None:
        """The channel that began the call."""
        return self.legs.get(self.key)

    @property
    def party(self) -> LiveLeg | None:
        """The side that is not our operator: the citizen; in an internal call the one who was called."""
        if self.direction is Direction.IN:
            return self.first
        callees = [leg for leg in self.legs.values() if leg.role is LegRole.CALLEE]
        talked = [leg for leg in callees if leg.answered_at is not None]
        candidates = talked or callees
        return candidates[-1] if candidates else None

    def partners(self) -> list[LiveLeg]:
        """Our telephones that are in conversation with the party right now."""
        party = self.party
        if party is None or party.bridge is None or party.holding:
            return []
        return [
            leg
            for leg in self.legs.values()
            if leg is not party and leg.bridge == party.bridge and leg.extension is not None
        ]

    def hear(self, at: datetime) -> list[VoiceChanged]:
        """Note which telephone the citizen hears; say so when it is another one than before.

        Three in one bridge are mixed by Asterisk into a stream of its own, so they count only when one of them is left.
        """
        partners = self.partners()
        if self.direction is Direction.INTERNAL or len(partners) != 1:
            return []
        before, self.voice = self.voice, partners[0].uniqueid
        return [] if before in {None, self.voice} else [VoiceChanged(self.asterisk, self.key, at)]

    def note(self, event: str) -> None:
        """Remember what the dialplan said of the way that the call takes: it decides the outcome."""
        self.out_of_hours |= event == "OutOfHours"
        self.voicemail |= event == "VoicemailLeft"
        self.callback |= event == "CallbackAsked"

    def role_of(self, extension: str | None) -> LegRole:
        """Return what a channel does that was not seen being dialled. ``extension``: as in :class:`LiveLeg`."""
        return LegRole.AGENT if extension is not None and self.direction is Direction.IN else LegRole.CALLEE

    def alive(self) -> bool:
        """Tell whether any channel is left."""
        return any(leg.ended_at is None for leg in self.legs.values())

    def is_over(self) -> bool:
        """An incoming call ends with the citizen's channel; any other when the far end or everybody has gone."""
        if not self.alive():
            return True
        party = self.party
        if party is None or party.ended_at is None:
            return False
        return self.direction is Direction.IN or self.answered_at is not None

    def has_operator(self) -> bool:
        """Tell whether any of our telephones is still in the call."""
        return any(leg.extension is not None and leg.ended_at is None for leg in self.legs.values())

    def open_hold(self, at: datetime) -> bool:
        """Begin a hold; False when one is running already."""
        if self.holds and self.holds[-1].ended_at is None:
            return False
        self.holds.append(Span(at))
        return True

    def close_hold(self, at: datetime) -> bool:
        """End the running hold; False when there is none."""
        if not self.holds or self.holds[-1].ended_at is not None:
            return False
        self.holds[-1] = Span(self.holds[-1].started_at, max(at, self.holds[-1].started_at))
        return True

    def wait(self, at: datetime) -> bool:
        """The operator was lost: the citizen waits from now on; no bridge tells so until he has heard the message.

        False when he was on hold already.
        """
        self.phone_hold = False
        self.hint = None
        self.phase = Phase.HELD
        self.story.lost(at)
        return self.open_hold(at)

    def finish(self, at: datetime, source: EndSource) -> None:
        """Close everything that is still open and decide the outcome and who ended the call."""
        self.phase = Phase.ENDED
        self.ended_at = at
        self.end_source = source
        self.ringing.clear()
        self.parked = None
        self.close_hold(at)
        for leg in self.legs.values():
            if leg.ended_at is None:
                leg.ended_at = at
                leg.bridge = None
        self.outcome = self._outcome()
        if source in {EndSource.RESYNC, EndSource.RESTART}:
            self.ended_by = EndedBy.SYSTEM
        elif self.hint is not None:
            self.ended_by = self.hint
        elif self.answered_at is not None and self.operator_left:
            # An AMI Hangup of the operator's channel sends no HangupRequest (telephony.md 1.3).
            self.ended_by = EndedBy.AGENT
        else:
            self.ended_by = EndedBy.SYSTEM

    def _outcome(self) -> Outcome:
        if self.answered_at is not None:
            return Outcome.ANSWERED
        if self.direction is not Direction.IN:
            return _DIAL_OUTCOMES.get(self.dial_status, Outcome.NO_ANSWER)
        if self.callback or self.voicemail:
            return Outcome.CALLBACK if self.callback else Outcome.VOICEMAIL
        if self.out_of_hours:
            return Outcome.OUT_OF_HOURS
        if self.queued_at is not None:
            return Outcome.ABANDONED_QUEUE
        return Outcome.ABANDONED_IVR


def parking_of(context: str, exten: str, since: datetime) -> Parking | None:
    """Return where a channel in this place of the dialplan is parked; ``None`` when it is not.

    The place says it all (``park,7*101``), so a snapshot finds parked calls again.
    """
    slot, _, by = exten.partition("*")
    if context != "park" or not (slot.isascii() and slot.isdigit()):
        return None
    return Parking(int(slot), by, since)


def dialled_as(call: LiveCall, dialler: str, context: str, extension: str | None) -> LegRole:
    """Return what a channel does in a call that ``dialler`` (a Uniqueid) rings from a context of the dialplan."""
    if context == "give" and call.answered_at is not None:
        # Given to a colleague. When he does not take it, the operator who had it is rung as from the queue.
        return LegRole.AGENT if extension == call.operator else LegRole.CONSULT
    if dialler != call.key or context == "consult":
        return LegRole.CONSULT
    return LegRole.AGENT if call.direction is Direction.IN else LegRole.CALLEE


def joined_as(call: LiveCall, extension: str | None, *, alone: bool) -> LegRole:
    """Return what a channel does that came into a call's bridge from elsewhere.

    :param alone: it was in no other call: a supervisor who joins, or the operator's own new channel after a reload.
    """
    if extension is None:
        return LegRole.CALLEE
    return LegRole.CONSULT if alone and extension != call.operator else LegRole.AGENT
