"""Parts of ended calls, one row each: the rows that statistics count (R-09)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class CallSegmentRow(Base):
    """One :class:`hotline.cti.model.Segment` of a call that has ended. Rewritten as a whole with its call."""

    __tablename__ = "call_segment"
    __table_args__ = (
        Index("ix_call_segment_kind_started", "kind", "started_at"),
        Index("ix_call_segment_queue", "queue", postgresql_where=text("queue IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    direction: Mapped[str] = mapped_column(Text)
    """Of the call: it saves every statistic a join."""
    kind: Mapped[str] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(Text)
    extension: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who had ``extension`` then; the same of the next two."""
    by_extension: Mapped[str | None] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    started_at: Mapped[datetime]
    seconds: Mapped[float]
    hold_s: Mapped[float]
    """Of a talk: the part of it that the citizen spent on hold, in seconds."""
    result: Mapped[str] = mapped_column(Text)
    again: Mapped[bool]
