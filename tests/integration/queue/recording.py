"""Our own port to Asterisk's queues, kept in memory: what a test needs to see and to break."""

from __future__ import annotations

import asyncio

from hotline.errors import HotlineError


class RecordingPort:
    """Does what Asterisk would do with its members, and remembers what it was asked."""

    def __init__(self) -> None:
        self.members: dict[tuple[str, str], str | None] = {}
        """(queue, extension) → the pause reason; ``None`` when not paused."""
        self.names: dict[str, str] = {}
        self.asked: list[str] = []
        self.fault: HotlineError | None = None
        self.first_asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def add_member(self, queue: str, extension: str, member_name: str, paused: bool, penalty: int) -> None:
        await self._ask(f"add {extension} to {queue}")
        self.members.setdefault((queue, extension), "?" if paused else None)
        self.names[extension] = member_name

    async def remove_member(self, queue: str, extension: str) -> None:
        await self._ask(f"remove {extension} from {queue}")
        self.members.pop((queue, extension), None)

    async def pause_member(self, extension: str, paused: bool, reason: str) -> None:
        await self._ask(f"pause {extension} {reason}" if paused else f"unpause {extension}")
        for place in self.members:
            if place[1] == extension:
                self.members[place] = reason if paused else None

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        self.first_asked.set()
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault

    def restart(self) -> None:
        """Asterisk restarts: all members are gone (persistentmembers=no)."""
        self.members.clear()
        self.asked.clear()
