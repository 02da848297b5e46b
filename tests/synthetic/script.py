"""What Asterisk says about one call, written three times at once: AMI events, CEL lines and queue_log lines.

Knows the order in which Asterisk 22 says things (tests/unit/cti/data holds what it really said) and nothing of the
product's fold.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hotline.cti.framing import Message

DAY = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
"""Midnight of 19 November 2026 in Moscow. Times are seconds after it, multiples of 1/8, so that sums are exact."""
EPOCH = DAY.timestamp()

_numbers = itertools.count()


@dataclass(eq=False)
class Channel:
    """A channel as Asterisk would describe it."""

    name: str
    uniqueid: str
    linkedid: str
    number: str
    context: str
    exten: str
    state: str

    def headers(self, prefix: str = "") -> dict[str, str]:
        values = {
            "Channel": self.name,
            "ChannelState": self.state,
            "CallerIDNum": self.number,
            "Context": self.context,
            "Exten": self.exten,
            "Uniqueid": self.uniqueid,
            "Linkedid": self.linkedid,
        }
        return {prefix + name: value for name, value in values.items()}


@dataclass
class Tape:
    """Everything said on one day, each line with its moment; ``sorted`` keeps the order of what happened at once."""

    ami: list[tuple[float, int, Message]] = field(default_factory=list)
    cel: list[tuple[float, int, str]] = field(default_factory=list)
    queue_log: list[tuple[float, int, str]] = field(default_factory=list)
    lines: itertools.count[int] = field(default_factory=itertools.count)


class Script:
    """One call. Each method is a thing that happens at ``t``."""

    def __init__(self, tape: Tape, t: float, *, first: str = "trunk", number: str, exten: str) -> None:
        self.tape = tape
        self.legs: dict[str, Channel] = {}
        self.queue = ""
        uniqueid = f"pbx1-{int(EPOCH + t)}.{next(_numbers)}"
        self.key = uniqueid
        context = "from-trunk" if first == "trunk" else "internal"
        self.first = self._channel(first, uniqueid, number, context, exten, "4")
        self._say(t, "Newchannel", self.first)
        self._cel(t, "CHAN_START", self.first)

    def user_event(self, t: float, name: str, text: str = "") -> None:
        """The dialplan says something."""
        more = {"UserEvent": name, "CallId": self.key, "Did": text, "Number": text}
        self._say(t, "UserEvent", self.first, more)
        self._cel(t, "USER_DEFINED", self.first, {"extra": text}, user_type=name)

    def join(self, t: float, queue: str) -> None:
        """The citizen stands in a queue."""
        self.queue = queue
        self.first.context, self.first.exten, self.first.state = "hotline-queue", "s", "6"
        self._say(t, "QueueCallerJoin", self.first, {"Queue": queue, "Position": "1"})
        self._queue_log(t, "NONE", "ENTERQUEUE", "", self.first.number, "1")

    def leave(self, t: float, event: str = "") -> None:
        """He leaves it; ``event``: what queue_log says when the dialplan goes on with him."""
        self._say(t, "QueueCallerLeave", self.first, {"Queue": self.queue})
        if event:
            self._queue_log(t, "NONE", event, "1", "1", "30")

    def ring(self, t: float, extension: str, dialler: Channel | None = None) -> Channel:
        """A telephone rings."""
        leg = self._channel(extension, f"pbx1-{int(EPOCH + t)}.{next(_numbers)}", "", "internal", "s", "0")
        self._say(t, "Newchannel", leg)
        self._say(t, "DialBegin", dialler or self.first, leg.headers("Dest"))
        self._cel(t, "CHAN_START", leg)
        return leg

    def answer(self, t: float, leg: Channel, dialler: Channel | None = None) -> None:
        """It is answered."""
        leg.state = "6"
        self._say(t, "DialEnd", dialler or self.first, leg.headers("Dest") | {"DialStatus": "ANSWER"})
        self._cel(t, "ANSWER", leg)

    def refuse(self, t: float, leg: Channel, dialler: Channel | None = None) -> None:
        """It is not."""
        self._say(t, "DialEnd", dialler or self.first, leg.headers("Dest") | {"DialStatus": "NOANSWER"})
        self.gone(t, leg, 19)

    def meet(self, t: float, *channels: Channel, bridge: str = "") -> str:
        """Channels enter a bridge."""
        bridge = bridge or f"bridge-{next(_numbers)}"
        for channel in channels:
            self._bridge(t, "BridgeEnter", "BRIDGE_ENTER", channel, bridge, "simple_bridge")
        return bridge

    def part(self, t: float, bridge: str, *channels: Channel, technology: str = "simple_bridge") -> None:
        """Channels leave it."""
        for channel in channels:
            self._bridge(t, "BridgeLeave", "BRIDGE_EXIT", channel, bridge, technology)

    def music(self, t: float) -> str:
        """The citizen waits with music."""
        self.first.context, self.first.exten = "hold", "s"
        bridge = f"hold-{next(_numbers)}"
        self._bridge(t, "BridgeEnter", "BRIDGE_ENTER", self.first, bridge, "holding_bridge")
        return bridge

    def gone(self, t: float, channel: Channel, cause: int = 16, source: Channel | None = None) -> None:
        """A channel ends; ``source``: whose telephone hung up."""
        if source is channel:
            self._say(t, "HangupRequest", channel)
        self._say(t, "Hangup", channel, {"Cause": str(cause)})
        extra = {"hangupcause": cause, "hangupsource": source.name if source else "", "dialstatus": ""}
        self._cel(t, "HANGUP", channel, extra)
        self._cel(t, "CHAN_END", channel)
        if channel.uniqueid == self.key:
            self._cel(t, "LINKEDID_END", channel)

    def connected(self, t: float, user: int, waited: float, leg: Channel) -> None:
        """queue_log: a member took him."""
        self._queue_log(t, str(user), "CONNECT", str(int(waited)), leg.uniqueid, "2")

    def completed(self, t: float, user: int, waited: float, talked: float, *, by_caller: bool) -> None:
        """queue_log: the talk is over."""
        event = "COMPLETECALLER" if by_caller else "COMPLETEAGENT"
        self._queue_log(t, str(user), event, str(int(waited)), str(int(talked)), "1")

    def abandoned(self, t: float, waited: float) -> None:
        """queue_log: he hung up in the queue."""
        self._queue_log(t, "NONE", "ABANDON", "1", "1", str(int(waited)))

    def _channel(self, device: str, uniqueid: str, number: str, context: str, exten: str, state: str) -> Channel:
        name = f"PJSIP/{device}-{next(_numbers):08x}"
        channel = Channel(name, uniqueid, self.key, number, context, exten, state)
        self.legs[device] = channel
        return channel

    def _bridge(self, t: float, event: str, kind: str, channel: Channel, bridge: str, technology: str) -> None:
        self._say(t, event, channel, {"BridgeUniqueid": bridge, "BridgeTechnology": technology})
        self._cel(t, kind, channel, {"bridge_id": bridge, "bridge_technology": technology})

    def _say(self, t: float, event: str, channel: Channel, more: Mapping[str, str] | None = None) -> None:
        headers = {"Event": event, "Timestamp": f"{EPOCH + t:.6f}", **channel.headers(), **(more or {})}
        variables = {"ChanVariable": [f"CALL_ID={self.key}"]}
        self.tape.ami.append((t, next(self.tape.lines), Message(headers, variables)))

    def _cel(
        self, t: float, kind: str, channel: Channel, extra: Mapping[str, object] | None = None, *, user_type: str = ""
    ) -> None:
        told = json.dumps(extra).replace('"', '""') if extra else ""
        columns: tuple[str, ...] = (
            f"{EPOCH + t:.6f}",
            kind,
            user_type,
            channel.uniqueid,
            self.key,
            channel.name,
            channel.number,
            "",
        )
        columns += (channel.exten, channel.context, "", "", "", told)
        line = ",".join(f'"{column}"' for column in columns)
        self.tape.cel.append((t, next(self.tape.lines), line))

    def _queue_log(self, t: float, agent: str, event: str, *data: str) -> None:
        line = "|".join((str(int(EPOCH + t)), self.key, self.queue, agent, event, *data))
        self.tape.queue_log.append((t, next(self.tape.lines), line))
