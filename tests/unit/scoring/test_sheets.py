"""Sheets, what answers are worth, samples, calibration: DAY-37, R-14."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from hotline.cti.ratings import Rating
from hotline.cti.ratings import read as read_rating
from hotline.errors import BadInput
from hotline.scoring import sheets
from hotline.scoring.calibration import differences
from hotline.scoring.model import Criterion, CriterionKind, Period, Section
from hotline.scoring.sampling import Candidate, draw, end_of, start_of

SHEET = (
    Section(
        "Приветствие",
        (
            Criterion("c1", "Представился", weight=1),
            Criterion("c2", "Тон", kind=CriterionKind.SCALE, top=5, weight=3, may_skip=False),
        ),
    ),
    Section("Сведения", (Criterion("c3", "Не раскрыл чужие данные", weight=2, fatal=True),)),
)


@pytest.mark.parametrize(
    ("answers", "percent", "fatal", "missing"),
    [
        ({}, None, (), ("c1", "c2", "c3")),
        ({"c1": "yes", "c2": "5", "c3": "yes"}, 100.0, (), ()),
        ({"c1": "no", "c2": "0", "c3": "yes"}, 33.3, (), ()),
        ({"c1": "yes", "c2": "4", "c3": "yes"}, 90.0, (), ()),
        ({"c1": "na", "c2": "4", "c3": "na"}, 80.0, (), ()),
        ({"c1": "yes", "c2": "5", "c3": "no"}, 0.0, ("c3",), ()),
        ({"c1": "na", "c3": "na"}, None, (), ("c2",)),
    ],
)
def test_what_answers_are_worth(
    answers: dict[str, str], percent: float | None, fatal: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    sheets.check(SHEET, answers)
    found = sheets.score(SHEET, answers)
    assert (found.percent, found.fatal, found.missing) == (percent, fatal, missing)


@pytest.mark.parametrize("answers", [{"c9": "yes"}, {"c1": "5"}, {"c2": "6"}, {"c2": "na"}, {"c2": "-1"}, {"c1": ""}])
def test_an_answer_that_the_sheet_does_not_have_is_refused(answers: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        sheets.check(SHEET, answers)


def test_a_sheet_is_read_as_it_is_written_and_new_criteria_get_free_codes() -> None:
    body = sheets.write(SHEET)
    assert sheets.read(body) == SHEET
    body[1]["criteria"].append({"title": "Новый", "kind": "yes_no", "weight": 1, "fatal": False, "may_skip": True})
    assert sheets.read(body)[1].criteria[1].code == "c4"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": " "}, "1.1.title"),
        ({"weight": 0}, "1.1.weight"),
        ({"weight": True}, "1.1.weight"),
        ({"kind": "smile"}, "1.1.kind"),
        ({"kind": "scale", "top": 11}, "1.1.top"),
        ({"code": "c2"}, "body"),
        ({"code": "../"}, "1.1.code"),
        ({"hint": "я" * 501}, "1.1.hint"),
    ],
)
def test_a_broken_sheet_names_the_place(change: dict[str, Any], place: str) -> None:
    body = sheets.write(SHEET)
    body[0]["criteria"][0] |= change
    with pytest.raises(BadInput) as caught:
        sheets.read(body)
    assert list(caught.value.details) == [place]


@pytest.mark.parametrize("body", [None, {}, [], ["x"], [{"title": "a"}], [{"title": "a", "criteria": []}], [{}] * 21])
def test_what_is_no_sheet_is_refused(body: object) -> None:
    with pytest.raises(BadInput):
        sheets.read(body)


CALLS = [Candidate(operator, f"pbx1-{number}.{operator}") for operator in (1, 2, 3) for number in range(40)]
START = date(2026, 11, 16)


def sample(calls: list[Candidate], seed: str = "s", **more: Any) -> tuple[Candidate, ...]:
    given: dict[str, Any] = {"have": {}, "taken": set(), "per_operator": 3} | more
    return draw(calls, seed=seed, start=START, **given)


def test_a_sample_is_repeatable_whatever_the_order_of_the_calls() -> None:
    """DAY-37: the seed that is kept proves what was drawn."""
    shuffled = list(CALLS)
    Random(7).shuffle(shuffled)
    assert sample(CALLS) == sample(shuffled)
    assert Counter(one.operator_id for one in sample(CALLS)) == {1: 3, 2: 3, 3: 3}
    assert sample(CALLS) != sample(CALLS, "other")


def test_a_second_drawing_only_fills_up() -> None:
    first = sample(CALLS[:2] + CALLS[40:])
    assert [one.operator_id for one in first].count(1) == 2
    more = sample(CALLS, have=Counter(one.operator_id for one in first), taken=set(first))
    assert len(more) == 1
    assert more[0].operator_id == 1
    assert more[0] not in first
    assert sample(CALLS, have={1: 3, 2: 3, 3: 5}) == ()


def test_every_call_has_the_same_chance() -> None:
    """DAY-37, fair: over 3,000 seeds each of 40 calls is drawn 225 times, give or take what chance allows (6 sigma)."""
    calls = CALLS[:40]
    drawn = Counter(one for seed in range(3000) for one in sample(calls, str(seed)))
    assert all(abs(drawn[one] - 225) < 6 * 14.5 for one in calls)


@pytest.mark.parametrize(
    ("period", "day", "start", "end"),
    [
        (Period.DAY, date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 1)),
        (Period.WEEK, date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 23)),
        (Period.WEEK, date(2026, 11, 16), date(2026, 11, 16), date(2026, 11, 23)),
        (Period.MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (Period.MONTH, date(2028, 2, 29), date(2028, 2, 1), date(2028, 3, 1)),
    ],
)
def test_periods(period: Period, day: date, start: date, end: date) -> None:
    assert (start_of(period, day), end_of(period, start)) == (start, end)


def test_differences_between_reviewers() -> None:
    """DAY-37, calibration: who answered otherwise, by how much, and what that does to the score."""
    found = differences(
        SHEET,
        {
            1: {"c1": "yes", "c2": "5", "c3": "yes"},
            2: {"c1": "yes", "c2": "3", "c3": "no"},
            3: {"c1": "yes", "c2": "5", "c3": "yes"},
        },
    )
    assert [(row.differs, row.agreement, row.spread) for row in found.rows] == [
        (False, 1.0, 0.0),
        (True, 0.67, 0.4),
        (True, 0.67, 1.0),
    ]
    assert (found.percents, found.spread, found.agreement) == ((100.0, 0.0, 100.0), 100.0, 0.78)


NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ASKED = NOW - timedelta(seconds=30)


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        ("5|10|1", Rating("k", ASKED, 5, 10)),
        ("4||1", Rating("k", ASKED, 4, None)),
        ("||1", Rating("k", ASKED, None, None)),
        ("6|11|1", Rating("k", ASKED, None, None)),
        ("0|0|1", Rating("k", ASKED, None, 0)),
        ("5||", None),
    ],
)
def test_what_asterisk_keeps_of_an_answer(value: str, rating: Rating | None) -> None:
    assert read_rating("k", f"{int(ASKED.timestamp())}|{value}", NOW) == rating


def test_an_answer_in_which_asterisk_died_counts_after_a_while_and_rubbish_never() -> None:
    cut = f"{int(ASKED.timestamp())}|3||"
    assert read_rating("k", cut, NOW) is None
    assert read_rating("k", cut, NOW + timedelta(minutes=5)) == Rating("k", ASKED, 3, None)
    assert [read_rating("k", one, NOW) for one in ("", "x|5||1", "9" * 12 + "|5||1")] == [None, None, None]
