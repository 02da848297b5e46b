"""The board, pushed live: changed rows only, at most four times a second, to those who look at it (DAY-34).

What changed is found once and encoded once for each scope, however many look. The first message of a browser is the
whole picture; rows are whole, so a change that both carry does no harm.
"""

from __future__ import annotations

import asyncio
import logging

from hotline.board.model import Changes, Scope
from hotline.board.service import BoardService
from hotline.web.board_messages import changes_data, picture
from hotline.web.push import Client, PushHub
from hotline.web.push_messages import message

log = logging.getLogger(__name__)

BOARD_EVERY_S = 0.25


class BoardNews:
    """Tells the browsers that show the board. One instance a process."""

    def __init__(self, board: BoardService, hub: PushHub) -> None:
        self._board = board
        self._hub = hub
        self._watchers: dict[Client, Scope] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def watchers(self) -> int:
        """How many browsers show the board."""
        return len(self._watchers)

    def start(self) -> None:
        """Begin. Must be called in the running loop."""
        self._task = asyncio.create_task(self._run(), name="push:board")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._watchers.clear()

    async def watch(self, client: Client, scope: Scope) -> None:
        """Send the whole board to a browser, and its changes from now on."""
        self._watchers[client] = scope
        await self._hub.send(client, message("board", picture(self._board.live, scope)))

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
