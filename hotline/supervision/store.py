"""Sessions on disk: a row each, and the audit entries of its beginning and end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import Conflict
from hotline.staff.audit import audit
from hotline.supervision.model import Ended, Session, Spell, Stage, Wish
from hotline.supervision.tables import SupervisionRow


async def insert(sql: AsyncSession, session: Session) -> Session:
    """Write the beginning down; return the session with its id.

    :raises Conflict: this supervisor takes part in a conversation already (``supervising-already``).
    """
    row = SupervisionRow(
        supervisor_id=session.supervisor_id,
        supervisor=session.supervisor,
        operator_id=session.operator_id,
        operator=session.operator,
        asterisk=session.asterisk,
        call_key=session.call_key,
        channel=session.channel,
        wish=session.wish.value,
        reason=session.reason,
        stage=session.stage.value,
        spells=[],
        started_at=session.started_at,
    )
    sql.add(row)
    try:
        await sql.flush()
    except IntegrityError as error:
        raise Conflict("you take part in a conversation already", error_id="supervising-already") from error
    audit(
        sql,
        "play",
        ("call", session.call_key),
        user_id=session.supervisor_id,
        at=session.started_at,
        reason=session.reason,
        details={"event": "supervision", "mode": session.wish.value, "operator": session.operator_id},
    )
    return session_of(row)


async def save(sql: AsyncSession, session: Session, at: datetime) -> None:
    """Write how it stands. Its end is audited with the seconds of each mode; saving it twice is saving it once."""
    spells = [
        [one.stage.value, one.started_at.isoformat(), one.ended_at.isoformat() if one.ended_at else None]
        for one in session.spells
    ]
    changed = await sql.execute(
        update(SupervisionRow)
        .where(SupervisionRow.id == session.id, SupervisionRow.ended_at.is_(None))
        .values(
            channel=session.channel,
            wish=session.wish.value,
            stage=session.stage.value,
            spells=spells,
            ended_at=session.ended_at,
            ended=session.ended.value if session.ended else None,
            version=SupervisionRow.version + 1,
        )
        .returning(SupervisionRow.id)
    )
    if changed.first() is not None:
        over = session.ended_at is not None
        audit(
            sql,
            "play",
            ("call", session.call_key),
            user_id=session.supervisor_id,
            at=at,
            reason=session.reason,
            details={
                "event": "supervision_over" if over else "supervision_mode",
                "mode": session.wish.value,
                "operator": session.operator_id,
                **({"seconds": session.seconds(at), "ended": session.ended} if over else {}),
            },
        )


async def running(sql: AsyncSession) -> list[Session]:
    """Return the sessions that have not ended, as far as the disk knows."""
    rows = await sql.scalars(select(SupervisionRow).where(SupervisionRow.ended_at.is_(None)))
    return [session_of(row) for row in rows]


def session_of(row: SupervisionRow) -> Session:
    """Return a row as data."""
    return Session(
        id=row.id,
        supervisor_id=row.supervisor_id,
        supervisor=row.supervisor,
        operator_id=row.operator_id,
        operator=row.operator,
        asterisk=row.asterisk,
        call_key=row.call_key,
        channel=row.channel,
        wish=Wish(row.wish),
        started_at=row.started_at,
        reason=row.reason,
        stage=Stage(row.stage),
        spells=tuple(
            Spell(Stage(stage), datetime.fromisoformat(begun), datetime.fromisoformat(over) if over else None)
            for stage, begun, over in row.spells
        ),
        ended_at=row.ended_at,
        ended=Ended(row.ended) if row.ended else None,
    )
