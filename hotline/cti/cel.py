"""Pure parser of Asterisk's channel event log: ``{log_dir}/cel/events.csv`` as asterisk_config/ writes it.

CEL is the best history there is (telephony.md 2): it is on disk before anybody reads it, so calls that happened while
the service was down are rebuilt from it. See the Asterisk documentation, "CEL Specification".
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hotline.errors import BadInput

COLUMNS = (
    "EventTime",
    "EventEnum",
    "UserDefType",
    "UniqueID",
    "LinkedID",
    "ChanName",
    "Num",
    "Name",
    "Exten",
    "Context",
    "AppName",
    "AppData",
    "Peer",
    "EventExtra",
)
"""Columns of the file, in order; ``cel_custom.conf`` is rendered from the same list."""

LONGEST_KEY = 80
"""Asterisk's AST_MAX_UNIQUEID is 150, but systemname-epoch.number stays far below this."""


@dataclass(frozen=True, slots=True)
class CelRow:
    """One event in the life of a channel."""

    at: datetime
    kind: str  # CHAN_START, ANSWER, BRIDGE_ENTER, BRIDGE_EXIT, HANGUP, CHAN_END, LINKEDID_END, USER_DEFINED…
    user_type: str  # name of a USER_DEFINED event
    uniqueid: str
    linkedid: str
    channel: str
    number: str
    exten: str
    context: str
    extra: Mapping[str, str] = field(default_factory=dict)


def parse_line(line: str) -> CelRow:
    """Parse one line.

    :raises BadInput: it has too few columns, or its time or its JSON is broken.
    """
    try:
        columns = next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        raise BadInput(f"a CEL line is broken: {error}", error_id="bad-log-line") from error
    if len(columns) != len(COLUMNS):
        raise BadInput(f"a CEL line has {len(columns)} columns, not {len(COLUMNS)}", error_id="bad-log-line")
    row = dict(zip(COLUMNS, columns, strict=True))
    if not 0 < len(row["LinkedID"]) <= LONGEST_KEY:
        raise BadInput("a CEL line is broken: no usable LinkedID", error_id="bad-log-line")
    try:
        at = datetime.fromtimestamp(float(row["EventTime"]), UTC)
        extra = json.loads(row["EventExtra"]) if row["EventExtra"] else {}
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"a CEL line is broken: {error}", error_id="bad-log-line") from error
    if not isinstance(extra, dict):
        raise BadInput("a CEL line is broken: EventExtra is no object", error_id="bad-log-line")
    return CelRow(
        at=at,
        kind=row["EventEnum"],
        user_type=row["UserDefType"],
        uniqueid=row["UniqueID"],
        linkedid=row["LinkedID"],
        channel=row["ChanName"],
        number=row["Num"],
        exten=row["Exten"],
        context=row["Context"],
        extra={name: str(value) for name, value in extra.items()},
    )
