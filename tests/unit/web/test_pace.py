from __future__ import annotations

import asyncio

import pytest

from hotline.web.pace import Pace

LIMIT_S = 5


class Board:
    """What was told, and a value that changes."""

    def __init__(self, every_s: float) -> None:
        self.value = 0
        self.told: list[tuple[str, int]] = []
        self.news = asyncio.Event()
        self.pace = Pace(self._tell, every_s)

    async def _tell(self, key: str) -> None:
        self.told.append((key, self.value))
        self.news.set()

    async def change(self, key: str = "hotline") -> None:
        self.value += 1
        await self.pace.touch(key)


async def test_the_first_change_is_told_at_once_and_a_burst_waits_for_the_pause() -> None:
    board = Board(every_s=60)
    for _ in range(1000):
        await board.change()
    await board.change("other")
    assert board.told == [("hotline", 1), ("other", 1001)]
    await board.pace.close()


async def test_the_newest_of_a_burst_is_told_once_after_the_pause() -> None:
    board = Board(every_s=0.01)
    for _ in range(1000):
        await board.change()
    async with asyncio.timeout(LIMIT_S):
        while board.told[-1] != ("hotline", 1000):
            board.news.clear()
            await board.news.wait()
    assert len(board.told) < 500
    await board.pace.close()


async def test_a_telling_that_fails_does_not_silence_the_next(caplog: pytest.LogCaptureFixture) -> None:
    failures = iter([False, True])
    told = asyncio.Event()

    async def tell(_: str) -> None:
        if next(failures, False):
            raise RuntimeError("the board is broken")
        told.set()

    pace = Pace(tell, 0.001)
    await pace.touch("hotline")
    told.clear()
    async with asyncio.timeout(LIMIT_S):
        while not told.is_set():
            await pace.touch("hotline")
            await asyncio.sleep(0)
    assert "the board is broken" in caplog.text
    await pace.close()
