"""Tables of the import: files, rows read but not merged yet, what was wrong with them, what the register holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base
from hotline.journal.tables_person import KEY


class RegisterBatchRow(Base):
    """One file: how it is read, how far it is, what came of it. A kill in the middle goes on from here."""

    __tablename__ = "register_batch"
    __table_args__ = (
        Index("ix_register_batch_sha256", "sha256"),
        # One import works at a time: its staging rows can then be dropped as a whole.
        Index(
            "uq_register_batch_running",
            text("(true)"),
            unique=True,
            postgresql_where=text("state IN ('loading', 'merging', 'closing')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    file_name: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text, server_default="")
    """Where the file lies; empty once it was deleted."""
    own_file: Mapped[bool] = mapped_column(server_default=text("true"))
    """An uploaded copy, deleted when it has been imported; a file named on the command line stays."""
    sha256: Mapped[str] = mapped_column(Text, server_default="")
    size: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Bytes."""
    state: Mapped[str] = mapped_column(Text)
    """:class:`hotline.register.model.State`."""
    layout: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """:class:`hotline.register.model.Layout`: format, encoding, delimiter, columns."""
    scope: Mapped[str] = mapped_column(Text, server_default="")
    """Whose register: a full file closes what is missing within its own scope only."""
    full_file: Mapped[bool] = mapped_column(server_default=text("false"))
    close_limit_pct: Mapped[int] = mapped_column(server_default=text("5"))
    """More missing rows than this share of the scope, in percent, are not closed: the file may be cut."""
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    problem: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    """When the worker last said that it works."""
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Bytes of a text file, rows of a table, that are in the staging table."""
    total: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The end of ``position``; 0 while unknown."""
    rows_read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_rejected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    warnings: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    merged_to: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last row that has been merged."""
    added: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    missing: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    closed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RegisterStagingRow(Base):
    """A row of a file, read and checked, not merged yet."""

    __tablename__ = "register_staging"
    __table_args__ = (Index("ix_register_staging_key", "key"),)

    batch_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    row_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(KEY)
    row_hash: Mapped[int] = mapped_column(BigInteger)
    last_name: Mapped[str] = mapped_column(Text)
    first_name: Mapped[str] = mapped_column(Text)
    patronymic: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date | None]
    sex: Mapped[str] = mapped_column(Text)
    enp: Mapped[str | None] = mapped_column(KEY)
    snils: Mapped[str | None] = mapped_column(KEY)
    policy: Mapped[str | None] = mapped_column(KEY)
    insurer_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(Text)
    address_fact: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    clinic: Mapped[str] = mapped_column(Text)
    is_dead: Mapped[bool]
    died_on: Mapped[date | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    phones: Mapped[list[str]] = mapped_column(ARRAY(Text))


class RegisterIssueRow(Base):
    """What is wrong with a row: number, column, reason; never its contents."""

    __tablename__ = "register_issue"
    __table_args__ = (Index("ix_register_issue_batch", "batch_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("register_batch.id"))
    row_no: Mapped[int] = mapped_column(BigInteger)
    column: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    rejected: Mapped[bool]
    """False: the row was taken over without this value."""
