"""WAV to Ogg Opus, and the proof that the result can be played (RFC 6716, RFC 7845).

Runs as a process of its own (``python -m hotline.archive.opus target mixed [incoming outgoing]``): a codec that crashes
or takes a whole core must not touch the calls. Prints one JSON object: ``seconds``, ``peaks``.
"""

from __future__ import annotations

import array
import asyncio
import json
import os
import sys
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import av

from hotline.errors import Unavailable

RATE = 8000
BLOCK_S = 10
PEAKS = 800
"""Points of the drawn wave: about the pixels of the player."""
BIT_RATE = 24_000
"""Bits per second and channel: speech at 8 kHz is transparent well below (RFC 7587 3.1.1 recommends 8 to 12 kbit/s)."""
TOLERANCE_S = 0.25
LIMIT_S = 1800.0
"""A process that needs longer hangs: an hour of sound takes about ten seconds."""
NICE = 10


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was written: its length, and the loudest samples of each channel (0..100)."""

    seconds: float
    peaks: list[list[int]]


async def encode(mixed: Path, target: Path, sides: tuple[Path, Path] | None) -> Encoded:
    """Write ``target`` and verify it: it was decoded from beginning to end and has the length of ``mixed``.

    With ``sides`` (from the citizen, to him) the result is stereo: the citizen left, the operator right.

    :raises Unavailable: it could not be encoded or verified; ``target`` is gone then.
    """
    arguments = [str(path) for path in (target, mixed, *(sides or ()))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline.archive.opus", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            out, complaint = await process.communicate()
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise
    if process.returncode != 0:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        lines = complaint.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise Unavailable(f"{mixed.name} cannot be encoded: {lines[-1]}", error_id="encoding-failed")
    found = json.loads(out)
    return Encoded(found["seconds"], found["peaks"])


def encode_here(target: Path, mixed: Path, sides: Sequence[Path]) -> Encoded:
    """Do what :func:`encode` says in this process.

    :raises ValueError: not 16-bit mono sound of 8 kHz, or the result is not as long as the source.
    """
    sources = list(sides) if len(sides) == 2 else [mixed]
    expected = _length(mixed)
    peaks = _write(target, sources, expected)
    seconds = decoded_seconds(target)
    if abs(seconds - expected) > TOLERANCE_S:
        msg = f"{target.name} has {seconds:.2f} s instead of {expected:.2f} s"
        raise ValueError(msg)
    return Encoded(seconds, peaks)


def decoded_seconds(path: Path) -> float:
    """Decode a sound file from beginning to end; return its length in seconds."""
    samples, rate = 0, 1
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples += frame.samples
            rate = frame.sample_rate
    return samples / rate


def _write(target: Path, sources: Sequence[Path], expected: float) -> list[list[int]]:
    per_peak = max(1, round(expected * RATE / PEAKS))
    found: list[list[int]] = [[] for _ in sources]
    with av.open(str(target), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE)
        stream.layout = "stereo" if len(sources) == 2 else "mono"
        stream.bit_rate = BIT_RATE * len(sources)
        stream.options = {"application": "voip"}
        position = 0
        for blocks in zip_longest(*(_blocks(path, round(expected * RATE)) for path in sources)):
            length = max(len(block) for block in blocks if block)
            padded = [(block or array.array("h")) for block in blocks]
            for block in padded:
                block.extend([0] * (length - len(block)))
            for channel, block in zip(found, padded, strict=True):
                channel.extend(_peaks(block, position, per_peak))
            frame = av.AudioFrame(format="s16", layout=stream.layout.name, samples=length)
            frame.sample_rate = RATE
            frame.pts = position
            frame.planes[0].update(_interleaved(padded).tobytes())
            container.mux(stream.encode(frame))
            position += length
        container.mux(stream.encode(None))
    return found


def _blocks(path: Path, limit: int) -> Iterator[array.array[int]]:
    """Yield the samples, at most ``limit``: a side that Asterisk padded further than the mix has nothing to say."""
    with wave.open(str(path), "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            msg = f"{path.name} is not 16-bit mono sound of {RATE} Hz"
            raise ValueError(msg)
        left = limit
        while left > 0 and (data := file.readframes(min(left, RATE * BLOCK_S))):
            samples = array.array("h")
            samples.frombytes(data)
            if sys.byteorder == "big":
                samples.byteswap()
            left -= len(samples)
            yield samples


def _interleaved(channels: Sequence[array.array[int]]) -> array.array[int]:
    if len(channels) == 1:
        return channels[0]
    woven = array.array("h", bytes(4 * len(channels[0])))
    woven[0::2], woven[1::2] = channels[0], channels[1]
    return woven


def _peaks(block: array.array[int], position: int, per_peak: int) -> Iterator[int]:
    """Yield the loudest sample of every stretch that begins in this block."""
    start = -position % per_peak
    for at in range(start, len(block), per_peak):
        part = block[at : at + per_peak]
        loudest, quietest = max(part), min(part)
        yield min(100, round(max(loudest, -quietest) * 100 / 32768))


def _length(path: Path) -> float:
    with wave.open(str(path), "rb") as file:
        return file.getnframes() / file.getframerate()


def main(arguments: Sequence[str]) -> None:
    """Encode as the command line says."""
    os.nice(NICE)
    target, mixed, *sides = (Path(one) for one in arguments)
    done = encode_here(target, mixed, sides)
    sys.stdout.write(json.dumps({"seconds": done.seconds, "peaks": done.peaks}))


if __name__ == "__main__":
    main(sys.argv[1:])
