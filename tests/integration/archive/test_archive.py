"""The archive on a real database, real files and the real codec."""

from __future__ import annotations

import array
import asyncio
import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import av
import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from hotline.archive.chain import Fault
from hotline.archive.coverage import Gap
from hotline.archive.gaps import Gaps
from hotline.archive.jobs import RecordingJobs
from hotline.archive.pauses import Pauses
from hotline.archive.retention import Terms
from hotline.archive.service import Archive
from hotline.archive.storage import look
from hotline.cli import main
from hotline.clock import Clock, FakeClock, SystemClock
from hotline.config import AsteriskSettings
from hotline.cti.model import Call, CallEvent, CallEventKind, Direction, Outcome, Phase
from hotline.cti.recording_model import PauseEnd, RecordingPaused
from hotline.db import Database
from hotline.errors import Conflict, NotFound, Unavailable
from hotline.journal.calls import CallJournal
from hotline.staff.tables import AuditEventRow
from hotline.stand.tones import hear, sine, write_wav
from tests.unit.cti.test_recordings import break_header

KEY = "pbx1-1763622000.1"
OTHER = "pbx1-1763622000.2"


@dataclass
class Shelf:
    """An archive and its folder. ``live`` are the calls that go on."""

    db: Database
    clock: FakeClock
    folder: Path
    live: set[str]
    archive: Archive

    def record(self, key: str = KEY, seconds: float = 3.0, *, ago_s: float = 60) -> Path:
        """What Asterisk leaves: citizen 440 Hz, operator 700 Hz."""
        ended = self.clock.now().timestamp() - ago_s
        for side, hz in (("-in", 440.0), ("-out", 700.0), ("", 440.0)):
            path = write_wav(self.folder / f"{key}{side}.wav", sine(hz, seconds))
            os.utime(path, (ended, ended))
        return self.folder / f"{key}.wav"

    async def keep(self, key: str = KEY) -> None:
        self.record(key)
        assert await self.archive.store(key)
        assert await self.archive.encode(key)


@pytest.fixture
def shelf(own_db: Database, clock: FakeClock, tmp_path: Path) -> Shelf:
    live: set[str] = set()
    server = AsteriskSettings.model_validate({"recording_dir": tmp_path})
    return Shelf(own_db, clock, tmp_path, live, Archive(own_db, clock, [server], Terms(365), lambda: live))


def sides(path: Path) -> list[array.array[int]]:
    """The samples of each channel of a stereo file, at 8 kHz."""
    samples = array.array("h")
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=8000)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                samples.frombytes(bytes(part.planes[0])[: part.samples * 4])
    return [samples[0::2], samples[1::2]]


async def test_a_recording_is_sealed_encoded_and_its_wav_files_go(shelf: Shelf) -> None:
    await shelf.keep()
    kept = await shelf.archive.get(KEY)
    assert sorted(path.name for path in shelf.folder.iterdir()) == [f"{KEY}.opus"]
    assert kept.content_type == "audio/ogg; codecs=opus"
    assert kept.seconds == pytest.approx(3.0)
    assert [len(channel) for channel in kept.peaks] == [800, 800]
    assert all(30 <= peak <= 40 for peak in kept.peaks[0][5:-5])  # -12 dB, both sides
    left, right = sides(kept.path)
    for channel, hz, other in ((left, 440.0, 700.0), (right, 700.0, 440.0)):
        assert hear(channel[8000:12000], hz).is_tone()
        assert not hear(channel[8000:12000], other).is_tone()
    verdict = await shelf.archive.verify()
    assert (verdict.ok, verdict.seals, verdict.files) == (True, 2, 1)
    assert not await shelf.archive.store(KEY)
    assert not await shelf.archive.encode(KEY)


async def test_one_missing_side_makes_it_mono(shelf: Shelf) -> None:
    shelf.record()
    (shelf.folder / f"{KEY}-out.wav").unlink()
    await shelf.archive.store(KEY)
    await shelf.archive.encode(KEY)
    assert len((await shelf.archive.get(KEY)).peaks) == 1


async def test_files_that_are_still_written_are_left_alone(shelf: Shelf) -> None:
    shelf.record(ago_s=1)
    with pytest.raises(Conflict):
        await shelf.archive.store(KEY)
    shelf.record()
    shelf.live.add(KEY)
    with pytest.raises(Conflict):
        await shelf.archive.store(KEY)
    assert await shelf.archive.lost() == []
    shelf.live.clear()
    assert await shelf.archive.lost() == [KEY]
    with pytest.raises(NotFound):
        await shelf.archive.store(OTHER)


