"""Facts about the recording of a call that goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PauseEnd(StrEnum):
    """Why a pause ended."""

    FIELD = "field"  # the operator left the field
    LIMIT = "limit"
    GONE = "gone"  # his browser
    TRANSFER = "transfer"  # somebody else has the call now
    CALL = "call"  # the call ended
    RESTART = "restart"  # the service was restarted in a pause


@dataclass(frozen=True, slots=True)
class RecordingPaused:
    """Published when Asterisk has acknowledged the beginning of a pause (``end`` is ``None``) or its end."""

    call_key: str
    extension: str
    field: str
    at: datetime
    end: PauseEnd | None = None
