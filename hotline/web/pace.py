"""At most so often: numbers that change faster than anybody can read are told at an even pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class Pace:
    """Tells about each key at once, and then again after a pause when it changed meanwhile: the newest is never lost.

    A queue in a rush changes with every caller who comes or goes; told each time to every browser, its length would
    take more of the processor than all calls together (docs/performance.md).

    :param tell: is called with the key; it must look the newest value up itself.
    :param every_s: the pause, in seconds.
    """

    def __init__(self, tell: Callable[[str], Awaitable[None]], every_s: float) -> None:
        self._tell = tell
        self._every_s = every_s
        self._changed: dict[str, bool] = {}
        """Keys in their pause, and whether they changed since they were told."""
        self._pauses: set[asyncio.Task[None]] = set()

    async def touch(self, key: str) -> None:
        """Say that something changed. Must be called in the running loop."""
        if key in self._changed:
            self._changed[key] = True
            return
        self._changed[key] = False
        pause = asyncio.create_task(self._pause(key), name=f"pace:{key}")
        self._pauses.add(pause)
        pause.add_done_callback(self._pauses.discard)
        await self._tell(key)

    async def close(self) -> None:
        """Stop; what was not told yet is forgotten."""
        pauses = tuple(self._pauses)
        for pause in pauses:
            pause.cancel()
        await asyncio.gather(*pauses, return_exceptions=True)
        self._changed.clear()

    async def _pause(self, key: str) -> None:
        try:
            while True:
                await asyncio.sleep(self._every_s)
                if not self._changed[key]:
                    return
                self._changed[key] = False
                await self._tell(key)
        except Exception:  # nobody waits for this task; the next change begins anew
            log.exception("telling %s failed", key)
        finally:
            self._changed.pop(key, None)
