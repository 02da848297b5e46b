"""What is read at the end of a scenario: CEL, the journal beside it, the recordings, Asterisk's channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import av
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hotline.clock import SystemClock
from hotline.config import AsteriskSettings
from hotline.cti.cel import CelRow
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.stand.asterisk import AsteriskServer
from hotline.stand.tones import RATE, hear, read_wav, telephone_samples
from hotline.stats.check import kept_calls, read, seen_calls
from hotline.stats.compare import compare
from hotline.stats.seen import Seen, see
from tests.chaos.facts import Recording
from tests.chaos.processes import passing

AWAY = (OSError, TimeoutError, SQLAlchemyError, HotlineError)
"""What it is when PostgreSQL is away."""
ASK_S = 0.5
LISTENED = 8
"""Recordings that are listened to, both sides of them, in calls with steady telephones."""
BLOCK_S = 0.1
CITIZEN_HZ, OPERATOR_HZ = 440.0, 700.0
HEADER = 44
BUFFER_S = 32_768 / 2 / RATE
"""What Asterisk keeps in memory of a sound file before it writes (main/file.c, ``setvbuf``): lost when it is killed."""
AROUND = timedelta(hours=1)


async def until(ask: Callable[[], object], within_s: float) -> float | None:
    """Ask (a coroutine function) again and again until the answer is true; return after how many seconds it was."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        answer = ask()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return loop.time() - began
        if loop.time() - began > within_s:
            return None
        await passing(ASK_S)


async def channels(asterisk: AsteriskServer) -> dict[str, str]:
    """Return Asterisk's channels: name → unique id. Empty when it does not answer."""
    try:
        rows = (await asterisk.cli("core show channels concise")).splitlines()
    except TimeoutError:
        return {}
    cells = [row.split("!") for row in rows if row.count("!") > 10]
    return {row[0]: row[-1] for row in cells}


async def differences(db: Database, settings: AsteriskSettings, since: datetime) -> list[str]:
    """Compare all calls that began at ``since`` or later and are over; name what differs."""
    now = SystemClock().now()
    logs = await asyncio.to_thread(read, settings.log_dir, since - AROUND, now + AROUND)
    seen = await asyncio.to_thread(seen_calls, logs, since, now, now)
    async with db.begin() as session:
        kept = await kept_calls(session, settings.name, since, now, now)
    return [f"{one.call_key} {one.what}: journal {one.journal}, logs {one.logs}" for one in compare(kept, seen)]


async def live_differs(db: Database, asterisk: AsteriskServer) -> list[str]:
    """Name the calls that only one of journal and Asterisk believes to be going on."""
    live = {key for name, key in (await channels(asterisk)).items() if name.startswith("PJSIP/trunk-")}
    async with db.begin() as session:
        rows = await session.scalars(text("SELECT key FROM call WHERE ended_at IS NULL AND direction = 'in'"))
        kept = set(rows)
    return [f"{key} is live in Asterisk only" for key in sorted(live - kept)] + [
        f"{key} is live in the journal only" for key in sorted(kept - live)
    ]


def calls_of(settings: AsteriskSettings, since: datetime) -> dict[str, tuple[Seen, list[CelRow]]]:
    """Return every citizen's call in the logs, ended or not, with its rows."""
    logs = read(settings.log_dir, since, SystemClock().now() + AROUND)
    found = {key: (see(key, rows, logs.queue.get(key, ())), rows) for key, rows in logs.cel.items()}
    return {key: (seen, rows) for key, (seen, rows) in found.items() if seen is not None}


def served(calls: Mapping[str, tuple[Seen, list[CelRow]]], caller: str) -> int:
    """Count the calls of a number that an operator answered."""
    return sum(
        bool(seen.operators) and any(row.kind == "CHAN_START" and row.number == caller for row in rows)
        for seen, rows in calls.values()
    )


