"""Tables around deadlines: notices, reminders sent, the calendar's years and changes, requests for an extension."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class NotificationRow(Base):
    """Something that one person should know (domain 2.2). Holds no personal data: words, numbers and references."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_user_id_id", "user_id", desc("id")),
        Index("ix_notification_unread", "user_id", postgresql_where=text("read_at IS NULL")),
        Index("uq_notification_user_id_key", "user_id", "key", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    kind: Mapped[str] = mapped_column(Text)
    """A value of ``notice_model.NoticeKind``."""
    appeal_id: Mapped[int | None] = mapped_column(ForeignKey("appeal.id"), index=True)
    details: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    key: Mapped[str | None] = mapped_column(Text)
    """What makes it the same notice: a second one with the same key is not written. ``None``: every one is new."""


class ReminderRow(Base):
    """A reminder that was sent: one for each appeal, stage and deadline (domain 2.5)."""

    __tablename__ = "reminder"

    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]
    told: Mapped[bool]
    """False: a later stage was reached at the same time, and only that one was said."""


class CalendarYearRow(Base):
    """A year of the production calendar: where it is from, and its optimistic version."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text, server_default="")
    verified: Mapped[bool] = mapped_column(server_default=text("false"))
    """Somebody compared it with the published decree."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """``None``: the profile brought it."""


class CalendarChangeRow(Base):
    """One change of a year, with what was there before: history and undo."""

    __tablename__ = "calendar_change"
    __table_args__ = (Index("ix_calendar_change_year_id", "year", desc("id")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    """``import``, ``day``, ``undo`` or ``profile``."""
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    before: Mapped[dict[str, Any]]
    """``{"source", "verified", "days": {ISO date: [is_working, note]}}`` of the whole year."""
    days: Mapped[list[Any]]
    """ISO dates that this change made different."""
    undone: Mapped[bool] = mapped_column(server_default=text("false"))


class ExtensionRequestRow(Base):
    """A request for more time (T9, T10; S001-091)."""

    __tablename__ = "extension_request"
    __table_args__ = (
        Index("ix_extension_request_appeal_id_id", "appeal_id", desc("id")),
        Index("uq_extension_request_pending", "appeal_id", unique=True, postgresql_where=text("decision = 'pending'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"))
    old_due: Mapped[datetime]
    new_due: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]
    decision: Mapped[str] = mapped_column(Text, server_default="pending")
    """``pending``, ``approved`` or ``refused``."""
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(Text, server_default="")
    """Why it was refused."""
    notice_due: Mapped[bool] = mapped_column(server_default=text("false"))
    """The citizen must be told of the new date (59-ФЗ art. 12 part 2)."""
    notice_sent_at: Mapped[datetime | None]
    notice_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
