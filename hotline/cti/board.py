"""Pure fold of queue and device events: who waits, which members are there, what state every telephone is in.

Handlers set, never count: an event older than a snapshot may arrive after it (telephony.md 1.1), and the same event
may be folded twice. Only real changes come out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from hotline.cti.events import DeviceStateChange, QueueCallerJoin, QueueCallerLeave, QueueMember
from hotline.cti.model import DeviceChanged, DeviceState, MemberChanged, QueueChanged

BoardFact = QueueChanged | MemberChanged | DeviceChanged


class Board:
    """The queues, members and devices of one Asterisk."""

    def __init__(self, asterisk: str) -> None:
        self._asterisk = asterisk
        self._waiting: dict[str, dict[str, datetime]] = {}
        self._members: dict[tuple[str, str], MemberChanged] = {}
        self._devices: dict[str, DeviceChanged] = {}

    @property
    def members(self) -> tuple[MemberChanged, ...]:
        """Every member of every queue, as last seen."""
        return tuple(self._members.values())

    @property
    def devices(self) -> tuple[DeviceChanged, ...]:
        """Every internal number, as last seen."""
        return tuple(self._devices.values())

    def queues(self, now: datetime) -> list[QueueChanged]:
        """Return the waiting line of every queue seen so far."""
        return [self._queue(name, now) for name in self._waiting]

    def device(self, extension: str) -> DeviceState:
        """Return the state of an internal number; ``UNKNOWN`` when Asterisk has not said."""
        seen = self._devices.get(extension)
        return seen.state if seen else DeviceState.UNKNOWN

    def joined(self, event: QueueCallerJoin) -> list[BoardFact]:
        """Put a caller into the line."""
        return self._wait(event.queue, event.channel.uniqueid, event.at)

    def left(self, event: QueueCallerLeave) -> list[BoardFact]:
        """Take a caller out of the line."""
        return self._leave(event.queue, event.channel.uniqueid, event.at)

    def gone(self, uniqueid: str, at: datetime) -> list[BoardFact]:
        """Take a channel that hung up out of every line."""
        return [fact for queue in self._waiting for fact in self._leave(queue, uniqueid, at)]

    def member(self, event: QueueMember) -> list[BoardFact]:
        """Note a member's new state."""
        extension = event.extension
        if extension is None:  # not one of our telephones
            return []
        told = (
            self._asterisk,
            event.queue,
            extension,
            event.present,
            event.paused,
            event.pause_reason,
            event.state,
            event.in_call,
        )
        fact = MemberChanged(*told, event.at)
        place = (event.queue, extension)
        old = self._members.get(place)
        if event.present:
            self._members[place] = fact
        else:
            self._members.pop(place, None)
            if old is None:
                return []
        return [] if old is not None and MemberChanged(*told, old.at) == old else [fact]

    def changed_device(self, event: DeviceStateChange) -> list[BoardFact]:
        """Note a telephone's new state."""
        extension = event.extension
        if extension is None:
            return []
        old = self._devices.get(extension)
        if old is not None and old.state is event.state:
            return []
        fact = DeviceChanged(self._asterisk, extension, event.state, event.at)
        self._devices[extension] = fact
        return [fact]

    def restore(
        self,
        waiting: dict[str, dict[str, datetime]],
        members: Iterable[QueueMember],
        devices: Iterable[DeviceStateChange],
        at: datetime,
    ) -> list[BoardFact]:
        """Replace everything by a snapshot; return what differs from what was known.

        :param waiting: queue → Uniqueid of each waiting caller → since when he waits; every queue is listed.
        """
        facts: list[BoardFact] = []
        old_waiting, self._waiting = self._waiting, waiting
        for queue in waiting.keys() | old_waiting.keys():
            self._waiting.setdefault(queue, {})
            if old_waiting.get(queue) != waiting[queue]:
                facts.append(self._queue(queue, at))
        seen = list(members)
        present = {(member.queue, member.extension) for member in seen}
        for place, old in list(self._members.items()):
            if place not in present:
                del self._members[place]
                facts.append(replace(old, present=False, at=at))
        for member in seen:
            facts.extend(self.member(member))
        for device in devices:
            facts.extend(self.changed_device(device))
        return facts

    def _wait(self, queue: str, uniqueid: str, at: datetime) -> list[BoardFact]:
        line = self._waiting.setdefault(queue, {})
        if uniqueid in line:
            return []
        line[uniqueid] = at
        return [self._queue(queue, at)]

    def _leave(self, queue: str, uniqueid: str, at: datetime) -> list[BoardFact]:
        line = self._waiting.setdefault(queue, {})
        if line.pop(uniqueid, None) is None:
            return []
        return [self._queue(queue, at)]

    def _queue(self, queue: str, at: datetime) -> QueueChanged:
        line = self._waiting[queue]
        return QueueChanged(self._asterisk, queue, len(line), min(line.values(), default=None), at)
