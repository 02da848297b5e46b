"""The ledger in PostgreSQL. ``duty`` and ``duty_call`` can be made anew from calls, appeals and ``duty_move``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base

LIVE = text("over_at IS NULL")


class DutyRow(Base):
    """One duty. ``citizen`` is his number in E.164, or ``?`` and the key of a call without one."""

    __tablename__ = "duty"
    __table_args__ = (
        Index("uq_duty_live", "citizen", unique=True, postgresql_where=LIVE),
        Index("ix_duty_due", "due_at", "id", postgresql_where=LIVE),
        Index("ix_duty_citizen", "citizen", "first_at"),
        Index("ix_duty_over", "over_at", "id", postgresql_where=text("over_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    citizen: Mapped[str] = mapped_column(Text)
    number: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text, server_default="")
    reasons: Mapped[list[Any]]
    calls: Mapped[list[Any]]
    """Keys of the calls that did not serve him, oldest first."""
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    due_at: Mapped[datetime]
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    taken_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_result: Mapped[str | None] = mapped_column(Text)
    last_try_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    asked_since: Mapped[datetime | None]
    place_tries: Mapped[int] = mapped_column(server_default=text("0"))
    voicemail: Mapped[str] = mapped_column(Text, server_default="")
    over_at: Mapped[datetime | None]
    over_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    closing: Mapped[str | None] = mapped_column(Text)
    served_call: Mapped[str] = mapped_column(Text, server_default="")
    served_appeal_id: Mapped[int | None] = mapped_column(ForeignKey("appeal.id"))
    version: Mapped[int] = mapped_column(server_default=text("1"))


class DutyCallRow(Base):
    """Which calls the ledger has taken into account, and how: ``miss``, ``try`` or ``serve``."""

    __tablename__ = "duty_call"
    __table_args__ = (Index("ix_duty_call_duty_id", "duty_id"),)

    call_key: Mapped[str] = mapped_column(Text, primary_key=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id"))
    kind: Mapped[str] = mapped_column(Text)


class DutyMoveRow(Base):
    """What somebody did about a duty: kept for ever, and folded again with the calls."""

    __tablename__ = "duty_move"
    __table_args__ = (Index("ix_duty_move_citizen_at", "citizen", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    citizen: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    result: Mapped[str | None] = mapped_column(Text)
    closing: Mapped[str | None] = mapped_column(Text)
    next_try_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, server_default="")
    insists: Mapped[bool] = mapped_column(server_default=text("false"))
