"""Pure fold: the events of one Asterisk → calls. No I/O, no clock; time is what the events say.

A call is everything that shares a Linkedid (telephony.md 1.4) and is named by the Uniqueid of its first channel. Who
talks is told by who shares a bridge with the citizen, who hung up by ``HangupRequest``; ``AgentComplete`` is never
asked.

::

    STARTED -QueueCallerJoin-> QUEUED -DialBegin-> RINGING -bridge with an operator-> TALKING -Hangup-> ENDED
    TALKING -Hold, or the citizen in a holding bridge-> HELD -DialBegin by the operator-> CONSULTING
    HELD, CONSULTING -bridge with the same operator-> TALKING (resumed); with another one -> TALKING (transferred)

Every handler sets facts and never counts them: events may be repeated, and may be older than a snapshot.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hotline.cti import events as ev
from hotline.cti.board import Board, BoardFact
from hotline.cti.callstate import LiveCall, LiveLeg, dialled_as, joined_as, parking_of
from hotline.cti.model import Call, CallEvent, CallEventKind, CallFact, Direction, EndedBy, EndSource, LegRole, Phase
from hotline.cti.model import RatingGiven as Rated
from hotline.cti.segments import gone, left, tell

Fact = CallFact | BoardFact

RING = "4"  # ChannelState of a channel whose far end calls us
_REMEMBERED = 20_000  # Uniqueids of ended channels, so that late events do not revive them


class CallTracker:
    """The calls, queues and devices of one Asterisk, folded from its events.

    :param asterisk: name of the server; part of every fact.
    :param source: where the events come from; noted in every call that ends.
    """

    def __init__(self, asterisk: str, *, source: EndSource = EndSource.AMI) -> None:
        self.asterisk = asterisk
        self._source = source
        self.board = Board(asterisk)
        self.orphans = 0
        """Events about channels that belong to no known call."""
        self._calls: dict[str, LiveCall] = {}
        self._of_channel: dict[str, LiveCall] = {}
        self._aliases: dict[str, str] = {}  # Linkedid of a call that was merged into another → that one's key
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._handlers: dict[type, Callable[[Any], list[Fact]]] = {
            ev.Newchannel: self._newchannel,
            ev.Hangup: self._hangup,
            ev.HangupRequest: self._hangup_request,
            ev.DialBegin: self._dial_begin,
            ev.DialEnd: self._dial_end,
            ev.BridgeEnter: self._bridge_enter,
            ev.BridgeLeave: self._bridge_leave,
            ev.Hold: self._hold,
            ev.MixMonitorStart: self._recording,
            ev.QueueCallerJoin: self._queue_join,
            ev.QueueCallerLeave: lambda e: [*left(self._of_channel.get(e.channel.uniqueid), e.at), *self.board.left(e)],
            ev.QueueMember: lambda e: list(self.board.member(e)),
            ev.DeviceStateChange: lambda e: list(self.board.changed_device(e)),
            ev.UserEvent: self._user_event,
        }

    @property
    def calls(self) -> dict[str, Call]:
        """The live calls by key, in the order in which they began."""
        return {call.key: call.freeze() for call in self._calls.values() if call.published}

    def call(self, key: str) -> Call | None:
        """Return one live call."""
        live = self._calls.get(key)
        return live.freeze() if live is not None and live.published else None

    def live(self, key: str) -> LiveCall | None:
        """Return the working memory of one live call, for the commands that need channel names."""
        return self._calls.get(key)

    def call_of_channel(self, uniqueid: str) -> str | None:
        """Return the key of the live call that a channel belongs to."""
        live = self._of_channel.get(uniqueid)
        return live.key if live is not None else None

    def apply(self, event: ev.Event) -> list[Fact]:
        """Fold one event; return what changed, in order."""
        handler = self._handlers.get(type(event))
        return handler(event) if handler is not None else []

    def blame(self, key: str, who: EndedBy) -> None:
        """Note who is about to end a call on purpose, because AMI's Hangup leaves no trace of it in the events."""
        call = self._calls.get(key)
        if call is not None:
            call.hint = who

    def live_calls(self) -> list[LiveCall]:
        """Return the working memory of all live calls, for the resynchronisation."""
        return list(self._calls.values())

    def adopt(self, call: LiveCall) -> None:
        """Take in a call that a snapshot found."""
        self._calls[call.key] = call

    def adopt_leg(self, call: LiveCall, leg: LiveLeg) -> None:
        """Take in a channel that a snapshot found."""
        call.legs[leg.uniqueid] = leg
        self._of_channel[leg.uniqueid] = call

    # Beginning

    def _newchannel(self, event: ev.Newchannel) -> list[Fact]:
        channel = event.channel
        if not channel.name.startswith("PJSIP/") or channel.uniqueid in self._of_channel:
            return []  # helper channels (Local, Surrogate, announcers) are no parties
        if channel.uniqueid in self._gone:
            return []
        call = self._call_for(channel)
        if call is not None:
            self._add_leg(call, channel, event.at, call.role_of(channel.extension))
            return []
        incoming = channel.state == RING
        live = LiveCall(
            key=channel.uniqueid,
            asterisk=self.asterisk,
            direction=Direction.IN if channel.extension is None and incoming else Direction.INTERNAL,
            caller=channel.extension or channel.caller,
            dialled=channel.exten,
            started_at=event.at,
            published=False,
            operator=channel.extension,
        )
        self._calls[live.key] = live
        self._add_leg(live, channel, event.at, LegRole.CALLER)
        return self._publish(live, event.at) if live.direction is Direction.IN else []

    def _publish(self, call: LiveCall, at: datetime) -> list[Fact]:
        if call.published:
            return []
        call.published = True
        return [self._fact(CallEventKind.STARTED, call, at)]

    def _user_event(self, event: ev.UserEvent) -> list[Fact]:
        if event.name == "RatingGiven":
            return [Rated(self.asterisk, event.call_id, event.at)]
        call = self._calls.get(event.call_id)
        if call is None:
            return []
        call.note(event.name)
        if event.name == "CallEntered":
            call.dialled = event.headers.get("Did") or call.dialled
        elif event.name == "RatingAsked":  # what follows is no conversation: the operator has ended it
            call.hint = EndedBy.AGENT
            return self.end(call, event.at, self._source)
        elif event.name == "OperatorLost":
            return [self._fact(CallEventKind.HELD, call, event.at, call.operator)] if call.wait(event.at) else []
        elif event.name == "OutgoingStarted":
            call.direction = Direction.OUT
            call.dialled, call.card_id = event.headers.get("Number") or call.dialled, event.headers.get("CardId")
            return self._publish(call, event.at)
        return []

    def _recording(self, event: ev.MixMonitorStart) -> list[Fact]:
        call = self._known(event.channel)
        if call is not None:
            call.recorded = True
        return []

    # Queue and ringing

    def _queue_join(self, event: ev.QueueCallerJoin) -> list[Fact]:
        facts: list[Fact] = list(self.board.joined(event))
        call = self._known(event.channel)
        if call is None or (call.phase is Phase.QUEUED and call.queue == event.queue):
            return facts
        call.queue = event.queue
        call.queued_at = call.queued_at or event.at
        call.phase = Phase.QUEUED
        # Back in the line: whoever left before did not end this call.
        call.hint = None
        call.operator_left = False
        call.close_hold(event.at)
        return [*facts, self._fact(CallEventKind.QUEUED, call, event.at)]

    def _dial_begin(self, event: ev.DialBegin) -> list[Fact]:
        call = self._known(event.dest)
        if call is None and event.channel is not None:
            call = self._known(event.channel)
        if call is None:
            self.orphans += 1
            return []
        if event.dest.uniqueid == call.key:
            return []  # Asterisk itself calls our telephone (a call-back): it has not dialled anybody yet
        leg = call.legs.get(event.dest.uniqueid)
        if leg is None:
            if event.dest.uniqueid in self._gone:
                return []
            leg = self._add_leg(call, event.dest, event.at, LegRole.AGENT)
        if leg.answered_at is not None or leg.ended_at is not None:
            return []
        dialler, context = (event.channel.uniqueid, event.channel.context) if event.channel else (call.key, "")
        leg.role = dialled_as(call, dialler, context, leg.extension)
        leg.given = event.channel.exten.rpartition("*")[2] if event.channel and context == "give" else ""
        return self._ring(call, leg, event.at)

    def _ring(self, call: LiveCall, leg: LiveLeg, at: datetime) -> list[Fact]:
        facts: list[Fact] = []
        extension = leg.extension
        if leg.role is LegRole.CALLEE:
            call.direction = Direction.INTERNAL if extension else Direction.OUT
            if extension and not call.published:
                call.dialled = extension
            call.phase = Phase.RINGING
            call.offered_at = call.offered_at or at
            facts += self._publish(call, at)
        if extension is None or extension in call.ringing:
            return facts
        call.ringing.append(extension)
        if leg.role is LegRole.CONSULT:
            call.phase = Phase.CONSULTING
            return [*facts, self._fact(CallEventKind.CONSULTING, call, at, extension)]
        call.offered_at = call.offered_at or at
        if call.phase in {Phase.STARTED, Phase.QUEUED}:
            call.phase = Phase.RINGING
        return [*facts, self._fact(CallEventKind.OFFERED, call, at, extension)]

    def _dial_end(self, event: ev.DialEnd) -> list[Fact]:
        call = self._known(event.dest)
        leg = call.legs.get(event.dest.uniqueid) if call is not None else None
        if call is None or leg is None:
            return []
        if event.status == "ANSWER":
            leg.answered_at = leg.answered_at or event.at
            if leg.extension in call.ringing:
                call.ringing.remove(leg.extension)
            return []
        if leg.role is LegRole.CALLEE:
            call.dial_status = event.status
        return self._stop_ringing(call, leg, event.at, event.status)

    def _stop_ringing(self, call: LiveCall, leg: LiveLeg, at: datetime, status: str = "") -> list[Fact]:
        if leg.extension is None or leg.extension not in call.ringing:
            return []
        call.ringing.remove(leg.extension)
        if call.phase is Phase.RINGING and not call.ringing and call.direction is Direction.IN:
            call.phase = Phase.QUEUED if call.queued_at is not None else Phase.STARTED
        reason = "CHANUNAVAIL" if leg.unheard else status
        return [CallEvent(CallEventKind.OFFER_ENDED, call.freeze(), at, leg.extension, reason)]

    # Talking

    def _bridge_enter(self, event: ev.BridgeEnter) -> list[Fact]:
        facts: list[Fact] = []
        call = self._known(event.channel)
        target = self._by_linkedid(event.channel.linkedid)
        if call is not None and target is not None and call is not target:
            call, facts = self._merge(call, target, event.at)
        if call is None:
            self.orphans += 1
            return []
        leg = call.legs[event.channel.uniqueid]
        leg.bridge = event.bridge
        leg.holding = event.holding
        leg.answered_at = leg.answered_at or event.at
        if leg is call.party:
            place = event.channel
            call.parked = parking_of(place.context, place.exten, event.at) if event.holding else None
        return facts + self._settle(call, event.at) + call.hear(event.at)

    def _bridge_leave(self, event: ev.BridgeLeave) -> list[Fact]:
        call = self._of_channel.get(event.channel.uniqueid)
        leg = call.legs.get(event.channel.uniqueid) if call is not None else None
        if call is None or leg is None or leg.bridge != event.bridge:
            return []
        leg.bridge = None
        leg.holding = False
        if leg is call.party:
            call.parked = None
        return self._settle(call, event.at) + call.hear(event.at)

    def _settle(self, call: LiveCall, at: datetime) -> list[Fact]:
        """Look who shares a bridge with the party, and say what that means."""
        party = call.party
        if party is None or party.bridge is None:
            return []
        if party.holding:
            call.phone_hold = False
            opened = call.open_hold(at)
            if call.parked is not None:
                call.phase = Phase.HELD
                return [self._fact(CallEventKind.PARKED, call, at, call.parked.by)]
            if call.phase in {Phase.HELD, Phase.CONSULTING}:
                return []
            call.phase = Phase.HELD
            return [self._fact(CallEventKind.HELD, call, at, call.operator)] if opened else []
        partners = call.partners()
        if not partners:
            return []
        partner = next((leg for leg in partners if leg.extension == call.operator), partners[0])
        return self._talk(call, partner, at)

    def _talk(self, call: LiveCall, partner: LiveLeg, at: datetime) -> list[Fact]:
        former, call.operator = call.operator, partner.extension
        before, kind = call.phase, CallEventKind.RESUMED
        if call.answered_at is None:
            call.answered_at = at
            kind = CallEventKind.ANSWERED
        elif former != partner.extension:
            kind = CallEventKind.TRANSFERRED
        elif before is Phase.TALKING or (before is Phase.HELD and call.phone_hold):
            return []
        if partner.role is LegRole.CONSULT:
            partner.role = LegRole.AGENT
        call.phase = Phase.TALKING
        call.hint = None
        call.operator_left = False
        call.phone_hold = False
        call.close_hold(at)
        return [self._fact(kind, call, at, partner.extension)]

    def _hold(self, event: ev.Hold) -> list[Fact]:
        call = self._of_channel.get(event.channel.uniqueid)
        if call is None or event.channel.extension is None or event.channel.extension != call.operator:
            return []
        if event.on and call.phase is Phase.TALKING:
            call.phase = Phase.HELD
            call.phone_hold = True
            call.open_hold(event.at)
            return [self._fact(CallEventKind.HELD, call, event.at, call.operator)]
        if not event.on and call.phase is Phase.HELD and call.phone_hold:
            call.phase = Phase.TALKING
            call.phone_hold = False
            call.close_hold(event.at)
            return [self._fact(CallEventKind.RESUMED, call, event.at, call.operator)]
        return []

    # End

    def _hangup_request(self, event: ev.HangupRequest) -> list[Fact]:
        call = self._of_channel.get(event.channel.uniqueid)
        if call is None or call.hint is not None:
            return []
        leg, party = call.legs.get(event.channel.uniqueid), call.party
        if party is not None and event.channel.uniqueid == party.uniqueid:
            call.hint = EndedBy.CALLER
        elif (
            leg is not None
            and event.channel.extension == call.operator
            and call.phase is not Phase.CONSULTING
            # A telephone that only rings refuses a call; it does not end one.
            and (leg.answered_at is not None or leg.role is LegRole.CALLER)
        ):
            # In a consultation the operator's hang-up hands the citizen over: it ends nothing.
            call.hint = EndedBy.AGENT
        return []

    def _hangup(self, event: ev.Hangup) -> list[Fact]:
        uniqueid = event.channel.uniqueid
        facts: list[Fact] = list(self.board.gone(uniqueid, event.at))
        self._forget_channel(uniqueid)
        call = self._of_channel.pop(uniqueid, None)
        leg = call.legs.get(uniqueid) if call is not None else None
        if call is None or leg is None or leg.ended_at is not None:
            return facts
        leg.ended_at = event.at
        leg.cause = event.cause
        leg.bridge = None
        gone(call, leg.extension, event.at)
        if call.answered_at is not None and leg.extension == call.operator:
            call.operator_left = True
        facts += self._stop_ringing(call, leg, event.at)
        if call.is_over():
            facts += self.end(call, event.at, self._source)
        return facts

    def end(self, call: LiveCall, at: datetime, source: EndSource) -> list[Fact]:
        """Close a call and forget it; a call that was never announced goes without a word."""
        self._calls.pop(call.key, None)
        for uniqueid in call.legs:
            self._of_channel.pop(uniqueid, None)
            self._forget_channel(uniqueid)
        for alias in [alias for alias, key in self._aliases.items() if key == call.key]:
            del self._aliases[alias]
        call.finish(at, source)
        return [self._fact(CallEventKind.ENDED, call, at)] if call.published else []

    def _forget_channel(self, uniqueid: str) -> None:
        self._gone[uniqueid] = None
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    # Belonging

    def _by_linkedid(self, linkedid: str) -> LiveCall | None:
        return self._calls.get(self._aliases.get(linkedid, linkedid))

    def _call_for(self, channel: ev.Channel) -> LiveCall | None:
        call = self._by_linkedid(channel.linkedid)
        if call is None and channel.call_id:
            call = self._calls.get(channel.call_id)
        return call

    def _known(self, channel: ev.Channel) -> LiveCall | None:
        """Find the call of a channel; take the channel in when its beginning was not seen."""
        call = self._of_channel.get(channel.uniqueid)
        if call is not None or channel.uniqueid in self._gone or not channel.name.startswith("PJSIP/"):
            return call
        call = self._call_for(channel)
        if call is not None:
            self._add_leg(call, channel, call.started_at, call.role_of(channel.extension))
        return call

    def _add_leg(self, call: LiveCall, channel: ev.Channel, at: datetime, role: LegRole) -> LiveLeg:
        leg = LiveLeg(channel.uniqueid, channel.name, channel.extension, role, at)
        call.legs[leg.uniqueid] = leg
        self._of_channel[leg.uniqueid] = call
        if channel.card_id:
            call.card_id = channel.card_id
        return leg

    def _merge(self, one: LiveCall, other: LiveCall, at: datetime) -> tuple[LiveCall, list[Fact]]:
        """Make one call of two whose channels met in a bridge; the one with a citizen, else the older, remains."""
        survivor, loser = other, one
        if one.direction is not Direction.INTERNAL and other.direction is Direction.INTERNAL:
            survivor, loser = one, other
        for leg in loser.legs.values():
            if leg.ended_at is None:
                leg.role = joined_as(survivor, leg.extension, alone=not loser.published)
                survivor.legs[leg.uniqueid] = leg
                self._of_channel[leg.uniqueid] = survivor
        loser.legs = {uid: leg for uid, leg in loser.legs.items() if leg.ended_at is not None}
        facts = self.end(loser, at, self._source)
        self._aliases[loser.key] = survivor.key
        return survivor, facts

    def _fact(self, kind: CallEventKind, call: LiveCall, at: datetime, extension: str | None = None) -> CallEvent:
        tell(call, kind, at, extension)
        return CallEvent(kind, call.freeze(), at, extension)
