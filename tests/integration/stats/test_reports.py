"""Statistics of long periods: counted by the job queue, once more after their process died, the same as at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from procrastinate.jobs import Status

from hotline.clock import FakeClock
from hotline.cti.model import Call, Direction, Outcome, Phase, Segment, SegmentKind, SegmentResult
from hotline.db import Database
from hotline.errors import BadInput, NotFound
from hotline.events import Bus
from hotline.journal.calls import CallJournal
from hotline.staff.model import Organisation, Right, User
from hotline.staff.sight import Reach, Sight
from hotline.stats import report_jobs
from hotline.stats.model import Goal, Group, Question
from hotline.stats.report_jobs import ReportJobs
from hotline.stats.reports import Report, ReportFinished, Reports, ReportState, dump_question, load_question
from hotline.stats.service import Period, Statistics
from tests.integration.stats.test_synthetic_day import ZONE

YEAR = Period(date(2026, 1, 1), date(2026, 11, 20))
BOSS = User(
    1, "s", "С", "С", "", Organisation(1, "00", "tfoms", "", ""), None,
    permissions=frozenset({Right.CALL_MONITOR}), sight=Sight(calls=Reach.ALL),
)  # fmt: skip


async def fill(db: Database, clock: FakeClock) -> None:
    """Write a call a month."""
    journal = CallJournal(db, clock)
    for month in range(1, 12):
        start = clock.now().replace(month=month)
        wait = Segment(
            SegmentKind.WAIT, start, start + timedelta(seconds=month), "hotline", "101", None, SegmentResult.ANSWERED
        )
        call = Call(
            f"pbx1-{month}.1", "pbx1", Direction.IN, Phase.ENDED, None, "112", start, queue="hotline", queued_at=start,
            ended_at=start + timedelta(minutes=1), outcome=Outcome.ANSWERED, segments=(wait,),
        )  # fmt: skip
        await journal.record(call)


async def finished(told: asyncio.Queue[ReportFinished], reports: Reports, report_id: int) -> Report:
    """Wait for the end of a report."""
    async with asyncio.timeout(60):
        while (await told.get()).report_id != report_id:
            pass
    return await reports.get(BOSS, report_id)


async def test_a_report_whose_process_died_is_counted_by_the_next_one(
    demo_db: Database, demo_db_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 5: nothing is asked twice and nothing is forgotten; the figures are those of the same question at once."""
    monkeypatch.setattr(report_jobs, "LOOK_S", 0.1)
    monkeypatch.setattr(report_jobs, "DEAD_AFTER_S", 0.0)
    await fill(demo_db, clock)
    bus = Bus()
    reports = Reports(demo_db, clock, ZONE, bus)
    report_id = await reports.ask(BOSS, YEAR, Group.DAY, "", ())
    killed = ReportJobs(reports, demo_db_url, bus)
    async with killed.app.open_async():
        await killed._defer(report_id)
        worker = await killed.app.job_manager.register_worker()
        job = await killed.app.job_manager.fetch_job(queues=[report_jobs.QUEUE], worker_id=worker)
        assert job is not None
        assert job.status == Status.DOING.value  # and here its process dies
    told: asyncio.Queue[ReportFinished] = asyncio.Queue()
    bus.subscribe(ReportFinished, handler=told.put, name="test")
    jobs = ReportJobs(reports, demo_db_url, bus)
    jobs.start()
    try:
        report = await finished(told, reports, report_id)
        second = await reports.ask(BOSS, YEAR, Group.QUEUE, "hotline", ("offered",))
        by_queue = await finished(told, reports, second)
    finally:
        await jobs.close()
        await bus.close()
    statistics = Statistics(demo_db, clock, ZONE)
    assert (report.state, report.percent) == (ReportState.DONE, 100)
    assert report.results is not None
    assert report.results.answer == await statistics.ask(BOSS, YEAR, Group.DAY)
    assert report.results.before == await statistics.ask(BOSS, YEAR.before, Group.DAY)
    assert report.results.hours == await statistics.ask(BOSS, YEAR, Group.HOUR)
    assert report.results.answer.total.wait_s == sum(range(1, 12))
    assert by_queue.results is not None
    assert by_queue.results.answer == await statistics.ask(BOSS, YEAR, Group.QUEUE, "hotline")


async def test_a_report_is_its_owners_and_of_what_he_may_see(demo_db: Database, clock: FakeClock) -> None:
    """Domain 2.8: who sees less than when he asked reads it no more; too many at once are refused; progress counts."""
    bus = Bus()
    reports = Reports(demo_db, clock, ZONE, bus)
    first = await reports.ask(BOSS, YEAR, Group.DAY, "", ())
    assert await reports.ask(BOSS, YEAR, Group.DAY, "", ()) == first
    for group in (Group.HOUR, Group.QUARTER, Group.QUEUE, Group.TOPIC):
        await reports.ask(BOSS, YEAR, group, "", ())
    with pytest.raises(BadInput):
        await reports.ask(BOSS, YEAR, Group.OPERATOR, "", ())
    less = replace(BOSS, sight=Sight(calls=Reach.ORGANISATION))
    for other in (replace(BOSS, id=2), less):
        assert await reports.mine(other) == ()
        with pytest.raises(NotFound):
            await reports.get(other, first)
    await reports.fail(first)
    await reports.count(first)
    assert (await reports.get(BOSS, first)).state is ReportState.FAILED, "what is over stays as it is"
    assert len(await reports.unfinished()) == 4
    await bus.close()


def test_a_question_comes_back_as_it_was_kept() -> None:
    start, end = YEAR.bounds(ZONE)
    question = Question(start, end, Group.TOPIC, ZONE, "q", (1, 2), ("q",), {"q": Goal(30.0, 6.0)})
    for one in (question, replace(question, people=None, queue=None, owned=(), goals={})):
        assert load_question(dump_question(one)) == one
