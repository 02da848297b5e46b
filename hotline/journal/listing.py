"""Lists of appeals as data: folders of the profile, orders, filters. Pure.

A folder is a relation between its reader and an appeal, and the phases that it holds (S000-02…S000-11). Nothing here
knows a status or the code of a folder: both belong to the profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum

from hotline.errors import BadInput
from hotline.journal.model import OPEN_PHASES, Phase
from hotline.staff.model import Right, User

CODE_LENGTH = 64


class Relation(StrEnum):
    """What joins an appeal to the reader of a folder. Who may see everybody's has everybody's in all (S000-73)."""

    SCOPE = "scope"  # by the profile's setting ``journal_scope`` (Q2)
    WORKED = "worked"  # he has worked with it (S000-05)
    OWNER = "owner"  # he has it in work (S000-09)
    TARGET = "target"  # it was forwarded to him (S000-07)


class Scope(StrEnum):
    """Whose appeals :attr:`Relation.SCOPE` holds (Q2: seed 000 says own, seed 001 all active)."""

    OWN = "own"
    ORGANISATION = "org"
    ACTIVE = "active"


class Sort(StrEnum):
    """What a list may be ordered by."""

    REGISTERED = "registered"
    RECEIVED = "received"
    DUE = "due"
    APPLICANT = "applicant"
    TOPIC = "topic"
    STATUS = "status"
    OWNER = "owner"


INDEXED = frozenset({Sort.REGISTERED, Sort.RECEIVED, Sort.APPLICANT, Sort.TOPIC})
"""Orders in which any list is read from an index; by the others only a bounded list can be sorted in good time."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a list. Its text form is ``due`` or ``-due`` (descending)."""

    by: Sort
    descending: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.descending else ''}{self.by}"

    @classmethod
    def parse(cls, text: str) -> Order:
        """Read the text form.

        :raises ValueError: there is no such order.
        """
        return cls(Sort(text.removeprefix("-")), text.startswith("-"))


NEWEST = Order(Sort.REGISTERED, descending=True)


@dataclass(frozen=True, slots=True)
class FolderDef:
    """A folder of the profile."""

    code: str
    title: str
    relation: Relation
    titles: Mapping[str, str] = field(default_factory=dict)
    """In other languages, by their codes."""
    icon: str = ""
    phases: tuple[Phase, ...] = ()
    """Empty: every phase but :attr:`Phase.DELETED`."""
    overdue: bool = False
    roles: frozenset[str] = frozenset()
    """Empty: every role."""
    right: str = ""
    """The right that its reader needs; empty: none."""
    order: Order = NEWEST

    @property
    def open_only(self) -> bool:
        """True when every appeal in it has a running deadline."""
        return bool(self.phases) and set(self.phases) <= set(OPEN_PHASES)

    def title_in(self, language: str) -> str:
        """Return the title in the reader's language, else in the profile's own."""
        return self.titles.get(language, self.title)

    def of(self, user: User) -> bool:
        """Tell whether ``user`` has this folder (S000-02)."""
        return (not self.roles or user.has_role(*self.roles)) and (not self.right or user.may(self.right))

    def bounded(self, user: User, filters: Filters) -> bool:
        """Tell whether at most some ten thousands of appeals are in it, whatever the years bring."""
        personal = not user.may(Right.APPEAL_VIEW_ALL) and self.relation is not Relation.SCOPE
        few = bool(self.phases) and Phase.CLOSED not in self.phases and Phase.CANCELLED not in self.phases
        return personal or few or filters.owner is not None or filters.short

    def orders(self, user: User, filters: Filters) -> frozenset[Sort]:
        """Return by what this list can be ordered in good time."""
        return frozenset(Sort) if self.bounded(user, filters) else INDEXED


