"""Asterisk's events as typed, immutable values, parsed at the border: no raw header dictionary goes past this file.

Only the events that the product's decisions need are here (telephony.md 1.3). ``AgentComplete`` and its kin are left
out on purpose: they come late, lack headers or blame the wrong side, so calls are told from bridges and hang-ups.

They are named tuples, not frozen dataclasses: those take three times as long to make, and this is the hot path of the
whole service (tests/bench).

Every event carries ``at`` from the ``Timestamp`` header (``timestampevents=yes`` in manager.conf).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from hotline.cti.errors import MalformedEvent
from hotline.cti.framing import Message
from hotline.cti.model import DeviceState

_EXTENSION = re.compile(r"PJSIP/(\d{2,8})(?:-[0-9a-f]+)?\Z")
_UNKNOWN = frozenset({"", "<unknown>", "unknown", "anonymous", "(null)", "<null>"})

DEVICE_STATES: Mapping[str, DeviceState] = {
    "UNKNOWN": DeviceState.UNKNOWN,
    "NOT_INUSE": DeviceState.IDLE,
    "INUSE": DeviceState.IN_USE,
    "BUSY": DeviceState.BUSY,
    "INVALID": DeviceState.UNAVAILABLE,
    "UNAVAILABLE": DeviceState.UNAVAILABLE,
    "RINGING": DeviceState.RINGING,
    "RINGINUSE": DeviceState.RINGING,
    "ONHOLD": DeviceState.ON_HOLD,
}
"""Words of DeviceStateChange (main/devicestate.c)."""

MEMBER_STATES: Mapping[str, DeviceState] = {
    "0": DeviceState.UNKNOWN,
    "1": DeviceState.IDLE,
    "2": DeviceState.IN_USE,
    "3": DeviceState.BUSY,
    "4": DeviceState.UNAVAILABLE,  # the endpoint does not exist (yet)
    "5": DeviceState.UNAVAILABLE,
    "6": DeviceState.RINGING,
    "7": DeviceState.RINGING,
    "8": DeviceState.ON_HOLD,
}
"""Numbers of QueueMemberStatus' ``Status``."""


class Channel(NamedTuple):
    """What every channel event tells about a channel."""

    name: str
    uniqueid: str
    linkedid: str
    caller: str | None  # CallerIDNum; None when withheld
    context: str
    exten: str
    state: str  # ChannelState: 0 down, 4 ring (somebody calls us), 5 ringing, 6 up
    call_id: str | None  # our own variable CALL_ID (docs/internals.md)
    card_id: str | None

    @property
    def extension(self) -> str | None:
        """Internal number of this channel's telephone; ``None`` for the trunk and for helper channels."""
        return extension_of(self.name)


class Newchannel(NamedTuple):
    """A channel was made."""

    at: datetime
    channel: Channel


class Hangup(NamedTuple):
    """A channel is gone. ``cause`` is the Q.850 number."""

    at: datetime
    channel: Channel
    cause: int


class HangupRequest(NamedTuple):
    """The far end of this channel asked to hang up. SoftHangupRequest is not read: Asterisk asks that of itself."""

    at: datetime
    channel: Channel


class DialBegin(NamedTuple):
    """``dest`` starts to ring for ``channel``; ``channel`` is ``None`` for a call that Asterisk itself started."""

    at: datetime
    channel: Channel | None
    dest: Channel


class DialEnd(NamedTuple):
    """Ringing of ``dest`` is over; ``status`` as in DIALSTATUS: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION…"""

    at: datetime
    channel: Channel | None
    dest: Channel
    status: str


class BridgeEnter(NamedTuple):
    """A channel entered a bridge. ``holding``: it waits there for somebody (BridgeWait)."""

    at: datetime
    channel: Channel
    bridge: str
    holding: bool


class BridgeLeave(NamedTuple):
    """A channel left a bridge."""

    at: datetime
    channel: Channel
    bridge: str


class Hold(NamedTuple):
    """The telephone of ``channel`` put the other side on hold, or took it back (``on`` false)."""

    at: datetime
    channel: Channel
    on: bool


class MixMonitorStart(NamedTuple):
    """Recording began on ``channel``."""

    at: datetime
    channel: Channel


