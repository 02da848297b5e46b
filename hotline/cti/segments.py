"""Pure: the parts of a call that statistics count: waits, talks, transfers, losses (R-09, DAY-34).

``calls.CallTracker`` tells every change of a call through one door, and :func:`tell` stands in it; what a snapshot
finds comes through :func:`recover`. Parts of one kind never overlap, except that a consultation lies within a talk.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from hotline.cti.model import CallEventKind, Outcome, Phase, Segment, SegmentKind, SegmentResult

if TYPE_CHECKING:
    from hotline.cti.callstate import LiveCall

_TRANSFERS = (SegmentKind.CONSULT, SegmentKind.BLIND)
_TALKS = (CallEventKind.ANSWERED, CallEventKind.RESUMED, CallEventKind.TRANSFERRED)
_GIVEN_AWAY = "transfer"
"""By this word ``give`` tells a blind transfer from a parked, lost or picked-up call (``transfers.TransferKind``)."""


@dataclass(slots=True, eq=False)
class Story:
    """The parts of one call so far, in the order of their beginning."""

    segments: list[Segment] = field(default_factory=list)

    def open(self, *kinds: SegmentKind) -> Segment | None:
        """Return the latest part of these kinds that has no result and no end yet."""
        for segment in reversed(self.segments):
            if segment.kind in kinds:
                ended = segment.ended_at is not None and segment.result is not SegmentResult.LEFT
                return None if ended else segment
        return None

    def begin(self, segment: Segment) -> None:
        """Add a part."""
        self.segments.append(segment)

    def end(self, at: datetime, result: SegmentResult, *kinds: SegmentKind, extension: str | None = None) -> None:
        """End the open part of these kinds, if there is one. ``extension``: who answered, of a wait."""
        segment = self.open(*kinds)
        if segment is None:
            return
        place = len(self.segments) - 1 - self.segments[::-1].index(segment)
        self.segments[place] = replace(
            segment,
            ended_at=max(at, segment.started_at),
            result=result,
            extension=extension or segment.extension,
        )

    def leave(self, at: datetime) -> None:
        """The caller left the queue. Whether an operator took him is seen in the next bridge only."""
        wait = self.open(SegmentKind.WAIT)
        if wait is not None and wait.ended_at is None:
            self.end(at, SegmentResult.LEFT, SegmentKind.WAIT)

    def lost(self, at: datetime) -> None:
        """The telephone of who talks with the citizen was lost."""
        talk = self.open(SegmentKind.TALK)
        if self.open(SegmentKind.LOST) is None:
            who = talk.extension if talk else None
            self.begin(Segment(SegmentKind.LOST, at, extension=who, queue=talk.queue if talk else None))
        self.end(at, SegmentResult.OPEN, SegmentKind.TALK)


def tell(call: LiveCall, kind: CallEventKind, at: datetime, extension: str | None) -> None:
    """Note what just happened to ``call``, whose state is already the one after it."""
    story = call.story
    if kind in _TALKS:
        _talk(call, at, extension)
    elif kind is CallEventKind.QUEUED:
        _close_transfer(call, at)
        story.end(at, SegmentResult.OPEN, SegmentKind.TALK)
        _drop_left(story, at)
        story.begin(Segment(SegmentKind.WAIT, at, queue=call.queue, again=call.answered_at is not None))
    elif kind is CallEventKind.CONSULTING:
        _transfer(call, at, extension)
    elif kind is CallEventKind.PARKED:
        _close_transfer(call, at)
        story.end(at, SegmentResult.OPEN, SegmentKind.TALK)
    elif kind is CallEventKind.ENDED:
        _finish(call, at)


def left(call: LiveCall | None, at: datetime) -> tuple[()]:
    """Note that the caller left his queue. That is a fact of no other: what comes of it is seen in what follows."""
    if call is not None:
        call.story.leave(at)
    return ()


def gone(call: LiveCall, extension: str | None, at: datetime) -> None:
    """End the talk of an operator whose last channel is gone: the citizen may stay on the line without him."""
    talk = call.story.open(SegmentKind.TALK)
    if talk is None or extension is None or talk.extension != extension:
        return
    if not any(leg.extension == extension and leg.ended_at is None for leg in call.legs.values()):
        call.story.end(at, SegmentResult.OPEN, SegmentKind.TALK)


def recover(call: LiveCall, at: datetime) -> None:
    """Make the parts fit what a snapshot shows of the call."""
    story = call.story
    wait = story.open(SegmentKind.WAIT)
    if call.phase in {Phase.QUEUED, Phase.RINGING} and call.queue is not None and call.queued_at is not None:
        if wait is None or wait.ended_at is not None or wait.queue != call.queue:
            again = call.answered_at is not None
            story.begin(Segment(SegmentKind.WAIT, at if again else call.queued_at, queue=call.queue, again=again))
    elif call.phase is Phase.TALKING:
        first = not any(segment.kind is SegmentKind.TALK for segment in story.segments)
        _talk(call, call.answered_at if first and call.answered_at is not None else at, call.operator)


def _talk(call: LiveCall, at: datetime, extension: str | None) -> None:
    story = call.story
    wait = story.open(SegmentKind.WAIT)
    if wait is not None and (wait.ended_at is None or wait is story.segments[-1]):
        story.end(at, SegmentResult.ANSWERED, SegmentKind.WAIT, extension=extension)
    story.end(at, SegmentResult.DONE, SegmentKind.LOST)
    _close_transfer(call, at, extension)
    talk = story.open(SegmentKind.TALK)
    if talk is not None and talk.extension == extension:
        return
    story.end(at, SegmentResult.OPEN, SegmentKind.TALK)
    story.begin(Segment(SegmentKind.TALK, at, queue=call.queue, extension=extension))


def _transfer(call: LiveCall, at: datetime, extension: str | None) -> None:
    leg = next(
        (leg for leg in reversed(call.legs.values()) if leg.extension == extension and leg.ended_at is None), None
    )
    given = leg.given if leg is not None else ""
    if given not in {"", _GIVEN_AWAY}:
        return
    _close_transfer(call, at)
    kind = SegmentKind.BLIND if given else SegmentKind.CONSULT
    if kind is SegmentKind.BLIND:
        call.story.end(at, SegmentResult.OPEN, SegmentKind.TALK)
    call.story.begin(Segment(kind, at, queue=call.queue, extension=extension, by=call.operator))


def _close_transfer(call: LiveCall, at: datetime, talks: str | None = None) -> None:
    """Say how a running transfer ended. ``talks``: who has the citizen now."""
    story = call.story
    running = story.open(*_TRANSFERS)
    if running is None:
        if talks is not None:
            _join_becomes_done(story, talks)
        return
    asked = [leg for leg in call.legs.values() if leg.extension == running.extension]
    if talks is not None and talks == running.extension:
        result = SegmentResult.DONE
    elif talks is not None and any(leg in call.partners() for leg in asked):
        result = SegmentResult.JOINED
    else:
        answered = any(leg.answered_at is not None and leg.answered_at >= running.started_at for leg in asked)
        result = SegmentResult.CANCELLED if answered else SegmentResult.REFUSED
    story.end(at, result, *_TRANSFERS)


def _join_becomes_done(story: Story, talks: str) -> None:
    """Of three who talked the operator left: the colleague has the citizen, so it was a transfer."""
    for place in range(len(story.segments) - 1, -1, -1):
        segment = story.segments[place]
        if segment.kind in _TRANSFERS:
            if segment.result is SegmentResult.JOINED and segment.extension == talks:
                story.segments[place] = replace(segment, result=SegmentResult.DONE)
            return


def _drop_left(story: Story, at: datetime) -> None:
    """A wait that is open when the next one begins was left (its end was not seen)."""
    wait = story.open(SegmentKind.WAIT)
    if wait is not None and wait.ended_at is None:
        story.end(at, SegmentResult.LEFT, SegmentKind.WAIT)


def _finish(call: LiveCall, at: datetime) -> None:
    story = call.story
    wait = story.open(SegmentKind.WAIT)
    if wait is not None and wait.ended_at is None:
        story.end(at, SegmentResult.ABANDONED, SegmentKind.WAIT)
    elif wait is not None and wait is story.segments[-1] and _hung_up(call, wait, at):
        # Asterisk takes him out of the queue a moment before his channel is gone.
        story.end(wait.ended_at or at, SegmentResult.ABANDONED, SegmentKind.WAIT)
    _close_transfer(call, at)
    for kind in (SegmentKind.TALK, SegmentKind.LOST):
        story.end(at, SegmentResult.OPEN, kind)


def _hung_up(call: LiveCall, wait: Segment, at: datetime) -> bool:
    if call.outcome in {Outcome.VOICEMAIL, Outcome.OUT_OF_HOURS, Outcome.CALLBACK} or wait.ended_at is None:
        return False
    return (at - wait.ended_at).total_seconds() < _SAME_MOMENT_S


_SAME_MOMENT_S = 1.0
"""Between leaving a queue and the end of a channel that was hung up; after a time-out a prompt is played first."""
