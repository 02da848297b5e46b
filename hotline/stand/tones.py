"""Tones: made for simulated citizens, measured in recordings. 8 kHz mono throughout, as on a telephone line.

The measure is Goertzel's algorithm: the power of one frequency in a block of samples, against the block's whole power.
"""

from __future__ import annotations

import array
import io
import math
import struct
import sys
import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av

RATE = 8000
"""Samples per second."""
FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One block of sound."""

    level_db: float
    """RMS level relative to full scale; -120 for silence."""
    share: float
    """Part of the power that lies in the wanted frequency: 1 for a pure tone, near 0 for anything else."""

    def is_tone(self, *, floor_db: float = -50.0, share: float = 0.5) -> bool:
        """Whether the wanted tone dominates and is loud enough."""
        return self.level_db >= floor_db and self.share >= share


def sine(frequency: float, seconds: float, *, level_db: float = -12.0) -> array.array[int]:
    """Return 16-bit samples of a sine wave."""
    amplitude = FULL_SCALE * 10 ** (level_db / 20) * math.sqrt(2) * 0.999
    step = 2 * math.pi * frequency / RATE
    limit = int(FULL_SCALE) - 1
    return array.array(
        "h", (max(-limit, min(limit, round(amplitude * math.sin(step * n)))) for n in range(round(RATE * seconds)))
    )


def write_wav(path: Path, samples: array.array[int]) -> Path:
    """Write samples as a 16-bit mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(_little_endian(samples).tobytes())
    return path


def read_wav(path: Path) -> array.array[int]:
    """Return the samples of a 16-bit mono 8 kHz WAV file.

    A file whose writer was killed has a length of 0 in its header; what follows the header is read all the same.

    :raises ValueError: another format.
    """
    raw = bytearray(path.read_bytes())
    if raw[4:8] == bytes(4):  # a killed writer leaves both lengths at 0; Asterisk's header has 44 bytes
        struct.pack_into("<I", raw, 4, len(raw) - 8)
        struct.pack_into("<I", raw, 40, len(raw) - 44)
    with wave.open(io.BytesIO(raw), "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise ValueError(f"{path} is not 16-bit mono 8 kHz")
        data = file.readframes(file.getnframes())
    samples = array.array("h")
    samples.frombytes(data[: len(data) // 2 * 2])
    return _little_endian(samples)


def to_alaw(source: Path, target: Path, *, repeat_pause_s: float = 0.0) -> Path:
    """Convert any sound file to raw G.711 A-law (what SIPp streams), with a pause at its end."""
    samples = telephone_samples(source)
    samples.extend([0] * round(RATE * repeat_pause_s))
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples))
    frame.sample_rate = RATE
    frame.planes[0].update(_padded(samples.tobytes(), frame.planes[0].buffer_size))
    encoder = av.AudioCodecContext.create("pcm_alaw", "w")
    encoder.sample_rate = RATE
    encoder.format = "s16"
    encoder.layout = "mono"
    target.write_bytes(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))
    return target


def telephone_samples(source: Path) -> array.array[int]:
    """Return a sound file's first audio stream as 16-bit mono 8 kHz samples (filtered resampling)."""
    samples = array.array("h")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(source)) as container:
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                samples.frombytes(bytes(piece.planes[0])[: piece.samples * 2])
        for piece in resampler.resample(None):
            samples.frombytes(bytes(piece.planes[0])[: piece.samples * 2])
    return samples


def hear(samples: array.array[int], frequency: float) -> Heard:
    """Measure one block."""
    count = len(samples)
    power = sum(sample * sample for sample in samples) / count if count else 0.0
    if power == 0:
        return Heard(-120.0, 0.0)
    coefficient = 2 * math.cos(2 * math.pi * frequency / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    tone = 2 * (last * last + before * before - coefficient * last * before) / (count * count)
    return Heard(max(-120.0, 10 * math.log10(power / FULL_SCALE**2)), min(1.0, tone / power))


def hear_by_second(path: Path, frequency: float, *, block_s: float = 1.0) -> list[Heard]:
    """Measure a WAV file block by block; the incomplete last block is left out."""
    samples = read_wav(path)
    size = round(RATE * block_s)
    return [hear(samples[start:end], frequency) for start, end in pairwise(range(0, len(samples) + 1, size))]


def seconds_of_tone(path: Path, frequency: float, *, floor_db: float = -50.0) -> float:
    """Return how many seconds of a WAV file carry the tone, in steps of a quarter second."""
    return sum(0.25 for block in hear_by_second(path, frequency, block_s=0.25) if block.is_tone(floor_db=floor_db))


def _little_endian(samples: array.array[int]) -> array.array[int]:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _padded(data: bytes, size: int) -> bytes:
    return data + bytes(size - len(data))
