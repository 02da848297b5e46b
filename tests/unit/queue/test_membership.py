"""Whose membership differs from his state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hotline.cti.model import DeviceState, MemberChanged
from hotline.queue.membership import misplaced
from hotline.queue.model import Operator, OperatorState, Pause, Stretch

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
READY = Operator(7, "101", NOW, state=OperatorState.READY, queues=("hotline",))
PAUSED = replace(READY, state=OperatorState.PAUSE, reason="P02", pause=Pause("P02", Stretch(NOW, None)))
OFFLINE = replace(READY, state=OperatorState.OFFLINE)


def fact(
    *, present: bool = True, paused: bool = False, queue: str = "hotline", extension: str = "101"
) -> MemberChanged:
    return MemberChanged("pbx1", queue, extension, present, paused, "", DeviceState.IDLE, False, NOW)


CASES = [
    ("as it should be", READY, fact(), False),
    ("paused as it should be", PAUSED, fact(paused=True), False),
    ("paused, but ready", READY, fact(paused=True), True),
    ("not paused, but in a pause", PAUSED, fact(), True),
    ("gone, but at work", READY, fact(present=False), True),
    ("there, but offline", OFFLINE, fact(), True),
    ("there and paused, but offline", OFFLINE, fact(paused=True), True),
    ("gone and offline", OFFLINE, fact(present=False), False),
    ("a queue that is not his", READY, fact(queue="other", paused=True), False),
    ("a telephone of nobody", READY, fact(extension="555", paused=True), False),
]


@pytest.mark.parametrize(("operator", "seen", "wrong"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_misplaced(operator: Operator, seen: MemberChanged, wrong: bool) -> None:
    assert misplaced([operator], [seen]) == ([operator] if wrong else [])


def test_one_operator_is_named_once() -> None:
    both = replace(READY, queues=("hotline", "second"))

    assert misplaced([both], [fact(paused=True), fact(paused=True, queue="second")]) == [both]


@pytest.mark.parametrize("former_first", [True, False])
def test_a_number_belongs_to_whoever_works_with_it_now(former_first: bool) -> None:
    former = replace(OFFLINE, user_id=8)
    everybody = [former, READY] if former_first else [READY, former]

    assert misplaced(everybody, [fact()]) == []
