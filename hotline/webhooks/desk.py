"""The two ends of the queue of messages: what an event's own transaction puts in, what is due, how it went."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.webhooks.model import DeliveryState, Event
from hotline.webhooks.tables import WebhookDeliveryRow, WebhookRow


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way."""

    delivery_id: int
    webhook_id: int
    url: str
    message_id: str
    body: bytes = field(repr=False)
    sealed: tuple[str, ...] = field(repr=False)
    """Its secrets, as they are stored."""


def body_of(event: Event) -> str:
    """Return what is sent: ``{type, timestamp, data}`` (Standard Webhooks)."""
    told = {"type": event.kind.value, "timestamp": event.at.isoformat(), "data": dict(event.data)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


async def anybody(session: AsyncSession) -> bool:
    """Tell whether there is a webhook that works."""
    return await session.scalar(select(WebhookRow.id).where(WebhookRow.off_at.is_(None)).limit(1)) is not None


async def put(session: AsyncSession, events: Sequence[Event], now: datetime) -> int:
    """Write a message for each event and each webhook that wants it; return how many.

    In the transaction that takes the events out of the outbox: each stands in one of the two, whatever is killed.
    """
    if not events:
        return 0
    hooks = await session.execute(select(WebhookRow.id, WebhookRow.events).where(WebhookRow.off_at.is_(None)))
    rows = [
        {
            "webhook_id": hook_id,
            "message_id": event.id,
            "kind": event.kind.value,
            "body": body_of(event),
            "created_at": now,
            "first_at": now,
            "next_at": now,
        }
        for hook_id, wanted in hooks
        for event in events
        if event.kind.value in wanted
    ]
    if rows:
        await session.execute(insert(WebhookDeliveryRow).values(rows).on_conflict_do_nothing())
    return len(rows)


async def claim(
    session: AsyncSession, now: datetime, lease: timedelta, limit: int, busy: Collection[int]
) -> list[Parcel]:
    """Take messages that are due; who takes them has them until ``now + lease``.

    :param busy: webhooks that have enough under way.
    """
    due = (
        select(WebhookDeliveryRow.id)
        .join(WebhookRow, WebhookRow.id == WebhookDeliveryRow.webhook_id)
        .where(
            WebhookDeliveryRow.state == DeliveryState.WAITING.value,
            WebhookDeliveryRow.next_at <= now,
            WebhookRow.off_at.is_(None),
            WebhookRow.id.not_in(list(busy)),
        )
        .order_by(WebhookDeliveryRow.next_at, WebhookDeliveryRow.id)
        .limit(limit)
        .with_for_update(of=WebhookDeliveryRow, skip_locked=True)
    )
    ids = list(await session.scalars(due))
    if not ids:
        return []
    await session.execute(
        update(WebhookDeliveryRow)
        .where(WebhookDeliveryRow.id.in_(ids))
        .values(
            attempts=WebhookDeliveryRow.attempts + 1,
            # A day of trying begins with the first attempt: what waited for a stopped service is not given up at once.
            first_at=case((WebhookDeliveryRow.attempts == 0, now), else_=WebhookDeliveryRow.first_at),
            next_at=now + lease,
            last_at=now,
        )
    )
    rows = await session.execute(
        select(WebhookDeliveryRow, WebhookRow)
        .join(WebhookRow, WebhookRow.id == WebhookDeliveryRow.webhook_id)
        .where(WebhookDeliveryRow.id.in_(ids))
        .order_by(WebhookDeliveryRow.id)
        .execution_options(populate_existing=True)
    )
    return [_parcel(delivery, hook, now) for delivery, hook in rows]


def _parcel(delivery: WebhookDeliveryRow, hook: WebhookRow, now: datetime) -> Parcel:
    secrets = [hook.secret]
    if hook.secret_before and hook.secret_before_until is not None and hook.secret_before_until > now:
        secrets.append(hook.secret_before)
    return Parcel(
        delivery.id,
        hook.id,
        hook.url,
        delivery.message_id,
        delivery.body.encode(),
        tuple(secrets),
    )
