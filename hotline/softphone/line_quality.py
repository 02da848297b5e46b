"""Keeps the exchange's own opinion of every call beside the browsers', and says when the two clearly disagree.

The figures come with the sweeps of ``recovery_service``, which asks Asterisk for them anyway. They go to the database
when the call ends; a crash of the service costs those of the calls that were going on until the next sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, fields
from datetime import timedelta

from prometheus_client import Counter
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import SQLAlchemyError

from hotline.clock import Clock
from hotline.cti.model import CallEvent, Phase
from hotline.db import Database
from hotline.errors import Unavailable
from hotline.events import Bus
from hotline.softphone.line_rules import LineMeasured, LineQuality, begun, disagreements
from hotline.softphone.quality_rules import LegQuality
from hotline.softphone.tables_line import CallLineRow

log = logging.getLogger(__name__)

DISAGREEMENTS = Counter(
    "hotline_quality_disagreements_total", "Calls of which browser and exchange tell differently", ["what"]
)
FORGOTTEN = timedelta(minutes=2)
"""A channel that nobody has looked at for so long is over: the end of its call was missed."""
BrowserFigures = Callable[[Iterable[str]], Awaitable[dict[str, tuple[LegQuality, ...]]]]


class LineQualityService:
    """Feed it by the bus; one instance a process.

    :param browsers: the browsers' figures of calls, by call (``QualityService.of_calls``).
    """

    def __init__(self, database: Database, bus: Bus, clock: Clock, browsers: BrowserFigures) -> None:
        self._db = database
        self._bus = bus
        self._clock = clock
        self._browsers = browsers
        self._lines: dict[str, LineQuality] = {}
        self._writing = asyncio.Lock()
        self._unsubscribe: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Begin to listen. Must be called in the running loop."""
        self._unsubscribe = self._bus.subscribe(
            LineMeasured, CallEvent, handler=self._on_fact, name="softphone.line-quality"
        )

    async def close(self) -> None:
        """Write what is known, if the database answers."""
        if self._unsubscribe is not None:
            await self._unsubscribe()
        await self._flush(set(self._lines))

    async def of_calls(self, keys: Iterable[str]) -> dict[str, tuple[LineQuality, ...]]:
        """Return what was kept of calls, channel by channel in the order of time.

        :raises Unavailable: the database does not answer.
        """
        row = CallLineRow
        found: dict[str, tuple[LineQuality, ...]] = {}
        async with self._db.begin() as session:
            statement = select(row).where(row.call_key.in_(list(keys))).order_by(row.first_at, row.id)
            for one in await session.scalars(statement):
                line = LineQuality(**{field.name: getattr(one, field.name) for field in fields(LineQuality)})
                found[line.call_key] = (*found.get(line.call_key, ()), line)
        return found

    async def _on_fact(self, fact: object) -> None:
        if isinstance(fact, LineMeasured):
            before = self._lines.get(fact.leg)
            self._lines[fact.leg] = begun(fact) if before is None else before.plus(fact)
        elif isinstance(fact, CallEvent) and fact.call.phase is Phase.ENDED:
            silent = self._clock.now() - FORGOTTEN
            due = {leg for leg, one in self._lines.items() if one.call_key == fact.call.key or one.last_at < silent}
            if due:
                await self._flush(due)

    async def _flush(self, due: set[str]) -> None:
        """Write these channels; those that cannot be written wait for the end of the next call."""
        async with self._writing:
            taken = {leg: self._lines.pop(leg) for leg in due if leg in self._lines}
            try:
                async with self._db.begin() as session:
                    for line in taken.values():
                        await session.execute(_kept(line))
                await self._compare({line.call_key for line in taken.values()})
            except (Unavailable, SQLAlchemyError) as error:
                self._lines = taken | self._lines
                log.warning("what the exchange heard of %d channels cannot be saved now: %s", len(taken), error)

    async def _compare(self, keys: set[str]) -> None:
        pages, lines = await self._browsers(keys), await self.of_calls(keys)
        for key in keys:
            for extension, what in disagreements(pages.get(key, ()), lines.get(key, ())).items():
                for one in sorted(what):
                    DISAGREEMENTS.labels(one).inc()
                log.warning(
                    "sound of %s in call %s: browser and exchange disagree: %s", extension, key, ", ".join(sorted(what))
                )


def _kept(line: LineQuality) -> Insert:
    """Write a channel; of one that an earlier process has begun, the counts only grow."""
    row = CallLineRow
    statement = insert(row).values(**asdict(line))
    grown = [field.name for field in fields(LineQuality) if field.type not in {"str", "str | None"}]
    new = {name: func.greatest(getattr(row, name), statement.excluded[name]) for name in grown if name != "first_at"}
    return statement.on_conflict_do_update(index_elements=[row.call_key, row.leg], set_=new)
