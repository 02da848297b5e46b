"""How a call is closed by itself, and which calls wait for a person's word (S002-20). Pure.

Every call ends with a characteristic. Some endings speak for themselves: the card became an appeal, a colleague took
the call over, nobody answered. The profile says which characteristic stands for which ending (``closes`` of a
disposition); the choice of a person outweighs it at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hotline.cti.model import Call, Direction, Outcome

LEVEL_1 = frozenset({"op1", "sp1"})
"""Roles that take citizens from the queue: one of them after another is no hand-over to anybody "else"."""
LEVEL_2 = frozenset({"op2", "sp2", "sp3"})
"""Roles that are asked by level 1 (S001-016)."""
INSURER = "smo"
"""Kind of an organisation: an insurer («СМО»)."""


class Ending(StrEnum):
    """An ending that needs nobody's choice. The later ones are the outcomes of a call that nobody talked in."""

    REGISTERED = "registered"  # its card was saved as an appeal
    INSURER = "insurer"  # handed over to somebody of an insurer
    LEVEL2 = "level2"  # handed over to level 2 of the own organisation
    ELSEWHERE = "elsewhere"  # handed over to anybody else
    ABANDONED_IVR = "abandoned_ivr"
    ABANDONED_QUEUE = "abandoned_queue"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    OUT_OF_HOURS = "out_of_hours"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Talker:
    """Somebody of ours who talked in a call."""

    user_id: int
    organisation_id: int
    organisation_kind: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class DispositionChoice:
    """A characteristic that can be given to a call (S002-20)."""

    code: str
    title: str
    needs_note: bool


@dataclass(frozen=True, slots=True)
class Unclassified:
    """An operator's calls that wait for their characteristic: how many, and the keys of the latest."""

    count: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallClassified:
    """Published on the bus when an ended call got its characteristic, or ended without one (``code`` is ``None``)."""

    call_key: str
    user_id: int  # whose call it is
    code: str | None


def talkers_in_order(call: Call) -> tuple[str, ...]:
    """Return the internal numbers that talked in a call and had the citizen, first to last.

    A colleague who was only asked is not one of them: his leg ended, or the call went on without him.
    """
    answered = sorted((leg.answered_at, leg.extension) for leg in call.legs if leg.answered_at and leg.extension)
    numbers = list(dict.fromkeys(number for _, number in answered))
    if call.operator is None or call.operator not in numbers:
        return tuple(numbers[:1])
    first = numbers[0]
    return (first,) if first == call.operator else (first, call.operator)


def ending(
    direction: Direction, outcome: Outcome | None, *, registered: bool, talkers: Sequence[Talker]
) -> Ending | None:
    """Return what closes an ended call by itself; ``None`` when a person must say.

    :param talkers: who had the citizen, first to last.
    """
    if direction is Direction.INTERNAL:
        return None
    if registered:
        return Ending.REGISTERED
    if outcome is not Outcome.ANSWERED:
        return None if outcome is None else Ending(outcome.value)
    return _handed_over(talkers[0], talkers[-1]) if talkers else None


def _handed_over(sender: Talker, taker: Talker) -> Ending | None:
    if sender.user_id == taker.user_id:
        return None
    if taker.organisation_kind == INSURER and taker.organisation_id != sender.organisation_id:
        return Ending.INSURER
    if taker.roles & LEVEL_2:
        return Ending.LEVEL2
    return None if taker.roles & LEVEL_1 else Ending.ELSEWHERE


def code_for(
    found: Ending | None, direction: Direction, choices: Iterable[tuple[str, str, Sequence[str]]]
) -> str | None:
    """Return the characteristic that the profile gives to an ending; ``None`` when it has none.

    :param choices: code, direction and ``closes`` of each characteristic, in the profile's order.
    """
    if found is None:
        return None
    return next((code for code, way, closes in choices if found in closes and way == direction), None)


def must_be_classified(direction: Direction, *, ended: bool, operator_known: bool) -> bool:
    """Tell whether a call without a characteristic is one that somebody has to classify.

    Nobody is to blame for a call that never reached an operator; internal calls are nobody's business.
    """
    return ended and operator_known and direction is not Direction.INTERNAL
