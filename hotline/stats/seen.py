"""What Asterisk's own logs say about one call, read without the fold that makes the journal's calls. Pure.

Who talks with the citizen is told by CEL's bridges alone, how long he waited by queue_log's lines alone: two sources
that the journal's call (``cti.calls``) did not come from, or came from by another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hotline.cti.cel import CelRow
from hotline.cti.events import extension_of
from hotline.cti.queue_log import QueueLogRow

_ENDS = {
    "CONNECT": "answered",
    "ABANDON": "abandoned",
    "EXITWITHTIMEOUT": "left",
    "EXITWITHKEY": "left",
    "EXITEMPTY": "left",
}
_GONE_S = 2.0
"""A caller whose queue ended without an answer and whose channel lives on for longer was taken elsewhere."""


@dataclass(frozen=True, slots=True)
class SeenWait:
    """A stay in a queue. ``seconds`` is of whole seconds; ``None`` and ``result`` ``""``: its end was not logged."""

    queue: str
    seconds: float | None
    result: str
    member: str = ""  # MemberName: the user's id


@dataclass(frozen=True, slots=True)
class Seen:
    """A call as the logs tell it."""

    key: str
    direction: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    operators: tuple[str, ...] = ()
    """Extensions of who talked with the citizen, one after the other."""
    talked_s: float = 0.0
    """Seconds that he shared a bridge with an operator."""
    waits: tuple[SeenWait, ...] = ()


@dataclass(slots=True)
class _Bridges:
    """Follows the citizen through CEL's bridges."""

    party: str
    where: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)
    operators: list[str] = field(default_factory=list)
    talked_s: float = 0.0
    since: datetime | None = None

    def row(self, row: CelRow) -> None:
        """Note one row."""
        if row.kind == "BRIDGE_ENTER" and row.extra.get("bridge_technology") != "holding_bridge":
            self.where[row.uniqueid] = row.extra.get("bridge_id", "")
        elif row.kind in {"BRIDGE_EXIT", "HANGUP", "BRIDGE_ENTER"}:
            self.where.pop(row.uniqueid, None)
        if (extension := extension_of(row.channel)) is not None:
            self.extensions[row.uniqueid] = extension
        self._settle(row.at)

    def _settle(self, at: datetime) -> None:
        bridge = self.where.get(self.party)
        mine = [
            self.extensions[channel]
            for channel, place in self.where.items()
            if place == bridge and channel != self.party and channel in self.extensions
        ]
        talking = bridge is not None and bool(mine)
        if self.since is not None and not talking:
            self.talked_s += (at - self.since).total_seconds()
            self.since = None
        elif self.since is None and talking:
            self.since = at
        if talking and (not self.operators or self.operators[-1] not in mine):
            self.operators.append(mine[0])


def see(key: str, cel: Iterable[CelRow], queue: Iterable[QueueLogRow]) -> Seen | None:
    """Return what the lines of one Linkedid say; ``None``: no citizen took part (internal calls, echo tests)."""
    rows = sorted(cel, key=lambda row: row.at)
    words = {row.user_type for row in rows if row.kind == "USER_DEFINED"}
    direction = "in" if "CallEntered" in words else "out" if "OutgoingStarted" in words else ""
    first = next((row for row in rows if row.kind == "CHAN_START" and row.uniqueid == key), None)
    party = key if direction == "in" else _far_end(rows)
    if not direction or first is None:
        return None
    bridges = _Bridges(party)
    for row in rows:
        bridges.row(row)
    # A citizen who is asked how it was has talked to the end (docs/quality.md).
    ends = [row.at for row in rows if row.user_type == "RatingAsked" and row.uniqueid == party]
    ends = ends or [row.at for row in rows if row.kind == "HANGUP" and row.uniqueid == party]
    if direction == "out" and not bridges.operators:
        ends = [row.at for row in rows if row.kind == "HANGUP"]
    finished = any(row.kind == "LINKEDID_END" for row in rows)
    waits = tuple(_waits(queue, ends[-1] if ends else None))
    return Seen(
        key=key,
        direction=direction,
        started_at=first.at,
        ended_at=ends[-1] if ends and finished else None,
        outcome=_outcome(direction, words, waits, answered=bool(bridges.operators)),
        operators=tuple(bridges.operators),
        talked_s=bridges.talked_s,
        waits=waits,
    )


def _far_end(rows: Sequence[CelRow]) -> str:
    outside = [row.uniqueid for row in rows if row.kind == "CHAN_START" and extension_of(row.channel) is None]
    return outside[-1] if outside else ""


def _waits(queue: Iterable[QueueLogRow], gone_at: datetime | None) -> Iterator[SeenWait]:
    entered: QueueLogRow | None = None
    for line in queue:
        if line.event == "ENTERQUEUE":
            if entered is not None:
                yield SeenWait(entered.queue, None, "")
            entered = line
        elif line.event in _ENDS and entered is not None:
            result = _ENDS[line.event]
            seconds = (line.at - entered.at).total_seconds()
            if result == "abandoned" and (gone_at is None or (gone_at - line.at).total_seconds() > _GONE_S):
                yield SeenWait(entered.queue, None, "")
            else:
                yield SeenWait(entered.queue, seconds, result, line.agent if result == "answered" else "")
            entered = None
    if entered is not None:
        yield SeenWait(entered.queue, None, "")


def _outcome(direction: str, words: set[str], waits: Sequence[SeenWait], *, answered: bool) -> str:
    if answered:
        return "answered"
    if direction == "out":
        return "unanswered"
    if "CallbackAsked" in words:
        return "callback"
    if "VoicemailLeft" in words:
        return "voicemail"
    if "OutOfHours" in words:
        return "out_of_hours"
    return "abandoned_queue" if waits else "abandoned_ivr"
