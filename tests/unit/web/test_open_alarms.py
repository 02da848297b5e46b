"""Alarms that nobody has confirmed, as whoever logs in is shown them (DAY-31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hotline.journal.emergencies import SHOWN, Emergency
from hotline.web.open_alarms import OpenAlarms

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
FIRST = Emergency(1, NOW, 7, "Аннина И.", "101", None)
SECOND = replace(FIRST, id=2, at=NOW + timedelta(minutes=1))
SEEN = replace(FIRST, seen_by="Главный И.")


def test_raised_shown_until_confirmed() -> None:
    alarms = OpenAlarms()
    alarms.load(())
    for fact in (SECOND, FIRST, FIRST):
        alarms.take(fact)
    assert alarms.shown(NOW) == (FIRST, SECOND)
    alarms.take(SEEN)
    assert alarms.shown(NOW) == (SECOND,)


def test_what_is_read_never_brings_back_what_was_confirmed_meanwhile() -> None:
    alarms = OpenAlarms()
    alarms.take(SEEN)
    alarms.take(SECOND)
    assert alarms.load((FIRST, SECOND)) == ()
    assert alarms.shown(NOW) == (SECOND,)


def test_what_is_read_is_news_once() -> None:
    alarms = OpenAlarms()
    assert alarms.load((FIRST,)) == (FIRST,)
    assert alarms.load((FIRST,)) == ()
    alarms.take(SEEN)
    assert alarms.shown(NOW) == ()


def test_an_alarm_of_the_shift_before_is_gone() -> None:
    alarms = OpenAlarms()
    alarms.take(FIRST)
    assert alarms.shown(NOW + SHOWN - timedelta(seconds=1)) == (FIRST,)
    assert alarms.shown(NOW + SHOWN) == ()
