"""One scenario from the first call to the facts: calls are held, a part breaks and is mended, all is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from hotline.clock import SystemClock
from hotline.errors import HotlineError
from hotline.stand.sipp import SippRun, citizen_calls
from tests.chaos import measure
from tests.chaos.facts import Citizen, Draft, Facts, Operator
from tests.chaos.faults import MENDING_S, Fault, clock_library
from tests.chaos.processes import passing
from tests.chaos.site import LONGEST_S, Site, site
from tests.chaos.trace import citizens

LEAVERS, NEWCOMERS = 4, 3
SOUND = 4
"""Operators with a telephone of sound and an account, besides the one with a page."""
CALLERS = {"sound": "79281000001", "stay": "79281000002", "leave": "79281000003", "new": "79281000004"}
PAGE = "101"
"""The extension of the operator with the page."""
DRAFT = "SELECT fields ->> 'content' FROM draft WHERE fields ->> 'content' <> '' ORDER BY id LIMIT 1"
NEVER = datetime.min.replace(tzinfo=UTC)
WARM_S = 8.0
"""Conversation before the fault, and again after it: there must be something to record on both sides."""
EQUAL_LIMIT_S, GONE_S, FREE_S, DRAFT_S, SERVED_S = 60.0, 20.0, 30.0, 30.0, 60.0


@dataclass
class Play:
    """A scenario under way."""

    fault: Fault
    calls: int
    short: bool
    clock_now: SystemClock = field(default_factory=SystemClock)
    runs: dict[str, SippRun] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    began_at: datetime = NEVER
    mended_at: datetime = NEVER
    equal_after_s: float | None = None
    differences: list[str] = field(default_factory=list)

    @property
    def lasts_s(self) -> float:
        """How long the fault lasts."""
        short = self.fault.short_s
        return short if self.short and short is not None else self.fault.lasts_s

    async def run(self) -> Facts:
        """Play it.

        :raises Exception: it could not be played to the end; nothing is known then.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        plain = self.calls - SOUND - 1 + NEWCOMERS
        clock = clock_library() if self.fault.needs_clock else None
        async with (
            asyncio.timeout(self.lasts_s + 420),
            site(operators=SOUND, plain=plain, browser=True, clock=clock) as its,
            AsyncExitStack() as telephones,
        ):
            since = self.clock_now.now() - timedelta(seconds=1)
            await self._hold(its, telephones)
            await self._break(its, telephones)
            await self._equal(its, since)
            if not self.fault.newcomers:
                await self._place("new", NEWCOMERS, its, telephones)
            await measure.until(lambda: self._served(its, since), SERVED_S)
            await passing(WARM_S)
            facts = await self._end(its, since)
        return replace(facts, seconds=loop.time() - began)

    # --- the parts of a scenario ------------------------------------------------------------------------------------

    async def _hold(self, its: Site, telephones: AsyncExitStack) -> None:
        """Bring all calls to life; the operator with the page begins to type."""
        typist = its.typist
        assert typist is not None
        await typist.arrive("op101")
        assert typist.desk is not None
        await typist.desk.start_work()
        await self._place("sound", SOUND + 1, its, telephones)
        await typist.answer()
        await self._held(its, SOUND + 1)
        await its.let_plain_work()
        await self._place("stay", self.calls - SOUND - 1 - LEAVERS, its, telephones)
        await self._place("leave", LEAVERS, its, telephones)
        await self._held(its, self.calls)
        await passing(WARM_S)

    async def _place(self, group: str, calls: int, its: Site, telephones: AsyncExitStack) -> None:
        placing = citizen_calls(its.stand, caller=CALLERS[group], calls=calls, rate=5, hold_s=LONGEST_S)
        self.runs[group] = await telephones.enter_async_context(placing)

    async def _held(self, its: Site, calls: int) -> None:
        async def talking() -> bool:
            return await self._talking(its) >= calls

        if await measure.until(talking, 60) is None:
            raise RuntimeError(
                f"only {await self._talking(its)} of {calls} calls came to talk:\n{_tail(its.house.log)}"
            )

    async def _talking(self, its: Site) -> int:
        rows = (await its.stand.asterisk.cli("core show channels concise")).splitlines()
        return sum(row.startswith("PJSIP/trunk-") and row.count("!") > 10 and row.split("!")[-2] != "" for row in rows)

    async def _break(self, its: Site, telephones: AsyncExitStack) -> None:
        """Begin the fault; people leave and call meanwhile; mend it."""
        typist = its.typist
        assert typist is not None
        if not self.fault.typing:
            await typist.stop_typing()
        self.began_at = self.clock_now.now()
        await self.fault.begin(its)
        loop = asyncio.get_running_loop()
        until = loop.time() + self.lasts_s
        await passing(min(2.0, self.lasts_s))
        leaving = asyncio.create_task(self.runs["leave"].hang_up())
        if self.fault.newcomers:
            await self._place("new", NEWCOMERS, its, telephones)
        await passing(max(0.0, until - loop.time()))
        async with asyncio.timeout(MENDING_S):
            await self.fault.mend(its)
        self.mended_at = self.clock_now.now()
        await leaving

    async def _equal(self, its: Site, since: datetime) -> None:
        """Wait until the journal tells what CEL tells, of the calls that are over and of those that go on."""

        async def same() -> bool:
            try:
                async with asyncio.timeout(10):
                    self.differences = await measure.differences(its.db, its.stand.asterisk.settings, since)
                    self.differences += await measure.live_differs(its.db, its.stand.asterisk)
            except measure.AWAY as error:  # PostgreSQL is not back yet, or this connection died with it
                self.differences = [repr(error)]
            return not self.differences

        waited = await measure.until(same, EQUAL_LIMIT_S)
        if waited is not None:
            self.equal_after_s = (self.clock_now.now() - self.mended_at).total_seconds()

    async def _served(self, its: Site, since: datetime) -> bool:
        calls = await asyncio.to_thread(measure.calls_of, its.stand.asterisk.settings, since)
        return measure.served(calls, CALLERS["new"]) >= NEWCOMERS

    async def _end(self, its: Site, since: datetime) -> Facts:
        """Everybody hangs up; look whether all come to rest."""
        draft = await self._draft(its)
        self.notes.append(f"{await self._talking(its)} of {self.calls + NEWCOMERS - LEAVERS} talked to the end")
        released_at = self.clock_now.now()
        await asyncio.gather(*(run.hang_up() for run in self.runs.values()))
        operators = await self._free(its)

        async def gone() -> bool:
            return not await measure.channels(its.stand.asterisk)

        await measure.until(gone, GONE_S)
        left = tuple(await measure.channels(its.stand.asterisk))
        after_fault, differences = self.equal_after_s, self.differences
        await self._equal(its, since)
        facts = Facts(
            fault=self.fault.name,
            calls=self.calls,
            released_at=released_at,
            equal_after_s=after_fault,
            equal_at_end=not self.differences,
            differences=tuple(self.differences or differences),
            operators=operators,
            channels_left=left,
            drafts=(draft,),
        )
        return await self._read(its, since, facts)

    async def _read(self, its: Site, since: datetime, facts: Facts) -> Facts:
        """Add what is written down: by the citizens' telephones, CEL, the recordings, the journal."""
        settings = its.stand.asterisk.settings
        calls = await asyncio.to_thread(measure.calls_of, settings, since)
        async with its.db.begin() as session:
            kept = await session.scalar(
                text("SELECT count(*) FROM call WHERE ended_at IS NOT NULL AND direction = 'in'")
            )
        recorded = await asyncio.to_thread(
            measure.recordings,
            settings,
            calls,
            died_at=self.began_at if self.fault.allowed.asterisk_dies else None,
            deaf=(self.began_at, self.mended_at) if self.fault.deaf else None,
            unsteady=[PAGE, *(one.extension for one in its.operators)],
        )
        return replace(
            facts,
            citizens=tuple(self._citizens()),
            newcomers=NEWCOMERS,
            newcomers_served=measure.served(calls, CALLERS["new"]),
            journal_calls=kept or 0,
            recordings=tuple(recorded),
            unended=sum(seen.ended_at is None for seen, _ in calls.values()),
            blamed=tuple(measure.blamed(calls, facts.released_at, CALLERS["leave"])),
            allowed=self.fault.allowed,
            kinds={"page": 1, "sound": SOUND, "plain": self.calls - SOUND - 1 + NEWCOMERS},
            notes=tuple(self.notes),
        )

    def _citizens(self) -> Iterable[Citizen]:
        for run in self.runs.values():
            yield from citizens(run.messages())

    async def _draft(self, its: Site) -> Draft:
        """Wait until the server has what was typed; return both."""
        typist = its.typist
        assert typist is not None
        await typist.stop_typing()
        kept = ""

        async def stored() -> bool:
            nonlocal kept
            async with its.db.begin() as session:
                found = await session.scalar(
                    text(
                        "SELECT fields ->> 'content' FROM draft WHERE fields ? 'content' ORDER BY saved_at DESC LIMIT 1"
                    )
                )
            kept = (found or "").rstrip()
            return kept == typist.typed

        await measure.until(stored, DRAFT_S)
        return Draft(typist.typed, kept, typist.fresh)

    async def _free(self, its: Site) -> tuple[Operator, ...]:
        """Wait until every operator of the product is free, by the supervisor's board."""
        extensions = [one.extension for one in its.operators] + [PAGE]
        states: dict[str, str] = {}
        free: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def all_free() -> bool:
            with suppress(HotlineError):
                board = await its.supervisor.get("/api/board")
                states.update({str(one["extension"]): str(one["state"]) for one in board["operators"]})
            for one in extensions:
                if states.get(one) == "ready":
                    free.setdefault(one, loop.time() - began)
                else:
                    free.pop(one, None)
            return len(free) == len(extensions)

        await measure.until(all_free, FREE_S)
        return tuple(Operator(one, states.get(one, ""), free.get(one)) for one in extensions)


def _tail(log: list[str], lines: int = 25) -> str:
    return "\n".join(log[-lines:])
