"""Keeps Asterisk and the operators' places at the administration's rules, whatever was killed in between.

It compares and mends when a link comes up, when a rule was changed, and every hour, because a new day of the calendar
comes into sight and members change. A citizen's call never waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotline.clock import Clock
from hotline.cti.model import LinkChanged, LinkState
from hotline.errors import HotlineError
from hotline.events import Bus
from hotline.queue.lines import LinesService
from hotline.queue.lines_rules import Options
from hotline.queue.model import Operator, OperatorState
from hotline.queue.service import OperatorDesk

log = logging.getLogger(__name__)

EVERY_S = 3600.0
AGAIN_S = 10.0
"""After a failure: the database or a link may be back."""


class Found(Protocol):
    """What differed."""

    @property
    def keys(self) -> Collection[str]:
        """Keys of AstDB."""
        ...

    @property
    def sections(self) -> Collection[str]:
        """Sections of the queues' files."""
        ...


class Applier(Protocol):
    """One Asterisk (``cti.distribution.Distribution``)."""

    async def apply(
        self, keys: Mapping[str, str], queues: Mapping[str, Options], levels: Mapping[str, Options]
    ) -> Found:
        """Bring it to these rules and return what differed. Raises ``HotlineError`` when it cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """How it went with one Asterisk at last. ``error``: why it does not have the rules; empty: it has them."""

    at: datetime
    mended: int = 0
    error: str = ""


class LinesKeeper:
    """Compares and mends. One a process."""

    def __init__(
        self,
        lines: LinesService,
        appliers: Mapping[str, Applier],
        desk: OperatorDesk,
        bus: Bus,
        clock: Clock,
        *,
        every_s: float = EVERY_S,
        again_s: float = AGAIN_S,
    ) -> None:
        """Wire it; ``appliers`` by the name of their Asterisk."""
        self.lines = lines
        self._appliers = appliers
        self._desk = desk
        self._bus = bus
        self._clock = clock
        self._every_s = every_s
        self._again_s = again_s
        self._wake = asyncio.Event()
        self._one = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.applied: dict[str, Applied] = {}
        """By the name of the Asterisk; without a row: it has not been tried yet."""

    def start(self) -> None:
        """Begin. Links that come up are heard from now on."""
        self._bus.subscribe(LinkChanged, handler=self._link_changed, name="lines")
        self._task = asyncio.create_task(self._run(), name="lines:keeper")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def keep(self) -> bool:
        """Compare and mend once; return whether everything is as it should be. What failed is in ``applied``.

        :raises Unavailable: the rules cannot be read.
        """
        async with self._one:
            plan = await self.lines.plan()
            for name, applier in self._appliers.items():
                now = self._clock.now()
                try:
                    found = await applier.apply(plan.keys, plan.queues, plan.levels)
                except HotlineError as error:
                    self.applied[name] = Applied(now, error=error.message)
                    log.warning("%s does not have the rules of the lines: %s", name, error.message)
                    continue
                mended = len(found.keys) + len(found.sections)
                self.applied[name] = Applied(now, mended)
                if mended:
                    # Keys hold numbers of citizens: only their kind is told.
                    kinds = sorted({key.partition("/")[0] for key in found.keys})
                    log.info("%s: %d differences of the lines mended: %s %s", name, mended, kinds, [*found.sections])
            await self._place_operators()
            return not any(one.error for one in self.applied.values())

    async def changed(self) -> bool:
        """A rule was changed: bring it about now; return whether every Asterisk has it. Never raises."""
        try:
            return await self.keep()
        except HotlineError as error:
            log.warning("the change of the lines is not applied yet: %s", error.message)
            return False
        finally:
            if any(one.error for one in self.applied.values()):
                self._wake.set()

    async def _place_operators(self) -> None:
        """Bring those at work into the queues in which they now stand."""
        wanted = await self.lines.places()
        for operator in self._desk.board().operators:
            places = wanted.get(operator.user_id)
            if operator.state is OperatorState.OFFLINE or places is None or _places(operator) == places:
                continue
            try:
                standing = tuple(places.values())
                await self._desk.reassign(operator.user_id, tuple(places), next(iter(standing), 0), standing)
            except HotlineError as error:  # his state holds; the desk itself tries again
                log.warning("places of %s are not applied yet: %s", operator.extension, error.message)

    async def _link_changed(self, event: LinkChanged) -> None:
        if event.state is LinkState.UP:
            self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = self._every_s
            try:
                if not await self.keep():
                    pause = self._again_s
            except HotlineError as error:
                log.warning("the lines cannot be compared: %s", error.message)
                pause = self._again_s
            except Exception:  # a fault here must not leave the hotline without its rules for ever
                log.exception("the lines cannot be compared")
                pause = self._again_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()


def _places(operator: Operator) -> dict[str, int]:
    places = operator.places or (operator.penalty,) * len(operator.queues)
    return dict(zip(operator.queues, places, strict=True))
