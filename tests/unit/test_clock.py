"""Injected time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from hotline.clock import Clock, FakeClock, SystemClock, require_aware

START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def test_the_system_clock_speaks_utc_and_goes_forward() -> None:
    clock: Clock = SystemClock()
    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert first <= second
    assert abs(datetime.now(UTC) - second) < timedelta(seconds=5)


def test_a_fake_clock_moves_only_when_told() -> None:
    clock = FakeClock(START)
    assert (clock.now(), clock.now()) == (START, START)

    assert clock.advance(timedelta(seconds=1.5)) == START + timedelta(seconds=1.5)
    assert clock.now() == START + timedelta(seconds=1.5)


class Nowhere(tzinfo):
    """A time zone that does not know its offset."""

    def utcoffset(self, moment: datetime | None) -> None:
        return None

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        return "nowhere"


@pytest.mark.parametrize(
    "naive", [START.replace(tzinfo=None), START.replace(tzinfo=Nowhere())], ids=["no zone", "no offset"]
)
def test_naive_times_are_refused(naive: datetime) -> None:
    with pytest.raises(ValueError, match="naive date-time 2026-11-20T07:00:00"):
        require_aware(naive)
    with pytest.raises(ValueError, match="naive"):
        FakeClock(naive)


def test_aware_times_pass_unchanged() -> None:
    moscow = START.astimezone(timezone(timedelta(hours=3)))

    assert require_aware(moscow) is moscow
