"""Pure resynchronisation: a snapshot of Asterisk's channels, queues and devices → the tracker's picture.

AMI has no replay, so after every gap the picture is rebuilt (telephony.md 2): calls that vanished are closed
provisionally, unknown ones are found again, running ones are kept and corrected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker, Fact
from hotline.cti.callstate import LiveCall, LiveLeg, parking_of
from hotline.cti.model import CallEvent, CallEventKind, Direction, EndSource, LegRole, Phase
from hotline.cti.segments import recover

RATING = "rating"
"""Context of the dialplan in which a citizen is asked how it was."""


@dataclass(frozen=True, slots=True)
class SeenChannel:
    """One channel in CoreShowChannels."""

    channel: ev.Channel
    started_at: datetime
    bridge: str | None
    application: str  # ``BridgeWait``, ``Queue``, ``AppDial``, ``AppQueue``…

    @property
    def key(self) -> str:
        """The call that it belongs to."""
        return self.channel.call_id or self.channel.linkedid

    @property
    def holding(self) -> bool:
        """It waits in a holding bridge, or did so last (see ``_restore_call``)."""
        return self.application == "BridgeWait"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One QueueEntry: a caller who waits since ``since``."""

    queue: str
    uniqueid: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that Asterisk says about the present moment."""

    at: datetime
    boot_id: str
    booted_at: datetime | None
    """When this Asterisk was started, if it said; up to a second late."""
    queues: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    members: tuple[ev.QueueMember, ...]
    devices: tuple[ev.DeviceStateChange, ...]
    channels: tuple[SeenChannel, ...]


def restore(tracker: CallTracker, snapshot: Snapshot, *, rebooted: bool) -> list[Fact]:
    """Make the tracker's picture equal to the snapshot; return what changed.

    :param rebooted: Asterisk was started anew since the picture was made, so none of its calls can exist any more.
    """
    at = snapshot.at
    # Who is asked how it was has no call any more (``calls``, RatingAsked).
    channels = [row for row in snapshot.channels if row.channel.context != RATING]
    facts: list[Fact] = []
    for call in tracker.live_calls():
        if rebooted:
            facts += tracker.end(call, at, EndSource.RESTART)
    facts += _restore_board(tracker, snapshot)
    for key, seen in _group(tracker, channels).items():
        facts += _restore_call(tracker, key, seen, snapshot)
    present = {row.channel.uniqueid for row in channels}
    for call in tracker.live_calls():
        facts += _close_missing(tracker, call, present, at)
    return facts


def _restore_board(tracker: CallTracker, snapshot: Snapshot) -> list[Fact]:
    waiting: dict[str, dict[str, datetime]] = {queue: {} for queue in snapshot.queues}
    for entry in snapshot.waiting:
        waiting.setdefault(entry.queue, {})[entry.uniqueid] = entry.since
    return list(tracker.board.restore(waiting, snapshot.members, snapshot.devices, snapshot.at))


def _group(tracker: CallTracker, channels: Iterable[SeenChannel]) -> dict[str, list[SeenChannel]]:
    groups: dict[str, list[SeenChannel]] = {}
    for row in channels:
        if row.channel.name.startswith("PJSIP/"):
            key = tracker.call_of_channel(row.channel.uniqueid) or row.key
            groups.setdefault(key, []).append(row)
    return groups


def _restore_call(tracker: CallTracker, key: str, seen: list[SeenChannel], snapshot: Snapshot) -> list[Fact]:
    seen.sort(key=lambda row: (row.channel.uniqueid != key, _number(row.channel.uniqueid)))
    call = tracker.live(key)
    before = None if call is None else call.freeze()
    if call is None:
        call = _found(tracker, key, seen)
        tracker.adopt(call)
    bridges = Counter(row.bridge for row in seen if row.bridge is not None)
    for row in seen:
        # Taken back by Bridge(), a citizen still shows BridgeWait as his application: whoever shares a bridge talks.
        _place(tracker, call, row, snapshot.at, holding=row.holding and bridges[row.bridge or ""] < 2)
    _pose(call, snapshot)
    recover(call, snapshot.at)
    if not call.published:
        return []
    facts: list[Fact] = []
    if call.freeze() != before:
        facts.append(CallEvent(CallEventKind.RECOVERED, call.freeze(), snapshot.at, call.operator))
    return [*facts, *call.hear(snapshot.at)]


def _number(uniqueid: str) -> int:
    """Channels are numbered as they are made; ``Duration`` has whole seconds and cannot order them."""
    last = uniqueid.rpartition(".")[2]
    return int(last) if last.isdigit() else 0


def _found(tracker: CallTracker, key: str, seen: list[SeenChannel]) -> LiveCall:
    """Begin a call whose beginning was not seen."""
    first = seen[0]
    extension = first.channel.extension
    outside = [row for row in seen if row.channel.extension is None]
    direction = Direction.OUT if outside else Direction.INTERNAL
    if extension is None:
        direction = Direction.IN
    return LiveCall(
        key=key,
        asterisk=tracker.asterisk,
        direction=direction,
        caller=extension or first.channel.caller,
        dialled=first.channel.exten,
        started_at=first.started_at,
        # A lone channel of one of our own telephones is an echo test or a recovery, not a call.
        published=extension is None or len(seen) > 1,
        operator=extension,
        answered_at=None,
        voice="",
    )


def _place(tracker: CallTracker, call: LiveCall, row: SeenChannel, at: datetime, *, holding: bool) -> None:
    channel = row.channel
    leg = call.legs.get(channel.uniqueid)
    if leg is None:
        if channel.uniqueid == call.key:
            role = LegRole.CALLER
        elif channel.extension is None or call.direction is not Direction.IN:
            role = LegRole.CALLEE
        else:
            role = LegRole.AGENT
        leg = LiveLeg(channel.uniqueid, channel.name, channel.extension, role, row.started_at)
        tracker.adopt_leg(call, leg)
    leg.bridge = row.bridge
    leg.holding = holding
    leg.place = (channel.context, channel.exten)
    if leg.answered_at is None and channel.state == "6":  # up
        leg.answered_at = row.started_at
    if channel.card_id:
        call.card_id = channel.card_id
    if leg is call.party:
        known = call.parked
        call.parked = parking_of(channel.context, channel.exten, at) if holding else None
        if known is not None and call.parked is not None and known.slot == call.parked.slot:
            call.parked = known


def _pose(call: LiveCall, snapshot: Snapshot) -> None:
    """Set the phase from where the channels are. Moments that nobody saw stay as early as they can have been."""
    at = snapshot.at
    entry = next((entry for entry in snapshot.waiting if entry.uniqueid == call.key), None)
    if entry is not None:
        call.queue, call.queued_at = entry.queue, call.queued_at or entry.since
    call.ringing = [
        leg.extension
        for leg in call.legs.values()
        if leg.extension is not None and leg.answered_at is None and leg.uniqueid != call.key
    ]
    party = call.party
    partners = call.partners()
    if partners:
        partner = next((leg for leg in partners if leg.extension == call.operator), partners[0])
        call.operator = partner.extension
        for other in partners:
            if other is not partner:  # three talk: the one who came later was asked for help
                other.role = LegRole.CONSULT
        call.answered_at = call.answered_at or partner.answered_at or at
        call.phase = Phase.HELD if call.phone_hold and call.phase is Phase.HELD else Phase.TALKING
        if call.phase is Phase.TALKING:
            call.close_hold(at)
    elif party is not None and party.holding:
        _pose_parked(call, at)
    elif party is not None and party.place[0] == "give" and not party.place[1].endswith("*pickup"):
        _pose_given(call, at)
    elif entry is not None:
        call.phase = Phase.RINGING if call.ringing else Phase.QUEUED
    elif call.ringing and call.answered_at is None:
        call.phase = Phase.RINGING


def _pose_parked(call: LiveCall, at: datetime) -> None:
    """The citizen waits in a holding bridge: on hold, or while the operator asks a colleague."""
    ours = [leg for leg in call.legs.values() if leg.extension is not None and leg.ended_at is None]
    if call.operator is None and ours:
        call.operator = ours[0].extension
    if call.answered_at is None and ours:
        call.answered_at = ours[0].answered_at or at
    if call.parked is not None:  # only a citizen with whom somebody has talked is ever parked
        call.answered_at = call.answered_at or at
    consulted = [leg for leg in ours if leg.extension != call.operator]
    for leg in consulted:
        leg.role = LegRole.CONSULT
    call.phase = Phase.CONSULTING if consulted else Phase.HELD
    call.open_hold(at)


def _pose_given(call: LiveCall, at: datetime) -> None:
    """The citizen is on his way to a colleague, who rings."""
    call.answered_at = call.answered_at or at
    for leg in call.legs.values():
        if leg.extension in call.ringing and leg.extension != call.operator:
            leg.role = LegRole.CONSULT
    call.phase = Phase.CONSULTING
    call.close_hold(at)


def _close_missing(tracker: CallTracker, call: LiveCall, present: set[str], at: datetime) -> list[Fact]:
    for leg in call.legs.values():
        if leg.ended_at is None and leg.uniqueid not in present:
            leg.ended_at = at
            leg.bridge = None
            if leg.extension in call.ringing:
                call.ringing.remove(leg.extension)
    return tracker.end(call, at, EndSource.RESYNC) if call.is_over() else []
