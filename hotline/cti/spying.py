"""A supervisor's telephone on an operator's conversation: listen, whisper, barge, take over (DAY-15).

His browser's telephone is called by us and sent to the dialplan's context ``spy``, whose extension is the mode. The
operator's channel keeps its name through hold, consultation and transfer, so listening goes on. To barge, he joins the
conversation's bridge: only so is he in the recording; from then on his channel belongs to the citizen's call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hotline.cti import events as ev
from hotline.cti.calls import CallTracker
from hotline.cti.callstate import LiveCall
from hotline.cti.commands import Commands, Place, interface_of
from hotline.cti.control import CallControl, leg_of
from hotline.cti.model import DeviceState, Phase
from hotline.cti.transfer_service import TransferService
from hotline.errors import Conflict, NotFound, Unavailable

log = logging.getLogger(__name__)

RING_S = 15
JOIN_S = 5.0
"""How long the bridge may take to have the supervisor in it."""
ROLE = "supervision"
"""``X-Call-Role`` of the ring at the supervisor's telephone."""
_BUSY = frozenset({DeviceState.BUSY, DeviceState.IN_USE, DeviceState.RINGING, DeviceState.ON_HOLD})


class SpyMode(StrEnum):
    """How he takes part; the value is the extension in the dialplan's context ``spy``."""

    LISTEN = "listen"  # hears both, nobody hears him
    WHISPER = "whisper"  # hears both, the operator hears him
    BARGE = "barge"  # three talk


@dataclass(frozen=True, slots=True)
class SpyCall:
    """One ring of a supervisor's telephone. ``uniqueid`` is chosen by us: it names the channel before there is one."""

    uniqueid: str
    supervisor: str  # extensions
    operator: str
    call_key: str


@dataclass(slots=True)
class _Watch:
    one: SpyCall
    mode: SpyMode
    gone: Callable[[], None]
    answered: bool = False
    renewing: bool = False
    again: bool = False
    """A voice has changed while he was put on the conversation anew."""
    joined: asyncio.Event = field(default_factory=asyncio.Event)


