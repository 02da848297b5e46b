"""Sound of the headless phone: a tone to send, a meter for what is heard, and the WebRTC session around them.

PCMA at 8 kHz only, like every leg of the product (telephony.md 3.6), and never a STUN server: aiortc's default is a
public one, which a closed network must not ask.
"""

from __future__ import annotations

import asyncio
import fractions
import math
from array import array
from collections import deque
from dataclasses import dataclass

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

RATE = 8000
FRAME = 160
"""Samples in 20 ms."""
WINDOW = 1600
"""Samples in one measurement, 200 ms: long enough to tell tones 10 Hz apart."""
SILENCE_DBFS = -100.0


def goertzel(samples: array[int], frequency: float, rate: int = RATE) -> float:
    """Return the amplitude (0 to 32767) of the sine of ``frequency`` Hz in ``samples``."""
    coefficient = 2.0 * math.cos(2.0 * math.pi * frequency / rate)
    previous = before = 0.0
    for sample in samples:
        previous, before = sample + coefficient * previous - before, previous
    power = previous * previous + before * before - coefficient * previous * before
    return 2.0 * math.sqrt(max(power, 0.0)) / max(len(samples), 1)


def dbfs(amplitude: float) -> float:
    """Turn an amplitude into decibels below full scale; -100 for silence."""
    return max(SILENCE_DBFS, 20.0 * math.log10(amplitude / 32767.0)) if amplitude > 0 else SILENCE_DBFS


@dataclass(frozen=True, slots=True)
class Window:
    """200 ms of what was heard."""

    samples: array[int]

    @property
    def level_dbfs(self) -> float:
        """Level of everything, as the amplitude of a sine of the same power."""
        power = sum(sample * sample for sample in self.samples) / len(self.samples)
        return dbfs(math.sqrt(2.0 * power))

    def tone_dbfs(self, frequency: float) -> float:
        """Level of one tone."""
        return dbfs(goertzel(self.samples, frequency))

    def has_tone(self, frequency: float, *, threshold_dbfs: float = -45.0) -> bool:
        """Whether the tone is loud enough and is most of what is heard (within 3 dB of everything)."""
        tone = self.tone_dbfs(frequency)
        return tone > threshold_dbfs and tone > self.level_dbfs - 3.0


class ToneMeter:
    """Collects received sound into windows and wakes those who wait for a tone."""

    def __init__(self, keep: int = 50) -> None:
        self._pending: array[int] = array("h")
        self.windows: deque[Window] = deque(maxlen=keep)
        self.total = 0
        """Windows heard so far."""
        self._changed = asyncio.Condition()

    async def feed(self, samples: array[int]) -> None:
        """Add received samples."""
        self._pending.extend(samples)
        while len(self._pending) >= WINDOW:
            window, self._pending = Window(self._pending[:WINDOW]), self._pending[WINDOW:]
            async with self._changed:
                self.windows.append(window)
                self.total += 1
                self._changed.notify_all()

    async def next_window(self) -> Window:
        """Wait for the next measurement and return it. Put a timeout around it: a dead line makes none."""
        async with self._changed:
            await self._changed.wait()
            return self.windows[-1]

    async def wait_for_tone(self, frequency: float, *, windows: int = 3, within: float = 5.0) -> float:
        """Wait until ``windows`` new measurements in a row carry the tone; return its level in dBFS.

        ``within`` is in seconds.

        :raises TimeoutError: the tone was not heard in time; the message says what was.
        """
        in_a_row = 0
        start = self.total
        try:
            async with asyncio.timeout(within), self._changed:
                while True:
                    await self._changed.wait()
                    in_a_row = in_a_row + 1 if self.windows[-1].has_tone(frequency) else 0
                    if in_a_row >= windows:
                        return self.windows[-1].tone_dbfs(frequency)
        except TimeoutError:
            last = f"{self.windows[-1].level_dbfs:.0f} dBFS" if self.windows else "nothing"
            raise TimeoutError(
                f"no {frequency:g} Hz within {within:g} s; {self.total - start} windows heard, last level {last}"
            ) from None


class ToneTrack(MediaStreamTrack):
    """A steady sine of ``frequency`` Hz (a whole number) at ``level_dbfs``; ``frequency`` 0 is silence."""

    kind = "audio"

    def __init__(self, frequency: int, *, level_dbfs: float = -12.0) -> None:
        super().__init__()
        amplitude = 32767.0 * 10.0 ** (level_dbfs / 20.0)
        # One second repeats without a click, because the frequency is whole.
        second = array("h", (round(amplitude * math.sin(2 * math.pi * frequency * n / RATE)) for n in range(RATE)))
        self._second = second.tobytes()
        self._position = 0
        self._start: float | None = None

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms, not before they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        now = asyncio.get_running_loop().time()
        if self._start is None:
            self._start = now
        await asyncio.sleep(max(0.0, self._start + self._position / RATE - now))
        offset = 2 * (self._position % RATE)
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(self._second[offset : offset + 2 * FRAME])
        frame.pts = self._position
        frame.sample_rate = RATE
        frame.time_base = fractions.Fraction(1, RATE)
        self._position += FRAME
        return frame


class Audio:
    """One WebRTC session: sends a tone, measures what comes."""

    def __init__(self, tone_hz: int, *, level_dbfs: float = -12.0) -> None:
        self.meter = ToneMeter()
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track = ToneTrack(tone_hz, level_dbfs=level_dbfs)
        self._listeners: set[asyncio.Task[None]] = set()
        self._pc.on("track", self._on_track)

    @property
    def connected(self) -> bool:
        """Whether ICE and DTLS are up."""
        return bool(self._pc.connectionState == "connected")

    async def offer(self, *, direction: str = "sendrecv") -> str:
        """Make an offer (the first one, or a new one for hold and resume) with all candidates gathered."""
        self._prepare(direction)
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return str(self._pc.localDescription.sdp)

    async def accept_answer(self, sdp: str) -> None:
        """Take the answer to our offer. A repeated one (183, then 200) is ignored."""
        if self._pc.signalingState == "have-local-offer":
            await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def answer(self, sdp: str) -> str:
        """Take an offer and make the answer with all candidates gathered."""
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        self._prepare(None)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        return str(self._pc.localDescription.sdp)

    async def close(self) -> None:
        """Stop sending and listening, close the sockets."""
        self._track.stop()
        for task in self._listeners:
            task.cancel()
        await asyncio.gather(*self._listeners, return_exceptions=True)
        await self._pc.close()

    def _prepare(self, direction: str | None) -> None:
        """Attach the tone and restrict the codecs, on the first description."""
        if self._track not in [sender.track for sender in self._pc.getSenders()]:
            self._pc.addTrack(self._track)
        pcma = [codec for codec in RTCRtpSender.getCapabilities("audio").codecs if codec.mimeType == "audio/PCMA"]
        for transceiver in self._pc.getTransceivers():
            transceiver.setCodecPreferences(pcma)
            if direction is not None:
                transceiver.direction = direction

    def _on_track(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._listen(track))
        self._listeners.add(task)

    async def _listen(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    samples = array("h")
                    samples.frombytes(bytes(frame.planes[0])[: 2 * frame.samples])
                    await self.meter.feed(samples)
        except MediaStreamError:
            return  # the far end or we have stopped
