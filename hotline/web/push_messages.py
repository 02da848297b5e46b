"""What browsers are told: facts of the bus become the messages of docs/internals.md, "Push".

Nothing here waits for the database: a ring is in the operator's browser before anybody has looked up who calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from hotline.cti.model import (
    Call,
    CallEvent,
    ConsultEnded,
    ConsultOffered,
    Direction,
    LegRole,
    LinkChanged,
    Phase,
    QueueChanged,
)
from hotline.journal import masking
from hotline.journal.closing import CallClassified
from hotline.journal.emergencies import Emergency
from hotline.journal.model import AppealChanged
from hotline.journal.notice_model import NoticeMade
from hotline.queue.board import QueueLine
from hotline.queue.model import Operator, OperatorChanged, OperatorNotice, OperatorState
from hotline.softphone.quality_rules import QualityChanged, verdict
from hotline.web.i18n import group_digits
from hotline.web.open_alarms import OpenAlarms
from hotline.web.pace import Pace
from hotline.web.push import PushHub, Viewer
from hotline.web.push_folders import FolderCounts
from hotline.web.services import Services

_encoder = msgspec.json.Encoder()

QUEUE_EVERY_S = 0.25
"""A queue's numbers reach each browser at most four times a second."""

BOARD_FACTS = (OperatorChanged, OperatorNotice, QueueChanged, LinkChanged)
CALL_FACTS = (CallEvent, ConsultOffered, ConsultEnded)


def message(kind: str, data: object) -> bytes:
    """Encode one message."""
    return _encoder.encode({"type": kind, "data": data})


PONG = _encoder.encode({"type": "pong", "data": {}})


