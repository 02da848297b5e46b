"""Brings Asterisk's queues to what the operators' states ask for, and keeps them there.

Commands of one operator go out one after another, in the order of his states; those of different operators do not wait
for each other. After a failure nobody replays old commands: the operator's *present* state is sent as a whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hotline.clock import Clock
from hotline.cti.model import MemberChanged
from hotline.errors import HotlineError, Unavailable
from hotline.queue.model import (
    AddMember,
    MemberEffect,
    Operator,
    OperatorState,
    PauseMember,
    RemoveMember,
    UnpauseMember,
)
from hotline.queue.rules import pause_reason, restore

log = logging.getLogger(__name__)

COMMAND_S = 5.0
RETRY = timedelta(seconds=5)


class QueuePort(Protocol):
    """What this package asks of Asterisk. Every method returns when Asterisk has acknowledged.

    Adding a member who is there, or removing one who is not, is a success. All raise ``Unavailable`` when Asterisk
    cannot be reached and another ``HotlineError`` when it refuses.
    """

    async def add_member(self, queue: str, extension: str, member_name: str, paused: bool, penalty: int) -> None:
        """Add ``PJSIP/<extension>`` to ``queue`` (QueueAdd)."""
        ...

    async def remove_member(self, queue: str, extension: str) -> None:
        """Take ``PJSIP/<extension>`` out of ``queue`` (QueueRemove)."""
        ...

    async def pause_member(self, extension: str, paused: bool, reason: str) -> None:
        """Pause or unpause ``PJSIP/<extension>`` in all queues (QueuePause)."""
        ...


def refused(state: OperatorState, error: HotlineError) -> Unavailable:
    """Return what tells a person that his state is in force here, but not (yet) in Asterisk."""
    details = {"state": str(state), "cause": error.message}
    if isinstance(error, Unavailable):
        text = "the telephone server does not answer; the new state is kept and will be applied when it is back"
        return Unavailable(text, error_id="telephony-unavailable", details=details)
    text = "the telephone server refused the new state; it is kept and will be tried again"
    return Unavailable(text, error_id="telephony-refused", details=details)


def misplaced(operators: Iterable[Operator], facts: Iterable[MemberChanged]) -> list[Operator]:
    """Return the operators whose membership, as Asterisk tells it, is not what their state asks for.

    Members who belong to no operator, or to queues that are not his, are somebody else's and left alone.
    """
    owners: dict[str, Operator] = {}
    for operator in sorted(operators, key=lambda one: one.state is not OperatorState.OFFLINE):
        owners[operator.extension] = operator  # a number may have had several users; who is at work comes last
    wrong: dict[int, Operator] = {}
    for fact in facts:
        owner = owners.get(fact.extension)
        if owner is None or fact.queue not in owner.queues:
            continue
        present = owner.state is not OperatorState.OFFLINE
        if fact.present != present or (present and fact.paused != (pause_reason(owner) is not None)):
            wrong[owner.user_id] = owner
    return list(wrong.values())


class Memberships:
    """The commands under way, and the operators whose membership Asterisk has not confirmed."""

    def __init__(
        self,
        port: QueuePort,
        clock: Clock,
        current: Callable[[int], Operator | None],
        queues_with: Callable[[str], frozenset[str]],
        on_turn: Callable[[int], None],
    ) -> None:
        """Wire it.

        :param current: finds an operator by user id.
        :param queues_with: the queues that have this extension, as far as Asterisk has told.
        :param on_turn: hears the user id when a membership fails or is mended.
        """
        self._port = port
        self._clock = clock
        self._current = current
        self._queues_with = queues_with
        self._on_turn = on_turn
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[HotlineError | None]] = set()
        self._failed: set[int] = set()
        self._sent_at: dict[int, datetime] = {}

    def applied(self, user_id: int) -> bool:
        """Whether Asterisk has confirmed the last thing that it was told about this operator."""
        return user_id not in self._failed

    def quiet(self, user_id: int, now: datetime) -> bool:
        """Whether nothing is under way for this operator, and has not been for a while: his facts have settled."""
        sent_at = self._sent_at.get(user_id)
        return not self._locks[user_id].locked() and (sent_at is None or now - sent_at >= RETRY)

    def send(self, operator: Operator, effects: Sequence[MemberEffect]) -> asyncio.Task[HotlineError | None]:
        """Give Asterisk these commands, after those given before. The task's result is what went wrong, if anything."""
        return self._start(operator, effects)

    def _start(self, operator: Operator, effects: Sequence[MemberEffect] | None) -> asyncio.Task[HotlineError | None]:
        # A task starts in the order of creation and the lock is fair: that is what keeps the order of commands.
        task = asyncio.create_task(self._send(operator.user_id, effects), name=f"membership:{operator.extension}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def restore(self, operator: Operator) -> asyncio.Task[HotlineError | None]:
        """Tell Asterisk the whole of this operator's present state."""
        return self._start(operator, None)

    def retry(self, now: datetime) -> None:
        """Try again for every operator whose membership failed some time ago."""
        for user_id in [u for u in self._failed if self.quiet(u, now)]:
            operator = self._current(user_id)
            if operator is not None:
                self.restore(operator)

    async def idle(self) -> None:
        """Wait until no command is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _send(self, user_id: int, effects: Sequence[MemberEffect] | None) -> HotlineError | None:
        async with self._locks[user_id]:
            self._sent_at[user_id] = self._clock.now()
            operator = self._current(user_id)
            if operator is not None and user_id in self._failed:  # then what we believe to know may be wrong as well
                effects = restore(operator)
            elif operator is not None and effects is None:
                effects = restore(operator, self._queues_with(operator.extension))
            try:
                for effect in effects or ():
                    async with asyncio.timeout(COMMAND_S):
                        await self._command(effect)
            except (HotlineError, OSError) as error:  # TimeoutError is an OSError
                log.warning("queue membership of user %d is not applied: %r", user_id, error)
                if user_id not in self._failed:
                    self._failed.add(user_id)
                    self._on_turn(user_id)
                if isinstance(error, HotlineError):
                    return error
                return Unavailable("Asterisk does not answer", error_id="telephony-unavailable")
            if user_id in self._failed:
                self._failed.discard(user_id)
                self._on_turn(user_id)
            return None

    async def _command(self, effect: MemberEffect) -> None:
        match effect:
            case AddMember(queue, extension, member_name, paused, penalty):
                await self._port.add_member(queue, extension, member_name, paused, penalty)
            case RemoveMember(queue, extension):
                await self._port.remove_member(queue, extension)
            case PauseMember(extension, reason):
                await self._port.pause_member(extension, paused=True, reason=reason)
            case UnpauseMember(extension):
                await self._port.pause_member(extension, paused=False, reason="")
