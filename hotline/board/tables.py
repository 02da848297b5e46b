"""Tables of the supervisor's board: goals of queues, rules of alarms, alarms that went off (DAY-34, DAY-36)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class BoardQueueRow(Base):
    """What the administration says of a queue. No row: 80 % in 20 s, and the hotline's own organisation."""

    __tablename__ = "board_queue"
    __table_args__ = (
        CheckConstraint("goal_percent BETWEEN 1 AND 100", name="goal_percent"),
        CheckConstraint("goal_s BETWEEN 1 AND 3600", name="goal_s"),
        CheckConstraint("short_s BETWEEN 0 AND 60", name="short_s"),
    )

    queue: Mapped[str] = mapped_column(Text, primary_key=True)
    goal_percent: Mapped[int]
    goal_s: Mapped[int]
    short_s: Mapped[int]
    """Who hangs up within so many seconds counts in no service level."""
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    version: Mapped[int] = mapped_column(server_default=text("1"))


class AlarmRuleRow(Base):
    """A threshold that somebody wants to be told of. Closed by date, never deleted: the history refers to it."""

    __tablename__ = "board_alarm_rule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """Whose queues and operators it watches; ``None``: everybody's."""
    kind: Mapped[str] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(Text)
    """``None``: every queue."""
    threshold: Mapped[float]
    hold_s: Mapped[int]
    repeat_min: Mapped[int]
    sound: Mapped[bool]
    emails: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class AlarmRow(Base):
    """An alarm that went off. At most one is open for a rule and its subject."""

    __tablename__ = "board_alarm"
    __table_args__ = (
        Index(
            "uq_board_alarm_open",
            "rule_id",
            "subject",
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
        Index("ix_board_alarm_raised_at", text("raised_at DESC"), text("id DESC")),
        Index("ix_board_alarm_mail", "id", postgresql_where=text("mail_due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("board_alarm_rule.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """Whose queue or operator it is about."""
    subject: Mapped[str] = mapped_column(Text)
    """A queue's name, or the id of an operator."""
    value: Mapped[float]
    """The worst figure since it went off."""
    raised_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    mail_due_at: Mapped[datetime | None]
    """Letters that must go out; taken away by what has sent them, so that a crash loses none."""
