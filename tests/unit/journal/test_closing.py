"""Which calls are closed by themselves, and as what (S002-20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.cti.model import Call, Direction, Leg, LegRole, Outcome, Phase
from hotline.journal.closing import Ending, Talker, code_for, ending, must_be_classified, talkers_in_order

IN, OUT, INTERNAL = Direction.IN, Direction.OUT, Direction.INTERNAL
ANNA = Talker(1, 10, "tfoms", frozenset({"op1"}))
BORIS = Talker(2, 10, "tfoms", frozenset({"op1"}))
VERA = Talker(3, 10, "tfoms", frozenset({"op2"}))
LAWYER = Talker(4, 10, "tfoms", frozenset({"responsible"}))
INSURER = Talker(5, 20, "smo", frozenset({"sp1"}))
INSURERS_EXPERT = Talker(6, 20, "smo", frozenset({"sp2"}))


@pytest.mark.parametrize(
    ("direction", "outcome", "registered", "talkers", "expected"),
    [
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA], None, id="a talk: a person must say"),
        pytest.param(IN, Outcome.ANSWERED, True, [ANNA], Ending.REGISTERED, id="the card was saved"),
        pytest.param(IN, None, True, [], Ending.REGISTERED, id="saved while the talk goes on"),
        pytest.param(IN, Outcome.ANSWERED, True, [ANNA, VERA], Ending.REGISTERED, id="saved by level 2"),
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA, VERA], Ending.LEVEL2, id="handed to level 2"),
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA, INSURER], Ending.INSURER, id="handed to an insurer"),
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA, INSURERS_EXPERT], Ending.INSURER, id="insurer outranks level"),
        pytest.param(IN, Outcome.ANSWERED, False, [INSURER, INSURERS_EXPERT], Ending.LEVEL2, id="inside the insurer"),
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA, LAWYER], Ending.ELSEWHERE, id="handed to the lawyer"),
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA, BORIS], None, id="level 1 after level 1: recovered"),
        pytest.param(IN, Outcome.ANSWERED, False, [ANNA, ANNA], None, id="the same person at two numbers"),
        pytest.param(IN, Outcome.ABANDONED_QUEUE, False, [], Ending.ABANDONED_QUEUE, id="left the queue"),
        pytest.param(IN, Outcome.VOICEMAIL, False, [], Ending.VOICEMAIL, id="left a message"),
        pytest.param(OUT, Outcome.BUSY, False, [], Ending.BUSY, id="busy"),
        pytest.param(OUT, Outcome.NO_ANSWER, False, [], Ending.NO_ANSWER, id="no answer"),
        pytest.param(OUT, Outcome.ANSWERED, False, [ANNA], None, id="an outgoing talk"),
        pytest.param(IN, None, False, [], None, id="it goes on"),
        pytest.param(INTERNAL, Outcome.NO_ANSWER, False, [], None, id="internal"),
    ],
)
def test_ending(
    direction: Direction, outcome: Outcome | None, registered: bool, talkers: list[Talker], expected: Ending | None
) -> None:
    assert ending(direction, outcome, registered=registered, talkers=talkers) is expected


CHOICES = [("D01", "in", ["registered"]), ("D23", "out", ["no_answer", "failed"]), ("D25", "out", ["failed"])]


@pytest.mark.parametrize(
    ("found", "direction", "expected"),
    [
        (Ending.REGISTERED, IN, "D01"),
        (Ending.REGISTERED, OUT, None),  # the profile knows it for incoming calls only
        (Ending.FAILED, OUT, "D23"),  # the first of two
        (Ending.VOICEMAIL, IN, None),
        (None, IN, None),
    ],
)
def test_the_profile_names_the_characteristic(found: Ending | None, direction: Direction, expected: str | None) -> None:
    assert code_for(found, direction, CHOICES) == expected


NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)


def leg(extension: str, answered_s: int | None, role: LegRole = LegRole.AGENT) -> Leg:
    answered = None if answered_s is None else NOW + timedelta(seconds=answered_s)
    return Leg(f"pbx1-{extension}", f"PJSIP/{extension}-1", role, extension, NOW, answered)


CALL = Call("pbx1-1.1", "pbx1", IN, Phase.ENDED, "79280001122", "88001000000", NOW)


@pytest.mark.parametrize(
    ("operator", "legs", "expected"),
    [
        pytest.param("101", [leg("102", None), leg("101", 5)], ("101",), id="a colleague only rang"),
        pytest.param("201", [leg("101", 5), leg("201", 60, LegRole.CONSULT)], ("101", "201"), id="handed over"),
        pytest.param("101", [leg("101", 5), leg("201", 60, LegRole.CONSULT)], ("101",), id="a colleague was asked"),
        pytest.param(None, [leg("101", None)], (), id="nobody talked"),
    ],
)
def test_who_had_the_citizen(operator: str | None, legs: list[Leg], expected: tuple[str, ...]) -> None:
    assert talkers_in_order(replace(CALL, operator=operator, legs=tuple(legs))) == expected


@pytest.mark.parametrize(
    ("direction", "ended", "operator_known", "expected"),
    [
        (IN, True, True, True),
        (OUT, True, True, True),
        (IN, False, True, False),
        (IN, True, False, False),
        (INTERNAL, True, True, False),
    ],
)
def test_what_waits_for_a_person(direction: Direction, ended: bool, operator_known: bool, expected: bool) -> None:
    assert must_be_classified(direction, ended=ended, operator_known=operator_known) is expected
