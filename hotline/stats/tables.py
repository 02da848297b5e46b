"""The results of reconciliations: when the journal was laid beside Asterisk's logs, and what differed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class StatsCheckRow(Base):
    """One run of ``hotline stats check`` or of the daily job."""

    __tablename__ = "stats_check"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    covered_from: Mapped[datetime | None]
    """Where the logs begin, when that is after ``from_at``: what was before is not proved."""
    at: Mapped[datetime]
    calls: Mapped[int]
    """Calls of both sources."""
    broken: Mapped[int]
    """Lines of the logs that cannot be read."""
    differences: Mapped[int]
    found: Mapped[list[Any]]
    """The first of them: (call, what, journal, logs)."""
