"""Words and marks for the ledger of citizens not served."""

from __future__ import annotations

from hotline.callbacks.model import Closing, DutyState, MoveKind, Reason, Result
from hotline.web.i18n import gettext, mark
from hotline.web.titles import Mark

_REASONS = {
    Reason.ABANDONED: ("phone-off", mark("gave up waiting")),
    Reason.ASKED: ("phone-calling", mark("asked to be called back")),
    Reason.OUT_OF_HOURS: ("moon", mark("called out of hours")),
    Reason.VOICEMAIL: ("record-mail", mark("left a message")),
    Reason.FAILED: ("alert-triangle", mark("call failed")),
    Reason.LOST: ("plug-connected-x", mark("was cut off")),
}
_STATES = {
    DutyState.OPEN: ("blue", "clock", mark("waits for a call")),
    DutyState.TAKEN: ("amber", "user", mark("taken")),
    DutyState.ATTEMPTED: ("amber", "repeat", mark("not reached yet")),
    DutyState.SERVED: ("green", "circle-check", mark("served")),
    DutyState.CLOSED: ("grey", "x", mark("closed")),
}
_RESULTS = {
    Result.NO_ANSWER: mark("no answer"),
    Result.BUSY: mark("busy"),
    Result.FAILED: mark("the call failed"),
    Result.SHORT: mark("hung up at once or answering machine"),
    Result.LATER: mark("asked to be called later"),
}
_CLOSINGS = {
    Closing.SERVED_ELSEWHERE: mark("served in another way"),
    Closing.NOT_NEEDED: mark("needs nothing any more"),
    Closing.NOT_REACHED: mark("could not be reached"),
    Closing.WRONG_NUMBER: mark("wrong number"),
    Closing.NUISANCE: mark("nuisance call"),
    Closing.VOID: mark("there was no lost call after all"),
}
_MOVES = {
    MoveKind.MISS: ("phone-off", mark("He called and was not served")),
    MoveKind.TRY: ("phone-outgoing", mark("He was called and not reached")),
    MoveKind.SERVE: ("circle-check", mark("He was served")),
    MoveKind.TAKE: ("user", mark("taken")),
    MoveKind.RELEASE: ("arrow-back-up", mark("given back")),
    MoveKind.ATTEMPT: ("repeat", mark("attempt noted")),
    MoveKind.CLOSE: ("x", mark("closed")),
    MoveKind.REOPEN: ("refresh", mark("opened again")),
}
CHOICES = tuple(one for one in Closing if one is not Closing.VOID)
RESULTS = (Result.LATER, Result.NO_ANSWER, Result.BUSY, Result.FAILED)
"""What a person may note; the others are seen by the exchange."""


def reason_mark(reason: str) -> Mark:
    """Show why a call did not serve the citizen."""
    icon, word = _REASONS[Reason(reason)]
    return Mark("", icon, gettext(word))


def state_mark(state: str) -> Mark:
    """Show where a duty stands."""
    colour, icon, word = _STATES[DutyState(state)]
    return Mark(colour, icon, gettext(word))


def result_word(result: str | None) -> str:
    """Name what came of an attempt."""
    return gettext(_RESULTS[Result(result)]) if result else ""


def closing_word(closing: str | None) -> str:
    """Name why a duty was closed."""
    return gettext(_CLOSINGS[Closing(closing)]) if closing else ""


def move_mark(kind: str) -> Mark:
    """Show what happened to a duty."""
    icon, word = _MOVES[MoveKind(kind)]
    return Mark("", icon, gettext(word))
