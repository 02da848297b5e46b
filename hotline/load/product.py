"""What the product itself says: its list of calls, its recordings, its live numbers; all through its own interface."""

from __future__ import annotations

import array
import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from hotline.errors import Unavailable
from hotline.load.operators import CITIZEN_HZ, OPERATOR_HZ
from hotline.load.session import AGAIN_S, Session
from hotline.load.verdict import Recorded, caller_of
from hotline.stand.tones import RATE, hear, telephone_samples

BLOCK_S = 0.25
SHARE = 0.2
"""Part of the power that each of two tones of equal strength must have; each alone would have all."""

Rows = dict[str, list[dict[str, Any]]]


async def calls_since(its: Session, since: datetime, callers: Collection[str]) -> Rows:
    """Return the journal's calls of these citizens that began at ``since`` or later, by number.

    :raises Unavailable: the service does not answer.
    """
    found: Rows = {}
    after: str | None = None
    while True:
        page = await its.get("/calls", **({"after": after} if after else {}))
        for row in page["calls"]:
            if datetime.fromisoformat(row["started_at"]) < since:
                return found
            if (caller := caller_of(row)) in callers:
                found.setdefault(caller, []).append(row)
        after = page["after"]
        if after is None:
            return found


async def settled(its: Session, since: datetime, callers: Collection[str], *, within_s: float) -> Rows:
    """Return the calls when each citizen's is there and has ended, or what there is after ``within_s`` seconds.

    :raises Unavailable: the service never answered.
    """
    rows: Rows | None = None
    why: Unavailable | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while rows is None or not _complete(rows, callers):
                try:
                    rows = await calls_since(its, since, callers)
                except Unavailable as error:
                    why = error
                await asyncio.sleep(AGAIN_S)
    if rows is None:
        raise why or Unavailable("the journal cannot be read")
    return rows


def _complete(rows: Rows, callers: Collection[str]) -> bool:
    return all(caller in rows and all(row["ended_at"] for row in rows[caller]) for caller in callers)


async def listen(its: Session, key: str) -> Recorded:
    """Fetch a recording and measure in how much of it both parties are heard.

    :raises Unavailable: it is not given.
    """
    await its.post_form(f"/recordings/{key}/player", reason="hotline load")  # another's call needs a reason
    sound = await its.get_bytes(f"/recordings/{key}")
    return await asyncio.to_thread(_measure, sound)


def _measure(sound: bytes) -> Recorded:
    with TemporaryDirectory(prefix="hotline-load-") as folder:
        path = Path(folder) / "recording"
        path.write_bytes(sound)
        try:
            samples = telephone_samples(path)
        except (OSError, ValueError) as error:  # PyAV's errors are both
            raise Unavailable(f"the recording cannot be read: {error}") from error
    size = round(RATE * BLOCK_S)
    blocks = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size)]
    return Recorded(len(samples) / RATE, BLOCK_S * sum(_both(block) for block in blocks))


def _both(block: array.array[int]) -> bool:
    return all(hear(block, tone).is_tone(share=SHARE) for tone in (CITIZEN_HZ, OPERATOR_HZ))


@dataclass
class Live:
    """What a supervisor sees at this moment: the queue and the operators' states, as the service pushes them."""

    connected: bool = False
    waiting: int = 0
    states: dict[str, str] = field(default_factory=dict)

    def take(self, message: dict[str, Any]) -> None:
        """Take one push message (docs/internals.md)."""
        data = message["data"]
        if message["type"] == "snapshot":
            queue = data.get("queue") or {}
            lines = queue if isinstance(queue, list) else [queue]
            self.waiting = sum(int(line.get("waiting", 0)) for line in lines)
        elif message["type"] == "queue.stats":
            self.waiting = int(data["waiting"])
        elif message["type"] == "presence":
            self.states[data["extension"]] = data["state"]

    def text(self) -> str:
        """Return the supervisor's view in a few words."""
        if not self.connected:
            return "service away"
        counted = Counter(self.states.values())
        return f"waiting {self.waiting}" + "".join(
            f", {name} {counted[name]}" for name in sorted(counted) if name != "offline"
        )


@asynccontextmanager
async def watched(its: Session, live: Live) -> AsyncIterator[None]:
    """Keep ``live`` up to date, through restarts of the service."""
    task = asyncio.create_task(_watch(its, live))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(its: Session, live: Live) -> None:
    while True:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with its.http.ws_connect("/events", heartbeat=20) as socket:
                live.connected = True
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        live.take(json.loads(message.data))
        live.connected = False
        await asyncio.sleep(1)
