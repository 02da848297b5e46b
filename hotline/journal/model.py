"""What the electronic journal speaks about: data only, standard library only.

Codes of types, topics, channels, statuses and so on are text: they are rows of the classifier, loaded from the profile.
Code never compares a status, only its :class:`Phase` (domain 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from hotline.journal.lifecycle_model import LifeCycle

T = TypeVar("T")


class Phase(StrEnum):
    """The fixed phases behind an organisation's own statuses (domain 2.3)."""

    DRAFT = "draft"
    INCOMING = "incoming"
    ACTIVE = "active"
    CALLBACK = "callback"
    RESOLUTION = "resolution"
    WAIT_EXEC = "wait_exec"
    PENDING = "pending"
    REVIEW = "review"
    REWORK = "rework"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


OPEN_PHASES = (
    Phase.INCOMING,
    Phase.ACTIVE,
    Phase.CALLBACK,
    Phase.RESOLUTION,
    Phase.WAIT_EXEC,
    Phase.PENDING,
    Phase.REWORK,
)
"""Phases in which the deadline runs. REVIEW counts as closed for the deadline (domain 2.3, colour rule)."""


class Form(StrEnum):
    """Form of an appeal, from its channel's group (S000-36)."""

    ORAL = "oral"
    WRITTEN = "written"


class Colour(StrEnum):
    """Colour of a row (S000-06): green = current, red = deadline passed, black = closed."""

    GREEN = "green"
    RED = "red"
    BLACK = "black"


@dataclass(frozen=True, slots=True)
class CardRef:
    """Which card a telephone call carries: the dialplan's ``CARD_ID`` and the header ``X-Card-Id``.

    Text form: ``draft-15`` or ``appeal-15``.
    """

    kind: str  # "draft" or "appeal"
    id: int

    def __str__(self) -> str:
        return f"{self.kind}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> CardRef:
        """Read the text form.

        :raises ValueError: the text is something else.
        """
        kind, _, number = text.partition("-")
        if kind not in {"draft", "appeal"} or not number.isascii() or not number.isdigit() or len(number) > 18:
            msg = f"not a card reference: {text!r}"
            raise ValueError(msg)
        return cls(kind, int(number))


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsaved card (domain 2.2, DAY-17). ``fields`` uses the names of :class:`CardForm`."""

    id: int
    user_id: int
    call_key: str | None
    fields: dict[str, str]
    rev: int  # 0 until the first autosave
    created_at: datetime
    saved_at: datetime
    handed_by: int | None = None  # user who handed the card over during a warm transfer

    @property
    def ref(self) -> CardRef:
        """What travels with the call."""
        return CardRef("draft", self.id)


@dataclass(frozen=True, slots=True)
class PersonSnapshot:
    """A person as he was when the appeal was registered; later changes of the register do not rewrite it."""

    person_id: int | None = None
    last_name: str = ""
    first_name: str = ""
    patronymic: str = ""
    birth_date: date | None = None
    phone: str = ""  # E.164, or as typed when it cannot be normalised
    enp: str = ""
    snils: str = ""
    policy: str = ""
    address: str = ""
    email: str = ""

    @property
    def full_name(self) -> str:
        """Surname, name and patronymic; empty for an anonymous caller."""
        return " ".join(filter(None, (self.last_name, self.first_name, self.patronymic)))


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One line of «История статусов обращения» (S000-79)."""

    at: datetime
    by: str  # short name of who did it
    event: str  # trigger of the workflow, or "edit"
    phase: Phase
    status: str  # title
    owner: str | None  # short name
    comment: str = ""
    result: str = ""  # title, when it was closed then
    target: str = ""  # to whom it was given
    done: str = ""  # words of the profile


