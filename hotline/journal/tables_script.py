"""Proposed and decided texts of typical answers (S001-015: approved by the fund; domain 2.2 Script)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base
from hotline.journal.tables_classifier import EMPTY_LIST


class ScriptVersionRow(Base):
    """One text of a typical answer. Operators see only ``ScriptRow``: the one that was approved last."""

    __tablename__ = "script_version"
    __table_args__ = (
        Index("ix_script_version_script_code", "script_code", "id"),
        Index("uq_script_version_draft", "script_code", unique=True, postgresql_where=text("decision = 'draft'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    script_code: Mapped[str] = mapped_column(Text)
    """Not a foreign key: a new answer has no row until its first text is approved."""
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    keywords: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    recommended: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    decision: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, server_default="")
    """Why it was refused."""
    version: Mapped[int | None]
    """The number under which operators used it; ``None`` when it was never approved."""
