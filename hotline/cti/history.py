"""Pure: the log lines of one call → the call, by the same fold that makes calls of live events.

CEL has no dialling events, so ``DialBegin`` is told from a channel's start, and ``HangupRequest`` from the source that
a HANGUP row names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from hotline.cti import events as ev
from hotline.cti.calls import RING, CallTracker, Fact
from hotline.cti.cel import CelRow
from hotline.cti.model import Call, CallEvent, CallEventKind, EndedBy, EndSource, LegRole
from hotline.cti.queue_log import ENTERED, LEFT, QueueLogRow

# Q.850 causes of a leg that was never answered → what Dial would have said.
_DIAL_STATUS = {0: "CANCEL", 16: "CANCEL", 17: "BUSY", 18: "NOANSWER", 19: "NOANSWER", 21: "BUSY", 127: "CANCEL"}

_GONE = frozenset({"HANGUP", "CHAN_END", "LINKEDID_END"})


def rebuild(
    asterisk: str,
    cel: Iterable[CelRow],
    queue: Iterable[QueueLogRow],
    *,
    cut_at: datetime | None = None,
) -> list[Call]:
    """Fold the lines of one Linkedid; return the call, complete, or nothing when it was none (an echo test).

    :param cut_at: Asterisk died before it could write the end: close the call at this moment (``RESTART``).
    """
    rows = sorted(cel, key=lambda row: row.at)
    if not rows:
        return []
    replay = _Replay(asterisk)
    lines = list(queue)
    turns = sorted(
        [(at, True, uniqueid, name) for at, uniqueid, name in _joins(rows, lines)]
        + [(line.at, False, line.call_id, line.queue) for line in lines if line.event in LEFT]
    )
    for row in rows:
        while turns and turns[0][0] < row.at:
            replay.turn(*turns.pop(0))
        replay.row(row)
        while turns and turns[0][0] == row.at:
            replay.turn(*turns.pop(0))
    for live in replay.tracker.live_calls():
        source = EndSource.LOG if cut_at is None else EndSource.RESTART
        replay.facts += replay.tracker.end(live, cut_at or rows[-1].at, source)
    ended = [f for f in replay.facts if isinstance(f, CallEvent) and f.kind is CallEventKind.ENDED]
    return [fact.call for fact in ended]


def is_complete(cel: Iterable[CelRow], linkedid: str) -> bool:
    """Tell whether the log has seen the end of a call."""
    return any(row.kind == "LINKEDID_END" and row.linkedid == linkedid for row in cel)


def _joins(rows: Sequence[CelRow], queue: Iterable[QueueLogRow]) -> list[tuple[datetime, str, str]]:
    """Return (moment, Uniqueid, queue) of every ENTERQUEUE, its whole second made finer where CEL allows.

    The caller joins right after the last thing that the dialplan did with his channel in that second.
    """
    joins = []
    for line in queue:
        if line.event != ENTERED:
            continue
        own = [row.at for row in rows if row.uniqueid == line.call_id]
        within = [at for at in own if line.at <= at < line.at + timedelta(seconds=1)]
        # What follows the join in the same second: the operator's channel starts, or the caller gives up.
        after_join = [
            row.at for row in rows if (row.kind == "CHAN_START" if row.uniqueid != line.call_id else row.kind in _GONE)
        ]
        limit = min((at for at in after_join if at >= line.at), default=None)
        fitting = [at for at in within if limit is None or at < limit]
        start = min(own, default=line.at)
        joins.append((max([start, line.at, *fitting]), line.call_id, line.queue))
    return sorted(joins)


class _Replay:
    """Turns rows into events and folds them."""

    def __init__(self, asterisk: str) -> None:
        self.tracker = CallTracker(asterisk, source=EndSource.LOG)
        self.facts: list[Fact] = []
        self._given = ""
        """To whom, back to whom and why the citizen is being given (``give`` in the dialplan); empty: he is not."""
        self._channels: dict[str, ev.Channel] = {}  # by name
        self._by_id: dict[str, ev.Channel] = {}

    def turn(self, at: datetime, joins: bool, uniqueid: str, queue: str) -> None:
        """The caller joins or leaves a queue."""
        channel = self._by_id.get(uniqueid)
        if channel is not None:
            self._apply(ev.QueueCallerJoin(at, channel, queue, 1) if joins else ev.QueueCallerLeave(at, channel, queue))

    def row(self, row: CelRow) -> None:
        """Fold one CEL row."""
        channel = self._channel(row)
        if row.kind == "CHAN_START":
            self._start(row, channel)
        elif row.kind == "ANSWER" and row.uniqueid != row.linkedid:
            self._apply(ev.DialEnd(row.at, None, channel, "ANSWER"))
        elif row.kind == "BRIDGE_ENTER":
            if row.uniqueid == row.linkedid:
                self._given = ""
            holding = row.extra.get("bridge_technology") == "holding_bridge"
            self._apply(ev.BridgeEnter(row.at, channel, row.extra.get("bridge_id", ""), holding))
        elif row.kind == "BRIDGE_EXIT":
            self._apply(ev.BridgeLeave(row.at, channel, row.extra.get("bridge_id", "")))
        elif row.kind == "HANGUP":
            self._hangup(row, channel)
        elif row.kind == "USER_DEFINED":
            text = row.extra.get("extra", "")
            if row.user_type == "Given":
                self._given = text
            headers = {"Did": text, "Number": text}
            self._apply(ev.UserEvent(row.at, row.user_type, row.linkedid, headers))
            live = self.tracker.live(row.linkedid)
            if row.user_type == "CallAbout" and live is not None:
                live.card_id = text

    def _start(self, row: CelRow, channel: ev.Channel) -> None:
        self._apply(ev.Newchannel(row.at, channel))
        live = self.tracker.live(row.linkedid)
        if live is None or row.uniqueid == row.linkedid:
            return
        dialler = self._by_id.get(live.key)
        if self._given and dialler is not None and channel.extension in self._given.split("*"):
            # The citizen's own channel dials: he is given to a colleague, or back.
            dialler = dialler._replace(context="give", exten=self._given)
        elif live.answered_at is not None:
            # Once somebody talks with the citizen, it is the operator who dials.
            mine = [leg for leg in live.legs.values() if leg.extension == live.operator and leg.ended_at is None]
            mine = [leg for leg in mine if leg.uniqueid != row.uniqueid]  # he may be rung himself, from the queue
            dialler = self._channels.get(mine[-1].channel) if mine else dialler
        self._apply(ev.DialBegin(row.at, dialler, channel))

    def _hangup(self, row: CelRow, channel: ev.Channel) -> None:
        cause = int(row.extra.get("hangupcause", "0") or 0)
        source = self._channels.get(row.extra.get("hangupsource", ""))
        live = self.tracker.live(row.linkedid)
        leg = live.legs.get(row.uniqueid) if live is not None else None
        if leg is not None and leg.answered_at is None and leg.role is not LegRole.CALLER:
            self._apply(ev.DialEnd(row.at, None, channel, _DIAL_STATUS.get(cause, "CHANUNAVAIL")))
        if source is None and live is not None and live.answered_at and row.context == "citizen-alone":
            # The dialplan let the citizen go after our side had left; without a source, it was told to by us.
            self.tracker.blame(live.key, EndedBy.AGENT)
        if source is not None:
            self._apply(ev.HangupRequest(row.at, source))
        self._apply(ev.Hangup(row.at, channel, cause))

    def _channel(self, row: CelRow) -> ev.Channel:
        channel = ev.Channel(
            name=row.channel,
            uniqueid=row.uniqueid,
            linkedid=row.linkedid,
            caller=ev.known(row.number),
            context=row.context,
            exten=row.exten,
            state=RING if row.uniqueid == row.linkedid else "0",
            call_id=None,
            card_id=None,
        )
        self._channels[row.channel] = channel
        self._by_id[row.uniqueid] = channel
        return channel

    def _apply(self, event: ev.Event) -> None:
        self.facts += self.tracker.apply(event)