async def test_a_header_that_a_crash_left_is_repaired_before_the_seal(shelf: Shelf) -> None:
    for path in (shelf.record(), shelf.folder / f"{KEY}-in.wav"):
        ended = path.stat().st_mtime
        break_header(path)
        os.utime(path, (ended, ended))
    await shelf.archive.store(KEY)
    assert (await shelf.archive.verify()).ok
    await shelf.archive.encode(KEY)
    assert (await shelf.archive.get(KEY)).seconds == pytest.approx(3.0)


async def test_a_recording_that_cannot_be_encoded_stays_what_it_is(shelf: Shelf) -> None:
    shelf.record()
    side = shelf.folder / f"{KEY}-in.wav"
    side.write_bytes(side.read_bytes()[:44].replace(b"\x40\x1f\x00\x00", b"\x80\x3e\x00\x00") + b"\0" * 4000)  # 16 kHz
    await shelf.archive.store(KEY)
    with pytest.raises(Unavailable, match="8000 Hz"):
        await shelf.archive.encode(KEY)
    assert {path.suffix for path in shelf.folder.iterdir()} == {".wav"}
    assert (await shelf.archive.get(KEY)).content_type == "audio/wav"
    assert (await shelf.archive.verify()).ok


@pytest.mark.parametrize("before_encoding", [True, False])
async def test_a_flipped_byte_is_found(shelf: Shelf, before_encoding: bool) -> None:
    if before_encoding:
        shelf.record()
        await shelf.archive.store(KEY)
    else:
        await shelf.keep()
    path = (await shelf.archive.get(KEY)).path
    sound = bytearray(path.read_bytes())
    sound[len(sound) // 2] ^= 1
    path.write_bytes(sound)
    assert [(one.fault, one.call_key) for one in (await shelf.archive.verify()).findings] == [(Fault.CHANGED, KEY)]
    if before_encoding:  # and is not sealed anew by the conversion
        with pytest.raises(Unavailable, match="sealed"):
            await shelf.archive.encode(KEY)
    path.unlink()
    assert [one.fault for one in (await shelf.archive.verify()).findings] == [Fault.MISSING]


async def test_seals_cannot_be_changed(shelf: Shelf) -> None:
    await shelf.keep()
    for change in ("UPDATE recording_seal SET file = 'x'", "DELETE FROM recording_seal"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with shelf.db.begin() as session:
                await session.execute(text(change))


async def test_many_at_once_make_one_chain(shelf: Shelf) -> None:
    keys = [f"pbx1-1763622000.{number}" for number in range(10, 22)]
    for key in keys:
        shelf.record(key, 0.1)
    await asyncio.gather(*(shelf.archive.store(key) for key in keys), *(shelf.archive.store(key) for key in keys))
    verdict = await shelf.archive.verify()
    assert (verdict.ok, verdict.seals) == (True, len(keys))


async def test_retention_deletes_the_sound_and_keeps_the_proof(shelf: Shelf) -> None:
    await shelf.keep()
    await shelf.keep(OTHER)
    await shelf.archive.hold(OTHER, "запрос суда", user_id=None)
    assert await shelf.archive.due() == []
    shelf.clock.advance(timedelta(days=365))
    assert await shelf.archive.due() == [KEY]
    assert await shelf.archive.retain() == 1
    assert [path.name for path in shelf.folder.iterdir()] == [f"{OTHER}.opus"]
    verdict = await shelf.archive.verify()
    assert (verdict.ok, verdict.seals, verdict.files) == (True, 5, 1)
    assert (await shelf.archive.get(KEY)).deleted_at == shelf.clock.now()
    with pytest.raises(Conflict):
        await shelf.archive.hold(KEY, "zu spät", user_id=None)
    await shelf.archive.hold(OTHER, "", user_id=None)
    assert await shelf.archive.retain() == 1
    async with shelf.db.begin() as session:
        traces = list(await session.scalars(select(AuditEventRow.action).order_by(AuditEventRow.id)))
    assert traces == ["hold", "delete", "release", "delete"]


async def test_pauses_become_marks(shelf: Shelf) -> None:
    await shelf.keep()  # the sound began 63 s ago
    pauses, begin = Pauses(shelf.db), shelf.clock.now() - timedelta(seconds=63)
    started = RecordingPaused(KEY, "101", "applicant_enp", begin + timedelta(seconds=1))
    await pauses.on_event(started)
    await pauses.on_event(started)  # told twice is one
    assert [one.call_key for one in await pauses.forgotten("pbx1")] == [KEY]
    assert await pauses.forgotten("pbx") == []
    await pauses.on_event(RecordingPaused(KEY, "101", "applicant_enp", begin + timedelta(seconds=2.5), PauseEnd.FIELD))
    marks = (await shelf.archive.get(KEY)).marks
    assert [(one.start_s, one.end_s, one.field) for one in marks] == [(1.0, 2.5, "applicant_enp")]


class Watched(Archive):
    """Tells when the queue has had something encoded."""

    async def encode(self, key: str) -> bool:
        done = await super().encode(key)
        self.encoded.set()
        return done

    encoded: asyncio.Event


async def test_jobs_find_store_and_encode_what_was_missed(own_db: Database, own_db_url: str, tmp_path: Path) -> None:
    """The queue itself: a recording that ended while the service was down is found at the start."""
    clock = SystemClock()
    archive = Watched(own_db, clock, [AsteriskSettings.model_validate({"recording_dir": tmp_path})], Terms(365))
    archive.encoded = asyncio.Event()
    Shelf(own_db, FakeClock(clock.now()), tmp_path, set(), archive).record()
    jobs = RecordingJobs(archive, own_db_url)
    jobs.start()
    try:
        async with asyncio.timeout(40):
            await archive.encoded.wait()
    finally:
        await jobs.close()
    kept = await archive.get(KEY)
    assert kept.path.name == f"{KEY}.opus"
    assert (await archive.verify()).ok


@pytest.mark.parametrize("asked_again", [False, True])
@pytest.mark.parametrize("worker", ["gone", "silent"])
async def test_a_job_that_died_with_its_process_is_begun_again(
    own_db: Database, own_db_url: str, tmp_path: Path, worker: str, asked_again: bool
) -> None:
    """kill -9 in the middle of the codec: the dead job's lock must not keep its recording from all others for ever."""
    clock = SystemClock()
    archive = Watched(own_db, clock, [AsteriskSettings.model_validate({"recording_dir": tmp_path})], Terms(365))
    archive.encoded = asyncio.Event()
    Shelf(own_db, FakeClock(clock.now()), tmp_path, set(), archive).record()
    assert await archive.store(KEY)
    async with own_db.begin() as session:
        await session.execute(text("SET LOCAL search_path TO jobs"))  # the queue's own triggers name no schema
        silent = (
            "INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        )
        dead = (await session.execute(text(silent))).scalar_one() if worker == "silent" else None
        job = (
            "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status, worker_id)"
            " VALUES ('recordings', 'recordings.encode', :key, :once, jsonb_build_object('key', CAST(:key AS text)),"
            " CAST(:status AS jobs.procrastinate_job_status), :worker)"
        )
        values = {"key": KEY, "once": f"encode:{KEY}"}
        await session.execute(text(job), {**values, "status": "doing", "worker": dead})
        if asked_again:
            await session.execute(text(job), {**values, "status": "todo", "worker": None})
    jobs = RecordingJobs(archive, own_db_url)
    jobs.start()
    try:
        async with asyncio.timeout(40):
            await archive.encoded.wait()
            while await waiting_jobs(own_db, KEY):
                pass
    finally:
        await jobs.close()
    assert (await archive.get(KEY)).path.name == f"{KEY}.opus"


async def test_a_message_without_a_recorded_call_is_kept_as_its_recording(shelf: Shelf) -> None:
    for side in ("-in", "-out", ""):
        shelf.record().with_name(f"{KEY}{side}.wav").unlink()
    message = write_wav(shelf.folder / f"{KEY}-voicemail.wav", sine(440.0, 2.0))
    ended = shelf.clock.now() - timedelta(seconds=60)
    os.utime(message, (ended.timestamp(), ended.timestamp()))
    left = replace(conversation(KEY, ended, 5), answered_at=None, operator=None, outcome=Outcome.VOICEMAIL)
    await CallJournal(shelf.db, shelf.clock).record(left)
    assert await shelf.archive.lost() == [KEY]
    assert await shelf.archive.store(KEY)
    assert await shelf.archive.encode(KEY)
    assert [path.name for path in shelf.folder.iterdir()] == [f"{KEY}.opus"]
    assert (await shelf.archive.get(KEY)).seconds == pytest.approx(2.0)
    assert (await shelf.archive.verify()).ok
    async with shelf.db.begin() as session:
        assert await session.scalar(text("SELECT recorded FROM call"))


@pytest.mark.parametrize(("message_s", "left"), [(2.0, 0), (4.0, 1)])
async def test_a_message_goes_with_the_wav_files_and_never_alone(shelf: Shelf, message_s: float, left: int) -> None:
    """The call's recording of three seconds has it too, unless it is too short for that."""
    shelf.record()
    write_wav(shelf.folder / f"{KEY}-voicemail.wav", sine(440.0, message_s))
    await shelf.archive.store(KEY)
    await shelf.archive.encode(KEY)
    assert len(list(shelf.folder.glob("*-voicemail.wav"))) == left
    shelf.clock.advance(timedelta(days=366))
    assert await shelf.archive.retain() == 1
    assert list(shelf.folder.iterdir()) == []


def conversation(key: str, ended_at: datetime, talk_s: float) -> Call:
    """A call as a service reports it that has missed MixMonitorStart."""
    answered_at = ended_at - timedelta(seconds=talk_s)
    return Call(
        key=key, asterisk="pbx1", direction=Direction.IN, phase=Phase.ENDED, caller="+79280001122", dialled="112",
        started_at=answered_at, answered_at=answered_at, ended_at=ended_at, operator="101", recorded=False,
        outcome=Outcome.ANSWERED,
    )  # fmt: skip


async def test_a_recording_whose_beginning_nobody_saw_is_known_by_its_file(shelf: Shelf) -> None:
    calls, ended = CallJournal(shelf.db, shelf.clock), shelf.clock.now() - timedelta(seconds=60)
    for key in (KEY, OTHER):
        await calls.record(conversation(key, ended, 3))
    await shelf.keep()
    async with shelf.db.begin() as session:
        known = {row.key: row.recorded for row in await session.execute(text("SELECT key, recorded FROM call"))}
    assert known == {KEY: True, OTHER: False}
    await calls.record(conversation(KEY, ended, 3))  # a late report by who did not see it changes nothing
    async with shelf.db.begin() as session:
        assert await session.scalar(text("SELECT recorded FROM call WHERE key = :key"), {"key": KEY})


def counted() -> tuple[float, float]:
    """The metrics: gaps, and the seconds that they miss."""
    names = ("hotline_recording_gaps_total", "hotline_recording_missing_seconds_total")
    gaps, missing = (REGISTRY.get_sample_value(name) or 0.0 for name in names)
    return gaps, missing


class WatchedGaps(Gaps):
    """Tells when as many calls as are wanted have been compared."""

    def __init__(self, db: Database, clock: Clock, wanted: int) -> None:
        super().__init__(db, clock)
        self.wanted = wanted
        self.done = asyncio.Event()

    async def of_call(self, key: str) -> Gap | None:
        found = await super().of_call(key)
        self.wanted -= 1
        if not self.wanted:
            self.done.set()  # whoever waits has his turn after the job has counted
        return found


async def test_gaps_are_counted_when_a_call_has_ended(own_db: Database, own_db_url: str, tmp_path: Path) -> None:
    """Of a talk of three seconds all is there, of one of ten three, of the last nothing, whatever was reported."""
    clock = SystemClock()
    archive = Archive(own_db, clock, [AsteriskSettings.model_validate({"recording_dir": tmp_path})], Terms(365))
    archive.gaps = watched = WatchedGaps(own_db, clock, 3)
    shelf, calls = Shelf(own_db, FakeClock(clock.now()), tmp_path, set(), archive), CallJournal(own_db, clock)
    jobs = RecordingJobs(archive, own_db_url)
    gaps, missing = counted()
    jobs.start()
    try:
        async with asyncio.timeout(60):
            for key, talk_s in ((KEY, 3.0), (OTHER, 10.0), ("pbx1-1763622000.3", 20.0)):
                call = conversation(key, shelf.clock.now() - timedelta(seconds=60), talk_s)
                await calls.record(call)
                if talk_s < 20:
                    shelf.record(key)
                while not await waiting_jobs(own_db, key):  # until the queue is open
                    await jobs.on_event(CallEvent(CallEventKind.ENDED, call, clock.now()))
            await watched.done.wait()
    finally:
        await jobs.close()
    more, seconds = counted()
    assert more - gaps == 2
    assert seconds - missing == pytest.approx(27, abs=0.5)


async def waiting_jobs(db: Database, key: str) -> int:
    """How many jobs of a call are not done."""
    async with db.begin() as session:
        statement = text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE args->>'key' = :key")
        return int(await session.scalar(statement, {"key": key}) or 0)


def test_a_folder_that_cannot_be_written_is_an_alarm(tmp_path: Path) -> None:
    assert look(tmp_path, low_bytes=0).ok
    assert look(tmp_path, low_bytes=2**60).problem.startswith("only ")
    assert not look(tmp_path / "missing").ok
    assert not look(Path("/proc")).ok  # nobody may write there, not even root


def test_the_command_finds_a_flipped_byte(
    shelf: Shelf, own_db_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", own_db_url)
    monkeypatch.setenv("HOTLINE_ASTERISKS", f'[{{"recording_dir": "{tmp_path}"}}]')

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["recordings", *arguments])
        return result.exit_code, result.output

    shelf.record()
    assert run("recover") == (0, "1 taken over, 1 encoded\n")
    code, words = run("verify")
    assert (code, words.split(",")[0]) == (0, "2 seals")
    assert run("retain", "--dry-run") == (0, "0 recordings would be deleted\n")
    assert run("gaps")[0] == 0
    sound = tmp_path / f"{KEY}.opus"
    sound.write_bytes(sound.read_bytes()[:-1] + b"\0")
    code, words = run("verify")
    assert code == 1
    assert f"CHANGED: seal 2 {KEY} {KEY}.opus" in words
