"""Quality as the service keeps it: on the real database and the real bus, with time that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import FakeClock
from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, Phase
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.events import Bus
from hotline.softphone.quality import BURST, LEGS_AT_ONCE, SAVE_EVERY, QualityService
from hotline.softphone.quality_rules import Alarm, QualityChanged, Report

KEY = "pbx1-1763622000.1"
START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


class House:
    """A service with its bus; remembers what was published."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.clock = clock
        self.bus = Bus()
        self.quality = QualityService(db, self.bus, clock)
        self.told: list[QualityChanged] = []

    async def hear(self, fact: QualityChanged) -> None:
        self.told.append(fact)

    def report(self, *, leg: str = "leg-1", key: str | None = KEY, alarm: Alarm | None = None) -> bool:
        self.clock.advance(timedelta(seconds=2))
        return self.quality.report(7, "101", key, Report(leg, 0 if alarm else 90, 10, 3.0, None, alarm))

    async def end_call(self) -> None:
        now = self.clock.now()
        call = Call(KEY, "pbx1", Direction.IN, Phase.ENDED, "79280001122", "100", START, ended_at=now)
        self.bus.publish(CallEvent(CallEventKind.ENDED, call, now))
        await self.bus.drain()
        await self.quality.flush()


@asynccontextmanager
async def open_house(db: Database, clock: FakeClock) -> AsyncIterator[House]:
    house = House(db, clock)
    house.bus.subscribe(QualityChanged, handler=house.hear, name="test")
    house.quality.start()
    yield house
    await house.quality.close()
    await house.bus.close()


@pytest.fixture
async def house(own_db: Database, clock: FakeClock) -> AsyncIterator[House]:
    async with open_house(own_db, clock) as opened:
        yield opened


async def test_a_leg_is_kept_when_its_call_ends(house: House) -> None:
    for _ in range(3):
        assert house.report()
    assert house.report(alarm=Alarm.PATH_LOST)
    assert house.report(leg="leg-2")
    assert [one.extension for one in house.quality.live()] == ["101"]
    await house.end_call()
    kept = (await house.quality.of_calls([KEY, "pbx1-0.0"]))[KEY]
    assert [(leg.leg, leg.scored, leg.received, leg.lost, leg.alarms) for leg in kept] == [
        ("leg-1", 4, 270, 40, 1),
        ("leg-2", 1, 90, 10, 0),
    ]
    assert kept[0].mos_min == 1.0
    assert house.quality.live() == []
    assert house.told[-1].report is None
    assert len(house.told) == 6


async def test_a_restarted_service_goes_on_adding(house: House, own_db: Database, clock: FakeClock) -> None:
    house.report()
    await house.quality.close()
    async with open_house(own_db, clock) as second:
        second.report()
        await second.end_call()
        (leg,) = (await second.quality.of_calls([KEY]))[KEY]
    assert (leg.scored, leg.received) == (2, 180)
    assert leg.first_at < leg.last_at == clock.now()


async def test_a_long_call_is_saved_before_it_ends(house: House) -> None:
    for _ in range(SAVE_EVERY):
        assert house.report()
    await house.quality.flush()
    (leg,) = (await house.quality.of_calls([KEY]))[KEY]
    assert leg.scored == SAVE_EVERY


class ComesAndGoes(Database):
    """A real database behind a network that is down at first."""

    def __init__(self, real: Database) -> None:
        super().__init__(real._bind)
        self.away = True

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        if self.away:
            raise Unavailable("the database does not answer", error_id="database-unavailable")
        async with super().begin() as session:
            yield session


async def test_nothing_is_lost_while_the_database_is_away(own_db: Database, clock: FakeClock) -> None:
    database = ComesAndGoes(own_db)
    async with open_house(database, clock) as house:
        for _ in range(SAVE_EVERY):
            assert house.report()
        with pytest.raises(Unavailable):
            await house.quality.flush()
        assert house.report()
        database.away = False
        await house.end_call()
        (leg,) = (await house.quality.of_calls([KEY]))[KEY]
    assert (leg.scored, leg.received) == (SAVE_EVERY + 1, 90 * (SAVE_EVERY + 1))


async def test_a_browser_that_floods_is_not_listened_to(house: House) -> None:
    taken = [house.quality.report(7, "101", KEY, Report("leg-1", 1, 0, 0.0, None, None)) for _ in range(20)]
    assert taken.count(True) == BURST
    house.clock.advance(timedelta(seconds=2))
    assert house.report()


async def test_nobody_has_so_many_ears(house: House) -> None:
    taken = [house.report(leg=f"leg-{number}") for number in range(LEGS_AT_ONCE + 3)]
    assert taken == [True] * LEGS_AT_ONCE + [False] * 3


async def test_a_figure_without_a_call_is_shown_and_not_kept(house: House) -> None:
    assert house.report(key=None)
    assert [one.call_key for one in house.quality.live()] == [None]
    await house.quality.flush()
    assert await house.quality.of_calls([KEY]) == {}


async def test_old_figures_are_not_present_ones(house: House) -> None:
    house.report()
    house.clock.advance(timedelta(seconds=11))
    assert house.quality.live() == []
