"""What is heard on a line: whose voices, music, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hotline.softphone.media import ToneMeter, Window

CITIZEN_HZ = 440
TONES = (720, 1017, 1281)
"""What three operators say: between the notes of the music (A4 = 440 Hz)."""
LIMIT = 25
LOUD_DB, QUIET_DB = -50.0, -65.0


def heard_in(window: Window) -> frozenset[int]:
    """Return the voices in a fifth of a second. Three of them at once are 5 dB below all together."""
    level = window.level_dbfs
    tones = ((hz, window.tone_dbfs(hz)) for hz in (CITIZEN_HZ, *TONES))
    return frozenset(hz for hz, tone in tones if tone > -40 and tone > level - 8)


async def hears(meter: ToneMeter, *voices: int, windows: int = 3, within: float = LIMIT) -> None:
    """Wait until exactly these voices are heard, ``windows`` fifths of a second on end."""
    await _until(meter, lambda window: heard_in(window) == frozenset(voices), windows, within, f"{voices} Hz")


async def hears_music(meter: ToneMeter, within: float = LIMIT) -> None:
    """Wait until nobody's voice is heard, and no silence either."""
    await _until(meter, lambda one: not heard_in(one) and one.level_dbfs > LOUD_DB, 4, within, "music")


async def hears_nothing(meter: ToneMeter, within: float = LIMIT) -> None:
    """Wait until it is silent."""
    await _until(meter, lambda window: window.level_dbfs < QUIET_DB, 3, within, "silence")


async def _until(meter: ToneMeter, fits: Callable[[Window], bool], windows: int, within: float, wanted: str) -> None:
    row, last = 0, None
    try:
        async with asyncio.timeout(within):
            while row < windows:
                last = await meter.next_window()
                row = row + 1 if fits(last) else 0
    except TimeoutError:
        heard = "nothing at all" if last is None else f"{sorted(heard_in(last))} Hz at {last.level_dbfs:.0f} dBFS"
        raise AssertionError(f"{wanted} is not heard within {within:g} s, but {heard}") from None
