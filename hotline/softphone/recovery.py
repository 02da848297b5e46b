"""Pure rules: the call outlives the browser (issue 3; telephony.md 3.4). What is seen and the time in, a decision out.

::

    (telephone's connection opened or closed in a call, or no sound from the browser)
              │
              ▼        voice flows and the telephone is connected, or a new channel took the old one's place
            GRACE ──────────────────────────────────────────────────────────────────────────▶ (over)
              │ silent until the end of the grace            another operator is there: DROP ─▶ (over)
              ▼ KEEP: message and music
           WAITING ──────── not back in time: REQUEUE ──────────────────────────────────────▶ (over)
              │  ▲
    CALL_BACK ▼  │ KEEP: lost again while it rings
         CALLING_BACK ───── he answers; or he does not, and the dialplan sends the citizen on ▶ (over)

Sound decides, not the socket: a restart of our service closes every socket and disturbs no conversation. As long as
packets come from the browser nothing is touched, however long the socket stays away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.cti.model import OperatorPart, Standing


class Stage(StrEnum):
    """Where the care for one citizen stands."""

    GRACE = "grace"
    WAITING = "waiting"
    CALLING_BACK = "calling back"


class Action(StrEnum):
    """What Asterisk must be asked for."""

    KEEP = "keep"  # the citizen hears a message, then music; the dead channel ends
    CALL_BACK = "call back"  # ring the operator who is back
    REQUEUE = "requeue"  # to the head of the queue
    DROP = "drop"  # end only this operator's channel: somebody else is with the citizen


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what is waited for."""

    grace: timedelta = timedelta(seconds=7)
    """From the last sound of the browser until the citizen hears the message; a reload takes one to three seconds."""
    settle: timedelta = timedelta(seconds=4)
    """What a page that has just connected gets to take its call back by itself (INVITE with Replaces)."""
    flowing: timedelta = timedelta(seconds=2)
    """A voice counts as flowing for this long after its last new packet."""
    back: timedelta = timedelta(seconds=30)
    """How long the citizen waits for this operator before he goes to the head of the queue."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that is known at one moment about one operator and one call."""

    now: datetime
    part: OperatorPart
    packets: int | None
    """RTP packets received from his browser on his channel so far; ``None``: Asterisk cannot tell."""
    connected_at: datetime | None
    """Since when his telephone is connected to us; ``None``: it is not."""
    heard_at: datetime | None
    """When his telephone last said anything: a half-open connection says nothing."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The care for one citizen whose operator's browser may have gone."""

    call_key: str
    extension: str
    since: datetime
    """When the browser was lost, as far as we know."""
    stage: Stage = Stage.GRACE
    leg: str | None = None
    packets: int | None = None
    grown_at: datetime | None = None
    """When a new packet was last seen; ``None``: never since we began to look."""
    kept_at: datetime | None = None

    @property
    def silent_since(self) -> datetime:
        """Since when nothing has been heard from the browser."""
        return self.since if self.grown_at is None else max(self.since, self.grown_at)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The care as it goes on (``None``: it is over), and what must be done first."""

    loss: Loss | None
    action: Action | None = None


OVER = Verdict(None)


def look(loss: Loss, seen: Seen, limits: Limits) -> Verdict:
    """Decide what follows from what is seen now. The new state holds only once the action has succeeded."""
    if seen.part.standing is Standing.ELSEWHERE:
        return OVER
    match loss.stage:
        case Stage.GRACE:
            return _in_grace(_listened(loss, seen), seen, limits)
        case Stage.WAITING:
            return _waiting(loss, seen, limits)
        case Stage.CALLING_BACK:
            return _calling_back(loss, seen, limits)


def ghost_ring(started_at: datetime, connected_at: datetime | None, lost_at: datetime | None, now: datetime) -> bool:
    """Tell whether a ring cannot be heard: it was sent over a connection that is gone (RFC 7118 section 5).

    :param lost_at: since when the telephone is not connected; ``None``: it is, or has never been.
    """
    if connected_at is not None:
        return started_at < connected_at
    return lost_at is not None and now - max(lost_at, started_at) >= RING_GRACE


RING_GRACE = timedelta(seconds=2)


def _listened(loss: Loss, seen: Seen) -> Loss:
    """Note whether packets have come since the last look."""
    leg, packets = seen.part.leg, seen.packets
    if packets is None:
        return loss
    if loss.packets is None or leg != loss.leg:
        return replace(loss, leg=leg, packets=packets)
    if packets != loss.packets:
        return replace(loss, packets=packets, grown_at=seen.now)
    return loss


def _in_grace(loss: Loss, seen: Seen, limits: Limits) -> Verdict:
    part = seen.part
    flows = loss.grown_at is not None and seen.now - loss.grown_at < limits.flowing
    if flows:
        return OVER if seen.connected_at is not None else Verdict(loss)
    if part.standing is Standing.WITH_HIM and seen.packets is None:
        # Nobody knows whether he is heard; Asterisk's own rtp_timeout looks after a dead channel.
        return OVER if seen.connected_at is not None else Verdict(loss)
    until = loss.silent_since + limits.grace
    if seen.connected_at is not None and seen.connected_at > loss.silent_since:
        until = max(until, seen.connected_at + limits.settle)
    if seen.now < until and part.standing is Standing.WITH_HIM:
        return Verdict(loss)
    if part.others or not part.main:
        return Verdict(None, Action.DROP)
    return Verdict(replace(loss, stage=Stage.WAITING, since=loss.silent_since, kept_at=seen.now), Action.KEEP)


def _waiting(loss: Loss, seen: Seen, limits: Limits) -> Verdict:
    if seen.part.others:  # somebody else has come to him meanwhile
        return OVER
    if seen.part.idle and _is_back(loss, seen):
        return Verdict(replace(loss, stage=Stage.CALLING_BACK), Action.CALL_BACK)
    if seen.now >= loss.since + limits.back:
        return Verdict(None, Action.REQUEUE)
    return Verdict(loss)


def _calling_back(loss: Loss, seen: Seen, limits: Limits) -> Verdict:
    if seen.part.standing is Standing.WITH_HIM:
        return OVER
    if seen.connected_at is not None:
        return Verdict(loss)
    if seen.now >= loss.since + limits.back:
        return Verdict(None, Action.REQUEUE)
    return Verdict(replace(loss, stage=Stage.WAITING, kept_at=seen.now), Action.KEEP)


def _is_back(loss: Loss, seen: Seen) -> bool:
    """Connected since, or alive on a connection that never broke (only the voice was lost)."""
    if seen.connected_at is None:
        return False
    alive = seen.heard_at is not None and loss.kept_at is not None and seen.heard_at > loss.kept_at
    return seen.connected_at > loss.since or alive
