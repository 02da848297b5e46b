"""R-09, DAY-34, DAY-42 and issue 5: a day of scripted calls whose every figure is known beforehand.

The service sees some minutes of it live, is killed in the middle of calls three times, and learns the rest from
Asterisk's logs; the figures must be those that the generator noted when it wrote the script.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.staff.model import Organisation, Right, User
from hotline.staff.sight import Reach, Sight
from hotline.stats.model import Figures, Goals, Group
from hotline.stats.service import Period, Statistics
from tests.synthetic.day import GOALS, SHORT_S, Day
from tests.synthetic.player import Asterisk, Service, at, fill, hire

CALLS = 5_000
ZONE = ZoneInfo("Europe/Moscow")
DAY = Period(date(2026, 11, 19), date(2026, 11, 19))
TOPICS = ["1.01", "1.02"]
HOUR = 3600.0


def supervisor(organisation: Organisation, reach: Reach) -> User:
    """Somebody who may watch."""
    rights = frozenset({Right.CALL_MONITOR})
    return User(1, "s", "С", "С", "", organisation, None, permissions=rights, sight=Sight(calls=reach))


def differences(figures: Figures, expected: dict[str, float]) -> list[str]:
    """Compare every field of a row; sums of eighths of a second are exact, quantiles lie between two of them."""
    names = [name for name in Figures.__dataclass_fields__]
    wrong = []
    for name in names:
        found, wanted = getattr(figures, name), expected.get(name, 0.0)
        if (found or 0.0) != pytest.approx(wanted, abs=1e-6):
            wrong.append(f"{name}: {found} instead of {wanted}")
    return wrong


async def test_every_figure_of_a_day_is_exact(
    demo_db: Database, demo_db_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    begun = time.monotonic()
    people = await hire(demo_db_url, 8, "00001", 801) + await hire(demo_db_url, 48, "00", 841)
    day = Day(CALLS, people, TOPICS)
    asterisk = Asterisk(day.tape, tmp_path)
    service = Service(asterisk, demo_db, clock)
    imported = 0
    print("written", time.monotonic() - begun)
    for start, end in ((10 * HOUR, 10 * HOUR + 300), (10 * HOUR + 330, 10 * HOUR + 600), (15 * HOUR, 15 * HOUR + 300)):
        asterisk.run(start)
        await service.live(end)
        print("live", end, time.monotonic() - begun)
        imported += await service.catch_up()
        print("caught up", imported, time.monotonic() - begun)
    asterisk.run(100_000)
    imported += await service.catch_up()
    print("imported", time.monotonic() - begun)
    assert imported == CALLS
    await fill(demo_db_url, day)

    clock.advance(at(90_000) - clock.now())
    statistics = Statistics(demo_db, clock, ZONE, Goals(20, GOALS, SHORT_S))
    fund = Organisation(1, "00", "tfoms", "", "")
    for group in Group:
        answer = await statistics.ask(supervisor(fund, Reach.ALL), DAY, group)
        expected = day.book.expected(group)
        assert differences(answer.total, expected.pop("")) == [], group
        assert answer.rows.keys() == expected.keys(), group
        for key, figures in answer.rows.items():
            assert differences(figures, expected[key]) == [], (group, key)
    print("asked", time.monotonic() - begun)
