"""What the softphone package tells the others: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class PhoneSession:
    """Who stands behind a SIP WebSocket: decided by the web layer from the session cookie and the Origin."""

    user_id: int
    extension: str


@dataclass(frozen=True, slots=True)
class PhoneConnected:
    """An operator's browser opened its telephone connection. Published once per connection, replacements included."""

    extension: str
    user_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PhoneLost:
    """An operator's browser has no telephone connection any more (closed tab, dead network, log-out).

    Published at once, long before Asterisk's ``rtp_timeout``; not published when a newer connection took over.
    """

    extension: str
    user_id: int
    at: datetime
    reason: str


class CloseCode(IntEnum):
    """WebSocket close codes of ``/sip``; frontend/src/phone/jssip-adapter.ts knows the same numbers.

    1xxx are RFC 6455's and say "try again" or "your message was wrong"; 4xxx are ours and mean "do not come back by
    yourself".
    """

    GOING_AWAY = 1001  # the service stops or restarts: reconnect
    UNSUPPORTED = 1003  # a binary frame
    POLICY = 1008  # a message that is not SIP, or a flood
    TOO_BIG = 1009
    TRY_LATER = 1013  # Asterisk does not answer: reconnect
    REPLACED = 4001  # the same extension connected from elsewhere
    SESSION_ENDED = 4002  # logged out


@dataclass(frozen=True, slots=True)
class SoftphoneAccount:
    """What a telephone needs to register. The password lives for one login and only in memory."""

    extension: str
    uri: str
    password: str
    name: str = ""

    def __repr__(self) -> str:
        """Never show the password."""
        return f"SoftphoneAccount(extension={self.extension!r}, uri={self.uri!r})"
