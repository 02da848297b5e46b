"""Second factors: the secret of an authenticator app, recovery codes, and logins that wait for a code."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class SecondFactorRow(Base):
    """Somebody's authenticator app. Who reads this table without the key of the settings learns no secret."""

    __tablename__ = "staff_second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    """Encrypted (``staff.secret_box``)."""
    made_at: Mapped[datetime]
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The time step of the code that was accepted last (RFC 6238 section 5.2): it and what is before is used up."""


class RecoveryCodeRow(Base):
    """A code for who has lost his app. It works once; only its hash is here."""

    __tablename__ = "staff_recovery_code"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    used_at: Mapped[datetime | None]


class LoginTicketRow(Base):
    """A login whose password was right and whose second factor is still asked for. No session, opens nothing."""

    __tablename__ = "staff_login_ticket"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    user_version: Mapped[int]
    """The account's when the ticket was made: a new password, a reset or switching off makes the ticket worthless."""
    attempt_id: Mapped[int | None] = mapped_column(BigInteger)
    """The attempt that led here; no foreign key, attempts are forgotten earlier."""
    secret: Mapped[str | None] = mapped_column(Text)
    """Encrypted; what an app that is being set up has to confirm. ``None``: a code of the present app is asked for."""
    renews: Mapped[bool] = mapped_column(server_default=text("false"))
    """Asked for inside a session that proved the present app: it may take that one's place."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
