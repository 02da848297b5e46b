"""A load from its beginning to the report."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.clock import SystemClock
from hotline.errors import HotlineError, Unavailable
from hotline.load import citizens, product
from hotline.load.citizens import Citizen, Fate
from hotline.load.facts import Away, Connected, Fact, Heard, Noticed, Parted, Spent, Transferred
from hotline.load.fleet import Fleet, Job, fleet, share_out
from hotline.load.report import Report
from hotline.load.script import Script, timetable
from hotline.load.session import Person, Session, session
from hotline.load.verdict import judge, judge_recording
from hotline.stand.sipp import TelephoneLine

SETTLE_S = 45.0
"""How long the journal may take after the last call: the service may just be importing what it missed."""
CLOCKS_S = 2.0
"""A call that began so much before us by the other clock is still ours."""


@dataclass(frozen=True)
class Options:
    """What is wanted."""

    url: str
    people: tuple[Person, ...]
    supervisor: Person
    script: Script
    operators: int
    callers: int
    seed: int = 1
    speed: float = 1.0
    greeting_s: float = 0.0
    """Nobody's patience begins before the greeting is over, and ``speed`` does not shorten what the hotline says."""
    did: str = "88001000000"
    processes: int = 1
    tolerance_s: float = 2.0
    recordings: bool = True


