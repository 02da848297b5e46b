"""Statistics of long periods: what was asked, how far it has come, and what came out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class StatsReportRow(Base):
    """One report. Only its worker writes it after it was asked for."""

    __tablename__ = "stats_report"
    __table_args__ = (
        Index("ix_stats_report_user", "user_id", desc("at")),
        Index("ix_stats_report_unfinished", "id", postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    scope: Mapped[str] = mapped_column(Text)
    """What its owner could see when he asked: whoever sees something else now does not read it."""
    at: Mapped[datetime]
    first_day: Mapped[date]
    last_day: Mapped[date]
    grouping: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[Any]]
    question: Mapped[dict[str, Any]]
    """As ``reports.dump_question`` writes it."""
    state: Mapped[str] = mapped_column(Text)
    """A value of ``reports.ReportState``."""
    done: Mapped[int] = mapped_column(server_default=text("0"))
    """Steps of ``reports.STEPS``."""
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
