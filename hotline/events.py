"""The in-process event bus: facts go from the part that knows them to the parts that care.

Publishing never waits. Every subscriber has its own bounded queue and its own task, so a slow database cannot delay
the ring in an operator's browser, and facts reach each subscriber one at a time, in the order of publication. A
listener is a plain function that cannot wait for anything: it hears a fact while it is being published. When a
subscriber falls too far behind, its queue is emptied and its ``on_overflow`` is called once: it must then rebuild its
picture from a snapshot (see docs/adr/0004-bus.md) instead of trusting a stream with holes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hotline.logs import about, call_of
from hotline.tracing import span

log = logging.getLogger(__name__)

Handler = Callable[[object], Awaitable[None]]
Listener = Callable[[object], None]
Overflow = Callable[[], Awaitable[None]]


async def _deaf(_fact: object) -> None:
    """A listener's subscription has no queue, hence nothing to handle."""


@dataclass(slots=True)
class Subscription:
    """One subscriber: what it wants, how far behind it is and how often it failed."""

    name: str
    kinds: tuple[type, ...]
    handler: Handler
    on_overflow: Overflow | None
    limit: int
    waiting: deque[object] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    overflowed: bool = False
    stopped: bool = False
    errors: int = 0
    dropped: int = 0
    task: asyncio.Task[None] | None = None
    listener: Listener | None = None
    """Called in ``publish`` instead of queueing."""


class Bus:
    """Ordered, bounded, non-blocking delivery of facts inside one process."""

    def __init__(self, *, limit: int = 10_000) -> None:
        self._limit = limit
        self._subscriptions: list[Subscription] = []
        self._interested: dict[type, tuple[Subscription, ...]] = {}
        """Who wants each type published so far; listeners first."""

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscribers, for ``/status`` and the metrics."""
        return tuple(self._subscriptions)

    def subscribe(
        self,
        *kinds: type,
        handler: Callable[..., Awaitable[None]],
        name: str,
        on_overflow: Overflow | None = None,
    ) -> Callable[[], Awaitable[None]]:
        """Deliver every published instance of ``kinds`` to ``handler``; return a coroutine function that stops it.

        Must be called in a running event loop.
        """
        subscription = Subscription(name, kinds, handler, on_overflow, self._limit)
        subscription.idle.set()
        subscription.task = asyncio.create_task(self._run(subscription), name=f"bus:{name}")
        return self._add(subscription)

    def listen(self, *kinds: type, listener: Callable[..., None], name: str) -> Callable[[], Awaitable[None]]:
        """Call ``listener`` with every instance of ``kinds`` while it is published, before any queue gets it.

        For the few things that must be done in the same turn of the event loop, such as a ring in a browser. It must
        return at once. Returns a coroutine function that stops it, like :meth:`subscribe`.
        """
        subscription = Subscription(name, kinds, _deaf, None, self._limit, listener=listener)
        subscription.idle.set()
        return self._add(subscription)

    def _add(self, subscription: Subscription) -> Callable[[], Awaitable[None]]:
        self._subscriptions.append(subscription)
        self._interested.clear()

        async def unsubscribe() -> None:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
                self._interested.clear()
            await _cancel(subscription)

        return unsubscribe

    def _who_wants(self, kind: type) -> tuple[Subscription, ...]:
        found = [one for one in self._subscriptions if issubclass(kind, one.kinds)]
        found.sort(key=lambda one: one.listener is None)
        return self._interested.setdefault(kind, tuple(found))

    def publish(self, event: object) -> None:
        """Hand ``event`` to every interested subscriber. Never blocks, never raises for a subscriber's fault."""
        kind = type(event)
        interested = self._interested.get(kind)
        for subscription in self._who_wants(kind) if interested is None else interested:
            if subscription.listener is not None:
                try:
                    subscription.listener(event)
                except Exception:  # as a subscriber's fault: it stays its own
                    subscription.errors += 1
                    log.exception("bus listener %s failed", subscription.name)
                continue
            if len(subscription.waiting) >= subscription.limit:
                subscription.dropped += len(subscription.waiting)
                subscription.waiting.clear()
                subscription.overflowed = True
                log.error("bus subscriber %s is too slow: queue dropped, it must resync", subscription.name)
            subscription.waiting.append(event)
            subscription.idle.clear()
            subscription.wake.set()

    async def drain(self) -> None:
        """Wait until every subscriber has handled everything published so far, and what that published in turn."""
        while busy := [s for s in self._subscriptions if not s.idle.is_set()]:
            for subscription in busy:
                await subscription.idle.wait()

    async def close(self) -> None:
        """Stop all subscribers. What is still queued is dropped."""
        subscriptions, self._subscriptions = self._subscriptions, []
        self._interested.clear()
        for subscription in subscriptions:
            await _cancel(subscription)

    async def _run(self, subscription: Subscription) -> None:
        while not subscription.stopped:
            await subscription.wake.wait()
            subscription.wake.clear()
            while subscription.waiting or subscription.overflowed:
                if subscription.overflowed:
                    subscription.overflowed = False
                    if subscription.on_overflow is not None:
                        await self._guard(subscription, subscription.on_overflow())
                    continue
                event = subscription.waiting.popleft()
                with about(call=call_of(event)), span(f"fact {subscription.name}", fact=type(event).__name__):
                    await self._guard(subscription, subscription.handler(event))
            subscription.idle.set()

    async def _guard(self, subscription: Subscription, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # It is not we who are being stopped: the handler awaited something that somebody else cancelled.
            subscription.errors += 1
            log.exception("bus subscriber %s awaited something that was cancelled", subscription.name)
        except Exception:  # one subscriber's fault must not silence the others, nor itself
            subscription.errors += 1
            log.exception("bus subscriber %s failed", subscription.name)


async def _cancel(subscription: Subscription) -> None:
    subscription.stopped = True
    subscription.overflowed = False
    subscription.waiting.clear()
    subscription.idle.set()
    task = subscription.task
    if task is None:
        return
    if task is asyncio.current_task():  # a handler that leaves ends its own task by returning
        subscription.wake.set()
        return
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
