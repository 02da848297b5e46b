"""What ``make chaos`` reads from CEL and from a folder of recordings (issue 6)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hotline.config import AsteriskSettings
from hotline.cti.cel import CelRow
from hotline.stand.tones import sine, write_wav
from hotline.stats.seen import Seen
from tests.chaos import measure, processes

KEY, CALLER = "pbx1-1.1", "79281000004"
START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def row(kind: str, second: float, *, uniqueid: str = KEY, **extra: str) -> CelRow:
    at = START + timedelta(seconds=second)
    return CelRow(at, kind, "", uniqueid, KEY, "PJSIP/trunk-1", CALLER, "s", "from-trunk", extra)


def a_call(
    *rows: CelRow, operators: tuple[str, ...] = ("110",), talked_s: float = 10.0
) -> dict[str, tuple[Seen, list[CelRow]]]:
    ended = next((one.at for one in rows if one.kind == "HANGUP" and one.uniqueid == KEY), None)
    return {KEY: (Seen(KEY, "in", START, ended, "answered", operators, talked_s), list(rows))}


BEGUN = (row("CHAN_START", 0), row("ANSWER", 1))
OVER = row("HANGUP", 11, hangupsource="PJSIP/110-2", hangupcause="16")


def test_who_was_served_is_told_by_number_and_operator() -> None:
    assert measure.served(a_call(*BEGUN), CALLER) == 1
    assert measure.served(a_call(*BEGUN, operators=()), CALLER) == 0
    assert measure.served(a_call(*BEGUN), "79281000001") == 0


def test_who_ended_a_call_too_early_is_named() -> None:
    calls = a_call(*BEGUN, OVER)
    assert measure.blamed(calls, START + timedelta(seconds=20), "") == [f"{KEY} by PJSIP/110-2, cause 16"]
    assert measure.blamed(calls, START + timedelta(seconds=20), CALLER) == []
    assert measure.blamed(calls, START + timedelta(seconds=5), "") == []


@pytest.mark.parametrize(
    ("died", "deaf", "due"),
    [
        (None, None, 10.0),
        (None, (START + timedelta(seconds=5), START + timedelta(seconds=9)), 6.0),
        (None, (START + timedelta(seconds=9), START + timedelta(seconds=60)), 8.0),
    ],
)
def test_what_is_due_ends_with_the_call_and_stops_with_asterisk(
    tmp_path: Path, died: datetime | None, deaf: tuple[datetime, datetime] | None, due: float
) -> None:
    write_wav(tmp_path / f"{KEY}-in.wav", sine(440.0, 7.0))
    write_wav(tmp_path / f"{KEY}-out.wav", sine(700.0, 5.0))
    settings = AsteriskSettings(name="pbx1", recording_dir=tmp_path)
    found = measure.recordings(settings, a_call(*BEGUN, OVER), died_at=died, deaf=deaf, unsteady=())
    assert [one.key for one in found] == [KEY, f"{KEY} (operator)"]
    assert found[0].due_s == pytest.approx(due)
    assert [one.kept_s for one in found] == pytest.approx([7.0, 5.0])


def test_a_silent_recording_and_a_missing_one_are_seen(tmp_path: Path) -> None:
    """The right length proves nothing: the citizen hums, and a file without his tone has not recorded him."""
    settings = AsteriskSettings(name="pbx1", recording_dir=tmp_path)
    calls = a_call(*BEGUN, OVER)
    assert [one.kept_s for one in measure.recordings(settings, calls, died_at=None, deaf=None, unsteady=())] == [0, 0]
    for side in ("in", "out"):
        write_wav(tmp_path / f"{KEY}-{side}.wav", sine(980.0, 10.0))
    assert [one.kept_s for one in measure.recordings(settings, calls, died_at=None, deaf=None, unsteady=())] == [0, 0]


def test_a_call_that_died_with_asterisk_is_due_until_its_last_buffer(tmp_path: Path) -> None:
    write_wav(tmp_path / f"{KEY}-in.wav", sine(440.0, 4.0))
    settings = AsteriskSettings(name="pbx1", recording_dir=tmp_path)
    found = measure.recordings(settings, a_call(*BEGUN), died_at=START + timedelta(seconds=6), deaf=None, unsteady=())
    [one] = found
    assert one.due_s == pytest.approx(5.0 - measure.BUFFER_S)
    assert one.kept_s == pytest.approx(4.0)


async def test_a_signal_reaches_everybody_a_program_has_started() -> None:
    """kill -9 of PostgreSQL or Chromium is of all their processes."""
    words = (
        f"import subprocess; subprocess.Popen(['{sys.executable}', '-c', 'input()']); print('up', flush=True); input()"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    await parent.stdout.readline()
    first, child = processes.tree(parent.pid)
    assert first == parent.pid
    child_watch = os.pidfd_open(child)
    try:
        processes.send(parent.pid, signal.SIGKILL)
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(child_watch, gone.set)
        async with asyncio.timeout(20):
            assert await parent.wait() == -signal.SIGKILL
            await gone.wait()
    finally:
        asyncio.get_running_loop().remove_reader(child_watch)
        os.close(child_watch)
