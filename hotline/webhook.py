"""Webhooks in one object: what carries messages, what brings events to it, whom it tells when it gives up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.config import Settings
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.call_news import OutboxWaits
from hotline.journal.imports import CallsImported
from hotline.journal.notice_model import WEBHOOK, NoticeKind
from hotline.journal.notices import About, notify
from hotline.journal.outbox import Outbox
from hotline.staff import queries
from hotline.staff.admin_rules import everywhere
from hotline.staff.model import Right
from hotline.staff.secret_box import SecretBox
from hotline.staff.tables import UserRow
from hotline.webhooks.courier import Courier
from hotline.webhooks.post import Post


class WebhookParts:
    """Starts and stops what delivers events.

    :param tick_s: how often it looks without being woken.
    """

    def __init__(
        self, settings: Settings, db: Database, bus: Bus, clock: Clock, outbox: Outbox, *, tick_s: float = 5.0
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._outbox = outbox
        box = SecretBox(settings.secret_keys)
        post = Post(clock, box, plain_http=settings.webhook_http, networks=settings.webhook_networks)
        self._courier = Courier(db, bus, clock, post, self._tell_off, tick_s=tick_s)
        self._unsubscribe: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Begin."""
        self._unsubscribe = self._bus.subscribe(
            OutboxWaits, CallsImported, handler=self._relay, name="journal.outbox", on_overflow=self._outbox_again
        )
        self._courier.start()

    async def close(self) -> None:
        """Stop. What was under way is sent again by whoever runs then."""
        if self._unsubscribe is not None:
            await self._unsubscribe()
        await self._courier.close()

    async def _relay(self, _fact: object) -> None:
        await self._outbox.relay()

    async def _outbox_again(self) -> None:
        await self._outbox.relay()

    async def _tell_off(self, session: AsyncSession, hook_id: int, maker_id: int) -> None:
        """Tell who made the webhook, and everybody who administers the whole house."""
        rows = await session.execute(queries.users_with_rights().where(UserRow.active, ~UserRow.service))
        users = [queries.to_user(row) for row in rows]
        told = {
            one.id
            for one in users
            if one.id == maker_id or (one.may(Right.USER_MANAGE) and everywhere(one.organisation))
        }
        await notify(session, told, NoticeKind.WEBHOOK_OFF, About(counts={WEBHOOK: hook_id}), self._clock.now())
        event.listen(session.sync_session, "after_commit", lambda _: self._bus.publish(OutboxWaits()), once=True)
