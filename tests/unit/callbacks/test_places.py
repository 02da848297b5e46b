"""Whose turn it is: citizens on the line and citizens who kept their place (peers: in-queue callback)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.callbacks.model import Duty, DutyState, Limits, Reason
from hotline.callbacks.places import Place, place_of, turn

T0 = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
LIMITS = Limits()
NOW = T0 + timedelta(minutes=30)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def place(duty_id: int, minute: float, *, queue: str = "hotline", not_before: datetime | None = None) -> Place:
    return Place(duty_id, "+79280001122", queue, at(minute), not_before)


@pytest.mark.parametrize(
    ("places", "oldest", "wanted"),
    [
        pytest.param([], None, None, id="nobody"),
        pytest.param([place(1, 5)], None, 1, id="alone"),
        pytest.param([place(1, 5)], at(6), 1, id="before a later caller"),
        pytest.param([place(1, 5)], at(4), None, id="after an earlier caller"),
        pytest.param([place(1, 5), place(2, 3)], at(4), 2, id="the longest of all"),
        pytest.param([place(1, 5, queue="other")], None, None, id="another queue"),
        pytest.param([place(1, 5, not_before=at(31))], None, None, id="was not reached a moment ago"),
        pytest.param([place(1, 5, not_before=at(30))], at(6), 1, id="may be tried again"),
        pytest.param([place(1, 3, not_before=at(31)), place(2, 5)], at(6), 2, id="the next one meanwhile"),
    ],
)
def test_turn(places: list[Place], oldest: datetime | None, wanted: int | None) -> None:
    found = turn(places, ["hotline"], oldest, NOW)
    assert (found and found.duty_id) == wanted


ASKED = Duty(
    DutyState.OPEN, at(2), at(2), ("k",), (Reason.ASKED,), queue="hotline", asked_since=at(1)
)  # fmt: skip


@pytest.mark.parametrize(
    ("duty", "number", "keeps"),
    [
        pytest.param(ASKED, "+79280001122", True, id="he asked"),
        pytest.param(ASKED, None, False, id="nobody can call him"),
        pytest.param(replace(ASKED, asked_since=None), "+79280001122", False, id="he did not ask"),
        pytest.param(replace(ASKED, state=DutyState.SERVED, over_at=NOW), "+79280001122", False, id="served"),
        pytest.param(replace(ASKED, place_tries=2), "+79280001122", True, id="twice not reached"),
        pytest.param(replace(ASKED, place_tries=3), "+79280001122", False, id="given up: stays in the ledger"),
        pytest.param(
            replace(ASKED, state=DutyState.TAKEN, taken_by=7, taken_until=at(40)), "+79280001122", False, id="taken"
        ),
    ],
)
def test_who_keeps_a_place(duty: Duty, number: str | None, keeps: bool) -> None:
    assert (place_of(1, number, duty, LIMITS, NOW) is not None) == keeps
