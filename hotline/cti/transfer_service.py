"""Warm transfer: runs the effects of ``transfers.step`` and feeds it what Asterisk reports (telephony.md 6.3).

The state here mirrors what the dialplan does by itself; after a restart of the service a running consultation is found
again from the live call, so it can still be completed or cancelled.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from hotline.clock import Clock
from hotline.cti import events as ev
from hotline.cti.calls import CallTracker, Fact
from hotline.cti.commands import Commands, Place, interface_of
from hotline.cti.control import HOLD, CallControl, leg_of, party_of
from hotline.cti.errors import CommandRefused
from hotline.cti.model import (
    CallEvent,
    CallEventKind,
    ConsultEnded,
    ConsultOffered,
    DeviceState,
    LegRole,
    Phase,
)
from hotline.cti.transfers import FINAL, Effect, Happening, Transfer, TransferState, step
from hotline.errors import BadInput, Conflict, NotFound, Unavailable
from hotline.events import Bus

log = logging.getLogger(__name__)

_BUSY = frozenset({DeviceState.BUSY, DeviceState.IN_USE, DeviceState.RINGING, DeviceState.ON_HOLD})


class TransferService:
    """The warm transfers of one Asterisk."""

    def __init__(self, tracker: CallTracker, commands: Commands, control: CallControl, bus: Bus, clock: Clock) -> None:
        self._tracker = tracker
        self._commands = commands
        self._control = control
        self._bus = bus
        self._clock = clock
        self._running: dict[str, Transfer] = {}

    def get(self, key: str) -> Transfer | None:
        """Return the running transfer of a call."""
        return self._running.get(key)

    async def consult(self, key: str, by: str, extension: str, card_id: str | None = None) -> Transfer:
        """Put the citizen on hold and ring ``extension`` for the operator ``by``; the card goes along.

        :raises BadInput: it is no internal number, or his own.
        :raises NotFound, Forbidden: there is no such call, or it is another operator's.
        :raises Conflict: he does not talk with the citizen, or the colleague is busy or away.
        :raises Unavailable, CommandRefused: Asterisk cannot do it; the citizen still talks with the operator.
        """
        interface_of(extension)
        if extension == by:
            raise BadInput("that is your own number", details={"extension": "own number"})
        call = self._control.find(key, by)
        if call.phase is not Phase.TALKING or key in self._running:
            raise Conflict(f"the call is {call.phase}", error_id="not-talking")
        device = self._tracker.board.device(extension)
        if device in _BUSY:
            raise Conflict(f"{extension} is busy", error_id="colleague-busy", details={"state": device.value})
        if device is DeviceState.UNAVAILABLE:
            raise Conflict(f"{extension} is not connected", error_id="colleague-away")
        transfer = Transfer(
            call_key=key,
            from_extension=by,
            to_extension=extension,
            citizen=party_of(call).channel,
            operator=leg_of(call, by).channel,
            card_id=card_id,
            started_at=self._clock.now(),
        )
        self._running[key] = transfer
        offer = ConsultOffered(self._tracker.asterisk, call.freeze(), by, extension, card_id, transfer.started_at)
        self._bus.publish(offer)
        await self._start(transfer)
        return self._running.get(key) or replace(transfer, state=TransferState.REFUSED)

    async def _start(self, transfer: Transfer) -> None:
        try:
            # Two underscores: the colleague's channel inherits them when it is dialled.
            await self._commands.set_variable(transfer.operator, "__CITIZEN", transfer.citizen)
            if transfer.card_id:
                await self._commands.set_variable(transfer.operator, "__CARD_ID", transfer.card_id)
            place = Place("consult", transfer.to_extension)
            await self._commands.redirect(transfer.citizen, HOLD, transfer.operator, place)
        except (Unavailable, CommandRefused, NotFound) as error:
            await self._step(transfer.call_key, Happening.REDIRECT_FAILED, reason=error.error_id)
            raise
        await self._step(transfer.call_key, Happening.REDIRECTED)

    async def complete(self, key: str, by: str) -> Transfer:
        """Leave the citizen to the colleague.

        :raises NotFound, Forbidden: there is no such consultation, or it is another operator's.
        :raises IllegalStep: the colleague has not answered yet.
        """
        transfer = self._find(key, by)
        await self._step(key, Happening.COMPLETE)
        return self._running.get(key, transfer)

    async def cancel(self, key: str, by: str) -> Transfer:
        """Stop asking the colleague and go back to the citizen.

        :raises NotFound, Forbidden: there is no such consultation, or it is another operator's.
        :raises IllegalStep: it is being completed already.
        """
        transfer = self._find(key, by)
        await self._step(key, Happening.CANCEL)
        return self._running.get(key, transfer)

    async def observe(self, event: ev.Event, facts: list[Fact]) -> None:
        """Take in one event of Asterisk and what it meant for the calls."""
        if not self._running:
            return
        for transfer in list(self._running.values()):
            await self._observe_channels(transfer, event)
        for fact in facts:
            if isinstance(fact, CallEvent) and fact.call.key in self._running:
                await self._observe_call(self._running[fact.call.key], fact)

    async def _observe_channels(self, transfer: Transfer, event: ev.Event) -> None:
        key = transfer.call_key
        if isinstance(event, ev.DialBegin):
            mine = event.channel is not None and event.channel.name == transfer.operator
            if mine and event.dest.extension == transfer.to_extension:
                await self._step(key, Happening.RANG, target=event.dest.name)
        elif isinstance(event, ev.DialEnd) and event.dest.name == transfer.target:
            happening = Happening.ANSWERED if event.status == "ANSWER" else Happening.TARGET_GONE
            await self._step(key, happening, reason="" if event.status == "ANSWER" else event.status)
        elif isinstance(event, ev.UserEvent) and event.name == "ConsultEnd" and event.call_id == key:
            await self._step(key, Happening.TARGET_GONE, reason=event.headers.get("Status", ""))
        elif isinstance(event, ev.Hangup):
            happenings = {
                transfer.citizen: Happening.CITIZEN_GONE,
                transfer.operator: Happening.OPERATOR_GONE,
                transfer.target: Happening.TARGET_GONE,
            }
            gone = happenings.get(event.channel.name)
            if gone is not None:
                await self._step(key, gone)

    async def _observe_call(self, transfer: Transfer, fact: CallEvent) -> None:
        if fact.kind is CallEventKind.TRANSFERRED and fact.extension == transfer.to_extension:
            await self._step(transfer.call_key, Happening.JOINED)
        elif fact.kind is CallEventKind.RESUMED:
            await self._step(transfer.call_key, Happening.BACK)
        elif fact.kind is CallEventKind.ENDED:
            await self._step(transfer.call_key, Happening.CITIZEN_GONE)

    async def _step(self, key: str, happening: Happening, *, target: str | None = None, reason: str = "") -> None:
        transfer = self._running.get(key)
        if transfer is None:
            return
        moved, effects = step(transfer, happening, target=target, reason=reason)
        if moved.state is not transfer.state:
            log.info("transfer of %s: %s -%s-> %s", key, transfer.state, happening, moved.state)
        if moved.state in FINAL:
            self._running.pop(key, None)
        else:
            self._running[key] = moved
        for effect in effects:
            await self._run(effect, moved)

    async def _run(self, effect: Effect, transfer: Transfer) -> None:
        if effect is Effect.TELL_END:
            self._bus.publish(
                ConsultEnded(
                    self._tracker.asterisk,
                    transfer.call_key,
                    transfer.from_extension,
                    transfer.to_extension,
                    transfer.state.value,
                    transfer.reason,
                    self._clock.now(),
                )
            )
            return
        channel = transfer.target if effect is Effect.HANG_UP_TARGET else transfer.operator
        if channel is None:
            return  # not dialled yet; RANG will bring the channel and this effect once more
        try:
            await self._commands.hangup(channel)
        except NotFound:
            log.info("transfer of %s: %s is gone already", transfer.call_key, channel)

    def _find(self, key: str, by: str) -> Transfer:
        """Return the running consultation of ``by``; find it again in the live call after a restart."""
        call = self._control.find(key, by)
        transfer = self._running.get(key)
        if transfer is not None:
            return transfer
        target = next((leg for leg in call.legs.values() if leg.role is LegRole.CONSULT and leg.ended_at is None), None)
        if call.phase is not Phase.CONSULTING or target is None or target.extension is None:
            raise NotFound("there is no consultation in this call", error_id="no-such-consultation")
        transfer = Transfer(
            call_key=key,
            from_extension=by,
            to_extension=target.extension,
            citizen=party_of(call).channel,
            operator=leg_of(call, by).channel,
            card_id=call.card_id,
            started_at=target.started_at,
            state=TransferState.CONSULTING if target.answered_at else TransferState.RINGING,
            target=target.channel,
        )
        self._running[key] = transfer
        return transfer
