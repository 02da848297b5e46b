"""A day of scripted calls with known outcomes: what Asterisk says of it, and what the figures must be.

Deterministic. An operator has one call at a time; who is free is known from the plan, so every state is known too.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.synthetic.book import About, Book
from tests.synthetic.ratings import Ratings
from tests.synthetic.script import Channel, Script, Tape

QUEUES = ("hotline", "appeals")
GOALS = {"hotline": 20.0, "appeals": 60.0}
SHORT_S = 5.0
GREETING_S = 8.0
WRAP_S = 20.0


@dataclass(eq=False)
class Worker:
    """An operator of the plan."""

    user: int
    extension: str
    free_at: float = 0.0
    log: list[tuple[str, float, float, str | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Talk:
    """A conversation that has begun."""

    script: Script
    worker: Worker
    leg: Channel
    bridge: str
    begun: float
    queue: str
    topic: str | None
    rung: float


class Day:
    """Writes the tape and the book.

    :param workers: (user id, extension) of the operators; the last ones are only consulted.
    :param topics: codes of topics that appeals may have.
    """

    def __init__(self, calls: int, workers: list[tuple[int, str]], topics: list[str], *, seed: int = 7) -> None:
        self.tape, self.book = Tape(), Book()
        self.random = random.Random(seed)
        self.workers = [Worker(*one) for one in workers[:-8]]
        self.experts = [Worker(*one) for one in workers[-8:]]
        self.appeals: list[tuple[str, str]] = []
        """(key of the call, topic) of every appeal."""
        self.ratings = Ratings(self.book, seed + 1)
        self.kinds: dict[str, list[str]] = {}
        """Keys of the calls by what happened in them."""
        self._topics = topics
        plan = self._plan(calls)
        for t, play in sorted(plan, key=lambda one: one[0]):
            script = play(t)
            self.kinds.setdefault(play.__name__, []).append(script.key)
        self._finish_states()

    def _plan(self, calls: int) -> list[tuple[float, Callable[[float], Script]]]:
        rare: list[tuple[Callable[[float], Script], int]] = [
            (self.simple, 58), (self.held, 8), (self.abandons, 8), (self.abandons_soon, 3), (self.out_of_hours, 3),
            (self.voicemail, 2), (self.leaves_greeting, 1), (self.consults, 3), (self.cancels, 2), (self.refused, 1),
            (self.three, 1), (self.sends, 2), (self.sends_in_vain, 1), (self.times_out, 2), (self.overflows, 2),
            (self.loses_operator, 1), (self.calls_out, 2),
        ]  # fmt: skip
        kinds = [play for play, weight in rare for _ in range(weight)]
        # Not in the last hour, so that all is over before midnight.
        moments = sorted(self.random.randrange(0, 82_000 * 8) / 8 for _ in range(calls))
        return [(t, self.random.choice(kinds)) for t in moments]

    # Scenarios

    def simple(self, t: float) -> Script:
        """Answered; one of both hangs up."""
        talk = self._answered(t)
        return self._bye(talk, talk.begun + self._some(30, 240))

    def held(self, t: float) -> Script:
        """Answered, on hold once or twice."""
        talk = self._answered(t)
        at = talk.begun
        held = 0.0
        for _ in range(self.random.choice((1, 2))):
            at += self._some(10, 40)
            length = self._some(5, 60)
            talk = self._hold(talk, at, at + length)
            at, held = at + length, held + length
        return self._bye(talk, at + self._some(10, 60), held=held)

    def abandons(self, t: float) -> Script:
        """Hangs up in the queue after a while."""
        return self._abandon(t, self._some(6, 120), "abandoned")

    def abandons_soon(self, t: float) -> Script:
        """Hangs up in the queue at once."""
        return self._abandon(t, self._some(1, 4), "short")

    def out_of_hours(self, t: float) -> Script:
        """Hears that nobody works."""
        script = self._enter(t)
        script.user_event(t + 1, "OutOfHours")
        self.book.note(About(t), entered=1, out_of_hours=1)
        script.gone(t + 12, script.first, source=script.first)
        return script

    def voicemail(self, t: float) -> Script:
        """Leaves a message out of hours."""
        script = self._enter(t)
        script.user_event(t + 1, "OutOfHours")
        script.user_event(t + 40, "VoicemailLeft", "25")
        self.book.note(About(t), entered=1, voicemail=1)
        script.gone(t + 40, script.first, source=script.first)
        return script

    def leaves_greeting(self, t: float) -> Script:
        """Hangs up during the greeting."""
        script = self._enter(t)
        self.book.note(About(t), entered=1, abandoned_ivr=1)
        script.gone(t + 3, script.first, source=script.first)
        return script

    def consults(self, t: float) -> Script:
        """The operator asks a colleague and hands over."""
        return self._consult(t, "completed")

    def cancels(self, t: float) -> Script:
        """The operator asks a colleague and goes on himself."""
        return self._consult(t, "cancelled")

    def refused(self, t: float) -> Script:
        """The colleague does not answer."""
        return self._consult(t, "refused")

    def three(self, t: float) -> Script:
        """The three talk; then the colleague goes."""
        return self._consult(t, "joined")

    def sends(self, t: float) -> Script:
        """Sent to a colleague without asking."""
        return self._send(t, done=True)

    def sends_in_vain(self, t: float) -> Script:
        """Sent to a colleague who does not answer, so he comes back."""
        return self._send(t, done=False)

    def times_out(self, t: float) -> Script:
        """Nobody answers in time: the dialplan asks for a message."""
        script, queue, joined = self._queue(t)
        left = float(int(joined) + 90)
        script.leave(left, "EXITWITHTIMEOUT")
        script.user_event(left + 30, "VoicemailLeft", "20")
        script.gone(left + 30, script.first, source=script.first)
        self.book.note(About(t, queue), entered=1, voicemail=1)
        self.book.note(About(joined, queue), offered=1, left=1)
        return script

    def overflows(self, t: float) -> Script:
        """Nobody answers in time: he goes to the other queue."""
        script, queue, joined = self._queue(t, "hotline")
        left = float(int(joined) + 45)
        script.leave(left, "EXITWITHTIMEOUT")
        script.join(left, "appeals")
        talk = self._take(script, "appeals", left, t)
        self.book.note(About(joined, queue, topic=talk.topic), offered=1, left=1)
        return self._bye(talk, talk.begun + self._some(30, 120))

    def loses_operator(self, t: float) -> Script:
        """The operator's browser dies; the citizen goes to the head of the queue."""
        talk = self._answered(t)
        script, at = talk.script, talk.begun + self._some(20, 60)
        script.part(at, talk.bridge, script.first)
        script.first.context = "lost"
        script.user_event(at, "OperatorLost")
        script.part(at, talk.bridge, talk.leg)
        script.gone(at, talk.leg, source=talk.leg)
        self._talked(talk, at, 0.0)
        waits = at + 10
        script.join(waits, talk.queue)
        again = self._take(script, talk.queue, waits, None, topic=talk.topic)
        who = About(at, talk.queue, talk.worker.user, talk.topic)
        self.book.note(who, lost=1, recovered=1)
        self.book.note(About(waits, talk.queue, again.worker.user, talk.topic), again=1)
        return self._bye(again, again.begun + self._some(20, 60))

    def calls_out(self, t: float) -> Script:
        """An operator calls a citizen."""
        worker = self._free(self.workers, t)
        t = max(t, worker.free_at + 0.125)
        script = Script(self.tape, t, first=worker.extension, number=worker.extension, exten="89280001122")
        script.first.context = "outgoing"
        script.user_event(t, "OutgoingStarted", "79280001122")
        leg = script.ring(t + 0.125, "trunk")
        answered, ends = t + 6, t + 6 + self._some(20, 90)
        script.answer(answered, leg)
        bridge = script.meet(answered, leg, script.first)
        script.part(ends, bridge, script.first, leg)
        script.gone(ends, leg, source=leg)
        script.gone(ends, script.first)
        self.book.note(About(answered, None, worker.user), outgoing=1, outgoing_s=ends - answered)
        self._busy(worker, script.key, t, answered, ends, None, None)
        return script

    # Parts of scenarios

    def _some(self, low: float, high: float) -> float:
        return self.random.randrange(int(low * 8), int(high * 8)) / 8

    def _enter(self, t: float) -> Script:
        number = f"7928{self.random.randrange(10_000_000):07}"
        script = Script(self.tape, t, number=number, exten="88001000000")
        script.user_event(t, "CallEntered", "88001000000")
        script.first.state = "6"
        return script

    def _queue(self, t: float, queue: str = "") -> tuple[Script, str, float]:
        queue = queue or self.random.choice(QUEUES)
        script = self._enter(t)
        script.user_event(t + GREETING_S, "CallGreeted")
        script.join(t + GREETING_S, queue)
        return script, queue, t + GREETING_S

    def _abandon(self, t: float, waits: float, figure: str) -> Script:
        script, queue, joined = self._queue(t)
        script.abandoned(joined + waits, waits)
        script.leave(joined + waits)
        script.gone(joined + waits, script.first, source=script.first)
        self.book.note(About(t, queue), entered=1)
        self.book.note(About(joined, queue), offered=1, **{figure: 1})
        return script

    def _free(self, among: list[Worker], t: float) -> Worker:
        return min(among, key=lambda worker: max(worker.free_at, t) + self.random.random() * 0.001)

    def _answered(self, t: float) -> Talk:
        script, queue, joined = self._queue(t)
        return self._take(script, queue, joined, t)

    def _take(
        self, script: Script, queue: str, joined: float, entered: float | None, *, topic: str | None = None
    ) -> Talk:
        """Somebody takes him out of the queue. ``entered``: when the call began; ``None``: not for the first time."""
        wait = self._some(2, 20) if self.random.random() < 0.8 else self._some(20, 90)
        worker = self._free(self.workers, joined + wait)
        answered = max(joined + wait, worker.free_at + 4)
        leg = script.ring(answered - 1.5, worker.extension)
        script.answer(answered, leg)
        script.connected(answered, worker.user, answered - joined, leg)
        script.leave(answered)
        bridge = script.meet(answered, leg, script.first)
        if entered is not None:
            if self.random.random() < 0.5:
                topic = self.random.choice(self._topics)
                self.appeals.append((script.key, topic))
            # The call belongs to its last operator; only a transfer makes another one of him.
            self.book.waited(About(joined, queue, worker.user, topic), answered - joined, GOALS[queue])
            self._entered = (entered, queue, topic)
        return Talk(script, worker, leg, bridge, answered, queue, topic, answered - 1.5)

    def _hold(self, talk: Talk, begin: float, end: float) -> Talk:
        script = talk.script
        script.part(begin, talk.bridge, script.first, talk.leg)
        music = script.music(begin)
        script.part(end, music, script.first, technology="holding_bridge")
        bridge = script.meet(end, script.first, talk.leg)
        return Talk(script, talk.worker, talk.leg, bridge, talk.begun, talk.queue, talk.topic, talk.rung)

    def _bye(self, talk: Talk, at: float, *, held: float = 0.0) -> Script:
        """The call ends, and is its last operator's."""
        script = talk.script
        ends = script.first if self.random.random() < 0.6 else talk.leg
        script.part(at, talk.bridge, script.first, talk.leg)
        script.gone(at, talk.leg, source=ends if ends is talk.leg else None)
        script.completed(at, talk.worker.user, 1, at - talk.begun, by_caller=ends is script.first)
        script.gone(at, script.first, source=ends)
        self._talked(talk, at, held)
        entered, queue, topic = self._entered
        about = About(entered, talk.queue or queue, talk.worker.user, topic)
        self.book.note(about, entered=1)
        self.ratings.over(about, script.key, at)
        return script

    def _talked(self, talk: Talk, until: float, held: float) -> None:
        about = About(talk.begun, talk.queue, talk.worker.user, talk.topic)
        self.book.note(about, handled=1, talk_s=until - talk.begun - held, hold_s=held)
        self._busy(talk.worker, talk.script.key, talk.rung, talk.begun, until, talk.queue, talk.topic)

    def _busy(
        self, worker: Worker, key: str, rung: float, begun: float, until: float, queue: str | None, topic: str | None
    ) -> None:
        states = (("ringing", rung, begun), ("talking", begun, until), ("wrap_up", until, until + WRAP_S))
        for state, begin, end in states:
            worker.log.append((state, begin, end, key))
            self.book.state(worker.user, state, begin, end, queue, topic)
        worker.free_at = until + WRAP_S

    def _expert(self, at: float) -> Worker:
        return self._free(self.experts, at)

    def _consult(self, t: float, how: str) -> Script:
        talk = self._answered(t)
        script, own = talk.script, talk.leg
        begin = talk.begun + self._some(10, 60)
        expert = self._expert(begin)
        begin = max(begin, expert.free_at + 1)
        script.part(begin, talk.bridge, script.first, own)
        own.context, own.exten = "consult", expert.extension
        music = script.music(begin)
        leg = script.ring(begin + 0.5, expert.extension, own)
        about = About(begin + 0.5, talk.queue, talk.worker.user, talk.topic)
        self.book.note(about, consulted=1)
        if how == "refused":
            back = begin + 15
            script.refuse(back, leg, own)
            return self._back(talk, music, begin, back, "cancelled", about)
        answered = begin + 4
        script.answer(answered, leg, own)
        asking = script.meet(answered, leg, own)
        if how == "cancelled":
            back = answered + self._some(5, 40)
            script.part(back, asking, own, leg)
            script.gone(back, leg)
            self._busy(expert, script.key, begin + 0.5, answered, back, talk.queue, talk.topic)
            return self._back(talk, music, begin, back, "cancelled", about)
        over = answered + self._some(5, 40)
        if how == "joined":
            return self._three(talk, expert, (leg, asking, music), (begin, answered, over), about)
        self.book.note(about, completed=1)
        script.part(over, asking, own, leg)
        script.gone(over, own, source=own)
        script.part(over, music, script.first, technology="holding_bridge")
        bridge = script.meet(over, script.first, leg)
        self._talked(talk, over, over - begin)
        taken = Talk(script, expert, leg, bridge, over, talk.queue, talk.topic, begin + 0.5)
        return self._expert_ends(taken, answered)

    def _back(self, talk: Talk, music: str, begin: float, back: float, figure: str, about: About) -> Script:
        script = talk.script
        self.book.note(about, **{figure: 1})
        script.part(back, music, script.first, technology="holding_bridge")
        bridge = script.meet(back, script.first, talk.leg)
        again = Talk(script, talk.worker, talk.leg, bridge, talk.begun, talk.queue, talk.topic, talk.rung)
        return self._bye(again, back + self._some(10, 60), held=back - begin)

    def _three(
        self,
        talk: Talk,
        expert: Worker,
        places: tuple[Channel, str, str],
        moments: tuple[float, float, float],
        about: About,
    ) -> Script:
        (leg, asking, music), (begin, answered, over), script = places, moments, talk.script
        self.book.note(about, joined=1)
        script.part(over, music, script.first, technology="holding_bridge")
        script.meet(over, script.first, bridge=asking)
        goes = over + self._some(5, 30)
        script.part(goes, asking, leg)
        script.gone(goes, leg, source=leg)
        self._busy(expert, script.key, begin + 0.5, answered, goes, talk.queue, talk.topic)
        again = Talk(script, talk.worker, talk.leg, asking, talk.begun, talk.queue, talk.topic, talk.rung)
        return self._bye(again, goes + self._some(5, 30), held=over - begin)

    def _expert_ends(self, taken: Talk, answered: float) -> Script:
        """The colleague's part: busy since he answered, the citizen his since ``begun``."""
        at = taken.begun + self._some(20, 120)
        script = taken.script
        script.part(at, taken.bridge, script.first, taken.leg)
        script.gone(at, taken.leg)
        script.gone(at, script.first, source=script.first)
        about = About(taken.begun, taken.queue, taken.worker.user, taken.topic)
        self.book.note(about, handled=1, talk_s=at - taken.begun)
        self._busy(taken.worker, script.key, taken.rung, answered, at, taken.queue, taken.topic)
        entered, queue, topic = self._entered
        self.book.note(About(entered, taken.queue or queue, taken.worker.user, topic), entered=1)
        return script

    def _send(self, t: float, *, done: bool) -> Script:
        talk = self._answered(t)
        script = talk.script
        at = talk.begun + self._some(10, 60)
        expert = self._expert(at)
        at = max(at, expert.free_at + 1)
        about = About(at + 0.5, talk.queue, talk.worker.user, talk.topic)
        self.book.note(about, blind=1, blind_done=float(done))
        script.part(at, talk.bridge, script.first, talk.leg)
        script.gone(at, talk.leg)
        self._talked_until_sent(talk, at, free=done)
        script.first.context = "give"
        script.first.exten = f"{expert.extension}*{talk.worker.extension}*transfer"
        script.user_event(at + 0.25, "Given", script.first.exten)
        leg = script.ring(at + 0.5, expert.extension)
        if done:
            script.answer(at + 4, leg)
            bridge = script.meet(at + 4, leg, script.first)
            taken = Talk(script, expert, leg, bridge, at + 4, talk.queue, talk.topic, at + 0.5)
            return self._expert_ends(taken, at + 4)
        script.refuse(at + 20, leg)
        own = script.ring(at + 20.5, talk.worker.extension)
        script.answer(at + 23, own)
        bridge = script.meet(at + 23, own, script.first)
        back = Talk(script, talk.worker, own, bridge, at + 23, talk.queue, talk.topic, at + 20.5)
        return self._bye(back, at + 23 + self._some(10, 60))

    def _talked_until_sent(self, talk: Talk, until: float, *, free: bool) -> None:
        about = About(talk.begun, talk.queue, talk.worker.user, talk.topic)
        self.book.note(about, handled=1, talk_s=until - talk.begun)
        if free:
            self._busy(talk.worker, talk.script.key, talk.rung, talk.begun, until, talk.queue, talk.topic)
        else:
            for state, begin, end in (("ringing", talk.rung, talk.begun), ("talking", talk.begun, until)):
                talk.worker.log.append((state, begin, end, talk.script.key))
                self.book.state(talk.worker.user, state, begin, end, talk.queue, talk.topic)

    def _finish_states(self) -> None:
        """Whoever does nothing else is ready, from midnight to midnight; each has a break at night."""
        for worker in self.workers + self.experts:
            worker.log.sort(key=lambda one: one[1])
            at = 0.0
            rows: list[tuple[str, float, float, str | None]] = []
            for state, begin, end, key in worker.log:
                if begin > at:
                    rows.append(("ready", at, begin, None))
                    self.book.state(worker.user, "ready", at, begin, None, None)
                rows.append((state, begin, end, key))
                at = end
            rows.append(("pause", at, 86_400.0, None))
            self.book.state(worker.user, "pause", at, 86_400.0, None, None)
            worker.log = rows
