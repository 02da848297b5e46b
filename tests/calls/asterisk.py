"""Waiting for what Asterisk does: its AMI announces every step, so no test has to sleep or poll."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hotline.config import AsteriskSettings

Event = dict[str, str]


class Events:
    """A bare AMI client for tests: reads events into a list, waits for the one wanted, sends actions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.seen: list[Event] = []

    async def wait(self, event: str, timeout_s: float = 15, **fields: str) -> Event:
        """Return the first event of that name (already seen or to come) whose fields have these values."""
        index = 0
        async with asyncio.timeout(timeout_s):
            while True:
                while index < len(self.seen):
                    message = self.seen[index]
                    index += 1
                    if message.get("Event") == event and fields.items() <= message.items():
                        return message
                self.seen.append(await self._read())

    async def more(self, timeout_s: float = 15) -> None:
        """Wait for one more event, whatever it is."""
        async with asyncio.timeout(timeout_s):
            self.seen.append(await self._read())

    async def send(self, action: str, **fields: str) -> Event:
        """Send an action and return its response; events met on the way are kept."""
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in fields.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(10):
            while True:
                message = await self._read()
                if "Response" in message:
                    return message
                self.seen.append(message)

    async def _read(self) -> Event:
        raw = await self._reader.readuntil(b"\r\n\r\n")
        lines = raw.decode(errors="replace").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


@asynccontextmanager
async def ami(settings: AsteriskSettings) -> AsyncIterator[Events]:
    """Log in to an Asterisk and read its events."""
    reader, writer = await asyncio.open_connection(settings.ami_host, settings.ami_port)
    await reader.readuntil(b"\r\n")
    events = Events(reader, writer)
    secret = settings.ami_secret.get_secret_value()
    response = await events.send("Login", Username=settings.ami_user, Secret=secret)
    assert response["Response"] == "Success", response
    try:
        yield events
    finally:
        writer.close()
        await writer.wait_closed()
