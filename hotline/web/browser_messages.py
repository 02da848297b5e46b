"""What browsers say over ``WS /events`` (docs/internals.md, "Push"): pings, how calls sound, whose dossier is open."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import msgspec

from hotline.softphone.quality_rules import Alarm, Report

MESSAGE_LIMIT = 1024
"""Bytes of a message; a report of quality has about 200."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=60_000)]


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """The browser lives."""


class QualityData(msgspec.Struct, forbid_unknown_fields=True):
    """What was counted on one leg of a call since the report before."""

    leg: Annotated[str, msgspec.Meta(pattern="^[0-9a-f-]{8,36}$")]
    received: _Count
    lost: _Count
    jitter_ms: _Milliseconds
    rtt_ms: _Milliseconds | None
    alarm: Alarm | None
    call_key: Annotated[str, msgspec.Meta(max_length=64)] | None = None

    def report(self) -> Report:
        """Return it as the softphone knows it."""
        return Report(self.leg, self.received, self.lost, self.jitter_ms, self.rtt_ms, self.alarm)


class Quality(msgspec.Struct, tag_field="type", tag="quality"):
    """How a call sounds now."""

    data: QualityData


class BoardData(msgspec.Struct, forbid_unknown_fields=True):
    """``on``: send the board and its changes."""

    on: bool


class ShowBoard(msgspec.Struct, tag_field="type", tag="board"):
    """The page shows the supervisor's board, or does so no more."""

    data: BoardData


class WatchData(msgspec.Struct, forbid_unknown_fields=True):
    """Whose dossier the page shows; ``None`` when it shows none any more."""

    person: Annotated[int, msgspec.Meta(ge=1, le=2**62)] | None


class Watch(msgspec.Struct, tag_field="type", tag="watch"):
    """The page wants to know when a dossier changes."""

    data: WatchData


class Refused(msgspec.Struct):
    """A report with a number out of all bounds: not believed, and no reason to cut the browser off from its calls."""


class _Named(msgspec.Struct):
    type: str


_Message = Ping | Quality | Watch | ShowBoard
_decoder: msgspec.json.Decoder[_Message] = msgspec.json.Decoder(_Message)


def decode(text: str) -> Ping | Quality | Watch | ShowBoard | Refused | None:
    """Read one message; ``None`` when it is none of these."""
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError:
        with suppress(msgspec.DecodeError):
            if msgspec.json.decode(text, type=_Named).type == "quality":
                return Refused()
        return None
    except msgspec.DecodeError:
        return None
