"""Which appeals belong together (S001-058): how a card names them before it is saved, and what may be linked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.errors import BadInput

MAX_LINKS = 50


class LinkKind(StrEnum):
    """Why an earlier appeal is attached to a later one (domain 2.2 AppealLink)."""

    REPEAT = "repeat"
    DISSATISFIED = "dissatisfied"
    SAME_TOPIC = "same_topic"
    DUPLICATE = "duplicate"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class AppealLink:
    """A linked appeal as a page shows it. ``later``: the other one was registered after this one."""

    id: int
    appeal_id: int
    number: str
    topic: str
    status: str
    kind: LinkKind
    by: str
    at: datetime
    later: bool


def parse(text: str) -> dict[int, LinkKind]:
    """Read the links of a card: ``12:repeat 15:dissatisfied``. The last word about an appeal counts.

    :raises BadInput: it is something else, or too many.
    """
    found: dict[int, LinkKind] = {}
    for word in text.split():
        number, _, kind = word.partition(":")
        if not (number.isascii() and number.isdigit() and len(number) <= 18) or kind not in list(LinkKind):
            raise BadInput("not a list of linked appeals", details={"links": "unknown"})
        found[int(number)] = LinkKind(kind)
    if len(found) > MAX_LINKS:
        raise BadInput("too many linked appeals", details={"links": f"at most {MAX_LINKS}"})
    return found
