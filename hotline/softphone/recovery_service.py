"""Looks after citizens whose operator's browser was lost: runs ``recovery.look`` on the clock and does what it says.

Nothing is kept on disk: when this service dies in the middle, the dialplan alone brings the citizen to the head of the
queue, and after its start the service looks at every conversation anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from hotline.clock import Clock
from hotline.cti.model import LineReport, LinkChanged, LinkState, OperatorPart, Standing
from hotline.errors import HotlineError, NotFound
from hotline.events import Bus
from hotline.softphone.line_rules import LineMeasured
from hotline.softphone.model import PhoneConnected, PhoneLost
from hotline.softphone.recovery import Action, Limits, Loss, Seen, ghost_ring, look

log = logging.getLogger(__name__)

LOOK_S = 0.5
SWEEP_EVERY = 10  # looks between two sweeps over all conversations for telephones that fell silent
SILENT = timedelta(seconds=9)
"""No packet from a telephone for this long is worth a closer look, even when its socket is open (a closed laptop)."""
RESTART_GRACE = timedelta(seconds=8)
"""Added to the grace after a start of this service: browsers come back within four seconds (JsSIP's interval)."""


class Ring(Protocol):
    """A channel that rings."""

    uniqueid: str
    started_at: datetime
    extension: str | None


class RescuePort(Protocol):
    """What is asked of one Asterisk; ``cti.rescue.Rescue`` documents it."""

    def conversations(self) -> Iterable[tuple[str, str]]: ...  # noqa: D102
    def rings(self) -> Iterable[tuple[str, Ring]]: ...  # noqa: D102
    def part(self, key: str, extension: str) -> OperatorPart: ...  # noqa: D102
    async def packets(self, leg: str) -> int | None: ...  # noqa: D102
    async def sound(self, leg: str) -> LineReport | None: ...  # noqa: D102
    def citizen_line(self, key: str) -> str | None: ...  # noqa: D102
    async def keep(self, key: str, extension: str) -> None: ...  # noqa: D102
    async def call_back(self, key: str, extension: str) -> None: ...  # noqa: D102
    async def requeue(self, key: str) -> None: ...  # noqa: D102
    async def drop(self, key: str, extension: str) -> None: ...  # noqa: D102
    async def refuse(self, leg: str) -> None: ...  # noqa: D102
    def done(self, key: str) -> None: ...  # noqa: D102


class PhonesPort(Protocol):
    """What is asked of the proxy."""

    def connected_at(self, extension: str) -> datetime | None: ...  # noqa: D102
    def heard_at(self, extension: str) -> datetime | None: ...  # noqa: D102


class Recovery:
    """The care for all calls of all servers. One instance a process, fed by the bus and its own clock."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        phones: PhonesPort,
        rescues: Mapping[str, RescuePort],
        limits: Limits | None = None,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._phones = phones
        self._rescues = rescues
        self._limits = limits or Limits()
        self._look_s = look_s
        self._losses: dict[tuple[str, str], tuple[RescuePort, Loss]] = {}
        self._lost_at: dict[str, datetime] = {}
        self._heard: dict[str, tuple[int | None, datetime]] = {}
        """Sweep: Uniqueid of a channel → its packets and since when they are that many."""
        self._refused: set[str] = set()
        self._started_at = clock.now()
        self._looks = 0
        self._stop: Callable[[], Awaitable[None]] | None = None
        self._timer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Subscribe and begin to look. Must be called in the running loop."""
        self._stop = self._bus.subscribe(
            PhoneConnected, PhoneLost, LinkChanged, handler=self._on_fact, name="softphone.recovery"
        )
        self._timer = asyncio.create_task(self._run(), name="softphone:recovery")

    async def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)
            self._timer = None
        if self._stop is not None:
            await self._stop()
            self._stop = None

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The calls that are being looked after now."""
        return tuple(loss for _, loss in self._losses.values())

    async def look(self) -> None:
        """Look once at everything; do what is due."""
        for (key, extension), (rescue, loss) in list(self._losses.items()):
            await self._look_at(key, extension, rescue, loss)
        await self._ghost_rings()
        self._looks += 1
        if self._looks % SWEEP_EVERY == 0:
            await self._sweep()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self.look()
            except Exception:  # the care for all citizens must outlive a fault in one
                log.exception("recovery failed")

    async def _on_fact(self, fact: object) -> None:
        match fact:
            case PhoneLost(extension=extension, at=at):
                self._lost_at[extension] = at
                self._suspect(extension, at)
            case PhoneConnected(extension=extension, at=at):
                self._lost_at.pop(extension, None)
                # A page without memory of the call (another computer) replaces a connection without a loss.
                self._suspect(extension, at)
            case LinkChanged(state=LinkState.UP):
                self._compare(fact.asterisk)
            case _:
                pass

    def _compare(self, asterisk: str) -> None:
        """After a start or a gap: look at those who are in a call and not connected, once browsers had time."""
        rescue = self._rescues.get(asterisk)
        if rescue is None:
            return
        since = max(self._clock.now(), self._started_at + RESTART_GRACE)
        for key, extension in rescue.conversations():
            if self._phones.connected_at(extension) is None:
                self._begin(rescue, key, extension, since)

    def _suspect(self, extension: str, since: datetime) -> None:
        for rescue in self._rescues.values():
            for key, other in rescue.conversations():
                if other == extension:
                    self._begin(rescue, key, extension, since)

    def _begin(self, rescue: RescuePort, key: str, extension: str, since: datetime) -> None:
        if (key, extension) not in self._losses:
            self._losses[key, extension] = (rescue, Loss(key, extension, since))

    async def _look_at(self, key: str, extension: str, rescue: RescuePort, loss: Loss) -> None:
        part = rescue.part(key, extension)
        try:
            packets = None
            if part.standing is Standing.WITH_HIM and part.leg is not None:
                packets = await rescue.packets(part.leg)
            seen = Seen(
                self._clock.now(),
                part,
                packets,
                self._phones.connected_at(extension),
                self._phones.heard_at(extension),
            )
            verdict = look(loss, seen, self._limits)
            if verdict.action is not None:
                log.warning("call %s, telephone %s (%s): %s", key, extension, loss.stage, verdict.action)
                await self._act(rescue, key, extension, verdict.action)
        except NotFound:
            return  # a channel went this moment: the next look sees what became of the call
        except HotlineError as error:
            log.warning("call %s, telephone %s: %s; trying again", key, extension, error.message)
            return
        if verdict.loss is not None:
            self._losses[key, extension] = (rescue, verdict.loss)
            return
        del self._losses[key, extension]
        rescue.done(key)
        log.info("call %s, telephone %s: %s is over (%s)", key, extension, loss.stage, part.standing)

    async def _act(self, rescue: RescuePort, key: str, extension: str, action: Action) -> None:
        match action:
            case Action.KEEP:
                await rescue.keep(key, extension)
            case Action.CALL_BACK:
                await rescue.call_back(key, extension)
            case Action.REQUEUE:
                await rescue.requeue(key)
            case Action.DROP:
                await rescue.drop(key, extension)

    async def _ghost_rings(self) -> None:
        """End rings that were sent over a connection that is gone; the queue then offers the call again."""
        now = self._clock.now()
        ringing: set[str] = set()
        for rescue in self._rescues.values():
            for key, ring in list(rescue.rings()):
                ringing.add(ring.uniqueid)
                extension = ring.extension or ""
                connected = self._phones.connected_at(extension)
                lost_at = self._lost_at.get(extension)
                if connected is None and lost_at is None and ring.started_at < self._started_at:
                    lost_at = self._started_at
                if ring.uniqueid in self._refused or not ghost_ring(ring.started_at, connected, lost_at, now):
                    continue
                log.warning("call %s rings at %s, whose connection is gone: ended", key, extension)
                self._refused.add(ring.uniqueid)
                try:
                    await rescue.refuse(ring.uniqueid)
                except NotFound:
                    pass  # it has stopped ringing by itself
                except HotlineError as error:
                    self._refused.discard(ring.uniqueid)
                    log.warning("call %s: %s", key, error.message)
        self._refused &= ringing

    async def _sweep(self) -> None:
        """Find telephones that fell silent although their connection seems to live; tell what RTP counted."""
        now = self._clock.now()
        heard: dict[str, tuple[int | None, datetime]] = {}
        for rescue in self._rescues.values():
            conversations = list(rescue.conversations())
            for key in dict(conversations):
                await self._measure(rescue, key, None, rescue.citizen_line(key))
            for key, extension in conversations:
                part = rescue.part(key, extension)
                if part.leg is None or (key, extension) in self._losses:
                    continue
                report = await self._measure(rescue, key, extension, part.leg)
                packets = report.received if report is not None else None
                before = self._heard.get(part.leg)
                since = before[1] if before is not None and before[0] == packets else now
                heard[part.leg] = (packets, since)
                if packets is not None and now - since >= SILENT:
                    log.warning("call %s: nothing comes from telephone %s since %s", key, extension, since)
                    self._begin(rescue, key, extension, since)
        self._heard = heard

    async def _measure(self, rescue: RescuePort, key: str, extension: str | None, leg: str | None) -> LineReport | None:
        """Ask what RTP counted on a channel, and tell everybody; ``None``: it cannot be known now."""
        if leg is None:
            return None
        try:
            report = await rescue.sound(leg)
        except HotlineError:
            return None
        if report is not None:
            self._bus.publish(LineMeasured(key, extension, leg, self._clock.now(), report))
        return report
