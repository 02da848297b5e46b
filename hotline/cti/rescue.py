"""A citizen whose operator's browser was lost: what Asterisk says about him and what can be done for him.

``softphone.recovery`` decides; this is its hand on one Asterisk (docs/telephony.md, "The call outlives the browser").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from hotline.cti import rtcp
from hotline.cti.calls import CallTracker
from hotline.cti.callstate import LiveCall, LiveLeg
from hotline.cti.commands import Commands, Place
from hotline.cti.control import CallControl, party_of
from hotline.cti.errors import CommandRefused
from hotline.cti.model import DeviceState, Direction, EndedBy, LegRole, LineReport, OperatorPart, Phase, Standing
from hotline.errors import NotFound

LOST = Place("lost", "s")
AGAIN = Place("again", "s")
IN_TALK = frozenset({Phase.TALKING, Phase.HELD, Phase.CONSULTING})


class Rescue:
    """Commands raise :class:`NotFound` when the call or a channel is gone, and what :class:`Commands` raises."""

    def __init__(self, tracker: CallTracker, commands: Commands, control: CallControl) -> None:
        self._tracker = tracker
        self._commands = commands
        self._control = control

    def conversations(self) -> Iterator[tuple[str, str]]:
        """Yield call key and extension of every operator who is connected in a call with a citizen."""
        for call in self._tracker.live_calls():
            if not call.published or call.direction is Direction.INTERNAL or call.phase not in IN_TALK:
                continue
            for extension in {leg.extension for leg in _connected(call)}:
                if extension is not None:
                    yield call.key, extension

    def rings(self) -> Iterator[tuple[str, LiveLeg]]:
        """Yield call key and channel of every telephone that rings for a call."""
        for call in self._tracker.live_calls():
            for leg in call.legs.values():
                if leg.extension in call.ringing and leg.answered_at is None and leg.ended_at is None:
                    yield call.key, leg

    def part(self, key: str, extension: str) -> OperatorPart:
        """Return what is known of an operator's part in a call."""
        call = self._tracker.live(key)
        if call is None or call.hint is EndedBy.AGENT or call.phase not in IN_TALK or call.parked is not None:
            return OperatorPart(Standing.ELSEWHERE)
        connected = _connected(call)
        own = [leg for leg in call.legs.values() if leg.extension == extension and leg.ended_at is None]
        others = any(leg.extension != extension for leg in connected)
        answered = [leg for leg in own if leg.answered_at is not None]
        if answered:
            standing = Standing.WITH_HIM
        elif own:
            standing = Standing.RINGING_HIM
        else:
            standing = Standing.ELSEWHERE if others else Standing.ALONE
        leg = next(reversed(answered or own), None)
        return OperatorPart(
            standing,
            leg=leg.uniqueid if leg is not None else None,
            main=call.operator == extension and (leg is None or leg.role is not LegRole.CONSULT),
            others=others,
            idle=self._tracker.board.device(extension) is DeviceState.IDLE,
        )

    async def packets(self, leg: str) -> int | None:
        """Return how many RTP packets Asterisk has received on a channel; ``None`` when it cannot tell.

        Asterisk: function ``CHANNEL(rtcp,rxcount)`` of chan_pjsip.
        """
        with suppress(CommandRefused):
            count = await self._commands.variable(leg, "CHANNEL(rtcp,rxcount)")
            return int(count) if count.isdigit() else None
        return None

    async def sound(self, leg: str) -> LineReport | None:
        """Return everything that Asterisk's RTP knows of a channel; ``None`` when it cannot tell."""
        with suppress(CommandRefused):
            return rtcp.parse(await self._commands.variable(leg, "CHANNEL(rtcp,all)"))
        return None

    def citizen_line(self, key: str) -> str | None:
        """Return the Uniqueid of the citizen's live channel; ``None``: he is gone."""
        call = self._tracker.live(key)
        party = call.party if call is not None else None
        return party.uniqueid if party is not None and party.ended_at is None else None

    async def keep(self, key: str, extension: str) -> None:
        """Let the citizen hear the message and music; end the operator's dead channel."""
        call = self._live(key)
        party = party_of(call)
        self._control.sheltered.add(key)
        call.operator = extension
        legs = [leg for leg in call.legs.values() if leg.extension == extension and leg.ended_at is None]
        for leg in legs:
            # Its end must not fetch the citizen from where he is going (contexts hold and consult).
            with suppress(NotFound):
                await self._commands.set_variable(leg.uniqueid, "CITIZEN", "")
        await self._commands.redirect(party.uniqueid, LOST)
        for leg in legs:
            with suppress(NotFound):
                await self._commands.hangup(leg.uniqueid)

    async def call_back(self, key: str, extension: str) -> None:
        """Ring the operator who is back; when he does not answer the dialplan sends the citizen on."""
        await self._commands.redirect(party_of(self._live(key)).uniqueid, Place("back", extension))

    async def requeue(self, key: str) -> None:
        """Send the citizen to the head of the queue."""
        await self._commands.redirect(party_of(self._live(key)).uniqueid, AGAIN)

    async def drop(self, key: str, extension: str) -> None:
        """End only this operator's channel; whoever else is there has, or takes, the citizen."""
        leg = self.part(key, extension).leg
        if leg is not None:
            await self._commands.hangup(leg)

    async def refuse(self, leg: str) -> None:
        """End a ring that nobody can hear. Cause 20 (subscriber absent, Q.850): it was not the operator's fault."""
        call = self._tracker.live(self._tracker.call_of_channel(leg) or "")
        if call is not None and leg in call.legs:
            call.legs[leg].unheard = True
        await self._commands.hangup(leg, cause=20)

    def done(self, key: str) -> None:
        """The care is over."""
        self._control.sheltered.discard(key)

    def _live(self, key: str) -> LiveCall:
        call = self._tracker.live(key)
        if call is None:
            raise NotFound("there is no such call any more", error_id="no-such-call", details={"key": key})
        return call


def _connected(call: LiveCall) -> list[LiveLeg]:
    return [
        leg
        for leg in call.legs.values()
        if leg.extension is not None and leg.answered_at is not None and leg.ended_at is None
    ]
