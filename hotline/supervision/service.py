"""Supervisors in operators' conversations: who may, what happens, what is kept of it (DAY-15).

What runs is in memory and on disk; the truth is the supervisor's channel in Asterisk. A killed service leaves it alone:
after its restart a session goes on when the channel is still there, and ends when it is not.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from hotline.board.model import scope_of
from hotline.clock import Clock
from hotline.cti.model import LinkChanged, LinkState
from hotline.cti.spying import SpyCall, Spying, SpyMode
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, HotlineError, NotFound, Unavailable
from hotline.events import Bus
from hotline.queue.model import IN_CALL, OperatorState
from hotline.queue.service import OperatorDesk
from hotline.staff.model import User
from hotline.supervision import store
from hotline.supervision.model import (
    RIGHT,
    Ended,
    Session,
    Stage,
    SupervisionChanged,
    Telling,
    Wish,
)
from hotline.supervision.rules import Again, Happening, IllegalSupervision, On, Over, is_told, step

log = logging.getLogger(__name__)

MAX_REASON = 200
SAVE_AGAIN_S = 5.0
_MODES = {
    Wish.LISTEN: SpyMode.LISTEN,
    Wish.WHISPER: SpyMode.WHISPER,
    Wish.BARGE: SpyMode.BARGE,
    Wish.TAKE: SpyMode.BARGE,
}


class Supervision:
    """One instance a process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        desk: OperatorDesk,
        spying: Mapping[str, Spying],
        user_of: Callable[[int], Awaitable[User | None]],
        telling: Telling = Telling.VOICE,
    ) -> None:
        """Wire it.

        :param spying: one per Asterisk server, by its name.
        :param user_of: reads a user by id; raises ``Unavailable``.
        """
        self._db = db
        self._clock = clock
        self._bus = bus
        self._desk = desk
        self._spying = spying
        self._user_of = user_of
        self._telling = telling
        self._running: dict[int, Session] = {}
        self._beginning: set[int] = set()
        """Supervisors whose session is being written down."""
        self._asking: set[int] = set()
        """Sessions of which a step is under way in Asterisk."""
        self._ringing: set[int] = set()
        self._saving = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Continue with what the disk knows. Call before the links are started.

        :raises Unavailable: the database does not answer.
        """
        async with self._db.begin() as sql:
            self._running = {one.id: one for one in await store.running(sql)}
        self._occupy()
        self._stop = self._bus.subscribe(LinkChanged, handler=self._on_link, name="supervision")

    async def close(self) -> None:
        """Stop; supervisors' channels go on."""
        if self._stop is not None:
            await self._stop()
            self._stop = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- What is asked ----------------------------------------------------------------------------------------------

    def of_supervisor(self, user_id: int) -> Session | None:
        """Return in which conversation a supervisor takes part now."""
        return next((one for one in self._running.values() if one.supervisor_id == user_id), None)

    def told_to(self, operator_id: int) -> Session | None:
        """Return who takes part in this operator's conversation, as far as he is told."""
        mine = (one for one in self._running.values() if one.operator_id == operator_id)
        return next((one for one in mine if is_told(one, self._telling)), None)

    def told_operators(self) -> list[int]:
        """Return the operators who are told now that somebody takes part."""
        return [one.operator_id for one in self._running.values() if is_told(one, self._telling)]

    async def operator_for(self, user: User, operator_id: int) -> User:
        """Return an operator whom ``user`` may supervise.

        :raises NotFound: there is none, or he is out of his sight: both look the same.
        """
        scope = scope_of(user)
        operator = await self._user_of(operator_id) if scope is not None else None
        if scope is None or operator is None or not scope.covers(operator.organisation.id):
            raise NotFound("there is no such operator", error_id="operator-unknown")
        return operator

    # --- Beginning, changing, ending --------------------------------------------------------------------------------

    async def begin(self, user: User, operator_id: int, wish: Wish, reason: str, card_id: str | None = None) -> Session:
        """Ring the supervisor's own telephone; when he takes it, he is in the operator's conversation.

        Returns as soon as it is written down; ``SupervisionChanged`` tells the rest.

        :param card_id: the operator's card, which follows the citizen when the supervisor takes him.
        :raises Forbidden: he has not the right for this mode, or no telephone.
        :raises BadInput: no reason: another's conversation is private (domain 3.4).
        :raises NotFound: no such operator for him, or the conversation is over.
        :raises Conflict: the operator is in no conversation, or the own telephone is busy.
        """
        self._require(user, wish)
        operator = await self.operator_for(user, operator_id)
        reason = reason.strip()
        if not reason or len(reason) > MAX_REASON:
            why = "required" if not reason else f"at most {MAX_REASON} characters"
            raise BadInput("say why", error_id="supervision-reason", details={"reason": why})
        if user.extension is None:
            raise Forbidden("this account has no internal number", error_id="no-extension")
        session = self._session(user, user.extension, operator, wish, reason)
        spying = self._spying[session.asterisk]
        spying.check(_call_of(session), _MODES[wish])
        if self.of_supervisor(user.id) is not None or user.id in self._beginning:
            raise Conflict("you take part in a conversation already", error_id="supervising-already")
        self._beginning.add(user.id)
        try:
            async with self._db.begin() as sql:
                session = await store.insert(sql, session)
            self._running[session.id] = session
        finally:
            self._beginning.discard(user.id)
        self._tell(session)
        self._spawn(self._ring(session.id, card_id))
        return session

    async def change(self, user: User, session_id: int, wish: Wish, card_id: str | None = None) -> Session:
        """Change how he takes part. Raises as ``begin``, and ``IllegalSupervision``: it is over, or still rings."""
        self._require(user, wish)
        session = self._own(user, session_id)
        if session.stage is Stage.RINGING or session.id in self._asking:
            raise IllegalSupervision("your telephone rings still", details={"stage": session.stage.value})
        self._asking.add(session.id)
        try:
            if session.stage is Stage.BARGE and wish in {Wish.LISTEN, Wish.WHISPER}:
                await self._go_back(session, wish)
            else:
                await self._switch(session, wish, card_id)
        finally:
            self._asking.discard(session.id)
        return self._running.get(session_id, session)

    async def end(self, user: User, session_id: int) -> None:
        """End it; the conversation goes on. Raises as ``change``."""
        session = self._own(user, session_id)
        await self._spying[session.asterisk].end(_call_of(session))
        self._over(session.id, Ended.ASKED)

    def _require(self, user: User, wish: Wish) -> None:
        if not user.may(RIGHT[wish]):
            raise Forbidden("this role may not do that", error_id="no-right", details={"needs": [RIGHT[wish]]})

    def _own(self, user: User, session_id: int) -> Session:
        session = self._running.get(session_id)
        if session is None or session.supervisor_id != user.id:
            raise NotFound("this is over", error_id="no-such-supervision")
        return session

    def _session(self, user: User, extension: str, operator: User, wish: Wish, reason: str) -> Session:
        state = self._desk.operator(operator.id)
        if operator.id == user.id:
            raise Conflict("that is yourself", error_id="own-conversation")
        talks = state is not None and state.state in IN_CALL - {OperatorState.RINGING}
        if state is None or not talks or state.call_key is None:
            raise Conflict("the operator is in no conversation", error_id="operator-not-talking")
        server = state.call_key.rpartition("-")[0]
        if server not in self._spying:
            raise NotFound("this call is over", error_id="no-such-call")
        return Session(
            id=0,
            supervisor_id=user.id,
            supervisor=extension,
            operator_id=operator.id,
            operator=state.extension,
            asterisk=server,
            call_key=state.call_key,
            channel=self._channel(server),
            wish=wish,
            started_at=self._clock.now(),
            reason=reason,
        )

    def _channel(self, server: str) -> str:
        """Choose a Uniqueid as Asterisk names channels; its own are a counter and never come near ours."""
        return f"{server}-{int(self._clock.now().timestamp())}.8{secrets.randbelow(10**9):09d}"

    # --- In Asterisk ------------------------------------------------------------------------------------------------

    async def _ring(self, session_id: int, card_id: str | None) -> None:
        session = self._running[session_id]
        spying, call, mode = self._spying[session.asterisk], _call_of(session), _MODES[session.wish]
        self._ringing.add(session_id)
        try:
            await spying.ring(call, mode, lambda: self._gone(session_id, call.uniqueid))
        except HotlineError as error:
            log.info("supervision %d came to nothing: %s", session_id, error.message)
            self._over(session_id, Ended.NOT_ANSWERED, problem=error.error_id)
            return
        finally:
            self._ringing.discard(session_id)
        if session_id not in self._running:  # ended on the page while it rang
            await spying.end(call)
            return
        self._move(session_id, On(Stage(mode.value)))
        if mode is SpyMode.BARGE:
            await self._in_conversation(self._running[session_id], session.wish, card_id)

    async def _switch(self, session: Session, wish: Wish, card_id: str | None) -> None:
        mode = _MODES[wish]
        if session.stage.value != mode.value:
            await self._spying[session.asterisk].switch(_call_of(session), mode)
            if session.id in self._running:
                self._move(session.id, On(Stage(mode.value)))
        if mode is SpyMode.BARGE and session.id in self._running:
            await self._in_conversation(self._running[session.id], wish, card_id)

    async def _in_conversation(self, session: Session, wish: Wish, card_id: str | None) -> None:
        spying, call = self._spying[session.asterisk], _call_of(session)
        if card_id is not None or wish is Wish.TAKE:
            spying.share_card(call, card_id)
        if wish is Wish.TAKE:
            try:
                await spying.take(call)
            except HotlineError as error:
                log.warning("call %s was not taken over: %s", session.call_key, error.message)
                self._tell(session, error.error_id)
                return
            spying.release(call)
            self._over(session.id, Ended.TAKEN)

    async def _go_back(self, session: Session, wish: Wish) -> None:
        """Out of a talk of three: his channel belongs to the citizen's call by now, so another one listens."""
        spying = self._spying[session.asterisk]
        spying.release(_call_of(session))
        await spying.end(_call_of(session))
        self._move(session.id, Again(wish, self._channel(session.asterisk)))
        self._spawn(self._ring(session.id, None))

    def _gone(self, session_id: int, channel: str) -> None:
        session = self._running.get(session_id)
        if session is not None and session.channel == channel:
            self._over(session_id, Ended.HUNG_UP)

    async def _on_link(self, event: LinkChanged) -> None:
        """After a gap in the events: whose channel is still there?"""
        if event.state is not LinkState.UP or event.asterisk not in self._spying:
            return
        for session in [one for one in self._running.values() if one.asterisk == event.asterisk]:
            call = _call_of(session)
            mode = self._spying[event.asterisk].found(call, self._gone_of(session))
            if mode is None:
                if session.id not in self._ringing:  # a ring tells its own end
                    self._over(session.id, Ended.LOST)
            elif session.stage.value != mode.value:
                try:
                    self._move(session.id, On(Stage(mode.value)))
                except IllegalSupervision as error:
                    log.warning("supervision %d is in %s now: %s", session.id, mode, error.message)

    def _gone_of(self, session: Session) -> Callable[[], None]:
        return lambda: self._gone(session.id, session.channel)

    # --- The one door -----------------------------------------------------------------------------------------------

    def _over(self, session_id: int, why: Ended, *, problem: str = "") -> None:
        if session_id in self._running:
            self._move(session_id, Over(why), problem=problem)

    def _move(self, session_id: int, event: Happening, *, problem: str = "") -> None:
        now = self._clock.now()
        before = self._running[session_id]
        session = step(before, event, now)
        if session == before:
            return
        if session.stage is Stage.OVER:
            del self._running[session_id]
        else:
            self._running[session_id] = session
        log.info("supervision %d: %s -> %s", session_id, before.stage, session.stage)
        self._tell(session, problem)
        self._spawn(self._save(session))

    def _occupy(self) -> None:
        """Nobody is free while he takes part in a conversation, or his telephone rings for that."""
        self._desk.supervising(one.supervisor_id for one in self._running.values())

    def _tell(self, session: Session, problem: str = "") -> None:
        self._occupy()
        self._bus.publish(SupervisionChanged(session, problem))

    async def _save(self, session: Session) -> None:
        """Keep it, however long the database is away; a step that was overtaken by a later one is not needed."""
        now = self._clock.now()
        while True:
            try:
                async with self._saving, self._db.begin() as sql:
                    if session.stage is Stage.OVER or self._running.get(session.id) == session:
                        await store.save(sql, session, now)
                    return
            except Unavailable:
                log.warning("supervision %d cannot be written down now", session.id)
                await asyncio.sleep(SAVE_AGAIN_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="supervision")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _call_of(session: Session) -> SpyCall:
    return SpyCall(session.channel, session.supervisor, session.operator, session.call_key)
