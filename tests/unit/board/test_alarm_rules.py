"""When an alarm goes off, when it is over, and how often anybody is told (DAY-34, DAY-36)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.board.alarm_rules import Kind, Rule, Standing, Step, bad, good, judge

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
WAITING = Rule(1, Kind.WAITING, 5)


def play(rule: Rule, values: list[float | None], *, every_s: int = 5, seen_at: int | None = None) -> list[str]:
    """Look every few seconds; return "number of the look:step", with ! when people are told."""
    standing, found = Standing(), []
    for number, value in enumerate(values):
        if number == seen_at:
            standing = replace(standing, seen=True)
        judged = judge(rule, standing, value, NOW + timedelta(seconds=number * every_s))
        standing = judged.standing
        if judged.step is not None:
            found.append(f"{number}:{judged.step}{'!' if judged.tell else ''}")
    return found


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        pytest.param(WAITING, [5, 5, 5], [], id="at the threshold nothing is wrong yet"),
        pytest.param(WAITING, [6], ["0:raised!"], id="more than the threshold, at once without a hold"),
        pytest.param(replace(WAITING, hold_s=10), [6, 6, 6], ["2:raised!"], id="must be bad for the whole hold"),
        pytest.param(replace(WAITING, hold_s=10), [6, 6, 5, 6, 6], [], id="a better moment begins the hold anew"),
        pytest.param(WAITING, [6, 5, 5, 5, 5], ["0:raised!"], id="hysteresis: just below does not end it"),
        pytest.param(WAITING, [6, 4, 4, 4], ["0:raised!", "3:cleared"], id="clearly good for ten seconds ends it"),
        pytest.param(WAITING, [6, 4, 4, 6, 4, 4, 4], ["0:raised!", "6:cleared"], id="a relapse keeps it on"),
        pytest.param(
            WAITING, [6, 4, 4, 4, 6], ["0:raised!", "3:cleared", "4:raised"], id="again so soon: shown, nobody is told"
        ),
        pytest.param(Rule(1, Kind.SERVICE_LEVEL, 80), [None, None], [], id="no calls, no service level, no alarm"),
        pytest.param(
            Rule(1, Kind.SERVICE_LEVEL, 80), [79, 84, 84, 84, 85, 85, 85], ["0:raised!", "6:cleared"], id="five points"
        ),
        pytest.param(Rule(1, Kind.NOBODY_READY, 0), [1, 0, 0, 0], ["0:raised!", "3:cleared"], id="nobody is free"),
    ],
)
def test_an_alarm_in_time(rule: Rule, values: list[float | None], expected: list[str]) -> None:
    """DAY-34: hold, hysteresis, calm, repeat limit."""
    assert play(rule, values) == expected


def test_who_has_not_confirmed_is_reminded_no_more_often_than_agreed() -> None:
    """DAY-36: an alarm that goes on is told again after ``repeat_min``, and no more once somebody has confirmed it."""
    rule = replace(WAITING, repeat_min=1)
    assert play(rule, [9] * 30) == ["0:raised!", "12:reminded!", "24:reminded!"]
    assert play(rule, [9] * 30, seen_at=13) == ["0:raised!", "12:reminded!"]


def test_a_restart_goes_on_where_it_was() -> None:
    """After kill -9 what is on stays on, is not raised twice, and is told when its time has come."""
    kept = Standing(raised_at=NOW - timedelta(minutes=5), told_at=NOW - timedelta(minutes=5))
    assert judge(WAITING, kept, 9, NOW).step is None
    assert judge(WAITING, kept, 9, NOW + timedelta(minutes=10)).step is Step.REMINDED


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("threshold", [0, 1, 3, 50, 98, 100])
def test_no_figure_is_bad_and_good_at_once(kind: Kind, threshold: float) -> None:
    """Otherwise an alarm would go on and off for ever."""
    rule = Rule(1, kind, threshold)
    for value in [None, *range(102)]:
        assert not (bad(rule, value) and good(rule, value))
