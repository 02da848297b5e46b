"""One-time links to choose a password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class PasswordLinkRow(Base):
    """A link that an administrator made for somebody. Only the hash is here: who reads this table cannot use it."""

    __tablename__ = "staff_password_link"
    __table_args__ = (
        # Of several links the newest works: making one takes the one before it back.
        Index(
            "uq_staff_password_link_open",
            "user_id",
            unique=True,
            postgresql_where=text("used_at IS NULL AND cancelled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    used_from: Mapped[str] = mapped_column(Text, server_default="")
    cancelled_at: Mapped[datetime | None]
