"""Tables of operators' states (domain 2.2, "AgentState log").

There is deliberately no foreign key to the users: the history of work outlives the account, and this package does not
know the tables of ``staff``. ``user_id`` is the user's id there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class OperatorRow(Base):
    """The present state of one operator: what a restarted service continues from. One row for each user."""

    __tablename__ = "operators"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    extension: Mapped[str] = mapped_column(Text, index=True)
    snapshot: Mapped[dict[str, Any]]
    """The whole ``queue.model.Operator``; ``queue.store`` writes and reads it."""
    changed_at: Mapped[datetime]


class QueueMemberRow(Base):
    """What an administrator said of somebody's place in a queue. No row: his role decides, and nobody is before him."""

    __tablename__ = "queue_member"
    __table_args__ = (CheckConstraint("penalty BETWEEN 0 AND 100", name="penalty"),)

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    queue: Mapped[str] = mapped_column(Text, primary_key=True)
    member: Mapped[bool]
    penalty: Mapped[int] = mapped_column(server_default=text("0"))
    """Asterisk offers a call to members of a lower penalty first (queues.conf, ``penalty``)."""
    version: Mapped[int] = mapped_column(server_default=text("1"))


class AgentStateLogRow(Base):
    """One stretch of one state. A user's rows follow each other without gaps; the last one is open (``to_at`` null)."""

    __tablename__ = "agent_state_log"
    __table_args__ = (
        # Saving the same change twice (the answer to COMMIT was lost) must not make two rows.
        UniqueConstraint("user_id", "from_at"),
        CheckConstraint("to_at >= from_at", name="forward"),
        Index("uq_agent_state_log_open", "user_id", unique=True, postgresql_where=text("to_at IS NULL")),
        Index("ix_agent_state_log_from_at", "from_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    extension: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    """A value of ``queue.model.OperatorState``."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Code of the pause reason (``P01`` …) while the state is ``pause``."""
    call_key: Mapped[str | None] = mapped_column(Text)
    """The call that the operator was in, or has just finished."""
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
