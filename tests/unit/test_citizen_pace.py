"""The pace of a simulated citizen's voice: his end may fall into the very turn of the loop in which a packet is due."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.calls.citizen import reached


async def test_an_end_in_the_turn_of_its_timer_raises_nothing() -> None:
    """Without the cure the timer set the result of a cancelled future: ``InvalidStateError`` in a callback."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        due = loop.time() + 0.01
        waiting = asyncio.create_task(reached(due))
        await asyncio.sleep(0)  # it waits now
        while loop.time() <= due + 0.005:
            pass  # the loop is busy: the timer comes up in its next turn, behind the cancellation
        loop.call_soon(waiting.cancel)
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert waiting.cancelled()
    assert complaints == []
