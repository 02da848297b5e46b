"""What each user keeps for his journal: the order of each folder, the columns, filtered lists under names; and the
values that its filters offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, cast, delete, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.journal.listing import FILTER_NAMES, Filters, FolderDef, ListSettings, Order, SavedView
from hotline.journal.model import Named
from hotline.journal.tables_classifier import AppealTypeRow, ChannelRow, Choice, StatusRow, TopicRow
from hotline.journal.tables_lists import ListSettingRow, ListViewRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.tables import OrganisationRow, UserRow

JOURNAL = "journal"
FRESH = timedelta(minutes=1)
"""For how long the choices of filters are remembered: every page asks for them, and they change a few times a year."""
VIEWS = 20
"""Most lists that a user keeps."""
TITLE_LENGTH = 60
_LISTS: Mapping[str, type[Choice]] = {
    "type": AppealTypeRow,
    "topic": TopicRow,
    "channel": ChannelRow,
    "status": StatusRow,
}


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """What the filters offer, by the filter's name. Closed rows are offered too: old appeals have them."""

    lists: Mapping[str, tuple[Named, ...]]

    def title(self, name: str, code: str) -> str:
        """Return the title of a value; the value itself when no row has it."""
        return next((one.title for one in self.lists.get(name, ()) if one.code == code), code)


class JournalSettings:
    """Use cases around a list, none of which touches an appeal."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._choices: dict[int | None, tuple[datetime, FilterChoices]] = {}

    async def settings(self, user: User) -> ListSettings:
        """Return what ``user`` has chosen, and the lists that he keeps, by name."""
        view = func.jsonb_build_object("id", ListViewRow.id, "title", ListViewRow.title, "query", ListViewRow.query)
        views = select(func.jsonb_agg(aggregate_order_by(view, ListViewRow.title))).where(
            ListViewRow.user_id == user.id
        )
        chosen = select(ListSettingRow.settings).where(
            ListSettingRow.user_id == user.id, ListSettingRow.list_code == JOURNAL
        )
        async with self._db.begin() as session:
            stored, kept = (await session.execute(select(chosen.scalar_subquery(), views.scalar_subquery()))).one()
        orders, hidden = (stored or {}).get("orders", {}), (stored or {}).get("hidden")
        return ListSettings(
            {str(code): str(order) for code, order in orders.items()},
            None if hidden is None else frozenset(map(str, hidden)),
            tuple(SavedView(one["id"], one["title"], one["query"]) for one in kept or ()),
        )

    async def keep_order(self, user: User, folder: FolderDef, order: Order) -> None:
        """Remember the order of a folder."""
        found = await self.settings(user)
        await self._store(user, {**found.orders, folder.code: str(order)}, found.hidden)

    async def hide(self, user: User, columns: frozenset[str]) -> None:
        """Remember which columns ``user`` does not need."""
        found = await self.settings(user)
        await self._store(user, found.orders, columns)

    async def keep_view(self, user: User, title: str, folder: FolderDef, order: Order, filters: Filters) -> SavedView:
        """Keep a filtered list under a name.

        :raises BadInput: the name is empty or too long, or nobody needs that many.
        :raises Conflict: he has a list of that name.
        """
        title = " ".join(title.split())
        if not title or len(title) > TITLE_LENGTH:
            raise BadInput("name the list", error_id="bad-view", details={"title": f"1 to {TITLE_LENGTH} characters"})
        query = {"folder": folder.code, "order": str(order), **filters.query()}
        try:
            async with self._db.begin() as session:
                count = select(func.count()).select_from(ListViewRow).where(ListViewRow.user_id == user.id)
                if (await session.scalar(count) or 0) >= VIEWS:
                    raise BadInput("too many lists", error_id="too-many-views", details={"title": f"at most {VIEWS}"})
                row = ListViewRow(user_id=user.id, title=title, query=query, created_at=self._clock.now())
                session.add(row)
                await session.flush()
                return SavedView(row.id, title, query)
        except IntegrityError as error:
            raise Conflict(
                "there is a list of this name", error_id="view-exists", details={"title": "taken"}
            ) from error

    async def drop_view(self, user: User, view_id: int) -> SavedView:
        """Forget a list; return it, so that it can be kept again.

        :raises NotFound: he keeps no such list.
        """
        gone = (
            delete(ListViewRow)
            .where(ListViewRow.id == view_id, ListViewRow.user_id == user.id)
            .returning(ListViewRow.title, ListViewRow.query)
        )
        async with self._db.begin() as session:
            row = (await session.execute(gone)).one_or_none()
        if row is None:
            raise NotFound("there is no such list", error_id="no-such-view")
        return SavedView(view_id, row.title, row.query)

    async def choices(self, user: User) -> FilterChoices:
        """Return what the filters offer: people and organisations only as far as the user's lists can hold theirs."""
        everywhere = user.may(Right.APPEAL_VIEW_ALL) and user.organisation.kind == "tfoms"
        key = None if everywhere else user.organisation.id
        now = self._clock.now()
        known = self._choices.get(key)
        if known is not None and known[0] <= now < known[0] + FRESH:
            return known[1]
        found: dict[str, list[Named]] = {}
        async with self._db.begin() as session:
            for row in await session.execute(_all_choices(key)):
                found.setdefault(row.name, []).append(Named(row.code, row.title))
        choices = FilterChoices({name: tuple(rows) for name, rows in found.items()})
        self._choices[key] = (now, choices)
        return choices

    async def exported(self, user: User, details: Mapping[str, object], *, ip: str = "") -> None:
        """Write down that a list was given out: filters are codes, a search is only a fact (DAY-29, DAY-30)."""
        async with self._db.begin() as session:
            audit(session, "export", ("appeal", ""), user_id=user.id, at=self._clock.now(), ip=ip, details=details)

    async def _store(self, user: User, orders: Mapping[str, str], hidden: frozenset[str] | None) -> None:
        settings = {"orders": dict(orders), "hidden": None if hidden is None else sorted(hidden)}
        statement = insert(ListSettingRow).values(user_id=user.id, list_code=JOURNAL, settings=settings)
        async with self._db.begin() as session:
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=["user_id", "list_code"], set_={"settings": statement.excluded.settings}
                )
            )


def query_of(values: Mapping[str, str]) -> dict[str, str]:
    """Return those parts of an address that make a list: folder, order, filters."""
    return {name: values[name] for name in ("folder", "order", *FILTER_NAMES) if values.get(name)}


def _all_choices(organisation_id: int | None) -> Select[Any]:
    """Return the statement of everything that filters offer: people and organisations of one organisation, or all."""
    parts = [
        select(
            literal(name).label("name"), table.code.label("code"), table.title.label("title"), table.sort.label("at")
        )
        for name, table in _LISTS.items()
    ]
    person = UserRow.last_name + " " + func.left(UserRow.first_name, 1) + "."
    people = select(literal("owner"), cast(UserRow.id, Text), person, literal(0))
    organisations = select(
        literal("organisation"), cast(OrganisationRow.id, Text), OrganisationRow.short_name, literal(0)
    )
    if organisation_id is not None:
        people = people.where(UserRow.organisation_id == organisation_id)
        organisations = organisations.where(OrganisationRow.id == organisation_id)
    every = union_all(*parts, people, organisations).subquery()
    return select(every.c.name, every.c.code, every.c.title).order_by(every.c.name, every.c.at, every.c.title)
