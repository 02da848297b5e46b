"""Each way in which a journal can be wrong is found, and a right one is left alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hotline.errors import BadInput
from hotline.load.citizens import Citizen, Fate
from hotline.load.report import Report
from hotline.load.script import End, Plan
from hotline.load.session import read_people
from hotline.load.verdict import Recorded, judge, judge_recording, percentile

ROW: dict[str, Any] = {
    "key": "pbx1-1.1",
    "caller": "+79280000001",
    "started_at": "2026-11-20T07:00:00.000Z",
    "answered_at": "2026-11-20T07:00:05.000Z",
    "ended_at": "2026-11-20T07:00:15.000Z",
    "outcome": "answered",
    "talk_s": 10.0,
    "wait_s": 4.0,
    "recorded": True,
    "operator": "Иванова А.",
}


def citizen(fate: Fate = Fate.ANSWERED, **changes: Any) -> Citizen:
    plan = Plan("79280000001", 0, 60, 10, End.CITIZEN)
    values: dict[str, Any] = {"placed_at": 100.0, "ended_at": 115.0}
    if fate is Fate.ANSWERED:
        values |= {"connected_at": 105.0, "key": "pbx1-1.1", "operator": "load110", "heard_s": 0.7}
    return Citizen(plan, fate, **(values | changes))


def test_a_right_journal_has_no_faults() -> None:
    assert judge(citizen(), [ROW], tolerance_s=1) == []


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"ended_at": None}, "end of the call"),
        ({"key": "pbx1-2.2"}, "pbx1-2.2"),
        ({"outcome": "abandoned_queue"}, "outcome"),
        ({"talk_s": 12.0}, "talking: 12.0 s in the journal, 10.0 s in fact"),
        ({"answered_at": "2026-11-20T07:00:09.000Z"}, "waiting"),
        ({"answered_at": None}, "when it was answered"),
        ({"recorded": False}, "no recording"),
        ({"operator": None}, "operator"),
    ],
)
def test_a_wrong_row_is_found(row: dict[str, Any], found: str) -> None:
    faults = judge(citizen(), [ROW | row], tolerance_s=1)
    assert len(faults) == 1
    assert found in faults[0]


@pytest.mark.parametrize("rows", [[], [ROW, ROW]])
def test_a_call_must_be_there_exactly_once(rows: list[dict[str, Any]]) -> None:
    assert "instead of once" in judge(citizen(), rows, tolerance_s=1)[0]


def test_what_the_people_noticed_counts() -> None:
    assert "hung up on him" in judge(citizen(Fate.DROPPED), [ROW], tolerance_s=1)[0]
    assert judge(citizen(heard_s=None), [ROW], tolerance_s=1) == ["the operator did not hear him"]
    assert judge(citizen(Fate.ABANDONED), [ROW | {"outcome": "abandoned_queue"}], tolerance_s=1) == []
    assert "outcome" in judge(citizen(Fate.ABANDONED), [ROW], tolerance_s=1)[0]


def test_a_recording_must_carry_both_voices() -> None:
    assert judge_recording(citizen(), Recorded(15, 9.5)) == []
    assert judge_recording(citizen(), Recorded(15, 5.0)) != []
    assert judge_recording(citizen(away_s=5.0), Recorded(15, 3.5)) == []


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(number) for number in range(1, 21)]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile([], 0.5)) == (10.0, 19.0, None)


def test_the_service_level_leaves_out_who_gave_up_at_once() -> None:
    rows = {
        "1": ROW,
        "2": ROW | {"wait_s": 30.0},
        "3": ROW | {"outcome": "abandoned_queue", "wait_s": 3.0},
        "4": ROW | {"outcome": "abandoned_queue", "wait_s": 40.0},
    }
    report = Report([citizen()], rows, {}, Counter(), answer_within_s=20, seconds=60)
    assert report.service_level == pytest.approx(1 / 3, abs=0.001)
    assert report.as_json()["answered"] == 1
    assert "load passed" in report.text()
    report.faults = {"79280000001": ["no recording"]}
    assert "FAULT 79280000001: no recording" in report.text()


def test_people_are_read_and_mistakes_are_numbered() -> None:
    people = read_people("# logins\n\nload110 a b\nload111 c\n")
    assert [(one.login, one.password) for one in people] == [("load110", "a b"), ("load111", "c")]
    assert "a b" not in repr(people)
    for bad in ("load110", "load110 a\nload110 b"):
        with pytest.raises(BadInput, match="line"):
            read_people(bad)
