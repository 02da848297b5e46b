"""What goes along with the life of an appeal: remarks of the administrator, tasks to call somebody back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class RemarkRow(Base):
    """«Замечания администратора» (S000-69, S000-70, S000-74)."""

    __tablename__ = "appeal_remark"
    __table_args__ = (Index("ix_appeal_remark_appeal_id_id", "appeal_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    """When the appeal was closed again; ``None``: it waits to be heeded."""


class CallbackTaskRow(Base):
    """A citizen who was promised a call about his appeal (T6, S001-090, S001-092)."""

    __tablename__ = "callback_task"
    __table_args__ = (
        # An appeal has one promise at a time.
        Index("uq_callback_task_open", "appeal_id", unique=True, postgresql_where=text("done_at IS NULL")),
        Index("ix_callback_task_user_open", "user_id", "at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    """Who calls: the owner of the deferred appeal."""
    note: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
