"""Rules of the tokens of other systems (issue 6, "API"): how they are written, what one may ask for, how often."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from hotline.staff import token_rules
from hotline.staff.token_rules import Bucket, problems, shown, take, well_formed, written

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
BITS = bytes(range(32))


def test_a_token_is_what_scanners_of_secrets_look_for() -> None:
    token = written(BITS)
    assert re.fullmatch(r"hln_[A-Za-z0-9_-]{43}[0-9a-f]{8}", token)
    assert well_formed(token)
    assert shown(token) == token[:8]
    assert written(BITS) != written(BITS[::-1])


@pytest.mark.parametrize("place", range(len(written(BITS))))
def test_a_token_with_one_letter_wrong_is_none(place: int) -> None:
    token = written(BITS)
    letter = "0" if token[place] != "0" else "1"
    assert not well_formed(token[:place] + letter + token[place + 1 :])


@pytest.mark.parametrize("text", ["", "hln_", written(BITS) + "0", written(BITS) + "\n", " " + written(BITS)])
def test_other_texts_are_no_tokens(text: str) -> None:
    assert not well_formed(text)


@pytest.mark.parametrize(
    ("title", "rights", "days", "wrong"),
    [
        ("ночной обмен", {"call.take"}, 30, set()),
        ("x" * token_rules.MAX_TITLE, {"call.take", "appeal.create"}, token_rules.MAX_DAYS, set()),
        ("", set(), None, {"title", "rights", "days"}),
        ("x" * 101, {"call.take"}, 0, {"title", "days"}),
        ("x", {"user.manage"}, 367, {"rights", "days"}),
        ("x", {"call.take", "user.manage"}, 1, {"rights"}),
    ],
)
def test_what_a_new_token_may_be(title: str, rights: set[str], days: int | None, wrong: set[str]) -> None:
    assert set(problems(title, rights, days, {"call.take", "appeal.create"})) == wrong


def test_a_minutes_worth_may_come_at_once_and_then_evenly() -> None:
    bucket: Bucket | None = None
    for _ in range(60):
        bucket, wait = take(bucket, 60, NOW)
        assert wait == timedelta()
    bucket, wait = take(bucket, 60, NOW)
    assert wait == timedelta(seconds=1)
    bucket, wait = take(bucket, 60, NOW + timedelta(milliseconds=500))
    assert wait == timedelta(milliseconds=500)
    bucket, wait = take(bucket, 60, NOW + timedelta(seconds=1))
    assert wait == timedelta()


def test_a_pause_saves_no_more_than_a_minutes_worth_and_a_clock_set_back_costs_nothing() -> None:
    bucket, _ = take(None, 2, NOW)
    bucket, _ = take(bucket, 2, NOW + timedelta(days=1))
    assert bucket.left == 1
    bucket, wait = take(bucket, 2, NOW)
    assert (bucket.left, wait) == (0, timedelta())
