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
from operator import itemgetter
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

_Headers = Mapping[str, str]
_CHANNEL_FIELDS = ("Channel", "Uniqueid", "Linkedid", "CallerIDNum", "Context", "Exten", "ChannelState")
_CHANNEL_HEADERS = {prefix: itemgetter(*(prefix + field for field in _CHANNEL_FIELDS)) for prefix in ("", "Dest")}


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
    headers = message.headers
    name = headers.get("Event", "")
    parser = _PARSERS.get(name)
    if parser is None:
        return None
    try:
        at = datetime.fromtimestamp(float(headers["Timestamp"]), UTC)
        return parser(at, message, headers)
    except KeyError as error:
        msg = f"event {name} has no header {error.args[0]}"
        raise MalformedEvent(msg, details={"event": name, "header": str(error.args[0])}) from error
    except (ValueError, OverflowError) as error:
        msg = f"event {name}: {error}"
        raise MalformedEvent(msg, details={"event": name}) from error


def channel_of(message: Message, headers: _Headers, prefix: str = "") -> Channel:
    """Read the channel headers that begin with ``prefix`` (``""`` or ``Dest``).

    :raises KeyError: a header is missing; its argument is the header's name.
    """
    call_id = card_id = None
    for variable in message.repeated.get(prefix + "ChanVariable") or message.all(prefix + "ChanVariable"):
        if variable.startswith("CALL_ID="):
            call_id = variable[8:] or None
        elif variable.startswith("CARD_ID="):
            card_id = variable[8:] or None
    name, uniqueid, linkedid, caller, context, exten, state = _CHANNEL_HEADERS[prefix](headers)
    known_caller = None if caller in _UNKNOWN else caller
    return Channel(name, uniqueid, linkedid, known_caller, context, exten, state, call_id, card_id)


def _dialler(message: Message, headers: _Headers) -> Channel | None:
    return channel_of(message, headers) if "Channel" in headers else None


def _member(
    *, present: bool = True, interface: str = "Interface", name: str = "MemberName"
) -> Callable[[datetime, Message, _Headers], Event]:
    def parse_member(at: datetime, _message: Message, h: _Headers) -> Event:
        return QueueMember(
            at,
            h["Queue"],
            h[interface],
            h[name],
            present,
            h["Paused"] == "1",
            h.get("PausedReason", ""),  # absent in Asterisk's own older spelling; empty means "no reason"
            MEMBER_STATES.get(h["Status"], DeviceState.UNKNOWN),
            h.get("InCall", "0") == "1",
        )

    return parse_member


def _device(at: datetime, _message: Message, h: _Headers) -> Event:
    return DeviceStateChange(at, h["Device"], DEVICE_STATES.get(h["State"], DeviceState.UNKNOWN))


def _user(at: datetime, _message: Message, h: _Headers) -> Event:
    return UserEvent(at, h["UserEvent"], h.get("CallId", ""), h)


_PARSERS: dict[str, Callable[[datetime, Message, _Headers], Event]] = {
    "Newchannel": lambda at, m, h: Newchannel(at, channel_of(m, h)),
    "Hangup": lambda at, m, h: Hangup(at, channel_of(m, h), int(h["Cause"])),
    "HangupRequest": lambda at, m, h: HangupRequest(at, channel_of(m, h)),
    "DialBegin": lambda at, m, h: DialBegin(at, _dialler(m, h), channel_of(m, h, "Dest")),
    "DialEnd": lambda at, m, h: DialEnd(at, _dialler(m, h), channel_of(m, h, "Dest"), h["DialStatus"]),
    "BridgeEnter": lambda at, m, h: BridgeEnter(
        at, channel_of(m, h), h["BridgeUniqueid"], h["BridgeTechnology"] == "holding_bridge"
    ),
    "BridgeLeave": lambda at, m, h: BridgeLeave(at, channel_of(m, h), h["BridgeUniqueid"]),
    "Hold": lambda at, m, h: Hold(at, channel_of(m, h), on=True),
    "Unhold": lambda at, m, h: Hold(at, channel_of(m, h), on=False),
    "MixMonitorStart": lambda at, m, h: MixMonitorStart(at, channel_of(m, h)),
    "QueueCallerJoin": lambda at, m, h: QueueCallerJoin(at, channel_of(m, h), h["Queue"], int(h["Position"])),
    "QueueCallerLeave": lambda at, m, h: QueueCallerLeave(at, channel_of(m, h), h["Queue"]),
    "QueueMemberStatus": _member(),
    "QueueMemberAdded": _member(),
    "QueueMemberPause": _member(),
    # In the answer to QueueStatus the same things have other names (app_queue.c).
    "QueueMember": _member(interface="Location", name="Name"),
    "QueueMemberRemoved": _member(present=False),
    "DeviceStateChange": _device,
    "UserEvent": _user,
    "Shutdown": lambda at, _m, _h: Shutdown(at),
}

WANTED = frozenset(_PARSERS) | {"FullyBooted"}
"""Names of the events that the link lets through; all others are dropped unparsed."""
