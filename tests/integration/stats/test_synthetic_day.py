"""R-09, DAY-34, DAY-42 and issue 5: a day of scripted calls whose every figure is known beforehand.

The service sees some minutes of it live, is killed in the middle of calls three times, and learns the rest from
Asterisk's logs; the figures must be those that the generator noted when it wrote the script.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from hotline.clock import FakeClock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.staff.model import Organisation, Right, User
from hotline.staff.sight import Reach, Sight
from hotline.stats.check import StatsCheck
from hotline.stats.core import CallFact, PartFact, StateFact, compute
from hotline.stats.model import Figures, Group, Question
from hotline.stats.queries import Behind
from hotline.stats.service import BEHIND as PAGE
from hotline.stats.service import Period, Statistics
from tests.synthetic.day import Day
from tests.synthetic.player import Asterisk, Service, at, fill, hire

T = TypeVar("T", CallFact, PartFact, StateFact)
CALLS = 5_000
ZONE = ZoneInfo("Europe/Moscow")
DAY = Period(date(2026, 11, 19), date(2026, 11, 19))
TOPICS = ["1.01", "1.02"]
HOUR = 3600.0
OF_CALL = "call_id = (SELECT id FROM call WHERE key = $1)"


def supervisor(organisation: Organisation, reach: Reach) -> User:
    """Somebody who may watch."""
    rights = frozenset({Right.CALL_MONITOR})
    return User(1, "s", "С", "С", "", organisation, None, permissions=rights, sight=Sight(calls=reach))


def differences(figures: Figures, expected: Mapping[str, float | None]) -> list[str]:
    """Compare every field of a row; sums of eighths of a second are exact, quantiles lie between two of them."""
    wrong = []
    for name in Figures.__dataclass_fields__:
        found, wanted = getattr(figures, name), expected.get(name) or 0.0
        if (found or 0.0) != pytest.approx(wanted, abs=1e-6):
            wrong.append(f"{name}: {found} instead of {wanted}")
    return wrong


WATCHED = ((10 * HOUR, 10 * HOUR + 300), (10 * HOUR + 330, 10 * HOUR + 600), (15 * HOUR, 15 * HOUR + 300))
"""When the service runs; it is killed at the end of each."""
FUND = Organisation(1, "00", "tfoms", "", "")


async def test_a_day_whose_every_figure_is_known(
    demo_db: Database, demo_db_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    people = await hire(demo_db_url, 8, "00001", 801) + await hire(demo_db_url, 48, "00", 841)
    day = Day(CALLS, people, TOPICS)
    asterisk = Asterisk(day.tape, tmp_path)
    service = Service(asterisk, demo_db, clock)
    imported = 0
    for start, end in WATCHED:
        asterisk.run(start)
        await service.live(end)
        imported += await service.catch_up()
    asterisk.run(100_000)
    assert imported + await service.catch_up() == CALLS
    await fill(demo_db_url, day)
    clock.advance(at(90_000) - clock.now())

    statistics = Statistics(demo_db, clock, ZONE)
    await every_figure_is_exact(statistics, day)
    await the_database_adds_up_as_the_definitions_do(statistics, demo_db_url)
    await calls_behind_figures_are_those_that_they_count(statistics, day)
    await an_insurer_sees_the_work_of_its_own(statistics, day, people[:8])
    await logs_agree_and_each_planted_difference_is_found(
        StatsCheck(demo_db, clock, [asterisk.settings]), demo_db_url, day
    )


async def every_figure_is_exact(statistics: Statistics, day: Day) -> None:
    for group in Group:
        answer = await statistics.ask(supervisor(FUND, Reach.ALL), DAY, group)
        expected = day.book.expected(group)
        assert differences(answer.total, expected.pop("")) == [], group
        assert answer.rows.keys() == expected.keys(), group
        for key, figures in answer.rows.items():
            assert differences(figures, expected[key]) == [], (group, key)


async def the_database_adds_up_as_the_definitions_do(statistics: Statistics, url: str) -> None:
    """``core`` is the reference of ``queries``, also where the day is another one than Moscow's (DAY-42)."""
    facts = await load_facts(url)
    user = supervisor(Organisation(1, "00", "tfoms", "", "", "Asia/Vladivostok"), Reach.ALL)
    cases = ((Group.QUARTER, None), (Group.OPERATOR, None), (Group.TOPIC, None), (Group.DAY, "appeals"))
    for group, queue in cases:
        question = await statistics.question(user, DAY, group, queue)
        found, defined = await statistics.compute(question), compute(question, *facts)
        assert found.rows.keys() == defined.rows.keys(), (group, queue)
        for key, figures in [("", found.total), *found.rows.items()]:
            wanted = defined.rows[key] if key else defined.total
            assert differences(figures, dataclasses.asdict(wanted)) == [], (group, queue, key)