class QueueCallerJoin(NamedTuple):
    """A caller joined a queue."""

    at: datetime
    channel: Channel
    queue: str
    position: int


class QueueCallerLeave(NamedTuple):
    """A caller left a queue, for whatever reason."""

    at: datetime
    channel: Channel
    queue: str


class QueueMember(NamedTuple):
    """A queue member changed, was added or (``present`` false) removed."""

    at: datetime
    queue: str
    interface: str
    member_name: str
    present: bool
    paused: bool
    pause_reason: str
    state: DeviceState
    in_call: bool

    @property
    def extension(self) -> str | None:
        """Internal number of the member's telephone."""
        return extension_of(self.interface)


class DeviceStateChange(NamedTuple):
    """A device changed its state."""

    at: datetime
    device: str
    state: DeviceState

    @property
    def extension(self) -> str | None:
        """Internal number of the device."""
        return extension_of(self.device)


class UserEvent(NamedTuple):
    """A word from our own dialplan (docs/internals.md, "Dialplan agreement")."""

    at: datetime
    name: str
    call_id: str
    headers: Mapping[str, str]


class Shutdown(NamedTuple):
    """Asterisk is going down."""

    at: datetime


Event = (
    Newchannel
    | Hangup
    | HangupRequest
    | DialBegin
    | DialEnd
    | BridgeEnter
    | BridgeLeave
    | Hold
    | MixMonitorStart
    | QueueCallerJoin
    | QueueCallerLeave
    | QueueMember
    | DeviceStateChange
    | UserEvent
    | Shutdown
)

_CHANNEL_FIELDS = ("Channel", "ChannelState", "CallerIDNum", "Context", "Exten", "Uniqueid", "Linkedid")


def _channel_block(prefix: str) -> re.Pattern[str]:
    """Return the form in which Asterisk writes a channel: these lines in this order (main/manager_channels.c).

    One match takes a quarter of the time of cutting the message into headers.
    """
    lines = "Channel ChannelState ChannelStateDesc CallerIDNum CallerIDName ConnectedLineNum ConnectedLineName "
    lines += "Language AccountCode Context Exten Priority Uniqueid Linkedid"
    values = {name: "([^\r]*)" if name in _CHANNEL_FIELDS else "[^\r]*" for name in lines.split()}
    block = "".join(f"\r\n{prefix}{name}: {value}" for name, value in values.items())
    variables = "".join(f"(?:\r\n{prefix}ChanVariable: {name}=([^\r]+)?)?" for name in ("CALL_ID", "CARD_ID"))
    return re.compile(f"{block}{variables}(?=\r\n(?!{prefix}ChanVariable: )|\\Z)")


_TIMESTAMP = re.compile(r"\r\nTimestamp: ([\d.]+)\r").search
_CHANNEL_BLOCK = {prefix: _channel_block(prefix).search for prefix in ("", "Dest")}


@lru_cache(maxsize=4096)  # a dozen events name the same channel
def extension_of(device: str) -> str | None:
    """Return the internal number in ``PJSIP/101`` or ``PJSIP/101-0000002a``; ``None`` for any other name."""
    found = _EXTENSION.match(device)
    return found[1] if found else None


def known(value: str) -> str | None:
    """Return ``value``, or ``None`` when it is one of Asterisk's ways to say that it does not know."""
    return None if value in _UNKNOWN else value


def parse(message: Message) -> Event | None:
    """Turn a message into a typed event; ``None`` for an event that is not listed here.

    :raises MalformedEvent: a header is missing or is not a number.
    """
    name = message.event
    parser = _PARSERS.get(name)
    if parser is None:
        return None
    try:
        # Near the beginning, so looked for from there; in a message that was not read off the wire it has no text.
        found = _TIMESTAMP(message.text)
        seconds = float(found[1] if found is not None else message["Timestamp"])
        return parser(datetime.fromtimestamp(seconds, UTC), message)
    except KeyError as error:
        msg = f"event {name} has no header {error.args[0]}"
        raise MalformedEvent(msg, details={"event": name, "header": str(error.args[0])}) from error
    except (ValueError, OverflowError) as error:
        msg = f"event {name}: {error}"
        raise MalformedEvent(msg, details={"event": name}) from error


