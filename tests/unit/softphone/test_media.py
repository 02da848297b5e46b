"""The tone meter: what it must hear and what it must not take for a tone."""

from __future__ import annotations

import asyncio
import math
import random
from array import array

import pytest

from hotline.softphone.media import FRAME, RATE, WINDOW, ToneMeter, ToneTrack, Window, dbfs, goertzel


def sine(frequency: float, amplitude: float, samples: int = WINDOW) -> array[int]:
    step = 2 * math.pi * frequency / RATE
    return array("h", (round(amplitude * math.sin(step * n)) for n in range(samples)))


def noise(amplitude: int, samples: int = WINDOW) -> array[int]:
    generator = random.Random(7)
    return array("h", (generator.randint(-amplitude, amplitude) for _ in range(samples)))


def mixed(*parts: array[int]) -> array[int]:
    return array("h", (sum(samples) for samples in zip(*parts, strict=True)))


@pytest.mark.parametrize("frequency", [200, 440, 700, 1000, 3000])
def test_goertzel_measures_the_amplitude(frequency: int) -> None:
    assert goertzel(sine(frequency, 8000), frequency) == pytest.approx(8000, rel=0.01)


def test_goertzel_tells_neighbours_apart() -> None:
    assert goertzel(sine(440, 8000), 450) < 100


def test_decibels() -> None:
    assert dbfs(32767) == pytest.approx(0)
    assert dbfs(3276.7) == pytest.approx(-20)
    assert dbfs(0) == -100


CASES = {
    "loud": (sine(700, 8000), True),
    "quiet but clean": (sine(700, 300), True),
    "in noise": (mixed(sine(700, 8000), noise(2000)), True),
    "too quiet": (sine(700, 50), False),
    "another tone": (sine(440, 8000), False),
    "another tone is louder": (mixed(sine(700, 4000), sine(440, 8000)), False),
    "noise": (noise(8000), False),
    "silence": (array("h", bytes(2 * WINDOW)), False),
}


@pytest.mark.parametrize(("samples", "expected"), CASES.values(), ids=CASES.keys())
def test_has_tone(samples: array[int], expected: bool) -> None:
    assert Window(samples).has_tone(700) is expected


async def test_meter_joins_frames_into_windows() -> None:
    meter = ToneMeter()
    samples = sine(700, 8000, 2 * WINDOW + FRAME)
    for start in range(0, len(samples), FRAME):
        await meter.feed(samples[start : start + FRAME])
    assert meter.total == 2
    assert all(len(window.samples) == WINDOW for window in meter.windows)


async def test_wait_for_tone_needs_several_windows_in_a_row() -> None:
    meter = ToneMeter()
    waiting = asyncio.create_task(meter.wait_for_tone(700, windows=2, within=5))
    for samples, done in [(sine(700, 8000), False), (sine(440, 8000), False), (sine(700, 8000), False)]:
        await meter.feed(samples)
        await _let_others_run()
        assert waiting.done() is done
    await meter.feed(sine(700, 8000))
    async with asyncio.timeout(5):
        assert await waiting == pytest.approx(dbfs(8000), abs=0.1)


async def test_wait_for_tone_says_what_was_heard_instead() -> None:
    with pytest.raises(TimeoutError, match=r"no 700 Hz within 0\.01 s; 0 windows heard, last level nothing"):
        await ToneMeter().wait_for_tone(700, within=0.01)


async def test_tone_track_sends_a_clean_tone_without_a_click_at_the_second() -> None:
    track = ToneTrack(700)
    track._start = -1000.0  # everything is long due, so nothing waits
    heard = array("h")
    async with asyncio.timeout(5):
        for _ in range(60):
            frame = await track.recv()
            assert frame.sample_rate == RATE
            heard.frombytes(bytes(frame.planes[0])[: 2 * FRAME])
    assert Window(heard[RATE - WINDOW // 2 : RATE + WINDOW // 2]).tone_dbfs(700) == pytest.approx(-12, abs=0.1)
    track.stop()


async def _let_others_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
