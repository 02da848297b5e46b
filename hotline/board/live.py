"""The live board in memory: facts are set, changed rows come out. Pure, no I/O; ``service`` feeds it.

A thousand operators and a rush of calls must cost next to nothing: a fact marks the rows that it touches, and only
those are made anew when somebody asks what changed (docs/performance.md, ``board``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from hotline.board.figures import CallFact, DayBook, Tally, fact_of
from hotline.board.model import Changes, QueueFigures, QueueSetting, Scope, owner_of
from hotline.board.operators import OperatorLine, Person, line_of
from hotline.cti.model import Call, Phase, QueueChanged
from hotline.queue.board import QueueLine, QueueLines
from hotline.queue.lines_model import CHECK_QUEUE
from hotline.queue.model import Operator, OperatorState, PauseReason
from hotline.softphone.quality_rules import QualityChanged


class LiveBoard:
    """Everything that the board shows, now.

    :param queues: appear even before anybody has called.
    :param home: the organisation whose hotline this is: a queue belongs to it unless a setting says otherwise.
    """

    def __init__(self, day: DayBook, queues: tuple[str, ...] = (), home: int | None = None) -> None:
        self.day = day
        self.home = home
        self.reasons: Mapping[str, PauseReason] = {}
        self._waiting = QueueLines(queues)
        self._settings: dict[str, QueueSetting] = {}
        self._titles: dict[str, str] = {}
        self._people: dict[int, Person] = {}
        self._at: dict[str, int] = {}
        self._operators: dict[int, Operator] = {}
        self._applied: dict[int, bool] = {}
        self._calls: dict[str, Call] = {}
        self._partners: dict[str, set[int]] = {}
        self._sounds: dict[str, QualityChanged] = {}
        self._lines: dict[int, OperatorLine] = {}
        self._figures: dict[str, QueueFigures] = {}
        self._touched: set[int] = set()
        self._gone: dict[int, OperatorLine] = {}
        self._slots: set[tuple[str, int]] = set()
        self._restarted = False

    # --- What is told -----------------------------------------------------------------------------------------------

    def set_people(self, people: Iterable[Person]) -> None:
        """Take the list of those who may take calls."""
        found = {one.user_id: one for one in people}
        for user_id in self._people.keys() - found.keys():
            line = self._lines.pop(user_id, None)
            if line is not None:
                self._gone[user_id] = line
        self._touched |= {user_id for user_id, one in found.items() if self._people.get(user_id) != one}
        self._people = found
        self._at = {one.extension: one.user_id for one in found.values()}

    def knows(self, user_id: int) -> bool:
        """Tell whether this user is in the list."""
        return user_id in self._people

    def set_operator(self, operator: Operator, *, applied: bool = True) -> None:
        """Take an operator's state."""
        before = self._operators.get(operator.user_id)
        if before is not None and before.call_key is not None:
            self._partners.get(before.call_key, set()).discard(operator.user_id)
        if operator.call_key is not None:
            self._partners.setdefault(operator.call_key, set()).add(operator.user_id)
        self._operators[operator.user_id] = operator
        self._applied[operator.user_id] = applied
        self._touched.add(operator.user_id)

    def set_call(self, call: Call) -> None:
        """Take the newest state of a call."""
        if call.phase is Phase.ENDED:
            self._calls.pop(call.key, None)
        else:
            self._calls[call.key] = call
        self._touched |= self._partners.get(call.key, set())
        if call.phase is Phase.ENDED:
            self._partners.pop(call.key, None)
        fact = fact_of(call)
        if fact is not None:
            self._slots |= self.day.put(fact)

    def set_calls(self, calls: Iterable[Call]) -> None:
        """Replace the live calls: the stream of events had a hole."""
        found = list(calls)
        for key in self._calls.keys() - {one.key for one in found}:
            self._calls.pop(key)
            self._touched |= self._partners.get(key, set())
        for call in found:
            self.set_call(call)

    def set_stored(self, facts: Iterable[CallFact]) -> None:
        """Take what the database knows of the day's calls."""
        for fact in facts:
            self._slots |= self.day.put_stored(fact)

    def set_sound(self, fact: QualityChanged) -> None:
        """Take how an operator's call sounds; most reports change nothing that is shown."""
        if fact.report is None:
            self._sounds.pop(fact.extension, None)
        else:
            self._sounds[fact.extension] = fact
        if fact.user_id in self._people:
            self._touched.add(fact.user_id)

    def set_waiting(self, fact: QueueChanged) -> None:
        """Take who waits in a queue of one server."""
        self._waiting.set(fact)

    def set_settings(self, settings: Mapping[str, QueueSetting]) -> None:
        """Take what the administration says of queues: the whole day is judged anew."""
        if settings == self._settings:
            return
        self._settings = dict(settings)
        self.day.set_goals({queue: one.goal for queue, one in settings.items()})
        self._restarted = True

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Take what the administration calls its queues."""
        if titles != self._titles:
            self._titles = dict(titles)
            self._restarted = True

    def title(self, queue: str) -> str:
        """Return what people call a queue; its code when nobody has named it."""
        return self._titles.get(queue, queue)

    def begin_day(self, day: DayBook) -> None:
        """Start an empty day; those who wait across midnight belong to the day in which they came."""
        day.set_goals({queue: one.goal for queue, one in self._settings.items()})
        self.day = day
        self._slots.clear()
        self._restarted = True

    # --- What is asked ----------------------------------------------------------------------------------------------

    def take_changes(self) -> Changes:
        """Return the rows that differ from those returned before, and remember them."""
        operators = []
        for user_id in self._touched & self._people.keys():
            line = self._line(self._people[user_id])
            if self._lines.get(user_id) != line:
                self._lines[user_id] = line
                operators.append(line)
        self._touched.clear()
        queues = []
        for figures in self._make_figures():
            if self._figures.get(figures.queue) != figures:
                self._figures[figures.queue] = figures
                queues.append(figures)
        slots = tuple((queue, index, self.day.slot(queue, index)) for queue, index in sorted(self._slots))
        gone, self._gone = tuple(self._gone.values()), {}
        restarted, self._restarted = self._restarted, False
        self._slots.clear()
        return Changes(tuple(queues), tuple(operators), gone, slots, restarted)

    def operators(self, scope: Scope) -> tuple[OperatorLine, ...]:
        """Return the lines of those whom one sees, in the order of their names."""
        found = (self._line(one) for one in self._people.values() if scope.covers(one.organisation_id))
        return tuple(sorted(found, key=lambda line: (line.name, line.user_id)))

    def queues(self, scope: Scope) -> tuple[QueueFigures, ...]:
        """Return the figures of the queues that one sees."""
        return tuple(one for one in self._make_figures() if scope.covers(one.organisation_id))

    def slots(self, scope: Scope) -> dict[str, dict[int, Tally]]:
        """Return the quarters of the day of the queues that one sees."""
        return {queue: self.day.slots(queue) for queue in self._names() if scope.covers(self.owner(queue))}

    def owner(self, queue: str) -> int | None:
        """Return the organisation whose queue it is."""
        return owner_of(self._settings.get(queue), self.home)

    def setting(self, queue: str) -> QueueSetting:
        """Return what the administration says of a queue, or what holds without a word of it."""
        return self._settings.get(queue, QueueSetting(queue))

    def person(self, user_id: int) -> Person | None:
        """Return somebody of the list."""
        return self._people.get(user_id)

    def of_extension(self, extension: str) -> int | None:
        """Return whose internal number this is."""
        return self._at.get(extension)

    def forget_sounds(self, before: datetime) -> None:
        """Drop reports that are too old to tell anything: a browser that is gone does not say so."""
        for fact in list(self._sounds.values()):
            if fact.at < before:
                self.set_sound(replace(fact, report=None))

    # --- Making rows ------------------------------------------------------------------------------------------------

    def _line(self, person: Person) -> OperatorLine:
        operator = self._operators.get(person.user_id)
        call = self._calls.get(operator.call_key) if operator is not None and operator.call_key else None
        sound = self._sounds.get(person.extension)
        applied = self._applied.get(person.user_id, True)
        return line_of(person, operator, call, sound, self.reasons, applied=applied)

    def _names(self) -> tuple[str, ...]:
        known = (line.queue for line in self._waiting.lines() if line.queue != CHECK_QUEUE)
        return tuple(dict.fromkeys((*known, *self._settings, *self.day.queues())))

    def _make_figures(self) -> Iterable[QueueFigures]:
        lines = {line.queue: line for line in self._waiting.lines()}
        ready: Counter[str] = Counter()
        working: Counter[str] = Counter()
        for user_id in self._people.keys() & self._operators.keys():
            operator = self._operators[user_id]
            if operator.state is OperatorState.OFFLINE:
                continue
            working.update(operator.queues)
            if operator.state is OperatorState.READY:
                ready.update(operator.queues)
        for queue in self._names():
            yield QueueFigures(
                queue,
                self.owner(queue),
                lines.get(queue, QueueLine(queue, 0, None)),
                self.setting(queue).goal,
                self.day.total(queue),
                ready[queue],
                working[queue],
                self.title(queue),
            )
