"""What the log importer remembers: how far it has read, and the lines of calls that are not finished yet.

Both change in the transaction that records the finished calls, so a crash at any moment neither loses a call nor
records it twice (telephony.md 2, "Durable records").
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class LogPosition(Base):
    """Where reading of one log file of one Asterisk stopped."""

    __tablename__ = "cti_log_position"

    asterisk: Mapped[str] = mapped_column(String(16), primary_key=True)
    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    """``cel`` or ``queue_log``."""
    inode: Mapped[int] = mapped_column(BigInteger)
    """Names the file across rotation by renaming."""
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    """Bytes of complete lines already read."""
    updated_at: Mapped[datetime]


class LogLine(Base):
    """One line that belongs to a call which has not ended in the log yet."""

    __tablename__ = "cti_log_line"
    __table_args__ = (
        UniqueConstraint("asterisk", "source", "inode", "byte_offset", name="uq_cti_log_line_place"),
        Index("ix_cti_log_line_call", "asterisk", "call_key"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    asterisk: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    inode: Mapped[int] = mapped_column(BigInteger)
    byte_offset: Mapped[int] = mapped_column(BigInteger)
    call_key: Mapped[str] = mapped_column(String(80))
    """CEL: the Linkedid; queue_log: the citizen's Uniqueid. Both are the call's key."""
    at: Mapped[datetime]
    line: Mapped[str]
