"""A citizen with ears and a voice: SIP and RTP over UDP (RFC 3261, 3550), so that what he hears can be measured.

SIPp's citizens speak but keep nothing of what they hear. This one says a tone and has the meter of the headless phone.
"""

from __future__ import annotations

import array
import asyncio
import re
import struct
from pathlib import Path
from typing import Self

from hotline.softphone.media import FRAME, ToneMeter
from hotline.stand.tones import sine, to_alaw, write_wav
from tests.integration.cti.phones import Phone

PCMA = 8
"""Payload type of G.711 A-law (RFC 3551, table 4)."""
HEADER = 12
FRAME_S = 0.02
HOST = "127.0.0.2"


def _linear(code: int) -> int:
    """Return the 16-bit sample of an A-law code (ITU-T G.711, table 1a)."""
    code ^= 0x55
    segment, value = (code & 0x70) >> 4, ((code & 0x0F) << 4) + 8
    if segment:
        value = (value + 0x100) << (segment - 1)
    return value if code & 0x80 else -value


LINEAR = tuple(_linear(code) for code in range(256))


async def reached(moment: float) -> None:
    """Wait until the clock of the event loop shows ``moment``."""
    loop = asyncio.get_running_loop()
    due = loop.create_future()
    timer = loop.call_at(moment, _let_go, due)
    try:
        await due
    finally:
        timer.cancel()


def _let_go(due: asyncio.Future[None]) -> None:
    if not due.done():  # cancelled in the very turn of the loop in which its timer had already come up
        due.set_result(None)


class _Line(asyncio.DatagramProtocol):
    """Takes the sound that comes."""

    def __init__(self, heard: asyncio.Queue[bytes]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) > HEADER and data[1] & 0x7F == PCMA:
            self._heard.put_nowait(data[HEADER:])


class Citizen(Phone):
    """One citizen, one call: ``async with Citizen(number, port, tone_hz=440, folder=tmp_path) as citizen``."""

    def __init__(self, number: str, asterisk_port: int, *, tone_hz: float, folder: Path) -> None:
        super().__init__(number, asterisk_port, HOST)
        self.meter = ToneMeter()
        tone = write_wav(folder / f"{number}.wav", sine(tone_hz, 1.0))
        self._says = to_alaw(tone, folder / f"{number}.al").read_bytes()
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._sound: asyncio.DatagramTransport | None = None
        self._to: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        loop = asyncio.get_running_loop()
        self._sound, _ = await loop.create_datagram_endpoint(lambda: _Line(self._heard), local_addr=(HOST, 0))
        self.media_port = self._sound.get_extra_info("sockname")[1]
        self._tasks = [loop.create_task(self._speak(self._sound)), loop.create_task(self._listen())]
        return self

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sound is not None:
            self._sound.close()

    def _connected(self, answer: str) -> None:
        host, port = re.search(r"^c=IN IP4 (\S+)", answer, re.M), re.search(r"^m=audio (\d+)", answer, re.M)
        if host is not None and port is not None and not self._to.done():
            self._to.set_result((host[1], int(port[1])))

    async def _speak(self, line: asyncio.DatagramTransport) -> None:
        to, loop, number = await self._to, asyncio.get_running_loop(), 0
        begun = loop.time()
        while True:
            at = number * FRAME % len(self._says)
            head = struct.pack("!BBHII", 0x80, PCMA, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, 0x48544C4E)
            line.sendto(head + self._says[at : at + FRAME], to)
            number += 1
            await reached(begun + number * FRAME_S)

    async def _listen(self) -> None:
        while True:
            await self.meter.feed(array.array("h", (LINEAR[code] for code in await self._heard.get())))
