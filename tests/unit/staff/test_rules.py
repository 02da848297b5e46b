from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.staff.rules import Limit, effective_rights, fold, password_problem, seconds_up

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("grants", "rights"),
    [
        pytest.param([], set(), id="nothing"),
        pytest.param([("a", "allow"), ("b", "allow")], {"a", "b"}, id="allows-add-up"),
        pytest.param([("a", "allow"), ("a", "allow"), ("a", "deny")], set(), id="deny-wins-over-many"),
        pytest.param([("b", "deny"), ("a", "allow"), ("b", "allow"), ("c", "deny")], {"a"}, id="in-any-order"),
    ],
)
def test_effective_rights(grants: list[tuple[str, str]], rights: set[str]) -> None:
    assert effective_rights(grants) == rights


@pytest.mark.parametrize(
    ("minutes_ago", "wait_minutes"),
    [
        pytest.param([], 0, id="clean"),
        pytest.param([1, 2], 0, id="below-the-limit"),
        pytest.param([1, 2, 3], 12, id="until-the-oldest-of-three-is-forgiven"),
        pytest.param([1, 2, 3, 4, 5], 12, id="older-ones-do-not-matter"),
        pytest.param([1, 2, 15], 0, id="forgiven"),
    ],
)
def test_limit(minutes_ago: list[int], wait_minutes: int) -> None:
    failed = [NOW - timedelta(minutes=minutes) for minutes in minutes_ago]
    wait = Limit(3, timedelta(minutes=15)).wait(failed, NOW)
    assert wait == timedelta(minutes=wait_minutes)
    if wait:
        assert Limit(3, timedelta(minutes=15)).wait(failed, NOW + wait) == timedelta()


def test_retry_after_is_never_too_early() -> None:
    assert seconds_up(timedelta(seconds=1, microseconds=1)) == 2


@pytest.mark.parametrize(
    ("password", "fine"),
    [("123456789", False), ("1234567890", True), ("x" * 201, False), ("my-OP101-word", False), ("долгий пароль", True)],
)
def test_passwords(password: str, fine: bool) -> None:
    assert (password_problem(password, "op101") is None) is fine


def test_fold() -> None:
    assert fold("Ёлкин-Паль’мов О.") == "ЕЛКИНПАЛЬМОВО"
