"""Carries messages to their receivers: a few at a time, each until it arrived or a day is over."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.events import Bus
from hotline.staff.history import write_change
from hotline.webhooks import desk
from hotline.webhooks.desk import Parcel
from hotline.webhooks.model import DeliveryState, MessagesWait
from hotline.webhooks.post import Outcome, Post, cancelled
from hotline.webhooks.rules import Verdict, again, verdict
from hotline.webhooks.tables import WebhookDeliveryRow, WebhookRow

log = logging.getLogger(__name__)

AT_ONCE = 16
EACH = 4
"""So many at once for one receiver: a slow one leaves room for the others."""
LEASE = timedelta(seconds=60)
"""After that time a message whose process was killed is sent again; longer than any attempt takes."""

TellOff = Callable[[AsyncSession, int, int], Awaitable[None]]
"""Tells people that a webhook was switched off: its id, and who made it."""


class Courier:
    """Delivers. Use :meth:`start` and :meth:`close`.

    :param tick_s: how often it looks without being woken: for what is tried again, and for other processes' messages.
    """

    def __init__(
        self, db: Database, bus: Bus, clock: Clock, post: Post, tell_off: TellOff, *, tick_s: float = 5.0
    ) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._post = post
        self._tell_off = tell_off
        self._tick_s = tick_s
        self._wake = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._loop: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._unsubscribe = self._bus.listen(MessagesWait, listener=lambda _: self._wake.set(), name="webhooks")
        self._loop = asyncio.create_task(self._run(), name="webhooks")

    async def close(self) -> None:
        """Stop. What was under way is sent again after its lease, by whoever runs then."""
        if self._unsubscribe is not None:
            await self._unsubscribe()
        if self._loop is not None:
            await cancelled(self._loop)
        await cancelled(*self._under_way)
        await self._post.close()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._send_due()
            except Unavailable:
                log.warning("webhooks wait for the database")
            except Exception:
                log.exception("webhooks broke; trying again")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_s):
                    await self._wake.wait()

    async def _send_due(self) -> None:
        while (room := AT_ONCE - len(self._under_way)) > 0:
            counts = Counter(self._under_way.values())
            busy = [hook for hook, count in counts.items() if count >= EACH]
            async with self._db.begin() as session:
                parcels = await desk.claim(session, self._clock.now(), LEASE, min(room, EACH), busy)
            for parcel in parcels:
                task = asyncio.create_task(self._deliver(parcel), name=f"webhook:{parcel.webhook_id}")
                self._under_way[task] = parcel.webhook_id
                task.add_done_callback(self._done)
            if not parcels:
                return

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        self._wake.set()

    async def _deliver(self, parcel: Parcel) -> None:
        outcome = await self._post.send(parcel)
        try:
            await self._note(parcel, outcome)
        except Exception:  # the message is sent again after its lease
            log.exception("what became of message %d is not written down", parcel.delivery_id)

    async def _note(self, parcel: Parcel, outcome: Outcome) -> None:
        now = self._clock.now()
        judged = verdict(outcome.status)
        async with self._db.begin() as session:
            row = await session.get(WebhookDeliveryRow, parcel.delivery_id, with_for_update=True)
            if row is None or row.state != DeliveryState.WAITING.value:
                return  # another process was quicker, after our lease was over
            row.last_status, row.last_problem = outcome.status, outcome.problem
            if judged is Verdict.DELIVERED:
                row.state = DeliveryState.DELIVERED.value
                return
            chance = random.random()  # noqa: S311 - spreads attempts, keeps no secret
            next_at = again(row.attempts, row.first_at, now, chance, outcome.wished)
            if judged is Verdict.AGAIN and next_at is not None:
                row.next_at = next_at
                return
            row.state = DeliveryState.FAILED.value
            await self._give_up(session, row.webhook_id, "gone" if judged is Verdict.GONE else "no delivery for a day")

    async def _give_up(self, session: AsyncSession, hook_id: int, reason: str) -> None:
        """Switch a webhook off and tell people, once."""
        now = self._clock.now()
        # Not FOR UPDATE: events that are being written for this webhook would have to wait.
        hook = await session.get(WebhookRow, hook_id, with_for_update={"key_share": True})
        if hook is None or hook.off_at is not None:
            return
        hook.off_at, hook.off_reason, hook.version = now, reason, hook.version + 1
        write_change(session, ("webhook", hook_id), {}, {}, by=None, at=now, note="switched off by itself")
        await self._tell_off(session, hook_id, hook.created_by_id)
        log.warning("webhook %d is switched off: %s", hook_id, reason)
