"""Asks clamd whether a file is infected: ``INSTREAM`` of its protocol (clamd(8), "COMMANDS")."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hotline.journal.attachment_rules import Scan

log = logging.getLogger(__name__)

WITHIN_S = 60.0
_CHUNK = 64 * 1024
_ANSWER_LIMIT = 4096
_FOUND = re.compile(r"stream: (.+) FOUND")


class Antivirus:
    """A scanner behind a socket.

    :param address: ``unix:/run/clamav/clamd.ctl`` or ``tcp:host:3310``; empty: there is none.
    """

    def __init__(self, address: str, *, within_s: float = WITHIN_S) -> None:
        self._address = address
        self._within_s = within_s

    async def scan(self, path: Path) -> tuple[Scan, str]:
        """Return what the scanner says of a file, and the name of what it found.

        A scanner that does not answer, or cannot read so large a file, is no verdict: ``WAITING``.
        """
        if not self._address:
            return Scan.OFF, ""
        try:
            async with asyncio.timeout(self._within_s), self._connected() as (reader, writer):
                answer = await _ask(reader, writer, path)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.warning("the virus scanner does not answer: %s", str(error) or type(error).__name__)
            return Scan.WAITING, ""
        if answer == "stream: OK":
            return Scan.CLEAN, ""
        if found := _FOUND.fullmatch(answer):
            log.warning("the virus scanner found %s", found[1])
            return Scan.INFECTED, found[1][:200]
        log.warning("the virus scanner could not look: %s", answer[:200])
        return Scan.WAITING, ""

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        kind, _, place = self._address.partition(":")
        if kind == "unix":
            reader, writer = await asyncio.open_unix_connection(place, limit=_ANSWER_LIMIT)
        else:
            host, _, port = place.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=_ANSWER_LIMIT)
        try:
            yield reader, writer
        finally:
            writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: Path) -> str:
    """Send the content in pieces, each after its length in four bytes; a piece of no length is the end."""
    writer.write(b"zINSTREAM\0")
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
    writer.write(bytes(4))
    await writer.drain()
    return (await reader.readuntil(b"\0")).rstrip(b"\0").decode("utf-8", "replace").strip()
