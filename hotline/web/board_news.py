"""The board, pushed live: changed rows only, at most four times a second, to those who look at it (DAY-34).

What changed is found once and encoded once for each scope, however many look. The first message of a browser is the
whole picture; rows are whole, so a change that both carry does no harm.
"""

from __future__ import annotations

import asyncio
import logging

from hotline.board.alarms import Alarms
from hotline.board.model import Changes, Scope
from hotline.board.service import BoardService
from hotline.web.alarm_words import alarm_data
from hotline.web.board_messages import changes_data, picture
from hotline.web.push import Client, PushHub
from hotline.web.push_messages import message

log = logging.getLogger(__name__)

BOARD_EVERY_S = 0.25


class BoardNews:
    """Tells the browsers that show the board. One instance a process."""

    def __init__(self, board: BoardService, alarms: Alarms, hub: PushHub) -> None:
        self._board = board
        self._alarms = alarms
        self._hub = hub
        self._watchers: dict[Client, Scope] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def watchers(self) -> int:
        """How many browsers show the board."""
        return len(self._watchers)

    def start(self) -> None:
        """Begin. Must be called in the running loop."""
        self._tasks = [
            asyncio.create_task(self._run(), name="push:board"),
            asyncio.create_task(self._run_alarms(), name="push:alarms"),
        ]

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._watchers.clear()

    async def watch(self, client: Client, scope: Scope) -> None:
        """Send the whole board to a browser, and its changes from now on."""
        self._watchers[client] = scope
        await self._hub.send(client, message("board", picture(self._board.live, scope)))
        await self._hub.send(client, self._alarms_message(scope))

    def leave(self, client: Client) -> None:
        """Send no more to a browser."""
        self._watchers.pop(client, None)

    async def tell(self) -> Changes:
        """Send what has changed since the last time."""
        changes = self._board.live.take_changes()
        if changes.nothing:
            return changes
        for scope in set(self._watchers.values()):
            clients = [client for client, its in self._watchers.items() if its == scope]
            if changes.restarted:
                self._hub.tell(clients, message("board", picture(self._board.live, scope)))
                continue
            data = changes_data(changes, scope, self._board.live)
            if data is not None:
                self._hub.tell(clients, message("board.changed", data))
        return changes

    def _alarms_message(self, scope: Scope) -> bytes:
        return message("board.alarms", {"alarms": [alarm_data(one) for one in self._alarms.on(scope)]})

    async def _run_alarms(self) -> None:
        """What is on, whole: these are few."""
        while True:
            await self._alarms.changed.wait()
            self._alarms.changed.clear()
            for scope in set(self._watchers.values()):
                clients = [client for client, its in self._watchers.items() if its == scope]
                self._hub.tell(clients, self._alarms_message(scope))
            await asyncio.sleep(BOARD_EVERY_S)

    async def _run(self) -> None:
        while True:
            await self._board.changed.wait()
            self._board.changed.clear()
            for client in [one for one in self._watchers if one.closing]:
                self.leave(client)
            try:
                await self.tell()
            except Exception:  # one bad row must not stop the board for good
                log.exception("telling the board failed")
            await asyncio.sleep(BOARD_EVERY_S)
