"""What citizens said of their calls (DAY-37)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class RatingRow(Base):
    """A citizen was asked after a call how it was. No reference to the call: its row may come later than this."""

    __tablename__ = "call_rating"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("recommends BETWEEN 0 AND 10", name="recommends"),
        Index("ix_call_rating_asked_at", "asked_at"),
    )

    call_key: Mapped[str] = mapped_column(Text, primary_key=True)
    asterisk: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    score: Mapped[int | None]
    """1 to 5; NULL: he pressed nothing."""
    recommends: Mapped[int | None]
