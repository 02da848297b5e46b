"""Transfers: runs the effects of ``transfers.step`` and feeds it what Asterisk reports (telephony.md 6.3).

The state here mirrors what the dialplan does by itself; after a restart of the service a running transfer is found
again in the live calls, so it can still be completed or cancelled and its card still follows.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from hotline.clock import Clock
from hotline.cti import events as ev
from hotline.cti.calls import CallTracker, Fact
from hotline.cti.callstate import LiveCall
from hotline.cti.commands import Commands, Place, interface_of
from hotline.cti.control import HOLD, LEAVE, CallControl, leg_of, party_of, require_talk
from hotline.cti.errors import CommandRefused
from hotline.cti.model import CallEvent, CallEventKind, ConsultEnded, ConsultOffered, DeviceState, Phase
from hotline.cti.transfers import FINAL, Effect, Happening, Transfer, TransferKind, TransferState, found_running, step
from hotline.errors import BadInput, Conflict, HotlineError, NotFound, Unavailable
from hotline.events import Bus

log = logging.getLogger(__name__)

JOIN = Place("join", "s")
_BUSY = frozenset({DeviceState.BUSY, DeviceState.IN_USE, DeviceState.RINGING, DeviceState.ON_HOLD})
_TALKS = frozenset({CallEventKind.ANSWERED, CallEventKind.RESUMED, CallEventKind.TRANSFERRED})


class TransferService:
    """The transfers of one Asterisk. ``by`` is the extension of the operator who asks.

    Every method that asks for something raises :class:`NotFound` or :class:`Forbidden` when there is no such call or it
    is another operator's, :class:`Conflict` when its state does not allow the step, and :class:`Unavailable` or
    :class:`CommandRefused` when Asterisk cannot do it. Nothing has changed for the citizen then.
    """

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

    @property
    def running(self) -> bool:
        """Whether any transfer is under way: only then does an event concern this part."""
        return bool(self._running)

    def offers(self) -> list[ConsultOffered]:
        """Return the offers of all running transfers, for those who began to listen late."""
        calls = ((self._tracker.live(key), transfer) for key, transfer in self._running.items())
        return [self._offer(call, transfer) for call, transfer in calls if call is not None and _brings_card(transfer)]

    # What people ask for

    async def consult(self, key: str, by: str, extension: str, card_id: str | None = None) -> Transfer:
        """Put the citizen on hold and ring ``extension`` for the operator ``by``; the card goes along.

        :raises BadInput: it is no internal number, or his own.
        :raises Conflict: he does not have the citizen, or the colleague is busy or away.
        """
        call = self._may_go(key, by, extension)
        transfer = self._begin(call, by, extension, TransferKind.WARM, card_id)
        place = Place("consult", extension)
        holding = party_of(call).holding
        try:
            # Two underscores: the colleague's channel inherits them when it is dialled.
            await self._commands.set_variable(transfer.operator, "__CITIZEN", transfer.citizen)
            if card_id:
                await self._commands.set_variable(transfer.operator, "__CARD_ID", card_id)
            if holding:
                await self._commands.redirect(transfer.operator, place)
            else:
                await self._commands.redirect(transfer.citizen, HOLD, transfer.operator, place)
        except (Unavailable, CommandRefused, NotFound) as error:
            await self._step(key, Happening.REDIRECT_FAILED, reason=error.error_id)
            raise
        await self._step(key, Happening.REDIRECTED)
        return self._running.get(key) or replace(transfer, state=TransferState.REFUSED)

    async def blind(self, key: str, by: str, extension: str, card_id: str | None = None) -> Transfer:
        """Send the citizen to ``extension`` at once; ``by`` is free. Does the colleague not answer, ``by`` is rung.

        Raises as :meth:`consult`.
        """
        call = self._may_go(key, by, extension)
        transfer = self._begin(call, by, extension, TransferKind.BLIND, card_id)
        return await self._give(transfer, back_to=by)

    async def take(self, key: str, by: str, card_id: str | None = None) -> Transfer:
        """Take a parked citizen: the own telephone rings and gets him; otherwise he who parked him is rung.

        :raises Conflict: he is not parked (any more), somebody takes him already, or the own telephone is not free.
        """
        call = self._live(key)
        if call.parked is None or key in self._running:
            raise Conflict("the citizen is not parked any more", error_id="taken-already")
        self._own_telephone_free(by)
        parker = call.parked.by
        transfer = self._begin(call, by, by, TransferKind.TAKEN, card_id, giver=parker)
        return await self._give(transfer, back_to="" if parker == by else parker)

    async def pick_up(self, key: str, by: str) -> Transfer:
        """Take a call that rings at a colleague: it rings at the own telephone instead.

        :raises Conflict: it does not ring (any more), or the own telephone is not free.
        """
        call = self._live(key)
        others = [extension for extension in call.ringing if extension != by]
        if call.phase is not Phase.RINGING or not others or key in self._running:
            raise Conflict("the call does not ring any more", error_id="taken-already")
        self._own_telephone_free(by)
        transfer = self._begin(call, by, by, TransferKind.PICKED_UP, None, giver=others[0])
        return await self._give(transfer, back_to="")

    async def complete(self, key: str, by: str) -> Transfer:
        """Leave the citizen to the colleague.

        :raises IllegalStep: the colleague has not answered yet.
        """
        transfer = self._find(key, by)
        await self._step(key, Happening.COMPLETE)
        return self._running.get(key, transfer)

    async def cancel(self, key: str, by: str) -> Transfer:
        """Stop asking the colleague and go back to the citizen; of three who talk, let the colleague go.

        :raises IllegalStep: it is being completed already.
        """
        transfer = self._find(key, by)
        await self._step(key, Happening.CANCEL)
        return self._running.get(key, transfer)

    async def join(self, key: str, by: str) -> Transfer:
        """Let the citizen join the two: three talk. The card stays with ``by`` until he leaves.

        :raises IllegalStep: the colleague has not answered yet, or three talk already.
        """
        transfer = self._find(key, by)
        await self._step(key, Happening.JOIN)
        return self._running.get(key, transfer)

    def adopt(self, key: str, card_id: str | None) -> Transfer | None:
        """A supervisor has joined the operator and the citizen: a talk of three like any other from now on.

        So whoever leaves, the citizen stays with the other one, and the card with whoever has the citizen.
        """
        call = self._live(key)
        return self._running.get(key) or self._find_again(call, card_id)

    def _may_go(self, key: str, by: str, extension: str) -> LiveCall:
        """Return the call when ``by`` may send it to ``extension`` now."""
        interface_of(extension)
        if extension == by:
            raise BadInput("that is your own number", details={"extension": "own number"})
        call = self._control.find(key, by)
        if key in self._running:
            raise Conflict("a transfer is under way already", error_id="transfer-under-way")
        require_talk(call)
        device = self._tracker.board.device(extension)
        if device in _BUSY:
            raise Conflict(f"{extension} is busy", error_id="colleague-busy", details={"state": device.value})
        if device is DeviceState.UNAVAILABLE:
            raise Conflict(f"{extension} is not connected", error_id="colleague-away")
        return call

    def _own_telephone_free(self, by: str) -> None:
        device = self._tracker.board.device(by)
        if device in _BUSY:
            raise Conflict("your own telephone is busy", error_id="own-telephone-busy")
        if device is DeviceState.UNAVAILABLE:
            raise Conflict("your own telephone is not connected", error_id="own-telephone-away")

    def _live(self, key: str) -> LiveCall:
        call = self._tracker.live(key)
        if call is None or not call.published:
            raise NotFound("there is no such call any more", error_id="no-such-call", details={"key": key})
        return call

    def _begin(
        self, call: LiveCall, by: str, extension: str, kind: TransferKind, card_id: str | None, *, giver: str = ""
    ) -> Transfer:
        """Note the transfer and tell the colleague's browser, before Asterisk is asked."""
        caller = call.first if kind is TransferKind.PICKED_UP else party_of(call)
        if caller is None or caller.ended_at is not None:
            raise NotFound("the other side is gone", error_id="no-such-channel")
        transfer = Transfer(
            call_key=call.key,
            from_extension=giver or by,
            to_extension=extension,
            citizen=caller.channel,
            operator="" if giver else leg_of(call, by).channel,
            card_id=card_id,
            started_at=self._clock.now(),
            kind=kind,
        )
        self._running[call.key] = transfer
        if _brings_card(transfer):
            self._bus.publish(self._offer(call, transfer))
        return transfer

    async def _give(self, transfer: Transfer, *, back_to: str) -> Transfer:
        place = Place("give", f"{transfer.to_extension}*{back_to}*{transfer.kind.value}")
        try:
            if transfer.card_id:
                await self._commands.set_variable(transfer.citizen, "__CARD_ID", transfer.card_id)
            if transfer.operator:
                await self._commands.redirect(transfer.citizen, place, transfer.operator, LEAVE)
            else:
                await self._commands.redirect(transfer.citizen, place)
        except (Unavailable, CommandRefused, NotFound) as error:
            await self._step(transfer.call_key, Happening.REDIRECT_FAILED, reason=error.error_id)
            raise
        await self._step(transfer.call_key, Happening.REDIRECTED)
        return self._running.get(transfer.call_key) or replace(transfer, state=TransferState.REFUSED)

    # What Asterisk reports

    async def resync(self) -> None:
        """After a gap in the events: finish what cannot be going on any more, find again what runs."""
        for transfer in list(self._running.values()):
            call = self._tracker.live(transfer.call_key)
            if call is None:
                await self._step(transfer.call_key, Happening.CITIZEN_GONE)
            elif call.phase is not Phase.CONSULTING and len(call.partners()) == 1:
                taken = call.partners()[0].extension == transfer.to_extension
                # A colleague without the citizen, or the operator with him alone: either way it is over.
                await self._step(transfer.call_key, Happening.JOINED if taken else Happening.TARGET_GONE)
        for call in self._tracker.live_calls():
            if call.key not in self._running:
                self._find_again(call)

    def _find_again(self, call: LiveCall, card_id: str | None = None) -> Transfer | None:
        transfer = found_running(call)
        if transfer is not None:
            transfer = replace(transfer, card_id=card_id or transfer.card_id)
            log.info("transfer of %s is found running: %s", call.key, transfer.state)
            self._running[call.key] = transfer
            if _brings_card(transfer):
                self._bus.publish(self._offer(call, transfer))
        return transfer

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
            dialler = transfer.operator if transfer.kind is TransferKind.WARM else transfer.citizen
            mine = event.channel is not None and event.channel.name == dialler
            if mine and event.dest.extension == transfer.to_extension:
                await self._step(key, Happening.RANG, target=event.dest.name)
        elif isinstance(event, ev.DialEnd) and event.dest.name == transfer.target:
            happening = Happening.ANSWERED if event.status == "ANSWER" else Happening.TARGET_GONE
            await self._step(key, happening, reason="" if event.status == "ANSWER" else event.status)
        elif isinstance(event, ev.UserEvent) and event.name in {"ConsultEnd", "GiveEnd"} and event.call_id == key:
            await self._step(key, Happening.TARGET_GONE, reason=event.headers.get("Status", ""))
        elif isinstance(event, ev.BridgeEnter) and event.channel.name == transfer.target:
            if transfer.kind is not TransferKind.WARM:
                await self._step(key, Happening.JOINED)
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
        if fact.kind in _TALKS and fact.extension == transfer.to_extension:
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
        match effect:
            case Effect.TELL_END:
                self._bus.publish(self._end(transfer))
            case Effect.JOIN_CITIZEN:
                await self._join_citizen(transfer)
            case Effect.HANG_UP_TARGET:
                await self._hang_up(transfer, transfer.target)
            case Effect.HANG_UP_OPERATOR:
                await self._hang_up(transfer, transfer.operator)

    async def _hang_up(self, transfer: Transfer, channel: str | None) -> None:
        if channel is None:
            return  # not dialled yet; RANG will bring the channel and this effect once more
        try:
            await self._commands.hangup(channel)
        except NotFound:
            log.info("transfer of %s: %s is gone already", transfer.call_key, channel)

    async def _join_citizen(self, transfer: Transfer) -> None:
        try:
            await self._commands.set_variable(transfer.citizen, "CONSULTCHAN", transfer.target or "")
            await self._commands.redirect(transfer.citizen, JOIN)
        except HotlineError as error:
            await self._step(transfer.call_key, Happening.JOIN_FAILED, reason=error.error_id)
            raise

    def _offer(self, call: LiveCall, transfer: Transfer) -> ConsultOffered:
        return ConsultOffered(
            self._tracker.asterisk,
            call.freeze(),
            transfer.from_extension,
            transfer.to_extension,
            transfer.card_id,
            transfer.started_at,
        )

    def _end(self, transfer: Transfer) -> ConsultEnded:
        return ConsultEnded(
            self._tracker.asterisk,
            transfer.call_key,
            transfer.from_extension,
            transfer.to_extension,
            transfer.state.value,
            transfer.reason,
            self._clock.now(),
        )

    def _find(self, key: str, by: str) -> Transfer:
        """Return the running consultation of ``by``."""
        call = self._control.find(key, by)
        transfer = self._running.get(key) or self._find_again(call)
        if transfer is None:
            raise NotFound("there is no consultation in this call", error_id="no-such-consultation")
        return transfer


def _brings_card(transfer: Transfer) -> bool:
    """Tell whether there can be a card to hand over: not of a call that nobody had, nor to whoever has it already."""
    return transfer.kind is not TransferKind.PICKED_UP and transfer.from_extension != transfer.to_extension
