"""What ``/api/v1`` reads and answers. The published document is made from these types (``web.v1.document``).

Moments are ISO 8601 in UTC, days are ``YYYY-MM-DD``, durations are seconds. A text without content is ``""``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Code = Annotated[str, Meta(max_length=40)]
Line = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=99_999)]
Cursor = Annotated[str, Meta(max_length=60, description="`after` of the page before")]
Limit = Annotated[int, Meta(ge=1, le=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class Problem(Struct, kw_only=True):
    """An error (RFC 9457). `error_id` never changes once published; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    detail: str
    error_id: str
    details: dict[str, Any]
    request_id: str


class Named(Struct):
    """A stable code with its words."""

    code: str
    title: str


class Person(Struct, kw_only=True):
    """A person as he was when the appeal was registered. Numbers may be masked for this account."""

    person_id: int | None
    last_name: str
    first_name: str
    patronymic: str
    birth_date: date | None
    phone: str
    enp: str
    snils: str
    policy: str
    address: str
    email: str


class AppealCall(Struct, kw_only=True):
    """A call that belongs to an appeal."""

    key: str
    relation: str
    started_at: Moment
    talk_s: float
    recorded: bool


class AppealEvent(Struct, kw_only=True):
    """A line of an appeal's history."""

    at: Moment
    by: str
    event: str
    phase: str
    status: str
    owner: str
    comment: str


class PossibleMove(Struct, kw_only=True):
    """A move that this account may make now, and what it asks for."""

    trigger: str
    title: str
    asks: list[str]


class Appeal(Struct, kw_only=True):
    """A registered appeal as this account may see it. Its `version` is also the ETag."""

    id: Id
    number: str
    version: int
    phase: str
    status: Named
    colour: str
    created_at: Moment
    appeal_at: Moment
    due_at: Moment | None
    type: Named
    topic: Named
    channel: Named
    source: Named
    form: str
    organisation: str
    creator: Named
    owner: Named
    forwarded_to: Named | None
    anonymous: bool
    applicant: Person
    insured: Person
    same_person: bool
    content: str
    result: str
    heading_only: bool
    masked: bool
    calls: list[AppealCall]
    history: list[AppealEvent]
    moves: list[PossibleMove]
    warnings: list[str]


class AppealLine(Struct, kw_only=True):
    """An appeal in a list."""

    id: Id
    number: str
    version: int
    phase: str
    status: str
    colour: str
    appeal_at: Moment
    due_at: Moment | None
    type: str
    topic: str
    channel: str
    organisation: str
    owner: str
    applicant: str
    phone: str
    limited: bool


class Appeals(Struct, kw_only=True):
    """A page of appeals. `after` fetches the next one; null on the last."""

    appeals: list[AppealLine]
    after: str | None


class AppealsQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which appeals. Days are the organisation's, both ends included; an absent field narrows nothing."""

    folder: Annotated[str, Meta(max_length=40, description="A folder of this account; absent: its first one")] = ""
    order: Annotated[str, Meta(max_length=40, description="`due`, `-registered` …; absent: the folder's own")] = ""
    received_from: date | None = None
    received_to: date | None = None
    type: Code = ""
    topic: Code = ""
    channel: Code = ""
    status: Code = ""
    organisation: Id | None = None
    owner: Id | None = None
    due: Literal["overdue", "soon"] | None = None
    after: Cursor = ""
    limit: Limit = 50


class AppealsSearch(AppealsQuery, kw_only=True, forbid_unknown_fields=True):
    """The same with words: they may name a citizen, so they stand in no address."""

    q: Annotated[
        str, Meta(min_length=1, max_length=100, description="The beginning of a number, a telephone, or of a name")
    ]


