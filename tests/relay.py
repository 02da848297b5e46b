"""A network between browser and service that a test can cut: bytes go through as they are, until they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.house import free_port


class Relay:
    """Listens on :attr:`port` of the loopback and passes every connection on to another port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.target = 0
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where browsers go."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection without a word; new ones are broken at once."""
        self._open = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._open = True

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if not self._open:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._writers -= both
            for one in both:
                one.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    """Run a relay; set its ``target`` before the first connection."""
    made = Relay()
    server = await asyncio.start_server(made.connect, "127.0.0.1", made.port)
    try:
        yield made
    finally:
        made.cut()
        server.close()
        await server.wait_closed()
