"""Calls back the citizens who kept their place in a queue, when it is their turn (docs/callbacks.md, ADR 0026).

Asterisk gives a waiting citizen to an operator the moment that he is no longer paused. So the turn is decided there:
every command of the operators' desk that would make an operator available goes through :class:`Gate`. When a kept place
is older than the oldest caller on the line, the operator stays paused for the queue and is rung for the call-back.
Nothing is remembered that could be lost: who keeps a place is in the ledger, who is being called is in the live calls.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hotline.callbacks import places
from hotline.callbacks.places import Place
from hotline.callbacks.service import Callbacks
from hotline.clock import Clock
from hotline.cti.model import CallEvent, CallEventKind
from hotline.errors import HotlineError
from hotline.events import Bus
from hotline.journal.duty_news import DutyChanged

log = logging.getLogger(__name__)

TICK_S = 1.0
REST = timedelta(seconds=30)
"""An operator who did not take a call-back is not rung for another one so soon."""
FORGET = timedelta(seconds=60)
"""A call-back that has ended is folded within this time; then its place may be called again in any case."""
REFRESH = timedelta(seconds=10)
PAUSED = "callback"


class QueuePort(Protocol):
    """``queue.membership.QueuePort``, which this one stands before."""

    async def add_member(self, queue: str, extension: str, member_name: str, paused: bool, penalty: int) -> None:
        """Add a telephone to a queue."""
        ...

    async def remove_member(self, queue: str, extension: str) -> None:
        """Take a telephone out of a queue."""
        ...

    async def pause_member(self, extension: str, paused: bool, reason: str) -> None:
        """Pause a telephone in all its queues, or end the pause."""
        ...


class Exchange(QueuePort, Protocol):
    """The commands of one Asterisk."""

    async def ring(self, extension: str, number: str, queue: str, key: str) -> None:
        """Ring an operator and, when he answers, the citizen. ``key`` names the call; raises when he does not."""
        ...


@dataclass(frozen=True, slots=True)
class Free:
    """An operator who could be rung now."""

    extension: str
    queues: tuple[str, ...]


class View(Protocol):
    """What the dialer sees of the desk and of live calls."""

    def free(self) -> Sequence[Free]:
        """Operators who are ready and not in a call."""
        ...

    def queues_of(self, extension: str) -> tuple[str, ...]:
        """The queues that an operator serves."""
        ...

    def oldest(self, queues: Iterable[str]) -> datetime | None:
        """Since when the first citizen on the line waits in one of these queues."""
        ...

    def numbers_in_calls(self) -> set[str]:
        """Citizens who are in a call now (E.164)."""
        ...


@dataclass(slots=True)
class _Running:
    """A call-back under way. ``ended_at``: its call is over, the ledger may not know yet."""

    place: Place
    key: str
    ended_at: datetime | None = None


class Gate:
    """Stands between the operators' desk and Asterisk's queues."""

    def __init__(self, exchange: QueuePort, claim: Callable[[str], bool]) -> None:
        """Wire it.

        :param claim: asked before an operator becomes available; true keeps him for a call-back.
        """
        self._exchange = exchange
        self._claim = claim

    async def add_member(self, queue: str, extension: str, member_name: str, paused: bool, penalty: int) -> None:
        """Add a telephone to a queue; paused when it is claimed."""
        paused = paused or self._claim(extension)
        await self._exchange.add_member(queue, extension, member_name, paused, penalty)

    async def remove_member(self, queue: str, extension: str) -> None:
        """Take a telephone out of a queue."""
        await self._exchange.remove_member(queue, extension)

    async def pause_member(self, extension: str, paused: bool, reason: str) -> None:
        """Pause a telephone, or end the pause unless it is claimed."""
        if not paused and self._claim(extension):
            paused, reason = True, PAUSED
        await self._exchange.pause_member(extension, paused, reason)


class Dialer:
    """One for the server on which the operators' telephones live."""

    def __init__(
        self, callbacks: Callbacks, server: str, exchange: Exchange, bus: Bus, clock: Clock, *, tick_s: float = TICK_S
    ) -> None:
        """Wire it.

        :param server: Asterisk's ``systemname``: keys of calls begin with it.
        """
        self._server = server
        self._callbacks = callbacks
        self._exchange = exchange
        self._bus = bus
        self._clock = clock
        self._tick_s = tick_s
        self.gate = Gate(exchange, self.claim)
        self._view: View | None = None
        self._places: tuple[Place, ...] = ()
        self._read_at: datetime | None = None
        self._stale = asyncio.Event()
        self._running: dict[int, _Running] = {}
        self._claimed: set[str] = set()
        self._resting: dict[str, datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop: list[Callable[[], Awaitable[None]]] = []

    def start(self, view: View) -> None:
        """Begin to look for turns."""
        self._view = view
        self._stop.append(self._bus.subscribe(DutyChanged, handler=self._news, name="callbacks.places"))
        self._stop.append(self._bus.subscribe(CallEvent, handler=self._call, name="callbacks.dialer"))
        self._spawn(self._run(), "turns")

    async def close(self) -> None:
        """Stop; calls that were begun go on by themselves."""
        for stop in self._stop:
            await stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def claim(self, extension: str) -> bool:
        """Tell whether an operator who would become available is needed for a call-back; it is begun then."""
        if extension in self._claimed:
            return True
        if self._view is None:
            return False
        place = self._turn(extension, self._view.queues_of(extension))
        if place is None:
            return False
        self._begin(extension, place, paused=True)
        return True

    # --- Whose turn it is -------------------------------------------------------------------------------------------

    def _turn(self, extension: str, queues: tuple[str, ...]) -> Place | None:
        now = self._clock.now()
        if self._view is None or self._resting.get(extension, now) > now:
            return None
        busy = self._view.numbers_in_calls()
        waiting = [one for one in self._places if one.duty_id not in self._running and one.number not in busy]
        return places.turn(waiting, queues, self._view.oldest(queues), now)

    async def _run(self) -> None:
        while True:
            try:
                await self._refresh()
                self._give_turns()
            except HotlineError as error:
                log.warning("kept places cannot be read now: %s", error.message)
            except Exception:  # one fault must not end the call-backs of everybody
                log.exception("turns of kept places failed")
            try:
                async with asyncio.timeout(self._tick_s):
                    await self._stale.wait()
            except TimeoutError:
                continue

    async def _refresh(self) -> None:
        now = self._clock.now()
        if not self._stale.is_set() and self._read_at is not None and now - self._read_at < REFRESH:
            return
        self._stale.clear()
        self._places = tuple(await self._callbacks.places())
        self._read_at = now
        present = {one.duty_id: one for one in self._places}
        for duty_id, running in list(self._running.items()):
            if running.ended_at is None:
                continue
            if present.get(duty_id) != running.place or now - running.ended_at > FORGET:
                del self._running[duty_id]

    def _give_turns(self) -> None:
        if self._view is None:
            return
        for one in self._view.free():
            if one.extension in self._claimed:
                continue
            place = self._turn(one.extension, one.queues)
            if place is not None:
                self._begin(one.extension, place, paused=False)

    async def _news(self, _: DutyChanged) -> None:
        self._stale.set()

    async def _call(self, event: CallEvent) -> None:
        if event.kind is CallEventKind.ENDED:
            for running in self._running.values():
                if running.key == event.call.key:
                    running.ended_at = event.at
                    self._stale.set()

    # --- The call ---------------------------------------------------------------------------------------------------

    def _begin(self, extension: str, place: Place, *, paused: bool) -> None:
        # As Asterisk names channels; its own numbers are a counter and never come near ours.
        key = f"{self._server}-{int(self._clock.now().timestamp())}.9{secrets.randbelow(10**9):09d}"
        self._claimed.add(extension)
        self._running[place.duty_id] = _Running(place, key)
        self._spawn(self._dial(extension, place, key, paused=paused), extension)

    async def _dial(self, extension: str, place: Place, key: str, *, paused: bool) -> None:
        """Ring the operator, then the citizen; the dialplan does the rest without us."""
        taken = False
        try:
            taken = await self._ring(extension, place, key, paused=paused)
        except HotlineError as error:
            log.info("operator %s did not take the call-back of duty %d: %s", extension, place.duty_id, error.message)
        finally:
            self._claimed.discard(extension)
            if not taken:
                self._resting[extension] = self._clock.now() + REST
                self._running.pop(place.duty_id, None)
        if not taken:
            await self._let_go(extension)

    async def _ring(self, extension: str, place: Place, key: str, *, paused: bool) -> bool:
        if not paused:
            await self._exchange.pause_member(extension, paused=True, reason=PAUSED)
            if not self._still_free(extension):  # a caller was quicker
                return False
        log.info("operator %s is rung for the call-back of duty %d", extension, place.duty_id)
        await self._exchange.ring(extension, place.number, place.queue, key)
        return True

    def _still_free(self, extension: str) -> bool:
        return self._view is not None and any(one.extension == extension for one in self._view.free())

    async def _let_go(self, extension: str) -> None:
        """Make an operator available again, if nothing else keeps him; the desk's own look mends what fails here."""
        if self._still_free(extension):
            try:
                await self._exchange.pause_member(extension, paused=False, reason="")
            except HotlineError as error:
                log.warning("operator %s stays paused for a moment: %s", extension, error.message)

    def _spawn(self, work: Awaitable[None], name: str) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run(), name=f"callbacks:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
