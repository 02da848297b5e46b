"""Pure parser of ``queue_log`` (Asterisk documentation, "Queue Logs"; main/logger.c).

One line is ``epoch|call id|queue|agent|event|data…``. Seconds have no fraction; the agent is the *member's name*, which
we make the user's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from hotline.cti.cel import LONGEST_KEY
from hotline.errors import BadInput

ENTERED = "ENTERQUEUE"
LEFT = frozenset({"EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"})
"""The caller left the queue and the dialplan goes on with him."""


@dataclass(frozen=True, slots=True)
class QueueLogRow:
    """One line. ``call_id`` is the citizen's Uniqueid; ``NONE`` and the like for lines about no call."""

    at: datetime
    call_id: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


def parse_line(line: str) -> QueueLogRow:
    """Parse one line.

    :raises BadInput: it has too few fields, or its time is no number.
    """
    fields = line.split("|")
    if len(fields) < 5:
        raise BadInput(f"a queue_log line has {len(fields)} fields", error_id="bad-log-line")
    try:
        at = datetime.fromtimestamp(int(fields[0]), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"a queue_log line is broken: {error}", error_id="bad-log-line") from error
    if len(fields[1]) > LONGEST_KEY:
        raise BadInput("a queue_log line is broken: no usable call id", error_id="bad-log-line")
    return QueueLogRow(at, fields[1], fields[2], fields[3], fields[4], tuple(fields[5:]))
