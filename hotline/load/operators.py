"""Operators who follow the script: they answer, talk in tones, hold, ask colleagues, lose their socket, hang up.

An operator knows a citizen's plan by his number and a consulted colleague's call by its role; nothing else is agreed
between them, so operators may live in different processes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial

from hotline.errors import BadInput, Conflict, HotlineError, NotFound, Unavailable
from hotline.load.facts import Away, Connected, Fact, Heard, Noticed, Parted, Transferred
from hotline.load.script import End, Plan
from hotline.load.session import AGAIN_S, Person, Session, session, telephone
from hotline.softphone.headless import HeadlessCall, HeadlessPhone

log = logging.getLogger(__name__)

CITIZEN_HZ, OPERATOR_HZ = 440, 700
"""Everybody hums his own tone, so that the two directions of a call can be told apart."""
HEARD_S = 8.0
"""Seconds within which the citizen must be heard after the answer."""
COLLEAGUE_S = 30.0
"""Longer than a colleague is rung (25 s)."""
READY_S = 60.0
"""How long an operator tries to be free again: as long as the service may be away."""
LATE_S = 40.0
"""How long an operator waits for a hang-up that the plan owes him."""
CONSULT_S = 1.0
FREE = frozenset({"ready", "ringing"})
"""The queue may ring him at once."""

Tell = Callable[[Fact], None]


class Operator:
    """One of them, at work until cancelled."""

    def __init__(self, login: str, its: Session, phone: HeadlessPhone, plans: Mapping[str, Plan], tell: Tell) -> None:
        self.login = login
        self.phone = phone
        self.colleagues: Sequence[str] = ()
        """Extensions of those whom he may consult."""
        self.talk_s = 0.0
        """Seconds of conversation so far."""
        self._its = its
        self._plans = plans
        self._tell = tell
        self._refused: set[str] = set()

    async def start(self) -> None:
        """«Начало работы».

        :raises Unavailable: the service refuses; the message says why.
        """
        await self._its.post("/api/operator/start", {"microphone": True})

    async def stop(self) -> None:
        """«Завершить». Does nothing when the service is away."""
        try:
            await self._its.post_until("/api/operator/stop", within_s=5)
        except (TimeoutError, HotlineError) as error:
            log.info("%s did not sign off: %s", self.login, error)

    async def work(self) -> None:
        """Take one call after the other. Runs until cancelled."""
        while True:
            call = await self._next_call()
            try:
                await self._serve(call)
            except TimeoutError as error:
                self._notice("late", call, problem=str(error) or "an event of the call never came")
            except HotlineError as error:
                self._notice("failed", call, problem=error.message)
            finally:
                if call.answered_at is not None:
                    self.talk_s += asyncio.get_running_loop().time() - call.answered_at
                await call.hangup()
            await self._be_ready()

    async def _next_call(self) -> HeadlessCall:
        while True:
            try:
                return await self.phone.next_call(within=600)
            except TimeoutError:
                continue

    async def _serve(self, call: HeadlessCall) -> None:
        consulted = call.header("x-call-role") == "consult"
        plan = self._plans.get(call.remote_number)
        if not consulted and plan is None:
            raise Unavailable(f"{call.remote_number} is not one of this load's citizens")
        if plan is not None and plan.refuse and plan.caller not in self._refused:
            self._refused.add(plan.caller)
            self._notice("refused", call)
            await call.reject()
            return
        try:
            await call.answer()
        except Unavailable as error:  # he gave up while we were picking up
            if call.end_reason != "cancelled":
                raise
            log.debug("%s: %s", self.login, error)
            self._notice("missed", call)
            return
        if not await self._confirmed(call):
            self._notice(
                "answer-lost", call
            )  # the service died on the way of our answer: the queue rings somebody else
        elif consulted:
            await self._help(call)
        elif plan is not None:
            await self._talk(call, plan)

    # --- the citizen's own call -------------------------------------------------------------------------------------

    async def _talk(self, call: HeadlessCall, plan: Plan) -> None:
        answered = call.answered_at or 0.0
        self._tell(Connected(plan.caller, key_of(call), self.login, answered, answered - (call.rang_at or answered)))
        self._tell(Heard(plan.caller, await self._listen(call)))
        if plan.reload and not call.ended.is_set():
            await self._reload(call)
        if plan.hold_s and not call.ended.is_set():
            await self._hold(call, plan)
        if plan.consult and self.colleagues and not call.ended.is_set() and await self._consult(call, plan):
            return
        # A citizen who was to be handed over waits for a goodbye, also when no colleague was free to take him.
        await self._finish(call, answered + plan.talk_s, hang_up=plan.ends is End.OPERATOR or plan.complete)

    async def _finish(self, call: HeadlessCall, until: float, *, hang_up: bool) -> None:
        """Talk until that moment; then hang up, or wait for the citizen to do so."""
        by_operator = False
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(until if hang_up else max(until, loop.time()) + LATE_S):
                await call.ended.wait()
        except TimeoutError:
            if not hang_up:
                raise TimeoutError("the citizen hung up, but the operator's call went on") from None
            by_operator = True
            await call.hangup()
        self._tell(Parted(key_of(call), self.login, loop.time(), by_operator))

    async def _hold(self, call: HeadlessCall, plan: Plan) -> None:
        began = asyncio.get_running_loop().time()
        path = f"/api/calls/{key_of(call)}"
        try:
            await self._its.post(f"{path}/hold")
        except (Conflict, Unavailable) as error:
            self._lost_wish("hold", call, error)
            return
        self._notice("held", call)
        if await self._ended(call, plan.hold_s):
            return
        try:
            await self._its.post_until(f"{path}/resume", within_s=20)
        except NotFound:  # he hung up while he was on hold; the operator's own leg would wait on in silence
            self._notice("left-on-hold", call)
            await call.hangup()
            return
        await self._listen(call)
        self._tell(Away(plan.caller, asyncio.get_running_loop().time() - began))

    async def _consult(self, call: HeadlessCall, plan: Plan) -> bool:
        """Ask a colleague; return whether he has taken the citizen over."""
        began = asyncio.get_running_loop().time()
        path = f"/api/calls/{key_of(call)}"
        asked = self.colleagues[int(plan.caller) % len(self.colleagues)]
        try:
            await self._its.post(f"{path}/consult", {"extension": asked})
        except (BadInput, Conflict, Unavailable) as error:
            self._lost_wish("consult", call, error)
            return False
        answered = await self._colleague_or_citizen(call)
        if answered and not await self._ended(call, CONSULT_S):
            verb = "complete" if plan.complete else "cancel"
            await self._its.post_until(f"{path}/{verb}", within_s=10)
            self._notice(f"{verb}d" if verb == "complete" else "cancelled", call)
            if verb == "complete":
                await asyncio.wait_for(call.ended.wait(), 10)
                self._tell(Away(plan.caller, asyncio.get_running_loop().time() - began))
                return True
        elif not answered:
            self._notice("not-consulted", call)
        if not call.ended.is_set():
            await self._listen(call)
        self._tell(Away(plan.caller, asyncio.get_running_loop().time() - began))
        return False

    async def _colleague_or_citizen(self, call: HeadlessCall) -> bool:
        """Wait for a voice: the colleague's (he answered) or the citizen's (nobody did, he is back)."""
        voices = [
            asyncio.create_task(call.meter.wait_for_tone(tone, within=COLLEAGUE_S))
            for tone in (OPERATOR_HZ, CITIZEN_HZ)
        ]
        ended = asyncio.create_task(call.ended.wait())
        try:
            await asyncio.wait([*voices, ended], return_when=asyncio.FIRST_COMPLETED)
            return voices[0].done() and voices[0].exception() is None
        finally:
            for task in (*voices, ended):
                task.cancel()
            await asyncio.gather(*voices, ended, return_exceptions=True)

    async def _reload(self, call: HeadlessCall) -> None:
        """Lose the socket in the middle of the conversation; the voices must go on and the telephone must come back."""
        self._notice("reloaded", call)
        self.phone.lose_connection()
        async with asyncio.timeout(5):
            await self.phone.disconnected.wait()
        async with asyncio.timeout(30):
            await self.phone.registered.wait()
        if await self._listen(call) is None and not call.ended.is_set():
            self._notice("one-way", call, problem="the citizen was not heard after the socket was lost")

    # --- a colleague's call -----------------------------------------------------------------------------------------

    async def _help(self, call: HeadlessCall) -> None:
        """Be consulted: when the citizen is heard, he has been handed over; talk with him a little and say goodbye."""
        citizen = asyncio.create_task(call.meter.wait_for_tone(CITIZEN_HZ, within=LATE_S))
        ended = asyncio.create_task(call.ended.wait())
        try:
            await asyncio.wait([citizen, ended], return_when=asyncio.FIRST_COMPLETED)
            if not citizen.done() or citizen.exception() is not None:
                return
        finally:
            for task in (citizen, ended):
                task.cancel()
            await asyncio.gather(citizen, ended, return_exceptions=True)
        now = asyncio.get_running_loop().time()
        self._tell(Transferred(key_of(call), self.login, now))
        await self._finish(call, now + CONSULT_S, hang_up=True)

    # --- parts ------------------------------------------------------------------------------------------------------

    async def _listen(self, call: HeadlessCall) -> float | None:
        """Return the seconds until the citizen was heard; ``None``: he was not."""
        began = asyncio.get_running_loop().time()
        listening = asyncio.create_task(call.meter.wait_for_tone(CITIZEN_HZ, within=HEARD_S))
        ended = asyncio.create_task(call.ended.wait())
        try:
            await asyncio.wait([listening, ended], return_when=asyncio.FIRST_COMPLETED)
            if not listening.done() or listening.exception() is not None:
                return None
            return asyncio.get_running_loop().time() - began
        finally:
            for task in (listening, ended):
                task.cancel()
            await asyncio.gather(listening, ended, return_exceptions=True)

    async def _confirmed(self, call: HeadlessCall) -> bool:
        """Wait for Asterisk's acknowledgement of our answer; ``False``: it never came, or the call is over."""
        waiting = [asyncio.create_task(event.wait()) for event in (call.confirmed, call.ended)]
        try:
            await asyncio.wait(waiting, timeout=HEARD_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return call.confirmed.is_set()

    async def _ended(self, call: HeadlessCall, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await call.ended.wait()
        except TimeoutError:
            return False
        return True

    async def _be_ready(self) -> None:
        """«Свободен», until the service agrees: it may be away, or not have seen the end of the call yet."""
        try:
            async with asyncio.timeout(READY_S):
                while self.phone.refused is None:
                    answer = await self._its.post_until("/api/operator/ready", within_s=READY_S)
                    if answer.get("state") in FREE:
                        return
                    # He still talks, for the service: the end of the call is on its way, and his wrap-up after it. Or
                    # his telephone is on its way back.
                    await asyncio.sleep(AGAIN_S)
        except TimeoutError as error:
            self._tell(Noticed("not-ready", self.login, problem=f"not free again: {error}"))

    def _lost_wish(self, what: str, call: HeadlessCall, error: HotlineError) -> None:
        """The service refused, or is away: a person would go on talking."""
        log.info("%s: no %s: %s", self.login, what, error.message)
        self._notice(f"no-{what}", call)

    def _notice(self, what: str, call: HeadlessCall, *, problem: str = "") -> None:
        self._tell(Noticed(what, self.login, key_of(call), problem))


def key_of(call: HeadlessCall) -> str:
    """Return the key of the citizen's call."""
    return call.header("x-call-id") or ""


class Team:
    """Operators in this process."""

    def __init__(self, url: str, people: Sequence[Person], plans: Mapping[str, Plan], tell: Tell) -> None:
        self._url = url
        self._people = people
        self._plans = plans
        self._tell = tell
        self._stack = AsyncExitStack()
        self._work: list[asyncio.Task[None]] = []
        self.members: list[Operator] = []

    async def open(self) -> list[str]:
        """Log everybody in and connect the telephones; return their extensions.

        :raises HotlineError: somebody could not log in or register.
        """
        for person in self._people:
            its = await self._stack.enter_async_context(session(self._url, person))
            phone = await self._stack.enter_async_context(telephone(its, person.login, tone_hz=OPERATOR_HZ))
            self.members.append(Operator(person.login, its, phone, self._plans, self._tell))
        return [one.phone.account.extension for one in self.members]

    async def start(self, extensions: Sequence[str]) -> None:
        """Everybody begins to work. ``extensions`` are those of all operators, also of other processes.

        :raises HotlineError: the service refuses somebody.
        """
        for one in self.members:
            own = one.phone.account.extension
            one.colleagues = [other for other in extensions if other != own]
            await one.start()
            task = asyncio.create_task(one.work(), name=f"load-{one.login}")
            task.add_done_callback(partial(self._gone, one.login))
            self._work.append(task)

    def _gone(self, login: str, task: asyncio.Task[None]) -> None:
        """Report an operator who stopped by a fault of this program; citizens would wait for him in vain."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("operator %s has stopped", login, exc_info=error)
            self._tell(Noticed("crashed", login, problem=f"stopped by {error!r}"))

    @property
    def talk_s(self) -> float:
        """Seconds of conversation that this process has carried."""
        return sum(one.talk_s for one in self.members)

    async def close(self) -> None:
        """End work, hang up, log out."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)  # failures are reported when they happen
        await asyncio.gather(*(one.stop() for one in self.members))
        await self._stack.aclose()
