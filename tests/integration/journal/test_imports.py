"""What Asterisk's logs tell about calls is heard of when, and only when, it is in the journal (S002-01)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from hotline.clock import SystemClock
from hotline.cti.model import Call, Direction, Phase
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.calls import CallJournal
from hotline.journal.imports import CallsImported, recorder

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def call(number: int) -> Call:
    """A call of the logs."""
    return Call(f"pbx1-{number}.1", "pbx1", Direction.IN, Phase.ENDED, None, "8800", NOW, ended_at=NOW)


async def test_an_import_is_told_after_its_commit_and_not_after_a_rollback(own_db: Database) -> None:
    """The board reads the rows again then: before the commit it would read the old ones."""
    bus = Bus()
    heard: list[tuple[tuple[str, ...], bool]] = []
    committed = False
    bus.listen(CallsImported, listener=lambda fact: heard.append((fact.keys, committed)), name="test")
    sink = recorder(CallJournal(own_db, SystemClock()), bus)
    with suppress(RuntimeError):
        async with own_db.begin() as session:
            await sink(session, [call(1)])
            raise RuntimeError("the connection is lost")
    assert heard == []
    async with own_db.begin() as session:
        await sink(session, [call(2), call(3)])
        assert heard == []
        committed = True
    async with own_db.begin() as session:
        await sink(session, [call(4)])
    assert heard == [(("pbx1-2.1", "pbx1-3.1"), True), (("pbx1-4.1",), True)]
    await bus.close()