async def load_facts(url: str) -> tuple[list[CallFact], list[PartFact], list[StateFact]]:
    """Return all rows as the definitions want them."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        pairs = await connection.fetch("SELECT call_key, topic_code FROM call_appeal JOIN appeal ON id = appeal_id")
        calls = await connection.fetch(
            "SELECT call.*, r.call_key IS NOT NULL AS asked, r.score, r.recommends FROM call"
            " LEFT JOIN call_rating r ON r.call_key = call.key"
        )
        parts = await connection.fetch("SELECT * FROM call_segment")
        states = await connection.fetch("SELECT * FROM agent_state_log")
    finally:
        await connection.close()
    topics = {row["call_key"]: frozenset({row["topic_code"]}) for row in pairs}
    queues = {row["key"]: row["queue"] for row in calls}
    keys = {row["id"]: row["key"] for row in calls}
    none: frozenset[str] = frozenset()

    def fact(kind: type[T], row: Mapping[str, Any], key: str | None, **more: Any) -> T:
        names = [field.name for field in dataclasses.fields(kind) if field.name in row.keys()]  # noqa: SIM118 - a Record
        return kind(**{name: row[name] for name in names}, topics=topics.get(key or "", none), **more)

    return (
        [fact(CallFact, row, row["key"]) for row in calls if row["direction"] == "in"],
        [fact(PartFact, row, keys[row["call_id"]]) for row in parts],
        [fact(StateFact, row, row["call_key"], queue=queues.get(row["call_key"])) for row in states],
    )


async def calls_behind_figures_are_those_that_they_count(statistics: Statistics, day: Day) -> None:
    user = supervisor(FUND, Reach.ALL)
    question = await statistics.question(user, DAY, Group.QUEUE)
    for figure, kinds in BEHIND.items():
        keys = {one.key for one in await pages(statistics, question, figure)}
        assert keys == {key for kind in kinds for key in day.kinds.get(kind, [])}, figure
    rows = (await statistics.compute(question)).rows
    for figure in ("short", "left", "joined", "again"):
        for key, figures in rows.items():
            behind = await pages(statistics, question, figure, key)
            assert len(behind) == getattr(figures, figure), (figure, key)
            assert {one.queue for one in behind} <= {key}
    for figure, mine in (
        ("asked", {key for key, *_ in day.ratings.given}),
        ("low", {key for key, _, score, _ in day.ratings.given if score in {1, 2}}),
    ):
        assert {one.key for one in await pages(statistics, question, figure)} == mine, figure
    answered = await pages(statistics, question, "answered")
    assert len(answered) == sum(figures.answered for figures in rows.values()) > 4 * PAGE
    assert len({one.row_id for one in answered}) == len(answered)
    assert [one.started_at for one in answered] == sorted(one.started_at for one in answered)
    with pytest.raises(BadInput):
        await statistics.behind(user, question, "talk_s", None)
    with pytest.raises(BadInput):
        await statistics.behind(user, question, "answered", None, "1.x")


async def pages(statistics: Statistics, question: Question, figure: str, key: str | None = None) -> list[Behind]:
    """Walk through all calls behind a figure, page by page."""
    user, found, after = supervisor(FUND, Reach.ALL), list[Behind](), ""
    while True:
        page = await statistics.behind(user, question, figure, key, after)
        found += page.calls
        if page.after is None:
            return found
        assert len(page.calls) == PAGE
        after = page.after


async def an_insurer_sees_the_work_of_its_own(statistics: Statistics, day: Day, people: list[tuple[int, str]]) -> None:
    insurer = Organisation(2, "00001", "smo", "", "")
    answer = await statistics.ask(supervisor(insurer, Reach.ORGANISATION), DAY, Group.OPERATOR)
    expected = day.book.expected("operator")
    assert answer.rows.keys() == {str(user) for user, _ in people}
    for key, figures in answer.rows.items():
        assert differences(figures, expected[key]) == [], key
    assert answer.total.abandoned == 0
    assert answer.total.offered == sum(figures.offered for figures in answer.rows.values())
    with pytest.raises(Forbidden):
        await statistics.ask(supervisor(insurer, Reach.NONE), DAY, Group.OPERATOR)


BEHIND = {
    "short": ["abandons_soon"],
    "abandoned": ["abandons"],
    "out_of_hours": ["out_of_hours"],
    "voicemail": ["voicemail", "times_out"],
    "abandoned_ivr": ["leaves_greeting"],
    "left": ["times_out", "overflows"],
    "again": ["loses_operator"],
    "recovered": ["loses_operator"],
    "completed": ["consults"],
    "joined": ["three"],
    "cancelled": ["cancels", "refused"],
    "blind": ["sends", "sends_in_vain"],
    "blind_done": ["sends"],
    "outgoing": ["calls_out"],
}
"""Figure → the scenarios whose calls it counts."""

PLANTED = {
    "simple": ("UPDATE call SET outcome = 'abandoned_queue' WHERE key = $1", "outcome"),
    "held": (f"UPDATE call_segment SET hold_s = 0 WHERE kind = 'talk' AND {OF_CALL}", "talked"),
    "abandons": (f"UPDATE call_segment SET seconds = seconds + 3 WHERE {OF_CALL}", "wait 1"),
    "abandons_soon": (f"DELETE FROM call_segment WHERE {OF_CALL}", "waits"),
    "out_of_hours": ("UPDATE call SET ended_at = ended_at + interval '5 s' WHERE key = $1", "ended"),
    "voicemail": ("UPDATE call SET outcome = 'out_of_hours' WHERE key = $1", "outcome"),
    "consults": (f"DELETE FROM call_segment WHERE kind = 'talk' AND by_id IS NULL AND {OF_CALL} AND"
                 f" extension = (SELECT extension FROM call_segment WHERE kind = 'consult' AND {OF_CALL})",
                 "operators"),
    "overflows": (f"UPDATE call_segment SET queue = 'other' WHERE result = 'left' AND {OF_CALL}", "wait 1"),
    "times_out": (f"UPDATE call_segment SET result = 'abandoned' WHERE {OF_CALL}", "wait 1"),
    "loses_operator": (f"UPDATE call_segment SET user_id = 1 WHERE again AND {OF_CALL}", "wait 2"),
    "calls_out": ("UPDATE call SET started_at = started_at - interval '2 s' WHERE key = $1", "started"),
    "sends": ("UPDATE call SET operator = '999' WHERE key = $1", "operator"),
    "leaves_greeting": ("UPDATE call SET ended_at = NULL WHERE key = $1", "call"),
}  # fmt: skip
"""Scenario → how one of its calls is falsified, and what of it must then differ."""


async def logs_agree_and_each_planted_difference_is_found(check: StatsCheck, url: str, day: Day) -> None:
    bounds = DAY.bounds(ZONE)
    agreed = await check.run(*bounds)
    assert (agreed.calls, agreed.broken, agreed.found) == (CALLS, 0, ())
    expected: set[tuple[str, str]] = set()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for kind, (statement, what) in PLANTED.items():
            key = day.kinds[kind][1]
            assert not (await connection.execute(statement, key)).endswith(" 0"), kind
            expected.add((key, what))
    finally:
        await connection.close()
    found = await check.run(*bounds)
    told = {(one.call_key, one.what) for one in found.found}
    assert expected <= told
    assert {key for key, _ in told} == {key for key, _ in expected}
    shown = await check.last(supervisor(FUND, Reach.ALL))
    assert shown is not None
    assert shown.found == found.found
    with pytest.raises(Forbidden):
        await check.last(supervisor(FUND, Reach.ORGANISATION))
