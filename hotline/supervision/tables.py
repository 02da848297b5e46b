"""Supervision in PostgreSQL: who took part in which conversation; messages to operators; calls for help."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class SupervisionRow(Base):
    """One supervisor in one conversation. Never deleted: it is the record of who heard whom."""

    __tablename__ = "supervision"
    __table_args__ = (
        Index("uq_supervision_open", "supervisor_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_supervision_call_key", "call_key"),
        Index("ix_supervision_operator_started", "operator_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    supervisor_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    supervisor: Mapped[str] = mapped_column(Text)
    """Extensions, as they were."""
    operator_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    operator: Mapped[str] = mapped_column(Text)
    asterisk: Mapped[str] = mapped_column(Text)
    call_key: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    wish: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    spells: Mapped[list[Any]]
    """``supervision.model.Spell`` in order: ``[stage, from, to]``."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default=text("1"))


class SupervisorMessageRow(Base):
    """A line from a supervisor to an operator; also that he changed his state, and why."""

    __tablename__ = "supervisor_message"
    __table_args__ = (Index("ix_supervisor_message_unseen", "to_id", "id", postgresql_where=text("seen_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    from_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    kind: Mapped[str] = mapped_column(Text)
    """``supervision.messages.MessageKind``."""
    text: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime | None]


class HelpRequestRow(Base):
    """An operator asked for help. At most one of his is open."""

    __tablename__ = "help_request"
    __table_args__ = (
        Index("uq_help_request_open", "user_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_help_request_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    call_key: Mapped[str | None] = mapped_column(Text)
    taken_at: Mapped[datetime | None]
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
