"""The journal of pauses: which stretches of a recording were silenced on purpose, by whom and for which field."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from hotline.archive.tables import RecordingPauseRow
from hotline.cti.recording_model import PauseEnd, RecordingPaused
from hotline.db import Database


class Pauses:
    """Writes down what :class:`hotline.cti.recording_control.RecordingControl` reports."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def on_event(self, event: RecordingPaused) -> None:
        """Subscribed to the bus."""
        async with self._db.begin() as session:
            if event.end is None:
                await session.execute(
                    insert(RecordingPauseRow)
                    .values(
                        call_key=event.call_key,
                        extension=event.extension,
                        field=event.field,
                        started_at=event.at,
                    )
                    .on_conflict_do_nothing()
                )
                return
            row = await session.scalar(_open().where(RecordingPauseRow.call_key == event.call_key))
            if row is not None:
                row.ended_at, row.end_reason = event.at, event.end.value

    async def forgotten(self, asterisk: str) -> list[RecordingPaused]:
        """Return the pauses that an earlier process of the service has left open on a server, as their endings.

        ``at`` is still their beginning: who ends them knows when.
        """
        mine = RecordingPauseRow.call_key.startswith(f"{asterisk}-", autoescape=True)
        async with self._db.begin() as session:
            rows = await session.scalars(_open().where(mine))
            return [
                RecordingPaused(row.call_key, row.extension, row.field, row.started_at, PauseEnd.RESTART)
                for row in rows
            ]


def _open() -> Select[RecordingPauseRow]:
    return select(RecordingPauseRow).where(RecordingPauseRow.ended_at.is_(None))
