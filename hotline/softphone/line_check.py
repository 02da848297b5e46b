"""Prove that the hotline can be talked through: place a call, time it, and listen to both directions.

Either one operator calls an echo (``line-check``, ``*43``), or one operator calls another. Tones tell the directions
apart: each party sends its own, and must hear the other's (an echo must return one's own).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hotline.errors import Unavailable
from hotline.softphone.headless import HeadlessCall, HeadlessPhone

ECHO = "line-check"
"""Extension of context ``internal`` that sends the caller's sound back."""
NEAR_HZ, FAR_HZ = 440, 700
CALL_TIMEOUT = 35.0
"""Seconds to wait for an answer: a little more than the longest ring."""
TONE_TIMEOUT = 6.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What one end heard: ``level_dbfs`` of the expected tone, ``None`` when it did not come."""

    where: str
    frequency_hz: int
    level_dbfs: float | None

    @property
    def ok(self) -> bool:
        """Whether the tone came through."""
        return self.level_dbfs is not None


@dataclass(frozen=True, slots=True)
class LineCheck:
    """The result of one check. Times are in milliseconds from the moment of dialling; ``None``: did not happen."""

    number: str
    setup_ms: float | None
    """Until the far end answered."""
    audio_ms: float | None
    """Until the tones were recognised in every direction; recognising takes 600 ms by itself."""
    heard: tuple[Heard, ...]
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the call was answered and every direction carries sound."""
        return not self.problem and bool(self.heard) and all(heard.ok for heard in self.heard)

    def as_json(self) -> dict[str, Any]:
        """Return the result for machines."""
        return {"ok": self.ok, **asdict(self)}

    def text(self) -> str:
        """Return the verdict for people: one line for each fact."""
        lines = [f"called {self.number}"]
        if self.setup_ms is not None:
            lines.append(f"answered after {self.setup_ms:.0f} ms")
        for heard in self.heard:
            level = "NOT HEARD" if heard.level_dbfs is None else f"{heard.level_dbfs:.0f} dBFS"
            lines.append(f"{heard.where}: {heard.frequency_hz} Hz {level}")
        if self.problem:
            lines.append(f"problem: {self.problem}")
        lines.append("line check passed" if self.ok else "LINE CHECK FAILED")
        return "\n".join(lines)


async def check_echo(near: HeadlessPhone, number: str = ECHO, *, listen_s: float = TONE_TIMEOUT) -> LineCheck:
    """Call an echo from ``near`` (registered) and listen for at most ``listen_s`` seconds to what comes back.

    Never raises for a fault of the line: that is the result.
    """
    return await _check(near, number, None, listen_s)


async def check_between(near: HeadlessPhone, far: HeadlessPhone, *, listen_s: float = TONE_TIMEOUT) -> LineCheck:
    """Call ``far`` from ``near`` (both registered) and listen at both ends for at most ``listen_s`` seconds.

    Never raises for a fault of the line: that is the result.
    """
    return await _check(near, far.account.extension, far, listen_s)


async def _check(near: HeadlessPhone, number: str, far: HeadlessPhone | None, listen_s: float) -> LineCheck:
    call: HeadlessCall | None = None
    far_call: HeadlessCall | None = None
    setup_ms = audio_ms = None
    heard: Sequence[Heard] = ()
    problem = ""
    try:
        call = await near.call(number)
        if far is not None:
            far_call = await far.next_call(within=CALL_TIMEOUT)
            await far_call.answer()
        await _answered(call)
        setup_ms = _since(call)
        if far is None or far_call is None:
            heard = (await _hear("echo", call, near.tone_hz, listen_s),)
        else:
            near_name, far_name = near.account.extension, far.account.extension
            heard = await asyncio.gather(
                _hear(f"{near_name} hears {far_name}", call, far.tone_hz, listen_s),
                _hear(f"{far_name} hears {near_name}", far_call, near.tone_hz, listen_s),
            )
        audio_ms = _since(call) if all(one.ok for one in heard) else None
    except TimeoutError:
        problem = "the far end did not ring" if far is not None and far_call is None else "no answer"
    except Unavailable as error:
        problem = error.message
    finally:
        if call is not None:
            await call.hangup()
            async with asyncio.timeout(5):
                await call.ended.wait()
    return LineCheck(number, setup_ms, audio_ms, tuple(heard), problem)


async def _answered(call: HeadlessCall) -> None:
    answered, ended = asyncio.create_task(call.answered.wait()), asyncio.create_task(call.ended.wait())
    try:
        async with asyncio.timeout(CALL_TIMEOUT):
            await asyncio.wait([answered, ended], return_when=asyncio.FIRST_COMPLETED)
    finally:
        answered.cancel()
        ended.cancel()
    if not call.answered.is_set():
        raise Unavailable(f"the call was refused: {call.end_reason}", error_id="sip-refused")


async def _hear(where: str, call: HeadlessCall, frequency: int, listen_s: float) -> Heard:
    try:
        return Heard(where, frequency, round(await call.meter.wait_for_tone(frequency, within=listen_s), 1))
    except TimeoutError:
        return Heard(where, frequency, None)


def _since(call: HeadlessCall) -> float:
    return round((asyncio.get_running_loop().time() - call.started_at) * 1000, 1)
