"""Calls as the journal keeps them (domain 2.2, S002-01)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, UniqueConstraint, desc, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.db import Base


class CallRecord(Base):
    """One call. ``key`` is :attr:`hotline.cti.model.Call.key`."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_started", desc("started_at"), desc("id")),
        Index("ix_call_operator_started", "operator_id", desc("started_at"), desc("id")),
        Index("ix_call_open", "asterisk", postgresql_where=text("ended_at IS NULL")),
        # The calls that still need a characteristic: a handful at any time, whoever counts them.
        Index(
            "ix_call_unclassified",
            "operator_id",
            desc("started_at"),
            desc("id"),
            postgresql_where=text(
                "disposition_code IS NULL AND ended_at IS NOT NULL AND operator_id IS NOT NULL"
                " AND direction <> 'internal'"
            ),
        ),
        Index("ix_call_dialled", "dialled", desc("started_at"), postgresql_where=text("direction = 'out'")),
        Index(
            "ix_call_dialled_tail",
            text('(reverse(dialled) COLLATE "C")'),
            "id",
            postgresql_where=text("direction = 'out'"),
        ),
        Index(
            "ix_call_from_tail",
            text('(reverse(from_e164) COLLATE "C")'),
            "id",
            postgresql_where=text("from_e164 IS NOT NULL"),
        ),
        Index("ix_call_from", "from_e164", desc("started_at"), postgresql_where=text("from_e164 IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    asterisk: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    phase: Mapped[str] = mapped_column(Text)
    from_raw: Mapped[str | None] = mapped_column(Text)
    from_e164: Mapped[str | None] = mapped_column(Text)
    dialled: Mapped[str] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    operator: Mapped[str | None] = mapped_column(Text)
    """Extension of the operator who talked last."""
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who had that extension then."""
    wait_s: Mapped[float] = mapped_column(server_default=text("0"))
    """Seconds; final once the call has ended. The same for the next two."""
    talk_s: Mapped[float] = mapped_column(server_default=text("0"))
    hold_s: Mapped[float] = mapped_column(server_default=text("0"))
    holds: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """Pairs of ISO date-times: start, and end or null."""
    ringing: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    segments: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """The parts of the call as ``segment_store`` writes them; of an ended call :class:`CallSegmentRow` has them too."""
    outcome: Mapped[str | None] = mapped_column(Text)
    ended_by: Mapped[str | None] = mapped_column(Text)
    end_source: Mapped[str | None] = mapped_column(Text)
    recorded: Mapped[bool] = mapped_column(server_default=text("false"))
    disposition_code: Mapped[str | None] = mapped_column(ForeignKey("disposition.code"))
    disposition_note: Mapped[str] = mapped_column(Text, server_default="")
    disposition_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who chose the characteristic; ``None`` with a code: the system did, by ``closing``'s rules."""
    disposition_at: Mapped[datetime | None]

    legs: Mapped[list[CallLegRow]] = relationship(lazy="raise", order_by="CallLegRow.started_at, CallLegRow.uniqueid")


class CallLegRow(Base):
    """One channel of a call."""

    __tablename__ = "call_leg"
    __table_args__ = (
        UniqueConstraint("call_id", "uniqueid"),
        Index("ix_call_leg_user_id_call_id", "user_id", "call_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    uniqueid: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    extension: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cause: Mapped[int | None]


class RecordingAccessRow(Base):
    """Who listened to which recording, and why (domain 3.4)."""

    __tablename__ = "recording_access"
    __table_args__ = (Index("ix_recording_access_call", "call_key", "user_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_key: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]
    ip: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default="")
