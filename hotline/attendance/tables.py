"""Tables of shifts (domain 2.2, "Shift"; S001A-13, S001A-14). What was worked is in ``agent_state_log``."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class ShiftTemplateRow(Base):
    """A shift that is planned again and again: «day, 9 to 18». Closed, never deleted."""

    __tablename__ = "shift_template"
    __table_args__ = (CheckConstraint("break_min BETWEEN 0 AND 480", name="break_min"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """Whose it is; ``None``: everybody's, kept by the fund."""
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    starts: Mapped[time]
    ends: Mapped[time]
    """At or before ``starts``: on the next day."""
    break_min: Mapped[int] = mapped_column(server_default=text("0"))
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class ShiftRow(Base):
    """The planned shift of a person that begins on ``day`` of his organisation."""

    __tablename__ = "shift"
    __table_args__ = (
        UniqueConstraint("user_id", "day"),
        CheckConstraint("ends_at > starts_at", name="forward"),
        CheckConstraint("break_min BETWEEN 0 AND 480", name="break_min"),
        Index("ix_shift_day", "day"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(Text)
    starts: Mapped[time]
    ends: Mapped[time]
    break_min: Mapped[int] = mapped_column(server_default=text("0"))
    starts_at: Mapped[datetime]
    """When that is by the zone of his organisation, at the time of planning."""
    ends_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class AbsenceRow(Base):
    """Whole days on which somebody is rightly away. Taken back by ``closed_at``, never deleted."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("last_day >= first_day", name="forward"),
        Index("ix_absence_user_id", "user_id", "last_day", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class RosterChangeRow(Base):
    """A change of the plan as a whole, with what was before and after: what «undo» needs."""

    __tablename__ = "roster_change"
    __table_args__ = (Index("ix_roster_change_at", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """Whose people it touched; ``None``: those of several."""
    kind: Mapped[str] = mapped_column(Text)
    """``set``, ``copy``, ``import`` or ``undo``."""
    before: Mapped[list[Any]]
    after: Mapped[list[Any]]
    undone: Mapped[bool] = mapped_column(server_default=text("false"))
