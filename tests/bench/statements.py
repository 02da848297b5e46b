"""Use cases of the database: what they send, timed on a bare connection beside ``SELECT 1``.

A case runs once through its service for each set of parameters, to learn the statements that it really sends, the
``SET LOCAL`` between them included. These are then repeated in one transaction: the best of three for each set, so that
the machine's pauses fall out, each beside the best of three of ``SELECT 1``. A second floor is honest to lists: the
very rows of the case, read by the same connection from a table that holds nothing else: nothing to find, join or sort.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from hotline.db import SERVER_SETTINGS, Database
from tests.bench.filled import say
from tests.bench.report import Row, percentile

SETS = 60
FEWEST = 10
BUDGET_S = 2
"""After so long no further set of parameters is tried, once there are :data:`FEWEST`."""
BEST_OF = 3
ONLY = os.environ.get("BENCH_ONLY", "")
"""A regular expression: only cases whose names it matches are measured."""
SHARES = (0.5, 0.95, 0.99)
Statements = list[tuple[str, Any]]
"""What one run of a case sends, with its parameters."""
Targets = tuple[float, float]
"""Ratios for p50 and p99."""
READS = ("SELECT", "WITH", "SET LOCAL")


@dataclass(frozen=True, slots=True)
class Case:
    """A use case: how it runs for the ``n``-th set of parameters, and what the design wants of it.

    Without ``good`` and ``most`` the design says nothing of it.
    """

    what: str
    run: Callable[[int], Awaitable[object]]
    good: Targets | None = None
    most: Targets | None = None


class Watched:
    """A database that remembers what is read in it."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url, connect_args={"server_settings": SERVER_SETTINGS})
        self.database = Database(self._engine)
        self._sent: Statements = []
        event.listen(self._engine.sync_engine, "before_cursor_execute", self._note)

    async def sets(self, case: Case, many: int = SETS) -> list[Statements]:
        """Run ``case`` so many times; return what it read each time."""
        found: list[Statements] = []
        begin = time.perf_counter()
        for number in range(many):
            if number >= FEWEST and time.perf_counter() > begin + BUDGET_S:
                break
            self._sent = []
            await case.run(number)
            found.append(self._sent)
        return found

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()

    def _note(self, _conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(READS):
            self._sent.append((statement, parameters))


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[Watched]:
    """Open a watched database."""
    found = Watched(url)
    try:
        yield found
    finally:
        await found.close()


async def compare(
    case: Case, bare: asyncpg.Connection[Any], sets: Sequence[Statements], *, where: str = "", best_of: int = BEST_OF
) -> list[Row]:
    """Time all statements of each set together, beside ``SELECT 1``; return p50, p95, p99, and p50 beside its rows."""
    ours: list[float] = []
    least: list[float] = []
    rows_alone: list[float] = []
    one = await bare.prepare("SELECT 1")
    prepared: dict[str, Any] = {}

    async def all_of(statements: Statements) -> None:
        for statement, parameters in statements:
            if statement not in prepared:  # planned when it is first met, under what was set before it
                prepared[statement] = await bare.prepare(statement)
            await prepared[statement].fetch(*parameters)

    begin = time.perf_counter()
    for number, statements in enumerate(sets):
        if number >= FEWEST and time.perf_counter() > begin + BUDGET_S:
            break
        async with bare.transaction():
            ours.append(min([await timed(partial(all_of, statements)) for _ in range(best_of)]))
            least.append(min([await timed(one.fetch) for _ in range(best_of)]))
            if number < FEWEST:
                await _keep_rows(bare, statements)
                kept = await bare.prepare(f"SELECT * FROM {_KEPT}")
                rows_alone.append(min([await timed(kept.fetch) for _ in range(best_of)]))
    rows = [_row(f"{where}{case.what}", case, share, ours, least) for share in SHARES]
    alone, beside = percentile(rows_alone, 0.5) * 1e6, percentile(ours[: len(rows_alone)], 0.5) * 1e6
    rows.append(Row(f"{where}{case.what}, p50 / the same rows by asyncpg", beside, alone))
    for row in rows:
        say(str(row))
    return rows


_KEPT = "bench_kept"


async def _keep_rows(bare: asyncpg.Connection[Any], statements: Statements) -> None:
    """Make a table, until the transaction ends, of the rows of that statement which returns most.

    What is set between the statements holds here as well: without it a search by words walks through all texts.
    """
    most = -1
    for statement, parameters in statements:
        prepared = await bare.prepare(statement)
        found = len(await prepared.fetch(*parameters))
        if not statement.startswith("SET") and found > most:
            most = found
            names = ", ".join(f"c{at}" for at in range(len(prepared.get_attributes())))
            await bare.execute(f"DROP TABLE IF EXISTS {_KEPT}")
            await bare.execute(
                f"CREATE TEMP TABLE {_KEPT} ON COMMIT DROP AS SELECT * FROM ({statement}) AS kept({names})", *parameters
            )


def wanted(cases: Iterable[Case], *, prefix: str = "") -> list[Case]:
    """Return the cases that were asked for.

    :param prefix: which the names have in the table.
    """
    return [case for case in cases if re.search(ONLY, prefix + case.what)]


def _row(what: str, case: Case, share: float, ours: Sequence[float], least: Sequence[float]) -> Row:
    place = {0.5: 0, 0.99: 1}.get(share)  # of p95 the design says nothing
    ratios: tuple[float | None, float | None] = (None, None)
    if place is not None and case.good is not None and case.most is not None:
        ratios = (case.good[place], case.most[place])
    return Row(
        f"{what}, p{share * 100:.0f}", percentile(ours, share) * 1e6, percentile(least, share) * 1e6, "us", *ratios
    )


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return how many seconds it takes."""
    begin = time.perf_counter()
    await work()
    return time.perf_counter() - begin