@dataclass(frozen=True, slots=True)
class FolderCount:
    """A folder of the reader and how many appeals it holds. ``more`` means "more than that"."""

    definition: FolderDef
    count: int
    more: bool = False

    @property
    def folder(self) -> str:
        """The folder's code."""
        return self.definition.code

    @property
    def shown(self) -> str:
        """The count as a badge shows it; empty for none."""
        return f"{self.count}{'+' if self.more else ''}" if self.count else ""


class DueFilter(StrEnum):
    """Filter by the deadline."""

    OVERDUE = "overdue"
    SOON = "soon"  # within three days (domain 2.5, first reminder)


SHORT_DAYS = 31
"""Longest period whose appeals are few enough to be sorted by anything."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list. ``None`` narrows nothing. Days are the organisation's, both ends included."""

    received_from: date | None = None
    received_to: date | None = None
    type: str | None = None
    topic: str | None = None
    channel: str | None = None
    status: str | None = None
    organisation: int | None = None
    owner: int | None = None
    due: DueFilter | None = None
    calls: bool | None = None

    @property
    def any(self) -> bool:
        """True when something is narrowed."""
        return self != Filters()

    @property
    def short(self) -> bool:
        """True when the period is short enough for any order."""
        if self.received_from is None or self.received_to is None:
            return False
        return (self.received_to - self.received_from).days < SHORT_DAYS

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Filters:
        """Read filters from an address or a form; absent and empty narrow nothing.

        :raises BadInput: a value that no filter has; ``details`` names it.
        """
        problems: dict[str, str] = {}
        read: dict[str, object] = {}
        for name in FILTER_NAMES:
            text = values.get(name, "").strip()
            if not text:
                continue
            try:
                read[name] = _value(name, text)
            except ValueError:
                problems[name] = "not understood"
        if problems:
            raise BadInput("a filter cannot be understood", error_id="bad-filter", details=problems)
        found = replace(cls(), **read)  # type: ignore[arg-type]  # _value makes what each field holds
        if found.received_from and found.received_to and found.received_from > found.received_to:
            raise BadInput(
                "the period ends before it begins", error_id="bad-filter", details={"received_to": "before the start"}
            )
        return found

    def query(self) -> dict[str, str]:
        """Return the filters as texts of an address, the inverse of :meth:`parse`. No personal data (DAY-29)."""
        found: dict[str, str] = {}
        for name in FILTER_NAMES:
            value = getattr(self, name)
            if value is not None:
                found[name] = ("1" if value else "0") if isinstance(value, bool) else str(value)
        return found

    def without(self, *names: str) -> Filters:
        """Return the filters without some of them: a chip was removed."""
        return replace(self, **dict.fromkeys(names))


FILTER_NAMES = tuple(one.name for one in fields(Filters))


def _value(name: str, text: str) -> object:
    match name:
        case "received_from" | "received_to":
            day = date.fromisoformat(text)
            # Further away, the day's beginning in another zone is none that the calendar or PostgreSQL has.
            return day if 1900 <= day.year <= 2199 else _refuse(name)
        case "organisation" | "owner":
            if not (text.isascii() and text.isdigit()) or len(text) > 18:
                raise ValueError(name)
            return int(text)
        case "due":
            return DueFilter(text)
        case "calls":
            return {"1": True, "0": False}.get(text) if text in {"1", "0"} else _refuse(name)
        case _:
            return text if len(text) <= CODE_LENGTH and text.isprintable() else _refuse(name)


def _refuse(name: str) -> object:
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A list that its user keeps under a name: folder, order and filters, as the query of its address."""

    id: int
    title: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What a user has chosen for his journal: the order of each folder, and the columns that he does not need."""

    orders: Mapping[str, str]
    hidden: frozenset[str] | None = None
    """``None``: he has not chosen yet."""
    views: tuple[SavedView, ...] = ()

    def order(self, folder: FolderDef) -> Order:
        """Return the order last chosen for a folder; the folder's own when there is none, or it is no longer known."""
        try:
            return Order.parse(self.orders.get(folder.code, ""))
        except ValueError:
            return folder.order
