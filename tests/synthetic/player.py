"""Plays a tape as a day of the service: live for some minutes, killed, started again, and the logs for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import FakeClock
from hotline.config import AsteriskSettings
from hotline.cti import events as ev
from hotline.cti.calls import CallTracker, Fact
from hotline.cti.importer import Importer
from hotline.cti.model import Call, CallEvent
from hotline.cti.restore import SeenChannel, Snapshot, Waiting, restore
from hotline.db import Database
from hotline.journal.calls import CallJournal
from tests.synthetic.day import GOALS, SHORT_S, Day
from tests.synthetic.script import DAY, Tape

PBX = "pbx1"


@dataclass
class Asterisk:
    """Writes its logs as far as its clock is, and knows which channels there are at any moment."""

    tape: Tape
    folder: Path
    now: float = 0.0
    truth: CallTracker = field(default_factory=lambda: CallTracker(PBX))
    """Sees every event of the day; only its channels, bridges and lines are looked at, to make a snapshot."""
    _places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "cel").mkdir()
        (self.folder / "recordings").mkdir()
        for lines in (self.tape.ami, self.tape.cel, self.tape.queue_log):
            lines.sort(key=lambda line: line[:2])

    @property
    def settings(self) -> AsteriskSettings:
        return AsteriskSettings(name=PBX, log_dir=self.folder, recording_dir=self.folder / "recordings")

    def run(self, until: float) -> list[ev.Event]:
        """Go on until a moment; return the events that it sent meanwhile."""
        for name, lines in (("queue_log", self.tape.queue_log), ("cel/events.csv", self.tape.cel)):
            with (self.folder / name).open("a") as file:
                file.writelines(f"{line}\n" for _, _, line in self._next(name, lines, until))
        parsed = [ev.parse(message) for _, _, message in self._next("ami", self.tape.ami, until)]
        sent = [event for event in parsed if event is not None]
        for event in sent:
            self.truth.apply(event)
        self.now = until
        return sent

    def snapshot(self) -> Snapshot:
        """Tell what there is now."""
        channels: list[SeenChannel] = []
        waiting: list[Waiting] = []
        for call in self.truth.live_calls():
            for leg in call.legs.values():
                if leg.ended_at is None:
                    up = "6" if leg.answered_at is not None or leg.uniqueid == call.key else "5"
                    number = call.caller if leg.uniqueid == call.key else None
                    name = ev.Channel(leg.channel, leg.uniqueid, call.key, number, "", "s", up, call.key, None)
                    place = "BridgeWait" if leg.holding else "Queue"
                    channels.append(SeenChannel(name, leg.started_at, leg.bridge, place))
            if call.queue and call.queued_at and call.phase in {"queued", "ringing"}:
                waiting.append(Waiting(call.queue, call.key, call.queued_at))
        at = DAY + timedelta(seconds=self.now)
        return Snapshot(at, "boot", None, ("hotline", "appeals"), tuple(waiting), (), (), tuple(channels))

    def _next(
        self, name: str, lines: Sequence[tuple[float, int, Any]], until: float
    ) -> Sequence[tuple[float, int, Any]]:
        start = self._places.get(name, 0)
        end = next((place for place in range(start, len(lines)) if lines[place][0] > until), len(lines))
        self._places[name] = end
        return lines[start:end]


class Service:
    """The telephony half of the product: the fold, the journal and the import, without a network between them."""

    def __init__(self, asterisk: Asterisk, db: Database, clock: FakeClock) -> None:
        self._asterisk = asterisk
        self._db = db
        self._clock = clock
        self._journal = CallJournal(db, clock)

    async def live(self, until: float) -> None:
        """Start, read a snapshot, follow the events until a moment, and be killed: nothing is said or closed."""
        tracker = CallTracker(PBX)
        await self._record(restore(tracker, self._asterisk.snapshot(), rebooted=False))
        for event in self._asterisk.run(until):
            await self._record(tracker.apply(event))

    async def catch_up(self) -> int:
        """Import what the logs have; return how many calls were completed."""
        return len(await Importer(self._asterisk.settings, self._db, self._clock, self._sink).run())

    async def _record(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            if isinstance(fact, CallEvent):
                await self._journal.record(fact.call)

    async def _sink(self, session: AsyncSession, calls: Sequence[Call]) -> None:
        await self._journal.record_all(calls, session)


async def hire(url: str, count: int, organisation: str, extension: int) -> list[tuple[int, str]]:
    """Make operators; return their ids and extensions."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rows = await connection.fetch(
            """INSERT INTO staff_user (login, password_hash, last_name, first_name, organisation_id, extension,
                                       created_at)
               SELECT 'day' || n, '', 'Дневной', 'Иван', organisation.id, n::text, now()
               FROM generate_series($1::int, $2::int) n, organisation WHERE organisation.code = $3
               RETURNING id, extension""",
            extension,
            extension + count - 1,
            organisation,
        )
    finally:
        await connection.close()
    return sorted((row["id"], row["extension"]) for row in rows)


async def fill(url: str, day: Day) -> None:
    """Write what others than Asterisk say of the day: operators' states, and the appeals of calls."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        states = [
            (worker.user, worker.extension, state, key, at(begin), at(end))
            for worker in day.workers + day.experts
            for state, begin, end, key in worker.log
        ]
        await connection.executemany(
            """INSERT INTO agent_state_log (user_id, extension, state, call_key, from_at, to_at)
               VALUES ($1, $2, $3, $4, $5, $6)""",
            states,
        )
        await connection.executemany(_APPEAL, day.appeals)
        await connection.executemany(
            "INSERT INTO call_rating (call_key, asterisk, asked_at, score, recommends) VALUES ($1, 'pbx1', $2, $3, $4)",
            [(key, at(asked), score, recommends) for key, asked, score, recommends in day.ratings.given],
        )
        await connection.executemany(
            "INSERT INTO board_queue (queue, goal_percent, goal_s, short_s) VALUES ($1, 80, $2, $3)",
            [(queue, goal, SHORT_S) for queue, goal in GOALS.items()],
        )
    finally:
        await connection.close()


def at(seconds: float) -> Any:
    return DAY + timedelta(seconds=seconds)


_APPEAL = """
WITH saved AS (
    INSERT INTO appeal (number, idempotency_key, phase, status_code, created_at, appeal_at, type_code, topic_code,
                        channel_code, form, source_code, applicant_name, applicant_snapshot, insured_snapshot,
                        content, creator_id, owner_id, organisation_id, responsible_org_id, due_at, due_rule, due_base)
    SELECT $1::text, $1::text, 'closed', 'closed', now(), now(), topic.type_code, topic.code,
           (SELECT min(code) FROM channel), 'oral', (SELECT min(code) FROM source), 'Имя', '{}', '{}', '',
           staff_user.id, staff_user.id, staff_user.organisation_id, staff_user.organisation_id, now(), 'test', now()
    FROM topic, (SELECT * FROM staff_user ORDER BY id LIMIT 1) staff_user WHERE topic.code = $2 RETURNING id)
INSERT INTO call_appeal (call_key, appeal_id, relation) SELECT $1::text, id, 'main' FROM saved
"""
