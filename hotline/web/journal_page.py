"""What the page of the journal shows: columns, filters as chips, links to every order. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from hotline.journal.list_settings import FilterChoices
from hotline.journal.listing import DueFilter, Filters, FolderDef, ListSettings, Order, SavedView, Sort
from hotline.journal.model import AppealRow, Draft
from hotline.journal.restriction import Restriction
from hotline.staff.model import User
from hotline.web.bulk_words import BulkButton
from hotline.web.i18n import gettext, mark, show_date, show_number
from hotline.web.titles import Mark, restriction_title, urgency_mark


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list. ``sort`` is the order that its heading offers."""

    code: str
    title: str
    sort: Sort | None = None


COLUMNS = (
    Column("term", mark("Term")),
    Column("number", mark("Number"), Sort.REGISTERED),
    Column("received", mark("Received"), Sort.RECEIVED),
    Column("applicant", mark("Applicant"), Sort.APPLICANT),
    Column("topic", mark("Type and topic"), Sort.TOPIC),
    Column("status", mark("Status"), Sort.STATUS),
    Column("due", mark("Answer by"), Sort.DUE),
    Column("owner", mark("In charge"), Sort.OWNER),
    Column("channel", mark("Channel")),
    Column("organisation", mark("Organisation")),
)
FIXED = frozenset({"number"})
"""Columns that every list has: without its number a row leads nowhere."""
HIDDEN = frozenset({"channel", "organisation"})
"""Columns that nobody sees before he asks for them."""

