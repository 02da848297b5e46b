"""Who hears a recording, and whether he must say why (domain 2.8, 3.4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.cti.model import Outcome


class Hearing(StrEnum):
    """What the rules say to somebody who wants to hear a recording."""

    FREE = "free"
    WITH_REASON = "with a reason"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Listener:
    """What somebody is to a call."""

    own: bool
    """He talked in it, and may hear such calls."""
    centre: bool
    """He may hear the calls of everybody in his centre, and this is one of them."""
    listed: bool
    """He may hear recordings at all, and this call stands in his list of calls."""


def is_message(outcome: str | None, answered_at: datetime | None) -> bool:
    """Tell whether a recording is a message to the organisation: left for whoever listens, nobody's conversation."""
    return outcome == Outcome.VOICEMAIL and answered_at is None


def may_name(*, own: bool, watches: bool, listens: bool, message: bool) -> bool:
    """Tell whether somebody may say what a call that he can see was (S002-20).

    Whoever only was rung for a call knows nothing about it; who watches calls may correct them; and a message is named
    by whoever listens to it: a wrong number, silence, a promise that was kept.
    """
    return own or watches or (message and listens)


def hearing(listener: Listener, *, message: bool) -> Hearing:
    """Decide. A message is there to be heard; another's conversation is private, and needs a reason (3.4)."""
    if listener.own or (message and listener.listed):
        return Hearing.FREE
    return Hearing.WITH_REASON if listener.centre else Hearing.FORBIDDEN
