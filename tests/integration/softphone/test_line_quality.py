"""The exchange's figures as the service keeps them: real database, real bus (issue 3: a second opinion by RTCP)."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from hotline.clock import FakeClock
from hotline.cti.model import LineReport
from hotline.db import Database
from hotline.softphone.line_quality import LineQualityService
from hotline.softphone.line_rules import Disagreement, LineMeasured, disagreements
from tests.integration.softphone.test_quality import KEY, ComesAndGoes, House, open_house

CITIZEN, OPERATOR = "pbx1-1763622000.1", "pbx1-1763622000.2"


def lines_of(house: House, db: Database) -> LineQualityService:
    service = LineQualityService(db, house.bus, house.clock, house.quality.final)
    service.start()
    return service


def measured(house: House, leg: str, received: int, lost: int = 0, sent_lost: int = 0) -> None:
    house.clock.advance(timedelta(seconds=5))
    report = LineReport(received, lost, 1.5, received + lost, sent_lost, 1.0, 12.0)
    extension = "101" if leg == OPERATOR else None
    house.bus.publish(LineMeasured(KEY, extension, leg, house.clock.now(), report))


async def test_channels_are_kept_at_the_end_and_a_disagreement_is_told(
    own_db: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(own_db, clock) as house:
        lines = lines_of(house, own_db)
        for number in range(1, 9):  # the page misses 10 of 100 packets each time; RTCP tells of none
            assert house.report()
            measured(house, CITIZEN, 100 * number)
            measured(house, OPERATOR, 100 * number, lost=8 * number)
        with caplog.at_level(logging.WARNING, logger="hotline.softphone.line_quality"):
            await house.end_call()
        kept = (await lines.of_calls([KEY, "pbx1-0.0"]))[KEY]
        pages = (await house.quality.of_calls([KEY]))[KEY]
        await lines.close()
    assert [(line.leg, line.extension, line.received, line.lost) for line in kept] == [
        (CITIZEN, None, 800, 0),
        (OPERATOR, "101", 800, 64),
    ]
    assert (kept[0].jitter_max_ms, kept[0].rtt_max_ms) == (1.5, 12.0)
    assert disagreements(pages, kept) == {"101": {Disagreement.LOSS_DIFFERS, Disagreement.OPERATOR_UNHEARD}}
    assert [record.getMessage() for record in caplog.records] == [
        f"sound of 101 in call {KEY}: browser and exchange disagree: loss-differs, operator-unheard"
    ]


async def test_a_restart_and_a_database_that_was_away_lose_nothing(own_db: Database, clock: FakeClock) -> None:
    database = ComesAndGoes(own_db)
    async with open_house(own_db, clock) as house:
        first = lines_of(house, own_db)
        measured(house, OPERATOR, 300, lost=3)
        await house.bus.drain()
        await first.close()
        second = lines_of(house, database)
        measured(house, OPERATOR, 900, lost=9)
        await house.end_call()  # the database is away
        database.away = False
        assert (await second.of_calls([KEY]))[KEY][0].received == 300
        await house.end_call()
        (line,) = (await second.of_calls([KEY]))[KEY]
        await second.close()
    assert (line.received, line.lost) == (900, 9)
    assert line.first_at < line.last_at
