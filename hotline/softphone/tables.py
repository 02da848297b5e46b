"""Tables of the softphone package.

There is deliberately no foreign key to calls and users: this package does not know the tables of ``journal`` and
``staff``, and a figure may be written before the call itself is.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class CallQualityRow(Base):
    """How one leg of a call sounded in the operator's browser; sums, so that stretches can be added to it."""

    __tablename__ = "call_quality"
    __table_args__ = (UniqueConstraint("call_key", "user_id", "leg"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_key: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(BigInteger)
    extension: Mapped[str] = mapped_column(Text)
    leg: Mapped[str] = mapped_column(Text)
    """The browser's own name of the leg: a call that outlived a reload has two."""
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    scored: Mapped[int]
    mos_sum: Mapped[float]
    mos_min: Mapped[float]
    received: Mapped[int] = mapped_column(BigInteger)
    """Packets, as the next one."""
    lost: Mapped[int] = mapped_column(BigInteger)
    jitter_max_ms: Mapped[float]
    rtt_max_ms: Mapped[float | None]
    alarms: Mapped[int] = mapped_column(server_default=text("0"))
    alarm_s: Mapped[float] = mapped_column(server_default=text("0"))