class Load:
    """One load. ``changed`` is called after every event; :meth:`progress` is worth showing then."""

    def __init__(self, options: Options, line: TelephoneLine, changed: Callable[[], None] = lambda: None) -> None:
        self.options = options
        self.citizens = {
            plan.caller: Citizen(plan)
            for plan in timetable(
                options.script,
                options.callers,
                seed=options.seed,
                speed=options.speed,
                greeting_s=options.greeting_s,
            )
        }
        self.stop = asyncio.Event()
        """Set it to end early: nobody else calls, everybody hangs up, the report covers what there was."""
        self.live = product.Live()
        self.notices: Counter[str] = Counter()
        self.faults: dict[str, list[str]] = {}
        self._by_key: dict[str, Citizen] = {}
        self._line = line
        self._changed = changed
        self._cpu_s = self._talk_s = 0.0
        self._news = asyncio.Condition()
        self._told: set[asyncio.Task[None]] = set()

    async def run(self) -> Report:
        """Do it all.

        :raises HotlineError: it could not begin: a login, a telephone, the service.
        """
        options = self.options
        people = share_out(options.people, options.operators)
        plans = tuple(citizen.plan for citizen in self.citizens.values())
        began, since = time.monotonic(), SystemClock().now() - timedelta(seconds=CLOCKS_S)
        async with AsyncExitStack() as stack:
            supervisor = await stack.enter_async_context(session(options.url, options.supervisor))
            await stack.enter_async_context(product.watched(supervisor, self.live))
            team = fleet(Job(options.url, people, plans), options.processes, self.take)
            try:
                await team.start()
                await self._everybody_calls()
                # Operators finish what they are doing: the last conversations are theirs to end.
                rows = await self._settled(supervisor, since)
            finally:
                await self._close(team)
            heard = await self._judge(supervisor, rows)
        return Report(
            citizens=list(self.citizens.values()),
            rows={caller: found[0] for caller, found in rows.items() if len(found) == 1},
            faults=self.faults,
            notices=self.notices,
            answer_within_s=options.script.answer_within_s / options.speed,
            seconds=time.monotonic() - began,
            interrupted=self.stop.is_set(),
            cpu_s=self._cpu_s,
            talk_s=self._talk_s,
            script=options.script.name,
            seed=options.seed,
            processes=options.processes,
            recordings=heard,
        )

    def take(self, fact: Fact) -> None:
        """Take one fact from an operator's telephone."""
        if isinstance(fact, Spent):
            self._cpu_s += fact.cpu_s
            self._talk_s += fact.talk_s
        elif isinstance(fact, Noticed):
            self.notices[fact.what] += 1
            if fact.problem:
                citizen = self._by_key.get(fact.key)
                self._fault(citizen.plan.caller if citizen else "", f"{fact.operator}: {fact.problem}")
        elif isinstance(fact, Connected | Heard | Away):
            self._take_own(self.citizens[fact.caller], fact)
        elif (citizen := self._by_key.get(fact.key)) is not None:
            self._take_later(citizen, fact)
        self._tell()

    async def reached(self, number: int, fate: Callable[[Citizen], bool]) -> None:
        """Wait until so many citizens satisfy ``fate``. Put a timeout around it."""
        async with self._news:
            await self._news.wait_for(lambda: sum(fate(one) for one in self.citizens.values()) >= number)

    def progress(self) -> str:
        """Return the state of the load and the supervisor's view of it, in one line."""
        everybody = list(self.citizens.values())
        placed = sum(1 for one in everybody if one.placed_at is not None)
        over = sum(1 for one in everybody if one.ended_at is not None)
        talking = sum(1 for one in everybody if one.connected.is_set() and one.ended_at is None)
        gone = sum(1 for one in everybody if one.fate is Fate.ABANDONED)
        faults = sum(map(len, self.faults.values()))
        return (
            f"{placed}/{len(everybody)} called, {talking} talking, {over} over, {gone} gave up, {faults} faults"
            f" | hotline: {self.live.text()}"
        )

    def _take_own(self, citizen: Citizen, fact: Connected | Heard | Away) -> None:
        if isinstance(fact, Heard):
            citizen.heard_s = fact.after_s if citizen.heard_s is None else citizen.heard_s
        elif isinstance(fact, Away):
            citizen.away_s += fact.seconds
        else:
            self._by_key[fact.key] = citizen
            if citizen.connected.is_set():  # he came back to the queue, and somebody took him again
                self.notices["taken-again"] += 1
                return
            citizen.key, citizen.operator = fact.key, fact.operator
            citizen.connected_at, citizen.rang_s = fact.at, fact.rang_s
            citizen.connected.set()
            if citizen.fate is Fate.ABANDONED:
                citizen.fate = Fate.STOPPED

    def _take_later(self, citizen: Citizen, fact: Transferred | Parted) -> None:
        if isinstance(fact, Transferred):
            citizen.transferred = True
            self.notices["transferred"] += 1

    async def _everybody_calls(self) -> None:
        zero = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for citizen in self.citizens.values():
                late = zero + citizen.plan.arrives_s - time.monotonic()
                if await self._stopped(late):
                    return
                group.create_task(self._call(citizen))

    async def _call(self, citizen: Citizen) -> None:
        try:
            await citizens.call(citizen, self._line, self.options.did, self.stop, self._tell)
        except TimeoutError:
            self._fault(citizen.plan.caller, "his call never ended")

    async def _stopped(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await self.stop.wait()
        except TimeoutError:
            return False
        return True

    async def _settled(self, supervisor: Session, since: datetime) -> product.Rows:
        placed = {caller for caller, citizen in self.citizens.items() if citizen.placed_at is not None}
        return await product.settled(supervisor, since, placed, within_s=SETTLE_S) if placed else {}

    async def _judge(self, supervisor: Session, rows: product.Rows) -> int:
        """Compare every call with the journal; return how many recordings were listened to."""
        heard = 0
        for caller, citizen in self.citizens.items():
            if citizen.placed_at is None:
                continue
            found = rows.get(caller, [])
            for fault in judge(citizen, found, tolerance_s=self.options.tolerance_s):
                self._fault(caller, fault)
            if self.options.recordings and citizen.fate is Fate.ANSWERED and citizen.key:
                try:
                    recorded = await product.listen(supervisor, citizen.key)
                except Unavailable as error:
                    self._fault(caller, error.message)
                    continue
                heard += 1
                for fault in judge_recording(citizen, recorded):
                    self._fault(caller, fault)
        return heard

    async def _close(self, team: Fleet) -> None:
        try:
            await team.close()
        except HotlineError as error:
            self._fault("", error.message)

    def _fault(self, caller: str, text: str) -> None:
        self.faults.setdefault(caller, []).append(text)
        self._tell()

    def _tell(self) -> None:
        self._changed()
        task = asyncio.get_running_loop().create_task(self._wake())
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()
