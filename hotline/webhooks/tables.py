"""Tables of webhooks and of what is sent to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class WebhookRow(Base):
    """A subscription: whom events are told to."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    """Sealed (``webhooks.keys``): signing needs it again."""
    secret_before: Mapped[str | None] = mapped_column(Text)
    secret_before_until: Mapped[datetime | None]
    events: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    off_at: Mapped[datetime | None]
    off_reason: Mapped[str] = mapped_column(Text, server_default="")
    version: Mapped[int] = mapped_column(server_default=text("1"))


class WebhookDeliveryRow(Base):
    """A message for one webhook, from the transaction that took its event out of the outbox until it arrived."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "message_id"),
        Index("ix_webhook_delivery_due", "next_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_webhook_delivery_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    message_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    """Byte for byte what is sent, every time."""
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    created_at: Mapped[datetime]
    first_at: Mapped[datetime]
    """From when a day of trying is counted."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime]
    """While an attempt is under way: when it counts as lost with its process."""
    last_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_problem: Mapped[str] = mapped_column(Text, server_default="")
