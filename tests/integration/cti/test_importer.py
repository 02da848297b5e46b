"""The importer on the real PostgreSQL, with the log files of a real Asterisk: every call exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import FakeClock
from hotline.config import AsteriskSettings
from hotline.cti.importer import Importer
from hotline.cti.model import Call, EndSource
from hotline.cti.tables import LogLine, LogPosition
from hotline.db import Database
from tests.unit.cti.captured import DATA

CEL = (DATA / "events.csv").read_text().splitlines(keepends=True)
QUEUE_LOG = (DATA / "queue_log").read_text()
CALLS = 9


class Sink:
    """Remembers what it was given; fails when told to."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.failing = False

    async def __call__(self, session: AsyncSession, calls: Sequence[Call]) -> None:
        self.calls += calls
        if self.failing:
            raise RuntimeError("the journal cannot record")


class Logs:
    """The log folder of an Asterisk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "cel").mkdir()
        (folder / "recordings").mkdir()
        self.cel = folder / "cel" / "events.csv"
        self.queue = folder / "queue_log"

    def write(self, cel: Sequence[str], queue: str = "") -> None:
        for path, text in ((self.queue, queue), (self.cel, "".join(cel))):
            with path.open("a") as file:
                file.write(text)

    @property
    def settings(self) -> AsteriskSettings:
        return AsteriskSettings(name="pbx1", log_dir=self.folder, recording_dir=self.folder / "recordings")


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


@pytest.fixture
def sink() -> Sink:
    return Sink()


def importer(logs: Logs, db: Database, clock: FakeClock, sink: Sink, batch: int = 5000) -> Importer:
    return Importer(logs.settings, db, clock, sink, batch=batch)


async def lines_kept(db: Database) -> int:
    async with db.begin() as session:
        return (await session.scalar(select(func.count()).select_from(LogLine))) or 0


async def test_every_call_comes_once(db: Database, logs: Logs, clock: FakeClock, sink: Sink) -> None:
    logs.write(CEL, QUEUE_LOG)
    made = importer(logs, db, clock, sink)
    calls = await made.run()
    assert len({call.key for call in calls}) == len(calls) == CALLS
    assert sink.calls == calls
    assert {call.end_source for call in calls} == {EndSource.LOG}
    assert sum(call.queue == "hotline" for call in calls) == 7
    assert await made.run() == []
    assert await importer(logs, db, clock, sink).run() == []  # nor after a restart
    assert await lines_kept(db) == 0


@pytest.mark.parametrize("cut", range(0, len(CEL) + 1, 7))
async def test_restart_at_any_moment_neither_loses_nor_repeats(
    db: Database, logs: Logs, clock: FakeClock, sink: Sink, cut: int
) -> None:
    logs.write(CEL[:cut], QUEUE_LOG)
    await importer(logs, db, clock, sink).run()
    logs.write(CEL[cut:])
    await importer(logs, db, clock, sink).run()
    keys = [call.key for call in sink.calls]
    assert len(keys) == len(set(keys)) == CALLS
    assert sum(call.queue == "hotline" for call in sink.calls) == 7


async def test_small_batches_give_the_same(db: Database, logs: Logs, clock: FakeClock, sink: Sink) -> None:
    logs.write(CEL, QUEUE_LOG)
    await importer(logs, db, clock, sink, batch=3).run()
    assert len(sink.calls) == CALLS


async def test_failing_sink_changes_nothing_and_the_next_run_repeats(
    db: Database, logs: Logs, clock: FakeClock, sink: Sink
) -> None:
    logs.write(CEL, QUEUE_LOG)
    sink.failing = True
    made = importer(logs, db, clock, sink)
    with pytest.raises(RuntimeError):
        await made.run()
    async with db.begin() as session:
        assert (await session.scalars(select(LogPosition))).all() == []
    sink.failing = False
    sink.calls.clear()
    assert len(await made.run()) == CALLS


async def test_rotation_between_two_runs(db: Database, logs: Logs, clock: FakeClock, sink: Sink) -> None:
    made = importer(logs, db, clock, sink)
    logs.write(CEL[:20], QUEUE_LOG)
    await made.run()
    logs.write(CEL[20:40])
    logs.cel.rename(logs.cel.with_name("events.csv.0"))
    logs.queue.rename(logs.queue.with_name("queue_log.0"))
    logs.write(CEL[40:])
    await made.run()
    assert len({call.key for call in sink.calls}) == len(sink.calls) == CALLS


async def test_call_of_a_killed_asterisk_is_closed_at_its_restart(
    db: Database, logs: Logs, clock: FakeClock, sink: Sink
) -> None:
    joined = "".join(QUEUE_LOG.splitlines(keepends=True)[:3])
    logs.write(CEL[:8], joined)  # until both are in the bridge
    made = importer(logs, db, clock, sink)
    assert await made.run() == []
    died = datetime.fromtimestamp(1795327956, UTC) + timedelta(seconds=30)
    assert await made.run(booted_at=died - timedelta(minutes=5)) == []  # that Asterisk still runs
    assert await made.run(booted_at=died, alive=frozenset({"pbx1-1795327944.0"})) == []  # seen to go on
    (call,) = await made.run(booted_at=died)
    assert (call.end_source, call.ended_at, call.operator) == (EndSource.RESTART, died, "101")
    assert await made.run(booted_at=died) == []
    assert await lines_kept(db) == 0


async def test_broken_lines_are_counted_and_cost_nothing_else(
    db: Database, logs: Logs, clock: FakeClock, sink: Sink
) -> None:
    logs.write([CEL[0], "rubbish\n", '"x"\n', "\n", *CEL[1:]], "nonsense\n" + QUEUE_LOG)
    made = importer(logs, db, clock, sink)
    await made.run()
    assert len(sink.calls) == CALLS
    assert made.counts.broken == 4


async def test_recorded_is_told_by_the_file(db: Database, logs: Logs, clock: FakeClock, sink: Sink) -> None:
    logs.write(CEL, QUEUE_LOG)
    (logs.folder / "recordings" / "pbx1-1795327944.0.wav").write_bytes(b"x")
    await importer(logs, db, clock, sink).run()
    assert [call.key for call in sink.calls if call.recorded] == ["pbx1-1795327944.0"]


async def test_two_services_on_one_database_share_the_work(
    own_db: Database, logs: Logs, clock: FakeClock, sink: Sink
) -> None:
    logs.write(CEL[:10], QUEUE_LOG)
    await importer(logs, own_db, clock, sink).run()  # makes the positions that both lock
    logs.write(CEL[10:])
    async with asyncio.timeout(20):
        await asyncio.gather(*(importer(logs, own_db, clock, sink).run() for _ in range(3)))
    keys = [call.key for call in sink.calls]
    assert len(keys) == len(set(keys)) == CALLS


async def test_two_asterisks_do_not_mix(db: Database, logs: Logs, clock: FakeClock, sink: Sink, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = Logs(other_folder)
    logs.write(CEL[:5], QUEUE_LOG)
    other.write(CEL, QUEUE_LOG)
    await importer(logs, db, clock, sink).run()
    assert sink.calls == []
    second = Importer(other.settings.model_copy(update={"name": "pbx2"}), db, clock, sink)
    await second.run()
    assert {call.asterisk for call in sink.calls} == {"pbx2"}
    assert await lines_kept(db) == 5 + 7  # pbx1's: CEL of its first call, and every caller's joining of the queue
