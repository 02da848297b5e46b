"""Folders of the profile, and what each user has chosen for his lists (S000-02…S000-11)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base
from hotline.journal.tables_classifier import EMPTY_LIST, Choice


class FolderRow(Choice, Base):
    """A folder of the journal: ``journal.listing.FolderDef``."""

    __tablename__ = "folder"

    titles: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """The title in other languages, by their codes."""
    icon: Mapped[str] = mapped_column(Text, server_default="")
    relation: Mapped[str] = mapped_column(Text)
    phases: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    overdue: Mapped[bool] = mapped_column(server_default=text("false"))
    roles: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    right: Mapped[str] = mapped_column(Text, server_default="")
    order: Mapped[str] = mapped_column(Text, server_default="-registered")


class ListSettingRow(Base):
    """What a user has chosen for a list: orders by folder, hidden columns."""

    __tablename__ = "list_setting"

    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    list_code: Mapped[str] = mapped_column(Text, primary_key=True)
    settings: Mapped[dict[str, Any]]


class ListViewRow(Base):
    """A filtered list that a user keeps under a name."""

    __tablename__ = "list_view"
    __table_args__ = (UniqueConstraint("user_id", "title"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    title: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
