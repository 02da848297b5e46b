"""Citizens who follow the script: calls from the telephone network by SIPp, a process each, so that each has a will."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hotline.load.operators import CITIZEN_HZ
from hotline.load.script import End, Plan
from hotline.stand.sipp import SippRun, TelephoneLine, citizen_calls

LONGEST_S = 7200.0
LATE_S = 120.0
"""How long a citizen stays on the line after an operator should have said goodbye."""


class Fate(StrEnum):
    """What became of a citizen."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    DROPPED = "dropped"
    """The hotline ended the call before anybody had talked to him: always a fault."""
    STRANDED = "stranded"
    """Nobody ended his call after the conversation: always a fault."""
    STOPPED = "stopped"
    """The load was interrupted, or he gave up in the moment in which he was answered."""


@dataclass
class Citizen:
    """One of them, and what happened to him. Moments are of the monotonic clock (facts.py)."""

    plan: Plan
    fate: Fate = Fate.WAITING
    placed_at: float | None = None
    setup_s: float | None = None
    """From INVITE until the hotline took the call (the greeting begins)."""
    connected_at: float | None = None
    rang_s: float = 0.0
    key: str = ""
    operator: str = ""
    heard_s: float | None = None
    """From the operator's answer until he heard the citizen."""
    away_s: float = 0.0
    """On hold or during a consultation."""
    transferred: bool = False
    ended_at: float | None = None
    by_citizen: bool = False
    errors: str = ""
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waited_s(self) -> float | None:
        """From the first INVITE to the operator's answer, the greeting included."""
        if self.connected_at is None or self.placed_at is None:
            return None
        return self.connected_at - self.placed_at

    @property
    def talked_s(self) -> float | None:
        """From the operator's answer to the end."""
        if self.connected_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.connected_at


async def call(
    citizen: Citizen, line: TelephoneLine, did: str, stop: asyncio.Event, changed: Callable[[], None]
) -> None:
    """Live one citizen's call, from dialling to the end. ``stop``: everybody hangs up now."""
    plan = citizen.plan
    async with citizen_calls(line, caller=plan.caller, did=did, hold_s=LONGEST_S, sound=float(CITIZEN_HZ)) as run:
        citizen.placed_at = time.monotonic()
        changed()
        over = asyncio.create_task(run.wait(LONGEST_S))
        try:
            await _wait(citizen, run, over, stop)
            result = await over
        finally:
            over.cancel()
            changed()
        citizen.setup_s = result.setup_s
        citizen.errors = result.errors if citizen.fate is Fate.DROPPED else ""


async def _wait(citizen: Citizen, run: SippRun, over: asyncio.Task[object], stop: asyncio.Event) -> None:
    plan = citizen.plan
    if not await _first(plan.patience_s, over, citizen.connected, stop):
        citizen.fate = Fate.ABANDONED
    elif over.done():
        citizen.fate = Fate.ANSWERED if citizen.connected.is_set() else Fate.DROPPED
    elif stop.is_set():
        citizen.fate = Fate.STOPPED
    else:
        citizen.fate = Fate.ANSWERED
        own = plan.ends is End.CITIZEN and not plan.complete  # who was transferred hears the colleague's goodbye
        ended = await _first(plan.talk_s if own else plan.talk_s + LATE_S, over, None, stop)
        if not over.done():
            citizen.by_citizen = True
            if ended or not own:
                citizen.fate = Fate.STOPPED if ended else Fate.STRANDED
    if not over.done():
        await run.hang_up()
    citizen.ended_at = time.monotonic()


async def _first(
    within_s: float, over: asyncio.Task[object], connected: asyncio.Event | None, stop: asyncio.Event
) -> bool:
    """Wait for the first of these; ``False``: none came in time."""
    events = [asyncio.create_task(event.wait()) for event in (connected, stop) if event is not None]
    try:
        done, _ = await asyncio.wait([over, *events], timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for task in events:
            task.cancel()
