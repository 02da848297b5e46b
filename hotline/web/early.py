"""Requests that are quicker than Asterisk's own report of what they are about.

A browser learns of a call from three sides: our push, the INVITE of its telephone, and the answer to what it asked for
itself. Two of them may reach it before the event that gives the operator his part in the call has been folded, most of
all on a busy server. Such a request is no mistake, so it waits for the event instead of being refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hotline.cti.model import Call, CallEvent, LegRole
from hotline.cti.transfers import TransferKind
from hotline.events import Bus
from hotline.web.services import Services

EARLY_S = 1.0
"""How long a request waits. Events come within milliseconds; more than this is no race but a refusal."""


async def known(bus: Bus, happened: Callable[[], bool], *, within_s: float = EARLY_S) -> bool:
    """Wait until ``happened()``, asking again at every news of a call; ``False``: not within ``within_s`` seconds."""
    if happened():
        return True
    woken = asyncio.Event()

    async def look(_: CallEvent) -> None:
        if happened():
            woken.set()

    stop = bus.subscribe(CallEvent, handler=look, name="web.early")
    try:
        async with asyncio.timeout(within_s):
            await woken.wait()
    except TimeoutError:
        return happened()
    finally:
        await stop()
    return True


def takes_part(its: Services, call: Call, extension: str | None) -> bool:
    """Tell whether a telephone talks in a call, rings or has rung for it, or is about to, by a transfer to it."""
    if extension is None:
        return False
    transfer = its.cti[call.asterisk].transfers.get(call.key)
    if transfer is not None and transfer.to_extension == extension:
        return True
    return extension in {call.operator, *call.ringing, *(leg.extension for leg in call.legs)}


async def live_part(its: Services, key: str, extension: str | None) -> Call | None:
    """Return the live call once ``extension`` takes part in it; after a moment of waiting also when it does not.

    ``None``: there is no such live call (any more).
    """

    def happened() -> bool:
        call = its.live_call(key)
        return call is not None and takes_part(its, call, extension)

    if extension is not None:
        await known(its.bus, happened)
    return its.live_call(key)


async def answered(its: Services, key: str, extension: str) -> None:
    """Wait for the report that ``extension`` has the citizen, when his telephone is known to be on the way to him.

    Nothing is decided here: whoever asks for something is checked afterwards as always.
    """

    def settled() -> bool:
        call = its.live_call(key)
        return call is None or not _on_the_way(its, call, extension)

    await known(its.bus, settled)


def _on_the_way(its: Services, call: Call, extension: str) -> bool:
    if call.operator == extension:
        return False
    transfer = its.cti[call.asterisk].transfers.get(call.key)
    if transfer is not None and transfer.to_extension == extension:
        return transfer.kind is not TransferKind.WARM  # who is asked first does not have the citizen
    # Rung by the queue, or answered and not yet seen in the citizen's bridge.
    return any(leg.extension == extension and leg.role is LegRole.AGENT and leg.ended_at is None for leg in call.legs)
