"""The working memory of one live call: what ``calls.CallTracker`` folds events into. Pure.

``LiveCall`` is mutable and private to the tracker; everybody else sees the frozen ``model.Call`` that ``freeze`` makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hotline.cti.model import Call, Direction, EndedBy, EndSource, Leg, LegRole, Outcome, Phase, Span

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
    bridge: str | None = None
    holding: bool = False

    def freeze(self) -> Leg:
        """Return the leg as the rest of the product sees it."""
        return Leg(
            self.uniqueid,
            self.channel,
            self.role,
            self.extension,
            self.started_at,
            self.answered_at,
            self.ended_at,
            self.cause,
        )


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
    card_id: str | None = None
    phone_hold: bool = False
    """The running hold is the telephone's own, so no bridge will tell its end."""
    # Hints for the end.
    hint: EndedBy | None = None
    operator_left: bool = False
    dial_status: str = ""
    voicemail: bool = False
    out_of_hours: bool = False

    def freeze(self) -> Call:
        """Return the call as the rest of the product sees it."""
        return Call(
            key=self.key,
            asterisk=self.asterisk,
            direction=self.direction,
            phase=self.phase,
            caller=self.caller,
            dialled=self.dialled,
            started_at=self.started_at,
            queue=self.queue,
            queued_at=self.queued_at,
            offered_at=self.offered_at,
            answered_at=self.answered_at,
            ended_at=self.ended_at,
            operator=self.operator,
            ringing=tuple(self.ringing),
            legs=tuple(leg.freeze() for leg in self.legs.values()),
            holds=tuple(self.holds),
            outcome=self.outcome,
            ended_by=self.ended_by,
            end_source=self.end_source,
            recorded=self.recorded,
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

    def alive(self) -> bool:
        """Tell whether any channel is left."""
        return any(leg.ended_at is None for leg in self.legs.values())

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

    def finish(self, at: datetime, source: EndSource) -> None:
        """Close everything that is still open and decide the outcome and who ended the call."""
        self.phase = Phase.ENDED
        self.ended_at = at
        self.end_source = source
        self.ringing.clear()
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
        if self.voicemail:
            return Outcome.VOICEMAIL
        if self.out_of_hours:
            return Outcome.OUT_OF_HOURS
        if self.queued_at is not None:
            return Outcome.ABANDONED_QUEUE
        return Outcome.ABANDONED_IVR