def channel_of(message: Message, prefix: str = "") -> Channel:
    """Read the channel headers that begin with ``prefix`` (``""`` or ``Dest``).

    :raises KeyError: a header is missing; its argument is the header's name.
    """
    found = _CHANNEL_BLOCK[prefix](message.text)
    if found is None:
        return _any_channel(message, prefix)
    # Asterisk's order is not ours.
    channel = Channel._make(found.group(1, 6, 7, 3, 4, 5, 2, 8, 9))
    return channel._replace(caller=None) if channel.caller in _UNKNOWN else channel


def _any_channel(message: Message, prefix: str) -> Channel:
    """Read a channel whose headers stand in another order, or that has other variables too."""
    headers = message.headers
    call_id = card_id = None
    for variable in message.all(prefix + "ChanVariable"):
        if variable.startswith("CALL_ID="):
            call_id = variable[8:] or None
        elif variable.startswith("CARD_ID="):
            card_id = variable[8:] or None
    name, state, caller, context, exten, uniqueid, linkedid = (headers[prefix + field] for field in _CHANNEL_FIELDS)
    return Channel(name, uniqueid, linkedid, known(caller), context, exten, state, call_id, card_id)


def _dialler(message: Message) -> Channel | None:
    told = "\r\nChannel: " in message.text if message.text else "Channel" in message.headers
    return channel_of(message) if told else None


def _member(
    *, present: bool = True, interface: str = "Interface", name: str = "MemberName"
) -> Callable[[datetime, Message], Event]:
    def parse_member(at: datetime, m: Message) -> Event:
        return QueueMember(
            at,
            m["Queue"],
            m[interface],
            m[name],
            present,
            m["Paused"] == "1",
            m.get("PausedReason", ""),  # absent in Asterisk's own older spelling; empty means "no reason"
            MEMBER_STATES.get(m["Status"], DeviceState.UNKNOWN),
            m.get("InCall", "0") == "1",
        )

    return parse_member


def _device(at: datetime, m: Message) -> Event:
    return DeviceStateChange(at, m["Device"], DEVICE_STATES.get(m["State"], DeviceState.UNKNOWN))


def _user(at: datetime, m: Message) -> Event:
    return UserEvent(at, m.headers["UserEvent"], m.headers.get("CallId", ""), m.headers)


_PARSERS: dict[str, Callable[[datetime, Message], Event]] = {
    "Newchannel": lambda at, m: Newchannel(at, channel_of(m)),
    "Hangup": lambda at, m: Hangup(at, channel_of(m), int(m["Cause"])),
    "HangupRequest": lambda at, m: HangupRequest(at, channel_of(m)),
    "DialBegin": lambda at, m: DialBegin(at, _dialler(m), channel_of(m, "Dest")),
    "DialEnd": lambda at, m: DialEnd(at, _dialler(m), channel_of(m, "Dest"), m["DialStatus"]),
    "BridgeEnter": lambda at, m: BridgeEnter(
        at, channel_of(m), m["BridgeUniqueid"], m["BridgeTechnology"] == "holding_bridge"
    ),
    "BridgeLeave": lambda at, m: BridgeLeave(at, channel_of(m), m["BridgeUniqueid"]),
    "Hold": lambda at, m: Hold(at, channel_of(m), on=True),
    "Unhold": lambda at, m: Hold(at, channel_of(m), on=False),
    "MixMonitorStart": lambda at, m: MixMonitorStart(at, channel_of(m)),
    "QueueCallerJoin": lambda at, m: QueueCallerJoin(at, channel_of(m), m["Queue"], int(m["Position"])),
    "QueueCallerLeave": lambda at, m: QueueCallerLeave(at, channel_of(m), m["Queue"]),
    "QueueMemberStatus": _member(),
    "QueueMemberAdded": _member(),
    "QueueMemberPause": _member(),
    # In the answer to QueueStatus the same things have other names (app_queue.c).
    "QueueMember": _member(interface="Location", name="Name"),
    "QueueMemberRemoved": _member(present=False),
    "DeviceStateChange": _device,
    "UserEvent": _user,
    "Shutdown": lambda at, _m: Shutdown(at),
}

WANTED = frozenset(_PARSERS) | {"FullyBooted"}
"""Names of the events that the link lets through; all others are dropped unparsed."""
