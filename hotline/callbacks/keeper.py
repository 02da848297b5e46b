"""Keeps the ledger true: folds a citizen's calls when something happened, and looks for what was missed.

What it is told is only a hint whose calls to look at; the rows decide. A hint that was lost (a crash, an overflow of
the bus, calls read from Asterisk's logs) costs some seconds: the sweep finds the same (:func:`store.unseen`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from prometheus_client import Counter

from hotline.callbacks import store
from hotline.callbacks.service import Callbacks
from hotline.clock import Clock
from hotline.cti.model import Call, Direction, LinkChanged, LinkState
from hotline.errors import HotlineError
from hotline.events import Bus
from hotline.journal import identifiers
from hotline.journal.imports import CallsImported
from hotline.journal.model import AppealChanged

log = logging.getLogger(__name__)

SWEEP_S = 5.0
RECENT = timedelta(hours=2)
LONG = timedelta(days=7)
"""How far back the sweep looks after the start, when Asterisk is back, and when calls were read from its logs."""
LONG_EVERY, LONG_TURNS = 60, 6
"""So many of so many sweeps look that far."""

CHANGED = Counter("hotline_callback_changes_total", "Changes of duties towards citizens who were not served.")


class Keeper:
    """One task that folds, one that sweeps."""

    def __init__(self, callbacks: Callbacks, bus: Bus, clock: Clock, *, sweep_s: float = SWEEP_S) -> None:
        self._callbacks = callbacks
        self._bus = bus
        self._clock = clock
        self._sweep_s = sweep_s
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._turn = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._stop: list[Callable[[], Awaitable[None]]] = []

    def start(self) -> None:
        """Begin; the first sweep reaches far back."""
        self._stop.append(self._bus.subscribe(AppealChanged, handler=self._appeal, name="callbacks.appeals"))
        self._stop.append(self._bus.subscribe(LinkChanged, handler=self._link, name="callbacks.links"))
        self._stop.append(self._bus.subscribe(CallsImported, handler=self._imported, name="callbacks.imports"))
        self._tasks.append(asyncio.create_task(self._fold(), name="callbacks:fold"))
        self._tasks.append(asyncio.create_task(self._sweep(), name="callbacks:sweep"))

    async def close(self) -> None:
        """Stop; what waits is found again by the first sweep of the next start."""
        for stop in self._stop:
            await stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def saw(self, call: Call) -> None:
        """Hear that the row of ``call`` was written."""
        if call.direction is Direction.INTERNAL:
            return
        if call.direction is Direction.OUT:
            if call.ended_at is not None:
                self._look_at(store.e164(call.dialled))
        elif call.ended_at is not None or call.answered_at is not None:
            self._look_at(store.citizen_of(identifiers.phone(call.caller), call.key))

    async def settled(self) -> None:
        """Wait until everything heard so far is folded. For tests."""
        await self._idle.wait()

    def _look_at(self, citizen: str) -> None:
        self._waiting.add(citizen)
        self._idle.clear()
        self._wake.set()

    async def _link(self, event: LinkChanged) -> None:
        if event.state is LinkState.UP:
            self._turn = 0

    async def _imported(self, _: CallsImported) -> None:
        self._turn = 0

    async def _appeal(self, event: AppealChanged) -> None:
        if event.kind != "appeal.created":
            return
        try:
            for citizen in await self._callbacks.named_in(event.appeal_id):
                self._look_at(citizen)
        except HotlineError as error:  # the sweep finds it again
            log.warning("an appeal could not be compared with the ledger: %s", error.message)

    async def _fold(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                citizen = self._waiting.pop()
                try:
                    CHANGED.inc(len(await self._callbacks.look([citizen])))
                except HotlineError as error:
                    log.warning("the ledger waits: %s", error.message)
                    self._waiting.add(citizen)
                    await asyncio.sleep(self._sweep_s)
                except Exception:  # one citizen's calls must not stop the ledger of all others
                    log.exception("a fold of the ledger failed")
            self._idle.set()

    async def _sweep(self) -> None:
        while True:
            try:
                reach = LONG if self._turn % LONG_EVERY < LONG_TURNS else RECENT
                for citizen in await self._callbacks.unseen(self._clock.now() - reach):
                    self._look_at(citizen)
                self._turn += 1
            except HotlineError as error:
                log.warning("the ledger cannot be compared with the calls now: %s", error.message)
            except Exception:
                log.exception("a sweep of the ledger failed")
            await asyncio.sleep(self._sweep_s)
