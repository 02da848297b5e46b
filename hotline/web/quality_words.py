"""Words and marks of reviews, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from hotline.scoring.model import NO, NOT_APPLICABLE, YES, Move, Period, State
from hotline.web.i18n import gettext, mark
from hotline.web.titles import Mark

_STATES: Mapping[State, tuple[str, str, str]] = {
    State.DRAWN: ("inbox", mark("to be scored"), "azure"),
    State.DRAFT: ("pencil", mark("being scored"), "azure"),
    State.SKIPPED: ("ban", mark("not suited"), "gray"),
    State.PUBLISHED: ("send", mark("published"), "green"),
    State.ACCEPTED: ("checks", mark("agreed"), "green"),
    State.DISPUTED: ("message-exclamation", mark("not agreed"), "orange"),
    State.SETTLED: ("circle-check", mark("decided"), "green"),
}
_MOVES: Mapping[Move, tuple[str, str]] = {
    Move.TAKE: ("user", mark("taken")),
    Move.RELEASE: ("arrow-back-up", mark("given back")),
    Move.SAVE: ("device-floppy", mark("saved")),
    Move.SKIP: ("ban", mark("not suited")),
    Move.PUBLISH: ("send", mark("score published")),
    Move.ACCEPT: ("checks", mark("agrees")),
    Move.DISPUTE: ("message-exclamation", mark("does not agree")),
    Move.CONFIRM: ("circle-check", mark("score kept")),
    Move.CHANGE: ("edit", mark("score changed")),
}
_PERIODS: Mapping[Period, str] = {
    Period.DAY: mark("a day"),
    Period.WEEK: mark("a week"),
    Period.MONTH: mark("a month"),
}
_ANSWERS = {YES: mark("yes"), NO: mark("no"), NOT_APPLICABLE: mark("does not apply")}


def state_mark(state: State) -> Mark:
    """Return icon, word and colour of a state."""
    icon, word, colour = _STATES[state]
    return Mark(colour, icon, gettext(word), "")


def move_mark(move: Move) -> Mark:
    """Return icon and word of what somebody did."""
    icon, word = _MOVES[move]
    return Mark("gray", icon, gettext(word), "")


def period_word(period: Period) -> str:
    """Name how often calls are drawn."""
    return gettext(_PERIODS[period])


def answer_word(value: str) -> str:
    """Name an answer; points stand for themselves."""
    return gettext(_ANSWERS[value]) if value in _ANSWERS else value


def percent_text(value: float | None) -> str:
    """Write a score: ``92 %``; a dash when there is none."""
    return "—" if value is None else f"{value:.0f} %"


def verdict(value: float | None) -> str:
    """Return the colour of a score: good from 85, bad below 60."""
    if value is None:
        return "gray"
    return "green" if value >= 85 else "red" if value < 60 else "orange"