@lru_cache(maxsize=4096)  # a call is told at each of its steps, with the moments of all steps before
def at(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC to the millisecond."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:  # the clock's and Asterisk's moments are in UTC already
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"  # without +00:00


def call_data(call: Call, now: datetime) -> dict[str, Any]:
    """Return a call as browsers know it."""
    return {
        "key": call.key,
        "direction": call.direction,
        "phase": call.phase,
        "caller": call.caller,
        "caller_display": group_digits(call.caller) if call.caller else None,
        "dialled": call.dialled,
        "queue": call.queue,
        "started_at": at(call.started_at),
        "queued_at": at(call.queued_at),
        "answered_at": at(call.answered_at),
        "ended_at": at(call.ended_at),
        "operator": call.operator,
        "ringing": call.ringing,
        "wait_s": round(call.wait_s(now), 1),
        "recorded": call.recorded,
        "consulted": _consulted(call),
    }


def without_number(data: dict[str, Any]) -> dict[str, Any]:
    """Return a call for who watches it and does not see citizens' numbers: their last digits (domain 3.4)."""
    if data["direction"] == Direction.INTERNAL:
        return data
    hidden = {"caller": masking.number(data["caller"]), "caller_display": masking.number(data["caller"])}
    return data | (hidden if data["direction"] == Direction.IN else {"dialled": masking.tail(data["dialled"])})


def _consulted(call: Call) -> str | None:
    for leg in call.legs:
        if leg.role is LegRole.CONSULT and leg.ended_at is None:
            return leg.extension
    return None


def operator_data(operator: Operator, *, applied: bool = True) -> dict[str, Any]:
    """Return an operator's state as he himself sees it."""
    return {
        "user_id": operator.user_id,
        "extension": operator.extension,
        "state": operator.state,
        "since": at(operator.since),
        "reason": operator.reason,
        "limit_at": at(operator.limit_at),
        "over_limit": operator.over_limit,
        "planned": operator.pause.reason if operator.pause is not None and operator.reason is None else None,
        "call_key": operator.call_key,
        "applied": applied,
    }


def presence_data(operator: Operator) -> dict[str, Any]:
    """Return an operator's state as everybody sees it: not why he pauses."""
    return {
        "extension": operator.extension,
        "state": operator.state,
        "since": at(operator.since),
        "queues": operator.queues,  # who works in the same one may pick up a call that rings here
    }


def late_data(operator: Operator) -> dict[str, Any]:
    """Return whose pause is over its limit, or is so no more (DAY-36): for those who may watch, not for everybody."""
    return {"extension": operator.extension, "late": operator.over_limit, "limit_at": at(operator.limit_at)}


def queue_data(line: QueueLine) -> dict[str, Any]:
    """Return a waiting line."""
    return {"queue": line.queue, "waiting": line.waiting, "oldest_at": at(line.oldest_at)}


def quality_data(fact: QualityChanged) -> dict[str, Any]:
    """Return how an operator's call sounds now; without figures when it is over."""
    report = fact.report
    score = report.mos if report is not None else None
    return {
        "extension": fact.extension,
        "call_key": fact.call_key,
        "at": at(fact.at),
        "mos": round(score, 2) if score is not None else None,
        "verdict": verdict(score) if score is not None else None,
        "loss_pct": round(report.loss_pct, 1) if report is not None else None,
        "jitter_ms": round(report.jitter_ms, 1) if report is not None else None,
        "rtt_ms": round(report.rtt_ms, 1) if report is not None and report.rtt_ms is not None else None,
        "alarm": report.alarm if report is not None else None,
    }


def emergency_data(one: Emergency) -> dict[str, Any]:
    """Return an alarm as browsers know it: nothing of the citizen."""
    return {
        "id": one.id,
        "at": at(one.at),
        "by": one.by,
        "user_id": one.user_id,
        "extension": one.extension,
        "call_key": one.call_key,
        "seen_by": one.seen_by,
    }


def parking_data(services: Services) -> list[dict[str, object]]:
    """Return the parked citizens by place. Not who they are: everybody sees this."""
    live = [call for cti in services.cti.values() for call in cti.calls.values()]
    parked = [(call.parked, call.key) for call in live if call.parked is not None]
    parked.sort(key=lambda row: (row[0].slot, row[1]))
    return [{"slot": one.slot, "call_key": key, "by": one.by, "since": at(one.since)} for one, key in parked]


def concerned(event: CallEvent) -> set[str]:
    """Return the extensions that a change of a call concerns.

    Others do not learn who calls (data minimisation), except those who hold the right to watch calls.
    """
    call = event.call
    found = {event.extension, call.operator, *call.ringing}
    if call.phase is not Phase.ENDED:
        found |= {leg.extension for leg in call.legs if leg.ended_at is None}
    return {one for one in found if one is not None}


def sees_number(viewer: Viewer, parties: Collection[str]) -> bool:
    """Tell whether a browser may show the citizen's number of a call that concerns ``parties``."""
    return viewer.sees_numbers or viewer.extension in parties


def takes_part(call: Call, extension: str | None) -> bool:
    """Tell whether an internal number rings or talks in a call."""
    if extension is None:
        return False
    live = {leg.extension for leg in call.legs if leg.ended_at is None}
    return extension == call.operator or extension in call.ringing or extension in live


class Announcer:
    """Connects the bus with the hub.

    The calls of an operator are listened to, so a ring is written to his browser while it is published. What everybody
    gets, and what waits for the database (the counts of folders), has subscriptions of its own.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self.alarms = OpenAlarms()
        self.hub = PushHub(self.snapshot)
        self._stop: list[Callable[[], Awaitable[None]]] = []
        self._lines: dict[str, QueueChanged] = {}
        self._queue_pace = Pace(self._tell_queue, QUEUE_EVERY_S)
        self._folder_counts = FolderCounts(services, self.hub)

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        bus = self._services.bus
        self._stop = [
            bus.listen(*CALL_FACTS, listener=self._on_call_fact, name="push:calls"),
            bus.subscribe(*BOARD_FACTS, handler=self._on_board_fact, name="push:board", on_overflow=self.hub.resync),
            bus.subscribe(AppealChanged, handler=self._on_appeal, name="push:appeals"),
            bus.subscribe(AppealChanged, handler=self._folder_counts.on_appeal, name="push:folders"),
            bus.subscribe(NoticeMade, handler=self._on_notice, name="push:notices"),
            bus.subscribe(CallClassified, handler=self._on_classified, name="push:dispositions"),
            bus.subscribe(QualityChanged, handler=self._on_quality, name="push:quality"),
        ]

    async def close(self) -> None:
        """Unsubscribe and close every browser's connection."""
        for stop in self._stop:
            await stop()
        self._stop = []
        await self._queue_pace.close()
        await self._folder_counts.close()
        await self.hub.close()

    def snapshot(self, viewer: Viewer) -> bytes:
        """Return the first message of a connection: the whole picture, from memory."""
        now = self._services.clock.now()
        board = self._services.desk.board()
        operator = self._services.desk.operator(viewer.user_id)
        calls = [
            call_data(call, now)
            if viewer.sees_numbers or takes_part(call, viewer.extension)
            else without_number(call_data(call, now))
            for cti in self._services.cti.values()
            for call in cti.calls.values()
            if viewer.watches_calls or takes_part(call, viewer.extension)
        ]
        own = [line for line in board.queues if line.queue == self._services.settings.queue]
        return message(
            "snapshot",
            {
                "operator": operator_data(operator, applied=operator.user_id not in board.unapplied)
                if operator
                else None,
                "calls": calls,
                "queue": queue_data(own[0]) if own else None,
                "queues": [queue_data(line) for line in board.queues],
                "presence": [presence_data(one) for one in board.operators if one.state is not OperatorState.OFFLINE],
                "quality": [
                    quality_data(one)
                    for one in self._services.quality.live()
                    if viewer.watches_calls or one.extension == viewer.extension
                ],
                "late": [late_data(one) for one in board.operators if one.over_limit] if viewer.watches_calls else [],
                "emergencies": [emergency_data(one) for one in self.alarms.shown(now)] if viewer.watches_calls else [],
                "parking": parking_data(self._services),
                "links": [self.link_data(name) for name in self._services.cti],
                "server_time": at(now),
            },
        )

    def link_data(self, name: str) -> dict[str, str]:
        """Return the state of the connection to one Asterisk."""
        link = self._services.cti[name].link
        return {"asterisk": name, "state": link.state, "reason": link.reason}

    def _on_call_fact(self, fact: object) -> None:
        match fact:
            case CallEvent():
                parties = concerned(fact)
                audience = self.hub.audience(parties, watchers=True)
                if audience:  # a citizen who is in no operator's hands yet concerns nobody
                    data = call_data(fact.call, self._services.clock.now())
                    data["extension"] = fact.extension
                    seeing = [one for one in audience if sees_number(one.viewer, parties)]
                    self.hub.tell(seeing, message(fact.kind, data))
                    if len(seeing) < len(audience):
                        blind = [one for one in audience if not sees_number(one.viewer, parties)]
                        self.hub.tell(blind, message(fact.kind, without_number(data)))
                else:  # these are remembered, so that the ring need not wait for them
                    at(fact.at)
                    group_digits(fact.call.caller or "")
            case ConsultOffered():
                call = call_data(fact.call, self._services.clock.now())
                offer = {"call": call, "from": fact.from_extension, "card_id": fact.card_id}
                self.hub.tell(self.hub.audience((fact.to_extension,)), message("consult.offer", offer))
            case ConsultEnded():
                ended = {
                    "call_key": fact.call_key,
                    "status": fact.status,
                    "reason": fact.reason,
                    "from": fact.from_extension,
                    "to": fact.to_extension,
                }
                both = (fact.from_extension, fact.to_extension)
                self.hub.tell(self.hub.audience(both), message("consult.ended", ended))

    async def _on_board_fact(self, fact: object) -> None:
        match fact:
            case OperatorChanged(operator=operator, applied=applied):
                await self.hub.to_user(
                    operator.user_id, message("operator.state", operator_data(operator, applied=applied))
                )
                await self.hub.broadcast(message("presence", presence_data(operator)))
                if operator.over_limit or fact.previous is OperatorState.PAUSE:
                    self.hub.tell(self.hub.audience((), watchers=True), message("operator.late", late_data(operator)))
            case OperatorNotice():
                await self.hub.to_user(fact.user_id, message("operator.notice", {"notice": fact.notice}))
            case QueueChanged():
                self._lines[fact.queue] = fact
                await self._queue_pace.touch(fact.queue)
            case LinkChanged():
                await self.hub.broadcast(
                    message("link", {"asterisk": fact.asterisk, "state": fact.state, "reason": fact.reason})
                )

    async def _on_quality(self, fact: QualityChanged) -> None:
        """Of no use later: a subscription of its own, in which a jam harms nothing else."""
        await self.hub.to_extensions((fact.extension,), message("quality", quality_data(fact)), watchers=True)

    async def _on_classified(self, fact: CallClassified) -> None:
        data = {"call_key": fact.call_key, "code": fact.code}
        await self.hub.to_user(fact.user_id, message("call.disposition", data))

    async def _tell_queue(self, queue: str) -> None:
        fact = self._lines[queue]
        # The fact is of one server; browsers are told the line over all of them.
        lines = [line for line in self._services.desk.board().queues if line.queue == queue]
        line = lines[0] if lines else QueueLine(queue, fact.waiting, fact.oldest_at)
        await self.hub.broadcast(message("queue.stats", queue_data(line)))

    async def _on_appeal(self, fact: AppealChanged) -> None:
        """Tell those whose folders changed, with the new counts."""
        kind = "appeal.created" if fact.kind == "appeal.created" else "appeal.changed"
        for user_id in fact.user_ids:
            if not self.hub.has_user(user_id):
                continue
            data: dict[str, Any] = {"id": fact.appeal_id, "number": fact.number, "event": fact.kind}
            user = await self._services.staff.user(user_id)
            if user is not None:
                counts = await self._services.lists.folders(user)
                data["folder_counts"] = {one.folder: one.shown for one in counts}
            await self.hub.to_user(user_id, message(kind, data))

    async def _on_notice(self, fact: NoticeMade) -> None:
        """Make the bells of those who were told ring: kind and number, never a name or a text (DAY-29)."""
        for user_id in fact.user_ids:
            if self.hub.has_user(user_id):
                unread = await self._services.notices.unread(user_id)
                data = {"kind": fact.kind, "number": fact.number, "appeal_id": fact.appeal_id, "unread": unread}
                await self.hub.to_user(user_id, message("notice.new", data))