class NewPerson(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whom an appeal is about, or who makes it."""

    person_id: Id | None = None
    last_name: Line = ""
    first_name: Line = ""
    patronymic: Line = ""
    birth_date: date | None = None
    phone: Line = ""
    enp: Line = ""
    snils: Line = ""
    policy: Line = ""
    address: Line = ""
    email: Line = ""


class NewAppeal(Struct, kw_only=True, forbid_unknown_fields=True):
    """An appeal to be registered. Codes are rows of the classifier; the rules are those of the card."""

    type: Code
    topic: Code
    channel: Code
    source: Code
    content: Text
    applicant: NewPerson = field(default_factory=NewPerson)
    insured: NewPerson | None = None
    """Absent: the applicant himself."""
    anonymous: bool = False
    urgent: bool = False
    appeal_at: Moment | None = None
    call_key: Annotated[str, Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9.\-]{0,63})?$")] = ""
    source_org: Line = ""
    kinship: Code = ""
    title: Line = ""
    measures: Text = ""
    written_no: Line = ""
    written_date: date | None = None


class Target(Struct, kw_only=True, forbid_unknown_fields=True):
    """To whom an appeal goes: a person, or anybody of a role in an organisation."""

    user_id: Id | None = None
    role: Code = ""
    organisation_id: Id | None = None


class MoveBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a move is given; `asks` of the appeal's `moves` says which of it is needed."""

    comment: Annotated[str, Meta(max_length=2000)] = ""
    result: Code = ""
    measures: Text = ""
    to: Target | None = None
    due_at: Moment | None = None
    written_close_date: date | None = None
    link: Line = ""
    organisation: Line = ""
    notice: bool = False
    justified: Code = ""


class CallAppeal(Struct):
    """An appeal of a call."""

    id: Id
    number: str


class Call(Struct, kw_only=True):
    """A call. The citizen's number may be masked for this account."""

    key: str
    direction: str
    phase: str
    caller: str | None
    dialled: str
    queue: str | None
    started_at: Moment
    answered_at: Moment | None
    ended_at: Moment | None
    wait_s: float
    talk_s: float
    outcome: str | None
    ended_by: str | None
    operator_id: int | None
    operator: str | None
    disposition: str | None
    recorded: bool
    rating: int | None
    masked: bool
    appeals: list[CallAppeal]


class Calls(Struct, kw_only=True):
    """A page of calls, newest first."""

    calls: list[Call]
    after: str | None


class CallsQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which calls."""

    after: Cursor = ""
    limit: Limit = 50
    unclassified: Annotated[bool, Meta(description="Only those that wait for their characteristic")] = False


class Recording(Struct, kw_only=True):
    """What is kept of the sound of a call; the sound itself is not given out here."""

    call_key: str
    state: Annotated[
        Literal["none", "waiting", "stored", "deleted"],
        Meta(description="`waiting`: recorded, not yet in the archive; `deleted`: its time was over"),
    ]
    seconds: float | None
    content_type: str
    held: bool
    deleted_at: Moment | None


class DirectorySearch(Struct, kw_only=True, forbid_unknown_fields=True):
    """Words of a name, an organisation or the beginning of a number. Absent: everybody, by name."""

    q: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Colleague(Struct, kw_only=True):
    """Somebody with an internal number."""

    id: Id
    full_name: str
    organisation: str
    extension: str | None
    roles: list[str]
    state: str


class Contact(Struct, kw_only=True):
    """An organisation or an external contact."""

    kind: str
    id: Id
    name: str
    organisation: str
    number: str
    hours: str
    note: str


class Directory(Struct, kw_only=True):
    """What the directory has."""

    people: list[Colleague]
    contacts: list[Contact]


class Day(Struct, kw_only=True):
    """The day that a board counts."""

    start: Moment
    end: Moment
    step_s: int


class Goal(Struct, kw_only=True):
    """What a queue aims at."""

    percent: int
    within_s: int
    short_s: int


class Today(Struct, kw_only=True):
    """Counts and figures of a queue's day; per cent and seconds, null while nothing was decided."""

    offered: int
    answered: int
    lost: int
    messages: int
    in_time: int
    decided: int
    service_level: float | None
    lost_percent: float | None
    wait_mean_s: float | None
    wait_max_s: float


class QueueNow(Struct, kw_only=True):
    """A queue."""

    queue: str
    title: str
    waiting: int
    oldest_at: Moment | None
    ready: int
    at_work: int
    goal: Goal
    today: Today


class OperatorNow(Struct, kw_only=True):
    """An operator. Nothing of the citizen but the last digits of his number."""

    id: Id
    name: str
    extension: str | None
    organisation: str
    roles: list[str]
    state: str
    since: Moment | None
    reason: str | None
    limit_at: Moment | None
    over: bool
    queues: list[str]
    call_key: str | None
    call_queue: str | None
    direction: str | None
    party: str | None
    mos: float | None


class Board(Struct, kw_only=True):
    """The supervisor's board as it is now, as far as this account sees."""

    day: Day
    queues: list[QueueNow]
    operators: list[OperatorNow]


class Account(Struct, kw_only=True):
    """Whose token this is and what it opens."""

    token: str
    account: str
    organisation: str
    rights: list[str]
    expires_at: Moment
    requests_per_minute: int


class Nothing(Struct, forbid_unknown_fields=True):
    """No parameters."""
