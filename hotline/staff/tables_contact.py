"""External contacts of the telephone directory, and what each user keeps on top of it (S001-034)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class ContactRow(Base):
    """Somebody outside with a telephone: a doctor's office, a clinic, a service. Closed, never deleted."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    organisation: Mapped[str] = mapped_column(Text, server_default="")
    number: Mapped[str] = mapped_column(Text)
    hours: Mapped[str] = mapped_column(Text, server_default="")
    note: Mapped[str] = mapped_column(Text, server_default="")
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime]
    updated_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))


class DirectoryFavouriteRow(Base):
    """A line of the directory that a user keeps on top."""

    __tablename__ = "directory_favourite"

    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    ref: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """Id of the person, organisation or contact. No foreign key: it points into three tables."""
