"""What an operator does to his conversation: hang up, hold, resume, park. Every step is acknowledged by Asterisk."""

from __future__ import annotations

from contextlib import suppress

from hotline.cti.calls import CallTracker
from hotline.cti.callstate import LiveCall, LiveLeg
from hotline.cti.commands import Commands, Place
from hotline.cti.model import Direction, EndedBy, Phase
from hotline.errors import Conflict, Forbidden, NotFound

HOLD = Place("hold", "s")
WAIT = Place("hold", "operator")
TAKE = Place("take", "s")
ALONE = Place("citizen-alone", "s")
LEAVE = Place("leave", "s")
RATING = Place("rating", "s")
SLOTS = 99


class CallControl:
    """Control of the live calls of one Asterisk. ``by`` is the extension of the operator who asks.

    Every method raises :class:`NotFound` when there is no such live call, :class:`Forbidden` when it is another
    operator's, :class:`Conflict` when its phase does not allow the step, and what :class:`Commands` raises.
    """

    def __init__(self, tracker: CallTracker, commands: Commands) -> None:
        self._tracker = tracker
        self._commands = commands
        self._slots: dict[str, int] = {}  # parking slots by call, from the command on
        self.sheltered: set[str] = set()
        """Calls whose citizen waits for an operator whose browser was lost: ``rescue.Rescue`` looks after them."""

    async def hangup(self, key: str, by: str) -> None:
        """End the conversation for everybody. A colleague who was asked, or one of three, only leaves it."""
        call = self._tracker.live(key)
        helps = call is not None and call.operator != by and any(leg.extension == by for leg in call.legs.values())
        if call is not None and (helps or len(call.partners()) > 1):
            await self._commands.hangup(leg_of(call, by).channel)
            return
        call = self.find(key, by)
        if call.phase is Phase.CONSULTING:
            raise Conflict("a consultation is running: complete or cancel it first", error_id="consulting")
        operator, party = leg_of(call, by), call.party
        self._tracker.blame(key, EndedBy.AGENT)
        if party is not None and party.ended_at is None:
            # The dialplan hangs the citizen up by itself when we cannot any more.
            await self._commands.set_variable(party.channel, "OPERATOR_ENDED", "1")
            if party.holding:
                await self._commands.hangup(party.channel)
        try:
            await self._commands.hangup(operator.channel)
        except NotFound:
            return  # the end of the citizen's channel has taken his along

    async def hold(self, key: str, by: str) -> None:
        """Put the citizen on hold with music; the operator waits in silence."""
        call = self.find(key, by)
        if call.phase is not Phase.TALKING:
            raise Conflict(f"the call is {call.phase}", error_id="not-talking")
        require_two(call)
        operator, party = leg_of(call, by), party_of(call)
        await self._commands.set_variable(operator.channel, "__CITIZEN", party.channel)
        await self._commands.redirect(party.channel, HOLD, operator.channel, WAIT)

    async def resume(self, key: str, by: str) -> None:
        """Bring operator and citizen together again."""
        call = self.find(key, by)
        party = call.party
        if call.phase is not Phase.HELD or party is None or not party.holding:
            raise Conflict(f"the call is {call.phase}", error_id="not-held")
        operator = leg_of(call, by)
        await self._commands.set_variable(operator.channel, "__CITIZEN", party.channel)
        await self._commands.redirect(operator.channel, TAKE)

    async def park(self, key: str, by: str) -> int:
        """Leave the citizen with music for anybody who takes him; return the number of his place, from 1.

        After a while the dialplan rings ``by`` again, then sends him to the head of the queue.

        :raises Conflict: also when every place is taken (``parking-full``).
        """
        call = self.find(key, by)
        require_talk(call)
        operator, party = leg_of(call, by), party_of(call)
        slot = self._free_slot(key)
        await self._commands.redirect(party.channel, Place("park", f"{slot}*{by}"), operator.channel, LEAVE)
        return slot

    def _free_slot(self, key: str) -> int:
        live = {call.key: call for call in self._tracker.live_calls()}
        self._slots = {one: slot for one, slot in self._slots.items() if one in live}
        if key not in self._slots:
            taken = set(self._slots.values()) | {call.parked.slot for call in live.values() if call.parked}
            free = next((slot for slot in range(1, SLOTS + 1) if slot not in taken), None)
            if free is None:
                raise Conflict("every place of the parking is taken", error_id="parking-full")
            self._slots[key] = free
        return self._slots[key]

    async def look_after(self, key: str, *, rate: bool = False) -> None:
        """A citizen waits in a holding bridge and nobody is left who could take him back: send him on.

        When the operator ended the call on purpose, the citizen's part ends, too; else he goes back to the queue.

        :param rate: before he goes he is asked how it was.
        """
        call = self._tracker.live(key)
        party = call.party if call is not None else None
        if call is None or party is None or party.ended_at is not None:
            return
        if call.hint is EndedBy.AGENT and rate:
            await self._commands.redirect(party.channel, RATING)
        elif call.hint is EndedBy.AGENT:
            await self._commands.hangup(party.channel)
        elif party.holding and key not in self.sheltered and call.parked is None:
            await self._commands.redirect(party.channel, ALONE)

    async def never_rate(self, key: str) -> None:
        """Ask the citizen of this call nothing after it; harmless when he is gone."""
        call = self._tracker.live(key)
        if call is None or call.direction is not Direction.IN:
            return
        with suppress(NotFound):
            await self._commands.set_variable(party_of(call).channel, "RATE", "0")

    def find(self, key: str, by: str) -> LiveCall:
        """Return a live call that ``by`` talks in.

        :raises NotFound: there is no such call.
        :raises Forbidden: it is another operator's.
        """
        call = self._tracker.live(key)
        if call is None or not call.published:
            raise NotFound("there is no such call any more", error_id="no-such-call", details={"key": key})
        if call.operator != by:
            raise Forbidden("the call is another operator's", error_id="not-your-call")
        return call


def require_two(call: LiveCall) -> None:
    """Refuse what would tear a conversation of three apart.

    :raises Conflict: a colleague takes part.
    """
    if len(call.partners()) > 1:
        raise Conflict("three are talking: leave, or let the colleague go first", error_id="three-talk")


def require_talk(call: LiveCall) -> None:
    """Refuse when the operator does not have the citizen, in talk or on hold.

    :raises Conflict: so it is.
    """
    if call.phase not in {Phase.TALKING, Phase.HELD} or call.parked is not None:
        raise Conflict(f"the call is {call.phase}", error_id="not-talking")
    require_two(call)


def leg_of(call: LiveCall, extension: str) -> LiveLeg:
    """Return the live channel of an operator in a call.

    :raises NotFound: he has none.
    """
    for leg in reversed(call.legs.values()):
        if leg.extension == extension and leg.ended_at is None:
            return leg
    raise NotFound(f"{extension} has no channel in the call", error_id="no-such-channel")


def party_of(call: LiveCall) -> LiveLeg:
    """Return the live channel of the citizen.

    :raises NotFound: he is gone.
    """
    party = call.party
    if party is None or party.ended_at is not None:
        raise NotFound("the other side is gone", error_id="no-such-channel")
    return party