_FILTERS = {
    "received_from": mark("From"),
    "received_to": mark("To"),
    "type": mark("Type"),
    "topic": mark("Topic"),
    "channel": mark("Channel"),
    "status": mark("Status"),
    "organisation": mark("Organisation"),
    "owner": mark("In charge"),
    "due": mark("Deadline"),
    "calls": mark("Calls"),
}
_DUE = {DueFilter.OVERDUE: mark("overdue"), DueFilter.SOON: mark("within three days")}
_CALLS = {"1": mark("with calls"), "0": mark("without calls")}


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the list as the template shows it."""

    id: int
    number: str
    url: str
    urgency: Mark
    appeal_at: datetime
    due_at: datetime | None
    applicant: str
    phone: str
    type_title: str
    topic_title: str
    status_title: str
    owner_name: str
    channel_title: str
    organisation: str
    lock: str = ""
    """Who may read it, when it is restricted."""
    limited: bool = False
    """People and topic are left out."""


@dataclass(frozen=True, slots=True)
class DraftLink:
    """An unfinished card that its owner can go on with (DAY-17)."""

    url: str
    title: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column: ``url`` orders by it, ``aria`` is the value of aria-sort (WAI-ARIA 1.2)."""

    code: str
    title: str
    url: str | None
    aria: str
    hint: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that holds, and the address of the list without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of a filter."""

    code: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of the filters' form."""

    name: str
    label: str
    kind: str  # date or select
    value: str
    options: list[Choice]


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A list that the reader keeps."""

    id: int
    title: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class JournalPage:
    """The list with its surroundings."""

    title: str
    folder: str
    order: str
    q: str
    query: Mapping[str, str]
    """What makes this list: folder, order and filters, for hidden fields of forms."""
    query_string: str
    headings: list[Heading]
    columns: list[Choice]
    chips: list[Chip]
    filters: list[FilterField]
    views: list[ViewLink]
    rows: list[JournalRow]
    drafts: list[DraftLink]
    after: str | None
    next_url: str | None
    first_url: str | None
    clear_url: str
    selectable: bool
    bulk: list[BulkButton]
    exportable: bool


def journal_row(row: AppealRow) -> JournalRow:
    """Return a line of the list as the template shows it."""
    return JournalRow(
        id=row.id,
        number=row.number,
        url=f"/appeals/{row.id}",
        urgency=urgency_mark(row.colour, row.due_at),
        appeal_at=row.appeal_at,
        due_at=row.due_at,
        applicant=row.applicant,
        phone=row.phone,
        type_title=row.type,
        topic_title=row.topic,
        status_title=row.status,
        owner_name=row.owner,
        channel_title=row.channel,
        organisation=row.organisation,
        lock=restriction_title(row.restricted) if row.restricted != Restriction.NONE else "",
        limited=row.limited,
    )


def draft_link(draft: Draft) -> DraftLink:
    """Return a link to go on with an unfinished card."""
    name = " ".join(filter(None, (draft.fields.get("applicant_last_name"), draft.fields.get("applicant_first_name"))))
    phone = draft.fields.get("applicant_phone", "")
    title = name or (show_number(phone) if phone else gettext("New card"))
    return DraftLink(f"/appeals/new?draft={draft.id}", title, draft.saved_at)


def address(query: Mapping[str, str]) -> str:
    """Return the address of a list."""
    return f"/journal?{urlencode(query)}"


def shown_columns(settings: ListSettings) -> list[Column]:
    """Return the columns that the reader sees."""
    hidden = HIDDEN if settings.hidden is None else settings.hidden - FIXED
    return [one for one in COLUMNS if one.code not in hidden]


def column_choices(settings: ListSettings) -> list[Choice]:
    """Return what the menu of columns offers."""
    shown = {one.code for one in shown_columns(settings)}
    return [Choice(one.code, gettext(one.title), one.code in shown) for one in COLUMNS if one.code not in FIXED]


def headings(
    columns: list[Column], folder: FolderDef, user: User, filters: Filters, order: Order, query: Mapping[str, str]
) -> list[Heading]:
    """Return the headings with the address of each order; a second click turns it round."""
    offered = folder.orders(user, filters)
    found: list[Heading] = []
    for one in columns:
        url, aria, hint = None, "", ""
        if one.sort in offered:
            here = one.sort is order.by
            aria = ("descending" if order.descending else "ascending") if here else "none"
            turned = Order(one.sort, not order.descending if here else one.sort in {Sort.REGISTERED, Sort.RECEIVED})
            url = address({**query, "order": str(turned)})
        elif one.sort is not None:
            hint = gettext("Choose a period of at most a month or an employee to order by this column")
        found.append(Heading(one.code, gettext(one.title), url, aria, hint))
    return found


def chips(filters: Filters, choices: FilterChoices, query: Mapping[str, str]) -> list[Chip]:
    """Return the filters that hold, each with the address of the list without it."""
    found: list[Chip] = []
    for name, value in filters.query().items():
        rest = {key: text for key, text in query.items() if key != name}
        found.append(Chip(gettext(_FILTERS[name]), _shown(name, value, choices), address(rest)))
    return found


def filter_fields(filters: Filters, choices: FilterChoices) -> list[FilterField]:
    """Return the fields of the filters' form. Lists with nothing to choose are left out."""
    values = filters.query()
    found: list[FilterField] = []
    for name, label in _FILTERS.items():
        value = values.get(name, "")
        if name in {"received_from", "received_to"}:
            found.append(FilterField(name, gettext(label), "date", value, []))
            continue
        options = [Choice(code, title, code == value) for code, title in _options(name, choices)]
        if len(options) > 1 or value:
            found.append(FilterField(name, gettext(label), "select", value, options))
    return found


def view_links(views: tuple[SavedView, ...], query: Mapping[str, str]) -> list[ViewLink]:
    """Return the lists that the reader keeps."""
    return [ViewLink(one.id, one.title, address(one.query), dict(one.query) == dict(query)) for one in views]


def _options(name: str, choices: FilterChoices) -> list[tuple[str, str]]:
    if name == "due":
        return [(str(code), gettext(title)) for code, title in _DUE.items()]
    if name == "calls":
        return [(code, gettext(title)) for code, title in _CALLS.items()]
    return [(one.code, one.title) for one in choices.lists.get(name, ())]


def _shown(name: str, value: str, choices: FilterChoices) -> str:
    if name in {"received_from", "received_to"}:
        return show_date(date.fromisoformat(value))
    return dict(_options(name, choices)).get(value, value)