def blamed(calls: Mapping[str, tuple[Seen, list[CelRow]]], released_at: datetime, spared: str) -> list[str]:
    """Say of each citizen's channel that ended before ``released_at`` who ended it; ``spared`` hung up on purpose."""
    found = []
    for key, (_, rows) in calls.items():
        ends = [row for row in rows if row.kind == "HANGUP" and row.uniqueid == key and row.at < released_at]
        mine = any(row.kind == "CHAN_START" and row.uniqueid == key and row.number == spared for row in rows)
        if ends and not mine:
            extra = ends[-1].extra
            source = extra.get("hangupsource") or "nobody named"
            found.append(f"{key} by {source}, cause {extra.get('hangupcause', '')}")
    return found


def recordings(
    settings: AsteriskSettings,
    calls: Mapping[str, tuple[Seen, list[CelRow]]],
    *,
    died_at: datetime | None,
    deaf: tuple[datetime, datetime] | None,
    unsteady: Collection[str],
) -> list[Recording]:
    """Measure what is recorded of every call that was answered.

    :param died_at: when Asterisk died; calls without an end ended then, their recordings a buffer before.
    :param deaf: when Asterisk stood still: nothing of that can be recorded.
    :param unsteady: extensions whose operators lose their voice by the fault itself, or probably send it in bursts
        whenever this machine is busy (open: docs/chaos.md): of their calls only the length is measured.
    """
    found: list[Recording] = []
    listened = 0
    for key, (seen, rows) in sorted(calls.items()):
        lived = _lived(key, rows, died_at)
        if lived is None:
            continue
        steady = bool(seen.operators) and not set(seen.operators) & set(unsteady)
        listens = listened < LISTENED and steady and seen.ended_at is not None
        listened += listens
        gap = _overlap(lived, deaf)
        length, tones = _kept(settings.recording_dir, key, listens=listens)
        due = (lived[1] - lived[0]).total_seconds() - gap - (BUFFER_S if lived[1] == died_at else 0.0)
        found.append(Recording(key, max(0.0, due), length if tones is None else tones[0]))
        if tones is not None:
            # His voice begins a moment after his answer, and after each hand-over.
            spoken = seen.talked_s - gap - 1.0 * len(seen.operators)
            found.append(Recording(f"{key} (operator)", max(0.0, spoken), tones[1]))
    return found


def _lived(key: str, rows: Iterable[CelRow], died_at: datetime | None) -> tuple[datetime, datetime] | None:
    begun = next((row.at for row in rows if row.kind == "ANSWER" and row.uniqueid == key), None)
    over = next((row.at for row in rows if row.kind == "HANGUP" and row.uniqueid == key), died_at)
    return (begun, over) if begun is not None and over is not None else None


def _overlap(one: tuple[datetime, datetime], other: tuple[datetime, datetime] | None) -> float:
    if other is None:
        return 0.0
    return max(0.0, (min(one[1], other[1]) - max(one[0], other[0])).total_seconds())


def _kept(folder: Path, key: str, *, listens: bool) -> tuple[float, tuple[float, float] | None]:
    """Return the length of a recording, and the seconds of both voices' tones when it is listened to."""
    packed, sides = folder / f"{key}.opus", [folder / f"{key}-{side}.wav" for side in ("in", "out")]
    if packed.exists():
        with av.open(str(packed)) as container:
            length = (container.duration or 0) / 1e6
        # Both are in one file then, each in its own channel; mixed to one they are heard all the same.
        return length, (_hum(packed, CITIZEN_HZ), _hum(packed, OPERATOR_HZ)) if listens else None
    try:
        length = max(0, sides[0].stat().st_size - HEADER) / 2 / RATE
        return length, (_hum(sides[0], CITIZEN_HZ), _hum(sides[1], OPERATOR_HZ)) if listens else None
    except FileNotFoundError:
        if packed.exists():  # made while we looked
            return _kept(folder, key, listens=listens)
        return 0.0, (0.0, 0.0) if listens else None


def _hum(path: Path, hertz: float) -> float:
    """Seconds in which a tone carries a good part of the sound, in tenths."""
    samples = read_wav(path) if path.suffix == ".wav" else telephone_samples(path)
    size = round(RATE * BLOCK_S)
    blocks = (samples[at : at + size] for at in range(0, len(samples) - size + 1, size))
    return BLOCK_S * sum(hear(block, hertz).is_tone(share=0.2) for block in blocks)