class Spying:
    """The supervisors' channels on one Asterisk.

    Every method that asks for something raises :class:`NotFound` when the operator has no such conversation (any more)
    or the supervisor's channel is gone, :class:`Conflict` when its state does not allow the step, and what
    :class:`Commands` raises. Nothing has changed for citizen and operator then.
    """

    def __init__(
        self,
        tracker: CallTracker,
        commands: Commands,
        control: CallControl,
        transfers: TransferService,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """Wire it.

        :param spawn: runs something beside the events, and says what went wrong with it.
        """
        self._spawn = spawn
        self._tracker = tracker
        self._commands = commands
        self._control = control
        self._transfers = transfers
        self._watched: dict[str, _Watch] = {}

    def check(self, one: SpyCall, mode: SpyMode) -> None:
        """Refuse what cannot begin: the conversation is over, or the own telephone is not free."""
        self._talk(one, mode)
        device = self._tracker.board.device(one.supervisor)
        if device in _BUSY:
            raise Conflict("your own telephone is busy", error_id="own-telephone-busy")
        if device is DeviceState.UNAVAILABLE:
            raise Conflict("your own telephone is not connected", error_id="own-telephone-away")

    async def ring(self, one: SpyCall, mode: SpyMode, gone: Callable[[], None]) -> None:
        """Call the supervisor's telephone and put it on the conversation when it answers.

        :param gone: called once when his channel has ended, for whatever reason, after this has returned.
        :raises CommandRefused: he did not answer.
        """
        target = self._talk(one, mode)
        watch = self._watched[one.uniqueid] = _Watch(one, mode, gone)
        headers = {"X-Call-Id": one.call_key, "X-Call-Role": ROLE}
        try:
            await self._commands.originate(
                interface_of(one.supervisor),
                Place("spy", mode.value),
                caller_id=one.operator,
                variables={
                    "SPYCHAN": target,
                    **{f"PJSIP_HEADER(add,{name})": value for name, value in headers.items()},
                },
                ring_s=RING_S,
                uniqueid=one.uniqueid,
            )
            if mode is SpyMode.BARGE:
                await self._joined(watch)
            watch.answered = True
            self._present(one)  # he may have hung up at once
        except BaseException:
            self._watched.pop(one.uniqueid, None)
            raise

    async def switch(self, one: SpyCall, mode: SpyMode) -> None:
        """Change how he takes part. From a talk of three there is no way back: end it and begin anew."""
        target = self._talk(one, mode)
        watch = self._present(one)
        if watch.joined.is_set():
            raise Conflict("he is in the conversation already", error_id="in-the-conversation")
        watch.mode = mode
        await self._commands.set_variable(one.uniqueid, "SPYCHAN", target)
        await self._commands.redirect(one.uniqueid, Place("spy", mode.value))
        if mode is SpyMode.BARGE:
            await self._joined(watch)

    def share_card(self, one: SpyCall, card_id: str | None) -> None:
        """After he has joined: his desk shows the operator's card, and gets it when the citizen stays with him."""
        self._transfers.adopt(one.call_key, card_id)

    async def take(self, one: SpyCall) -> None:
        """Leave the citizen to the supervisor, who is in the conversation; the operator is let go."""
        self._talk(one, SpyMode.BARGE, joined=True)
        await self._transfers.complete(one.call_key, one.operator)

    async def end(self, one: SpyCall) -> None:
        """End the supervisor's channel; what the others do goes on."""
        try:
            await self._commands.hangup(one.uniqueid)
        except NotFound:
            log.debug("the supervisor's channel %s was gone already", one.uniqueid)

    def release(self, one: SpyCall) -> None:
        """Watch this channel no more: the conversation is his own now."""
        self._watched.pop(one.uniqueid, None)

    def found(self, one: SpyCall, gone: Callable[[], None]) -> SpyMode | None:
        """After a gap in the events: how he takes part now; ``None`` when his channel is gone.

        Valid after a snapshot: the extension of the dialplan in which the channel was seen tells.
        """
        key = self._tracker.call_of_channel(one.uniqueid)
        call = self._tracker.live(key) if key is not None else None
        leg = call.legs.get(one.uniqueid) if call is not None else None
        if leg is None or leg.ended_at is not None:
            self._watched.pop(one.uniqueid, None)
            return None
        context, exten = leg.place
        mode = SpyMode(exten) if context == "spy" and exten in set(SpyMode) else SpyMode.LISTEN
        watch = self._watched.setdefault(one.uniqueid, _Watch(one, mode, gone, answered=True))
        if key == one.call_key:
            watch.joined.set()
            return SpyMode.BARGE
        watch.mode = mode
        return mode

    def saw(self, event: ev.Event) -> None:
        """Take in one event of Asterisk, after the calls have been told."""
        if not self._watched:
            return
        if isinstance(event, ev.BridgeEnter):
            own = self._watched.get(event.channel.uniqueid)
            if own is not None:
                own.joined.set()
            elif not event.holding:
                self._voice_came(self._tracker.call_of_channel(event.channel.uniqueid))
        elif isinstance(event, ev.Hangup) and event.channel.uniqueid in self._watched:
            watch = self._watched.pop(event.channel.uniqueid)
            if watch.answered:  # until then it is the ring that has failed
                watch.gone()

    def _voice_came(self, key: str | None) -> None:
        """Somebody else speaks with the operator: without a new beginning Asterisk may drop his voice (ADR 0017)."""
        for watch in self._watched.values():
            if watch.one.call_key != key or not watch.answered or watch.joined.is_set():
                continue
            watch.again = True
            if not watch.renewing:
                watch.renewing = True
                self._spawn(self._renew(watch))

    async def _renew(self, watch: _Watch) -> None:
        try:
            while watch.again and not watch.joined.is_set() and watch.mode is not SpyMode.BARGE:
                watch.again = False
                await self._commands.redirect(watch.one.uniqueid, Place("spy", watch.mode.value))
        finally:
            watch.renewing = False

    def _present(self, one: SpyCall) -> _Watch:
        watch = self._watched.get(one.uniqueid)
        if watch is None:
            raise NotFound("the supervisor's channel is gone", error_id="no-such-channel")
        return watch

    async def _joined(self, watch: _Watch) -> None:
        try:
            async with asyncio.timeout(JOIN_S):
                await watch.joined.wait()
        except TimeoutError:
            msg = "the conversation did not take the supervisor in"
            raise Unavailable(msg, error_id="telephony-unavailable") from None

    def _talk(self, one: SpyCall, mode: SpyMode, *, joined: bool = False) -> str:
        """Return the operator's channel in the conversation, when this mode is possible now."""
        call = self._tracker.live(one.call_key)
        if call is None or not call.published:
            raise NotFound("this call is over", error_id="no-such-call", details={"key": one.call_key})
        leg = leg_of(call, one.operator)
        if leg.answered_at is None and leg.uniqueid != call.key:
            raise Conflict("the operator has not answered yet", error_id="not-talking")
        if mode is SpyMode.BARGE:
            self._require_talk(call, one, joined=joined)
        return leg.channel

    def _require_talk(self, call: LiveCall, one: SpyCall, *, joined: bool) -> None:
        self._control.find(call.key, one.operator)
        partners = {leg.extension for leg in call.partners()}
        wanted = {one.operator, one.supervisor} if joined else {one.operator}
        if call.phase is not Phase.TALKING or partners != wanted:
            raise Conflict(f"the call is {call.phase}", error_id="not-talking", details={"phase": call.phase.value})
