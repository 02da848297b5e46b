"""Keeps a worker process running while imports wait, and starts it again when it was killed.

The work itself is ``hotline register work``: a process of its own, with a low priority and a limit on its memory, so
that a file of a million rows, or one made to burst, touches no call.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from hotline.errors import HotlineError

log = logging.getLogger(__name__)

LOOK_S = 30.0
"""How often is looked for imports that a crash left behind."""
AGAIN_S = 3.0
"""How long after a worker that was killed, or that the database failed, the next one is started."""


class ImportRunner:
    """Watches over the worker.

    :param unfinished: tells whether anything waits.
    :param again_s: seconds until a worker that ended badly is followed by another.
    """

    def __init__(
        self, unfinished: Callable[[], Awaitable[bool]], database_url: str, time_zone: str, again_s: float = AGAIN_S
    ) -> None:
        self._unfinished = unfinished
        self._again_s = again_s
        self._environment = {
            **os.environ,
            "HOTLINE_DATABASE_URL": database_url,
            "HOTLINE_TIME_ZONE": time_zone,
        }
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.worker: asyncio.subprocess.Process | None = None
        """The worker that runs now."""

    def wake(self) -> None:
        """Say that an import waits."""
        self._news.set()

    def start(self) -> None:
        """Begin to watch; an import that was cut off goes on now."""
        self._task = asyncio.create_task(self._watch(), name="register.runner")

    async def close(self) -> None:
        """Stop; an import that is cut off goes on after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._news.clear()
            wait_s = LOOK_S
            try:
                if await self._unfinished() and not await self._work():
                    wait_s = self._again_s
            except (HotlineError, OSError) as error:
                log.warning("the register's imports wait: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait_s)

    async def _work(self) -> bool:
        """Run a worker to its end; False when it ended badly."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "hotline", "register", "work"),
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        self.worker = process
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            raise
        finally:
            self.worker = None
        if code != 0:
            log.warning("the worker of imports ended with %d; another one goes on", code)
        return code == 0
