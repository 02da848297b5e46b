"""Tables of people, rights, sessions and the audit trail (domain 2.2, 2.11, 3.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.db import Base


def search_key(expression: str) -> str:
    """Return SQL that folds text for searching: capitals, ё as е, no spaces, hyphens, apostrophes or dots.

    The ICU collation is named because upper() under "C" leaves Cyrillic letters alone. The Python twin is
    ``hotline.staff.rules.fold``.
    """
    return f"""translate(upper(({expression}) COLLATE "und-x-icu"), 'Ё -''.’`', 'Е')"""


class OrganisationRow(Base):
    """A fund, an insurer, a clinic."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    short_name: Mapped[str] = mapped_column(Text)
    region_code: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    is_own_region: Mapped[bool] = mapped_column(server_default=text("true"))
    time_zone: Mapped[str | None] = mapped_column(Text)
    """IANA name (``Asia/Omsk``), in which its days begin and end (domain 2.5 h); ``None``: the installation's own."""
    phone: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default=text("1"))


class UserRow(Base):
    """An account. Accounts are switched off, never deleted: the journal refers to them."""

    __tablename__ = "staff_user"
    __table_args__ = (
        # One extension rings one telephone: a number is free again when its user is switched off.
        Index(
            "uq_staff_user_extension_active",
            "extension",
            unique=True,
            postgresql_where=text("active AND extension IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    login: Mapped[str] = mapped_column(Text, unique=True)
    """Lower case."""
    password_hash: Mapped[str] = mapped_column(Text)
    password_temporary: Mapped[bool] = mapped_column(server_default=text("false"))
    last_name: Mapped[str] = mapped_column(Text)
    first_name: Mapped[str] = mapped_column(Text)
    patronymic: Mapped[str] = mapped_column(Text, server_default="")
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    extension: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    service: Mapped[bool] = mapped_column(server_default=text("false"))
    """Another system's account: it works by tokens (``staff.tokens``), never logs in, and nobody forwards to it."""

    organisation: Mapped[OrganisationRow] = relationship(lazy="joined", innerjoin=True)


class RoleRow(Base):
    """A set of rights with a name."""

    __tablename__ = "staff_role"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    sort: Mapped[int] = mapped_column(server_default=text("0"))
    sight: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """How far its holders see, by kind of organisation (``staff.sight``)."""
    edited_at: Mapped[datetime | None]
    """When an administrator changed its rights: a profile that is loaded again leaves them alone from then on."""
    version: Mapped[int] = mapped_column(server_default=text("1"))


class RoleRightRow(Base):
    """A right that a role allows or denies."""

    __tablename__ = "staff_role_right"

    role_code: Mapped[str] = mapped_column(ForeignKey("staff_role.code"), primary_key=True)
    right_code: Mapped[str] = mapped_column(Text, primary_key=True)
    effect: Mapped[str] = mapped_column(Text)


class UserRoleRow(Base):
    """A role that a user has."""

    __tablename__ = "staff_user_role"

    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    role_code: Mapped[str] = mapped_column(ForeignKey("staff_role.code"), primary_key=True)


class UserRightRow(Base):
    """A right that one user has, or is denied, whatever his roles say."""

    __tablename__ = "staff_user_right"

    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    right_code: Mapped[str] = mapped_column(Text, primary_key=True)
    effect: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    ends_at: Mapped[datetime | None]
    """From this moment on it says nothing; ``None``: until somebody takes it back."""


class SessionRow(Base):
    """A logged-in browser. Whoever reads this table still cannot take a session over: only the hash is here."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    csrf: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ip: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)


class LoginAttemptRow(Base):
    """An attempt to log in, for the rate limit. ``succeeded`` stays false until the password was right."""

    __tablename__ = "staff_login_attempt"
    __table_args__ = (
        Index("ix_staff_login_attempt_login_at", "login", "at"),
        Index("ix_staff_login_attempt_ip_at", "ip", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    login: Mapped[str] = mapped_column(Text)
    ip: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    succeeded: Mapped[bool] = mapped_column(server_default=text("false"))


class AuditEventRow(Base):
    """Who did what to which record, and why. A trigger refuses changes and deletions (152-ФЗ art. 19)."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_user_id_at", "user_id", "at"),
        Index("ix_audit_event_entity_at", "entity", "entity_id", "at"),
        Index("ix_audit_event_at", "at", "id"),
        Index("ix_audit_event_action_at", "action", "at"),
        {"postgresql_partition_by": "RANGE (at)"},  # a table a month: ``staff.audit_partitions``
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    """In the key because a partitioned table's must have it; ``id`` alone is unique."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    ip: Mapped[str] = mapped_column(Text, server_default="")
    action: Mapped[str] = mapped_column(Text)
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[str] = mapped_column(Text, server_default="")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
