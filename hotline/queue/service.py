"""The operators' desk: takes what people ask and what Asterisk reports, and keeps everybody's state.

One instance a process. It owns all timers (wrap-up, pauses, lost telephones): a hidden, slept or closed browser tab
cannot change a state. Facts in memory come first, then Asterisk, then the disk: a dead database silences nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from hotline.clock import Clock
from hotline.cti.model import (
    Call,
    CallEvent,
    CallEventKind,
    DeviceChanged,
    DeviceState,
    LinkChanged,
    LinkState,
    MemberChanged,
    QueueChanged,
)
from hotline.db import Database
from hotline.errors import Conflict, HotlineError, NotFound, Unavailable
from hotline.events import Bus
from hotline.queue import store
from hotline.queue.board import Board, QueueLines, logged_of, presence_of, seen_of
from hotline.queue.calls import extensions_in, happening_from
from hotline.queue.membership import Memberships, QueuePort, misplaced, refused
from hotline.queue.model import (
    CallAnswered,
    CallEnded,
    EndWork,
    ExtendWrapUp,
    Forced,
    GoReady,
    Happening,
    Notify,
    Operator,
    OperatorChanged,
    OperatorNotice,
    OperatorState,
    PauseReason,
    PhoneBack,
    PhoneGone,
    Policy,
    Reassign,
    ServerGone,
    StartWork,
    Supervises,
    TakePause,
    Tick,
)
from hotline.queue.rules import decide
from hotline.softphone.model import PhoneConnected, PhoneLost

__all__ = ["OperatorDesk", "QueuePort"]

log = logging.getLogger(__name__)

SAVE_S = 2.0  # how long a person waits for the disk; the writer goes on trying afterwards

Sent = asyncio.Task[HotlineError | None]


class OperatorDesk:
    """Operators' states, their membership of the queues and the live board."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        clock: Clock,
        port: QueuePort,
        policy: Policy | None = None,
        *,
        live_calls: Callable[[], Iterable[Call]],
        reasons: Callable[[], Awaitable[Mapping[str, PauseReason]]] | None = None,
        tick_s: float = 0.5,
    ) -> None:
        """Wire it.

        :param live_calls: gives the calls that exist now, of all servers; read when events may have been missed.
        :param reasons: reads the profile's pause reasons (raises ``Unavailable``); ``None``: those of ``policy`` stay.
        """
        self._bus = bus
        self._db = db
        self._clock = clock
        self._policy = policy or Policy()
        self._live_calls = live_calls
        self._reasons = reasons
        self._tick_s = tick_s
        self._operators: dict[int, Operator] = {}
        self._at_work: dict[str, int] = {}
        self._phones: set[str] = set()
        self._links_up: set[str] = set()
        self._members: dict[tuple[str, str, str], MemberChanged] = {}
        self._lines = QueueLines(self._policy.queues)
        self._memberships = Memberships(port, clock, self._operators.get, self._queues_with, self._membership_turned)
        self._writer = store.StateWriter(db)
        self._stop: list[Callable[[], Awaitable[None]]] = []
        self._timer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Continue from the states on disk, listen to the bus, start the timers. Call before the links are started.

        :raises Unavailable: the database does not answer.
        """
        await self._learn_reasons()
        for operator in await store.load(self._db):
            self._operators[operator.user_id] = operator
            if operator.state is not OperatorState.OFFLINE:
                self._at_work[operator.extension] = operator.user_id
                # All telephones reach us through this process, so none is connected now; they get the usual grace.
                self._move(operator, PhoneGone())
        log.info("%d operators are at work since before the start", len(self._at_work))
        self._writer.start()
        self._stop.append(
            self._bus.subscribe(
                CallEvent,
                DeviceChanged,
                MemberChanged,
                LinkChanged,
                QueueChanged,
                PhoneConnected,
                PhoneLost,
                handler=self._handle,
                name="operators",
                on_overflow=self._recover,
            )
        )
        self._timer = asyncio.create_task(self._run_timers(), name="operators:timers")

    async def close(self) -> None:
        """Stop. Operators stay members of the queues: a restart of the service must not empty them."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)
            self._timer = None
        for stop in self._stop:
            await stop()
        self._stop.clear()
        await self._memberships.idle()
        await self._writer.close()

    async def settled(self) -> None:
        """Wait until Asterisk has answered every command so far and the disk has every state.

        :raises Unavailable: the database does not answer.
        """
        await self._memberships.idle()
        await self._writer.flush()

    # --- What people ask for ----------------------------------------------------------------------------------------

    async def start_work(
        self,
        user_id: int,
        extension: str,
        *,
        microphone: bool,
        queues: tuple[str, ...] | None = None,
        penalty: int = 0,
        places: tuple[int, ...] = (),
    ) -> Operator:
        """«Начало работы»: become a member of the queues and ready. A second time changes nothing.

        :raises IllegalMove: the microphone check did not pass (``no-microphone``), or at work with another number.
        :raises Conflict: another user is at work with this number (``extension-busy``).
        :raises Unavailable: Asterisk does not answer; the state is kept and will be applied.
        """
        other = self._at_work.get(extension)
        if other is not None and other != user_id:
            raise Conflict(f"the number {extension} is in use by somebody else", error_id="extension-busy")
        operator = self._operators.get(user_id) or Operator(user_id, extension, self._clock.now())
        wanted = self._policy.queues if queues is None else queues
        event = StartWork(extension, wanted, microphone, extension in self._phones, penalty, places)
        return await self._request(operator, event)

    async def end_work(self, user_id: int) -> Operator:
        """«Завершить»: leave the queues.

        :raises NotFound: this user has never started work.
        :raises IllegalMove: he is in a call.
        :raises Unavailable: Asterisk does not answer; the state is kept and will be applied.
        """
        return await self._request(self._get(user_id), EndWork())

    async def reassign(self, user_id: int, queues: tuple[str, ...], penalty: int, places: tuple[int, ...] = ()) -> None:
        """Change somebody's queues and his place in them; at once when he is at work. Raises ``Unavailable``."""
        if user_id in self._operators:
            await self._request(self._operators[user_id], Reassign(queues, penalty, places))

    async def go_ready(self, user_id: int) -> Operator:
        """«Свободен»: end a pause or a wrap-up, or take back a planned pause. Raises as ``end_work``."""
        return await self._request(self._get(user_id), GoReady())

    async def pause(self, user_id: int, reason: str) -> Operator:
        """«Пауза» for a reason (``P01`` …); in a call it begins when the call and its wrap-up are over.

        :raises BadInput: there is no such reason. Otherwise raises as ``end_work``.
        """
        try:
            async with asyncio.timeout(SAVE_S):
                await self._learn_reasons()  # the administrator may have changed them since
        except (TimeoutError, Unavailable):
            log.warning("pause reasons cannot be read now, the last known ones count")
        return await self._request(self._get(user_id), TakePause(reason))

    async def extend_wrap_up(self, user_id: int) -> Operator:
        """Give more time for the card, up to ``Policy.wrap_up_max``. Raises as ``end_work``."""
        return await self._request(self._get(user_id), ExtendWrapUp())

    async def force(self, user_id: int, order: Forced) -> Operator:
        """Do for an operator what a supervisor ordered. Raises as ``end_work``, and ``BadInput`` as ``pause``."""
        return await self._request(self._get(user_id), order)

    def supervising(self, user_ids: Iterable[int]) -> None:
        """Take who takes part in somebody else's conversation now: the queue offers them nothing meanwhile (DAY-15)."""
        busy = set(user_ids)
        for one in [one for one in self._operators.values() if one.supervising != (one.user_id in busy)]:
            self._move(one, Supervises(one.user_id in busy))

    # --- What people see --------------------------------------------------------------------------------------------

    def operator(self, user_id: int) -> Operator | None:
        """Return an operator's state; ``None`` when this user has never started work."""
        return self._operators.get(user_id)

    def at_extension(self, extension: str) -> Operator | None:
        """Return who is at work with this number; ``None`` when nobody is."""
        user_id = self._at_work.get(extension)
        return None if user_id is None else self._operators[user_id]

    @property
    def pause_reasons(self) -> Mapping[str, PauseReason]:
        """The reasons for a pause by code, in their order, the system's own ones among them."""
        return self._policy.pause_reasons

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        return self._policy

    async def _learn_reasons(self) -> None:
        if self._reasons is not None:
            self._policy = replace(self._policy, pause_reasons=await self._reasons())

    def applied(self, user_id: int) -> bool:
        """Whether Asterisk has confirmed this operator's membership of the queues."""
        return self._memberships.applied(user_id)

    def board(self) -> Board:
        """Return the live picture, without asking anybody."""
        everybody = tuple(self._operators.values())
        return Board(
            operators=everybody,
            presence={ext: presence_of(self._operators[user_id]) for ext, user_id in self._at_work.items()},
            queues=self._lines.lines(),
            unapplied=frozenset(o.user_id for o in everybody if not self._memberships.applied(o.user_id)),
        )

    # --- Time -------------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Do what is due: end wrap-ups, mark long pauses and lost telephones, try failed commands and writes again."""
        now = self._clock.now()
        for user_id in list(self._at_work.values()):
            self._move(self._operators[user_id], Tick())
        self._notice_answers()
        self._memberships.retry(now)
        self._correct_members()
        self._writer.retry()

    async def _run_timers(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            try:
                await self.tick()
            except Exception:  # the timers of all operators must outlive the fault of one
                log.exception("operators' timers failed")

    # --- What the bus brings ----------------------------------------------------------------------------------------

    async def _handle(self, event: object) -> None:
        match event:
            case CallEvent():
                self._call_changed(event, self._at_work.values())
            case DeviceChanged():
                self._device_changed(event)
            case MemberChanged():
                self._members[event.asterisk, event.queue, event.extension] = event
            case QueueChanged():
                self._lines.set(event)
            case PhoneConnected():
                self._phones.add(event.extension)
                self._move_at(event.extension, PhoneBack())
            case PhoneLost():
                self._phones.discard(event.extension)
                self._move_at(event.extension, PhoneGone())
            case LinkChanged():
                self._link_changed(event)

    def _call_changed(self, event: CallEvent, users: Iterable[int]) -> None:
        concerned = extensions_in(event)
        for user_id in list(users):
            operator = self._operators[user_id]
            # Also those who are not named any more, but whom we believe to be in this call.
            if operator.extension in concerned or operator.part_in(event.call.key) is not None:
                happening = happening_from(operator, event)
                if happening is not None:
                    self._move(operator, happening)

    def _device_changed(self, event: DeviceChanged) -> None:
        """Look again when a telephone is idle and its operator is thought to talk."""
        operator = self.at_extension(event.extension)
        talks = operator is not None and operator.state in {OperatorState.TALKING, OperatorState.HOLD}
        if operator is not None and talks and event.state is DeviceState.IDLE:
            self._compare_calls((operator.user_id,), vanished=False)  # an end has its own event

    def _notice_answers(self) -> None:
        """See who has been answered without a word: when a colleague is consulted, nothing changes for the citizen.

        His device does not tell either (with ``device_state_busy_at=1`` it is busy from the first ring). Only answers
        are taken: a ring that ended is left to its event, which alone knows whether the offer was missed.
        """
        ringing = [
            self._operators[u] for u in self._at_work.values() if self._operators[u].state is OperatorState.RINGING
        ]
        calls = {call.key: call for call in self._live_calls()} if ringing else {}
        for operator in ringing:
            for key, _ in operator.calls:
                if key in calls:
                    event = CallEvent(CallEventKind.RECOVERED, calls[key], self._clock.now())
                    happening = happening_from(operator, event)
                    if isinstance(happening, CallAnswered):
                        self._move(operator, happening)

    def _link_changed(self, event: LinkChanged) -> None:
        if event.state is not LinkState.UP:
            self._links_up.discard(event.asterisk)
            for user_id in list(self._at_work.values()):
                self._move(self._operators[user_id], ServerGone(event.asterisk))
            return
        self._links_up.add(event.asterisk)
        self._compare_calls(self._at_work.values())
        # Asterisk forgets its members when it restarts (persistentmembers=no), and commands may have failed meanwhile.
        for user_id in self._at_work.values():
            self._memberships.restore(self._operators[user_id])

    async def _recover(self) -> None:
        """Events were dropped: compare with what exists now."""
        self._compare_calls(self._at_work.values())

    def _compare_calls(self, users: Iterable[int], *, vanished: bool = True) -> None:
        users = list(users)
        now = self._clock.now()
        calls = {call.key: call for call in self._live_calls()}
        for call in calls.values():
            self._call_changed(CallEvent(CallEventKind.RECOVERED, call, now), users)
        for user_id in users if vanished else ():
            for key, _ in self._operators[user_id].calls:
                # A call of a server that we cannot see now may well go on.
                if key not in calls and key.rpartition("-")[0] in self._links_up:
                    self._move(self._operators[user_id], CallEnded(key, wrap_up=True))

    def _queues_with(self, extension: str) -> frozenset[str]:
        return frozenset(fact.queue for fact in self._members.values() if fact.extension == extension and fact.present)

    def _correct_members(self) -> None:
        """Repair what somebody changed behind our back, and sign off members whom nobody stands for."""
        now = self._clock.now()
        live = [fact for fact in self._members.values() if fact.asterisk in self._links_up]
        for operator in misplaced(self._operators.values(), live):
            if self._memberships.quiet(operator.user_id, now):
                log.warning("membership of %s differs from his state %s: corrected", operator.extension, operator.state)
                self._memberships.restore(operator)

    # --- The one door -----------------------------------------------------------------------------------------------

    def _get(self, user_id: int) -> Operator:
        operator = self._operators.get(user_id)
        if operator is None:
            raise NotFound("this user has not started work", error_id="no-such-operator")
        return operator

    async def _request(self, operator: Operator, event: Happening) -> Operator:
        sent = self._move(operator, event)
        # The browser may go away meanwhile; what was begun is finished.
        error = None if sent is None else await asyncio.shield(sent)
        try:
            async with asyncio.timeout(SAVE_S):
                await self._writer.flush()
        except (TimeoutError, Unavailable):
            log.warning("the state of %s is in force but not on disk yet", operator.extension)
        if error is not None:
            raise refused(self._operators[operator.user_id].state, error) from error
        return self._operators[operator.user_id]

    def _move_at(self, extension: str, event: Happening) -> None:
        operator = self.at_extension(extension)
        if operator is not None:
            self._move(operator, event)

    def _move(self, before: Operator, event: Happening) -> Sent | None:
        """Change one operator. Nothing here waits, so states cannot overtake each other."""
        now = self._clock.now()
        decision = decide(before, event, now, self._policy)
        after = decision.operator
        if after == before:
            return None
        self._put(after)
        logged = logged_of(after) != logged_of(before)
        if after.state is not before.state:
            log.info(
                "operator %d at %s: %s -%s-> %s",
                after.user_id, after.extension, before.state, type(event).__name__, after.state,
            )  # fmt: skip
        self._writer.put(store.Change(after, now, logged))
        commands = [effect for effect in decision.effects if not isinstance(effect, Notify)]
        sent = self._memberships.send(after, commands) if commands else None
        if sent is not None or seen_of(after) != seen_of(before):
            self._publish(after, before.state)
        for effect in decision.effects:
            if isinstance(effect, Notify):
                self._bus.publish(OperatorNotice(after.user_id, after.extension, effect.notice, now))
        return sent

    def _put(self, operator: Operator) -> None:
        self._operators[operator.user_id] = operator
        if operator.state is OperatorState.OFFLINE:
            if self._at_work.get(operator.extension) == operator.user_id:
                del self._at_work[operator.extension]
        else:
            self._at_work[operator.extension] = operator.user_id

    def _publish(self, operator: Operator, previous: OperatorState) -> None:
        applied = self._memberships.applied(operator.user_id)
        self._bus.publish(OperatorChanged(operator, previous, self._clock.now(), applied))

    def _membership_turned(self, user_id: int) -> None:
        operator = self._operators[user_id]
        self._publish(operator, operator.state)