@dataclass(frozen=True, slots=True)
class Named:
    """A classifier entry or a user as a screen shows it: stable code, human title."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class CallLink:
    """A call that belongs to an appeal."""

    key: str
    relation: str  # opened, about, callback, informed
    started_at: datetime
    talk_s: float
    recorded: bool
    outcome: str | None = None  # of ``cti.model.Outcome``; ``None`` while it goes on


@dataclass(frozen=True, slots=True)
class Appeal:
    """A registered appeal with everything its page shows."""

    id: int
    number: str
    version: int
    phase: Phase
    status: Named
    colour: Colour
    created_at: datetime
    appeal_at: datetime
    due_at: datetime | None
    type: Named
    topic: Named
    channel: Named
    form: Form
    source: Named
    organisation: str  # short name of the organisation responsible (S000-51)
    creator: Named  # code = user id
    owner: Named
    forwarded_to: Named | None
    anonymous: bool
    applicant: PersonSnapshot
    insured: PersonSnapshot
    same_person: bool
    content: str
    fields: dict[str, str]  # current values under the names of CardForm, to fill the form again
    history: tuple[StatusEvent, ...] = ()
    calls: tuple[CallLink, ...] = ()
    editable: bool = False  # by the user who asked (domain 2.7)
    actions: frozenset[str] = frozenset()  # workflow triggers that this user may fire now
    warnings: tuple[str, ...] = ()  # e.g. "enp-check-digit"; the appeal was saved all the same
    heading_only: bool = False  # the reader may not see more (``journal.heading``)
    masked: bool = False  # numbers and addresses are hidden from the reader (``journal.masking``)
    life: LifeCycle = field(default_factory=LifeCycle)
    status_icon: str = ""
    status_colour: str = ""
    restricted: str = "no"  # a value of ``restriction.Restriction``
    restrictions: tuple[str, ...] = ()  # what this user may make of it

    @property
    def ref(self) -> CardRef:
        """What travels with a call."""
        return CardRef("appeal", self.id)


@dataclass(frozen=True, slots=True)
class AppealRow:
    """One line of the journal."""

    id: int
    number: str
    appeal_at: datetime
    due_at: datetime | None
    phase: Phase
    status: str
    colour: Colour
    type: str
    topic: str
    channel: str
    applicant: str  # full name; empty when anonymous
    phone: str  # of the applicant, as stored
    owner: str  # short name
    version: int
    organisation: str = ""  # short name of the responsible one
    restricted: str = "no"  # a value of ``restriction.Restriction``
    limited: bool = False  # people and topic are left out: the reader may not see them


@dataclass(frozen=True, slots=True)
class CallRow:
    """One line of the list of calls (S002-01)."""

    key: str
    direction: str  # cti.model.Direction
    phase: str  # cti.model.Phase
    caller: str | None  # E.164 or as heard; None when withheld
    dialled: str
    queue: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    wait_s: float
    talk_s: float
    outcome: str | None  # cti.model.Outcome
    ended_by: str | None
    operator_id: int | None
    operator: str | None  # short name, or the extension when no user has it
    disposition: str | None  # title
    recorded: bool
    appeals: tuple[tuple[int, str], ...] = ()  # (id, number)
    disposition_code: str | None = None
    disposition_note: str = ""
    classify: bool = False  # ended, talked in by an operator, and without a characteristic
    masked: bool = False  # the citizen's number is hidden from the reader (``journal.masking``)
    rating: int | None = None  # what the citizen said of it, 1 to 5 (docs/quality.md)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list. ``after`` is the cursor of the next page, ``None`` on the last one."""

    rows: tuple[T, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in search results."""

    id: int
    last_name: str
    first_name: str
    patronymic: str
    birth_date: date | None
    sex: str  # m, f, u
    enp: str | None
    snils: str | None
    policy: str | None
    phones: tuple[str, ...]  # E.164
    address: str
    insurer: str | None  # short name
    open_appeals: int = 0

    @property
    def full_name(self) -> str:
        """Surname, name and patronymic."""
        return " ".join(filter(None, (self.last_name, self.first_name, self.patronymic)))


@dataclass(frozen=True, slots=True)
class PersonsFound:
    """Search results: at most 10 rows (S001-045); ``more`` asks to narrow the search (S001-046)."""

    rows: tuple[PersonRow, ...]
    more: bool = False
    warnings: tuple[str, ...] = ()  # doubts about the numbers asked for, e.g. "enp-check-digit"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the classifier."""

    code: str
    title: str
    type: str
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """A way in which appeals arrive."""

    code: str
    title: str
    form: Form


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A typical answer (S001-052)."""

    code: str
    title: str
    body: str
    topics: tuple[str, ...]
    version: int = 1
    recommended: tuple[str, ...] = ()  # role codes and logins (S001-054)


@dataclass(frozen=True, slots=True)
class CardDefaults:
    """What a new card starts with, by role (S000-29, S000-40)."""

    type: str
    channel: str
    source: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Result of handing a card over with a call. ``moved`` False: only the call may go; ``reason`` says why."""

    moved: bool
    reason: str = ""
    card: CardRef | None = None


@dataclass(frozen=True, slots=True)
class AppealChanged:
    """Published on the bus after the transaction that changed an appeal (domain 2.11)."""

    kind: str  # "appeal.created", "appeal.changed", "appeal.forwarded", "appeal.accepted"
    appeal_id: int
    number: str
    user_ids: tuple[int, ...]  # people whose folders changed: owner, target, creator, actor
    at: datetime
    event: str = ""  # code of the transition that was made; "" when none was
