"""Recordings, their seals and their pauses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class RecordingRow(Base):
    """The recording of one call. The row outlives the file: what was deleted, when, can be answered for ever."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("ix_recording_present", "recorded_at", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_recording_raw", "stored_at", postgresql_where=text("deleted_at IS NULL AND format = 'wav'")),
    )

    call_key: Mapped[str] = mapped_column(Text, primary_key=True)
    """No foreign key: a recording that was found on disk may belong to a call that the journal never saw."""
    asterisk: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    """When the sound begins: the end of the file's writing minus its length."""
    seconds: Mapped[float]
    stored_at: Mapped[datetime]
    format: Mapped[str] = mapped_column(Text)
    """``wav`` or ``opus``."""
    file: Mapped[str] = mapped_column(Text)
    """Name in the recording folder of that Asterisk."""
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    peaks: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """One list a channel (citizen, operator) of loudest samples, 0..100: what the player draws."""
    hold_reason: Mapped[str] = mapped_column(Text, server_default="")
    """Not empty: a legal hold, the recording must not be deleted."""
    hold_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    hold_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class RecordingSealRow(Base):
    """A link of the hash chain (:mod:`hotline.archive.chain`). A trigger refuses changes and deletions."""

    __tablename__ = "recording_seal"
    __table_args__ = (Index("ix_recording_seal_call_key", "call_key"),)

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(Text)
    call_key: Mapped[str] = mapped_column(Text)
    file: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    previous: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text, unique=True)


class RecordingPauseRow(Base):
    """A stretch of a call that was silenced in its recording on purpose."""

    __tablename__ = "recording_pause"
    __table_args__ = (
        Index("ix_recording_pause_call_key", "call_key"),
        Index("uq_recording_pause_open", "call_key", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_key: Mapped[str] = mapped_column(Text)
    extension: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    """Which private field had the focus: its name, never its content."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(Text, server_default="")
    """:class:`hotline.cti.recording_control.PauseEnd`."""
