"""What the exchange's RTP counted on the channels of a call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class CallLineRow(Base):
    """One channel of a call. Counts are of the whole channel; no foreign keys, as in ``call_quality``."""

    __tablename__ = "call_line"
    __table_args__ = (UniqueConstraint("call_key", "leg"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_key: Mapped[str] = mapped_column(Text)
    leg: Mapped[str] = mapped_column(Text)
    """Uniqueid of the channel."""
    extension: Mapped[str | None] = mapped_column(Text)
    """``NULL``: the citizen's."""
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    received: Mapped[int] = mapped_column(BigInteger)
    lost: Mapped[int] = mapped_column(BigInteger)
    jitter_max_ms: Mapped[float]
    sent: Mapped[int] = mapped_column(BigInteger)
    sent_lost: Mapped[int] = mapped_column(BigInteger)
    sent_jitter_max_ms: Mapped[float]
    rtt_max_ms: Mapped[float | None]
