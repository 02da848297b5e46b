"""Table of the tokens with which other systems use ``/api/v1`` (docs/integrations.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class ApiTokenRow(Base):
    """A token of a service account. Whoever reads this table still cannot use one: only hashes are here."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    shown: Mapped[str] = mapped_column(Text)
    """Its first letters, so that people can tell two tokens apart."""
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    rights: Mapped[list[Any]]
    """Of the rights of its account, those that this token opens."""
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_used_from: Mapped[str] = mapped_column(Text, server_default="")
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
