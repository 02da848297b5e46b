"""What belongs to a registration card besides its fields: files, locks, links, answers used, favourites, alarms."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, desc, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class AttachmentRow(Base):
    """A file of a card (S000-63, S001-064). The content lies on the disk under its ``sha256`` (``journal.filestore``).

    ``draft_id`` until the card is saved, ``appeal_id`` from then on. No foreign key to drafts: they are deleted.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_draft_id", "draft_id", postgresql_where=text("draft_id IS NOT NULL")),
        Index("ix_attachment_appeal_id", "appeal_id", postgresql_where=text("appeal_id IS NOT NULL")),
        Index("ix_attachment_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    draft_id: Mapped[int | None] = mapped_column(BigInteger)
    appeal_id: Mapped[int | None] = mapped_column(ForeignKey("appeal.id"))
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    """A value of ``attachment_rules.Kind``."""
    mime: Mapped[str] = mapped_column(Text)
    """Found in the content, never believed from the browser."""
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    doc_no: Mapped[str] = mapped_column(Text, server_default="")
    doc_date: Mapped[date | None]
    av_status: Mapped[str] = mapped_column(Text)
    """A value of ``attachment_rules.Scan``."""
    av_detail: Mapped[str] = mapped_column(Text, server_default="")
    version: Mapped[int] = mapped_column(server_default=text("1"))
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    uploaded_at: Mapped[datetime]
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    deleted_at: Mapped[datetime | None]


class EditLockRow(Base):
    """Who edits an appeal now (domain 2.7). Soft: it warns; the version of the appeal decides."""

    __tablename__ = "edit_lock"

    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    tab: Mapped[str] = mapped_column(Text)
    """A random name of the browser's page: the same person in two pages is two editors."""
    taken_at: Mapped[datetime]
    renewed_at: Mapped[datetime]


class AppealLinkRow(Base):
    """An earlier appeal that belongs to a later one (S001-058). Taken off by date, never deleted."""

    __tablename__ = "appeal_link"
    __table_args__ = (
        Index(
            "uq_appeal_link_from_id_to_id",
            "from_id",
            "to_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("ix_appeal_link_to_id", "to_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"))
    kind: Mapped[str] = mapped_column(Text)
    """A value of ``links.LinkKind``."""
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    removed_at: Mapped[datetime | None]


class ScriptUseRow(Base):
    """A typical answer that was given, with its text as it was then (DAY-39, domain 2.2 ScriptUse)."""

    __tablename__ = "script_use"
    __table_args__ = (
        Index("ix_script_use_appeal_id", "appeal_id"),
        Index("ix_script_use_script_code", "script_code", desc("at")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"))
    call_key: Mapped[str | None] = mapped_column(Text)
    script_code: Mapped[str] = mapped_column(ForeignKey("script.code"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]


class TopicFavouriteRow(Base):
    """A topic that an operator has on Alt+1…9 (DAY-03)."""

    __tablename__ = "topic_favourite"

    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    topic_code: Mapped[str] = mapped_column(ForeignKey("topic.code"))


class EmergencyRow(Base):
    """An operator pressed «112»: threat to life (DAY-31)."""

    __tablename__ = "emergency"
    __table_args__ = (Index("ix_emergency_open", "at", postgresql_where=text("seen_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    call_key: Mapped[str | None] = mapped_column(Text)
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    seen_at: Mapped[datetime | None]
