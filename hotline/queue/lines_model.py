"""What an administration says of its lines and queues: pure data (S001-011, S001-012, domain 2.2).

Every record has a code that never changes and a ``version``; ``Rules`` holds all of them at one moment. What they mean
is in ``lines_rules`` (what Asterisk is told), ``lines_check`` (what is refused) and ``lines_explain`` (what a call
would go through). docs/lines.md tells it in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

OTHER = "other"
"""Code of the line of every number that has none of its own."""
ALL = "all"
"""Code of the one record of priorities."""
MAX_WORTH = 100
"""The most that one reason can be worth; all of them together stay below what a recovered citizen has (1000)."""
DAY_MINUTES = 24 * 60
CODE = re.compile(r"[a-z][a-z0-9-]{0,29}")
SOUND = re.compile(r"[a-z0-9][a-z0-9/_-]{0,63}")
CHECK_QUEUE = "line-check"
"""The exchange's own queue for ``hotline line-check``: no citizen comes there."""
RESERVED = frozenset({"general", CHECK_QUEUE, "member-line", "other", "all"})
"""Names that queues.conf uses itself."""


class Kind(StrEnum):
    """What a record is about."""

    HOURS = "hours"
    QUEUE = "queue"
    LINE = "line"
    SKILL = "skill"
    PERSON = "person"  # the skills of one user; its code is his id
    PRIORITY = "priority"


class Strategy(StrEnum):
    """Who is asked first among those whose place is the same (queues.conf, ``strategy``).

    ``linear`` is left out, Asterisk takes it only when it starts; ``ringall`` too: a call that ends while several
    telephones ring costs others theirs (asterisk#1557).
    """

    LEAST_RECENT = "leastrecent"
    ROUND_ROBIN = "rrmemory"
    FEWEST_CALLS = "fewestcalls"
    RANDOM = "random"


class Then(StrEnum):
    """What follows the longest wait."""

    VOICEMAIL = "voicemail"
    QUEUE = "queue"
    CALLBACK = "callback"
    HANGUP = "hangup"


class SkillKind(StrEnum):
    """What a skill is about."""

    TOPIC = "topic"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Span:
    """From one minute of the day up to another, which is not in it; 1440 is midnight."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Business hours. Texts are spans as people write them: ``09:00-13:00, 14:00-18:00``; empty: closed.

    :ivar week: Monday to Sunday.
    :ivar by_calendar: days off of the production calendar have ``day_off``; its working Saturdays have Friday's hours.
    :ivar days: days of one's own by ISO date; they win over everything.
    """

    title: str
    week: tuple[str, str, str, str, str, str, str]
    by_calendar: bool = True
    day_off: str = ""
    days: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """After ``after_s`` seconds everybody is asked whose place is not above ``place``."""

    after_s: int
    place: int


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. ``announce_s``, ``reassure_s``: seconds between two announcements, 0: none.

    :ivar skills: codes of the skills that a member needs; none: administrators say who is a member.
    :ivar levels: who is asked from when on; none: everybody at once. The first begins at 0.
    :ivar position, hold_time: whether announcements tell the position, and the expected wait.
    :ivar callback: whether a waiting citizen may press 1 and be called back (docs/callbacks.md).
    :ivar service_level_s: seconds within which a call ought to be answered (DAY-34).
    """

    title: str
    strategy: Strategy = Strategy.LEAST_RECENT
    ring_s: int = 20
    max_wait_s: int = 900
    then: Then = Then.VOICEMAIL
    then_queue: str = ""
    skills: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    position: bool = True
    hold_time: bool = False
    announce_s: int = 45
    reassure_s: int = 60
    callback: bool = True
    music: str = "hotline"
    service_level_s: int = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A number of the hotline. Empty sounds are those of the settings; without ``hours`` the line is always open.

    :ivar worth: what its calls are worth more than those of other lines.
    :ivar rate_percent: of so many of a hundred calls the citizen is asked how it was (DAY-37, docs/quality.md).
    :ivar rate_more: whether he is also asked how likely he would recommend the hotline.
    :ivar menu: sound that is followed by a digit; ``digits`` says to which queue each leads.
    """

    title: str
    queue: str
    hours: str = ""
    greeting: str = ""
    closed: str = ""
    worth: int = 0
    menu: str = ""
    digits: Mapping[str, str] = field(default_factory=dict)
    rate_percent: int = 0
    rate_more: bool = False


@dataclass(frozen=True, slots=True)
class Skill:
    """What an operator may be good at."""

    title: str
    kind: SkillKind = SkillKind.TOPIC


@dataclass(frozen=True, slots=True)
class Person:
    """An operator's skills: code → level, 1 (some) to 3 (best)."""

    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vip:
    """A number whose calls are worth more. ``number`` has its last ten digits."""

    number: str
    worth: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Priority:
    """Whose calls are worth more, whatever line they come on; 0: not at all.

    :ivar returning: of who left without having been served within ``minutes``, or whose conversation broke.
    :ivar repeated: in addition, when that has happened to him more than once.
    """

    returning: int = 0
    minutes: int = 60
    repeated: int = 0
    vip: tuple[Vip, ...] = ()


Record = Hours | Queue | Line | Skill | Person | Priority
TYPES: Mapping[Kind, type[Record]] = MappingProxyType(
    {
        Kind.HOURS: Hours,
        Kind.QUEUE: Queue,
        Kind.LINE: Line,
        Kind.SKILL: Skill,
        Kind.PERSON: Person,
        Kind.PRIORITY: Priority,
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything in force at one moment, by code. ``main`` is the queue of the settings, which is always there."""

    main: str
    hours: Mapping[str, Hours] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    skills: Mapping[str, Skill] = field(default_factory=dict)
    people: Mapping[int, Person] = field(default_factory=dict)
    priority: Priority = field(default_factory=Priority)

    def queue(self, code: str) -> Queue | None:
        """Return a queue; of the main one what it is when nobody has said anything. ``None``: there is none."""
        found = self.queues.get(code)
        return Queue(title=code) if found is None and code == self.main else found

    @property
    def queue_codes(self) -> tuple[str, ...]:
        """All queues, the main one first."""
        return (self.main, *sorted(code for code in self.queues if code != self.main))


@dataclass(frozen=True, slots=True)
class Taker:
    """Who may take calls and has a telephone: what is needed to say in which queues he stands.

    :ivar by_role: whether his role puts him into queues of which nobody has said anything.
    :ivar said: what administrators said, by queue: whether he is a member, and his place.
    """

    user_id: int
    by_role: bool
    said: Mapping[str, tuple[bool, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why rules are refused. ``what`` is a stable word, ``where`` names the record, ``which`` what it is about."""

    what: str
    where: tuple[Kind, str]
    which: str = ""
