"""Folders, orders and filters as data (S000-02…S000-11)."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.errors import BadInput
from hotline.journal.listing import DueFilter, Filters, FolderDef, ListSettings, Order, Relation, Sort
from hotline.journal.model import OPEN_PHASES, Phase
from hotline.staff.model import Organisation, User

FUND = Organisation(1, "07", "tfoms", "Фонд", "Фонд")
OPEN = FolderDef("open", "Активные", Relation.SCOPE, phases=OPEN_PHASES)
EVERY = FolderDef("every", "Все", Relation.WORKED)


def user(*rights: str, roles: tuple[str, ...] = ("op1",)) -> User:
    return User(1, "a", "А", "Б", "", FUND, "101", frozenset(roles), frozenset(rights))


@pytest.mark.parametrize(
    ("folder", "reader", "has"),
    [
        (FolderDef("a", "A", Relation.OWNER), user(), True),
        (FolderDef("a", "A", Relation.OWNER, roles=frozenset({"op2"})), user(), False),
        (FolderDef("a", "A", Relation.OWNER, roles=frozenset({"op2", "op1"})), user(), True),
        (FolderDef("a", "A", Relation.TARGET, right="appeal.accept"), user(), False),
        (FolderDef("a", "A", Relation.TARGET, right="appeal.accept"), user("appeal.accept"), True),
    ],
)
def test_who_has_a_folder(folder: FolderDef, reader: User, has: bool) -> None:
    """S000-02, S000-04."""
    assert folder.of(reader) is has


def test_a_list_without_end_is_ordered_by_what_an_index_has() -> None:
    everybody = user("appeal.view_all")
    assert EVERY.orders(user(), Filters()) == frozenset(Sort)
    assert OPEN.orders(everybody, Filters()) == frozenset(Sort)
    assert Sort.OWNER not in EVERY.orders(everybody, Filters())
    assert Sort.RECEIVED in EVERY.orders(everybody, Filters())
    week = Filters(received_from=date(2026, 11, 1), received_to=date(2026, 11, 7))
    year = Filters(received_from=date(2026, 1, 1), received_to=date(2026, 12, 31))
    assert Sort.OWNER in EVERY.orders(everybody, week)
    assert Sort.OWNER in EVERY.orders(everybody, Filters(owner=5))
    assert Sort.OWNER not in EVERY.orders(everybody, year)


def test_filters_survive_an_address() -> None:
    filters = Filters(
        date(2026, 11, 1), date(2026, 11, 20), "2", "2.01", "K01", "in_work", 1, 5, DueFilter.SOON, calls=False
    )
    assert Filters.parse(filters.query()) == filters
    assert Filters.parse({}) == Filters()
    assert not Filters().any
    assert filters.without("type", "calls").query() == {
        name: text for name, text in filters.query().items() if name not in {"type", "calls"}
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("received_from", "31.02.2026"), ("received_from", "2026-02-31"), ("owner", "x"), ("owner", "9" * 30),
        ("organisation", "٣"), ("due", "yesterday"), ("calls", "2"), ("type", "x" * 65), ("topic", "a\0b"),
    ],
)  # fmt: skip
def test_a_filter_that_nobody_can_have_meant_is_named(name: str, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Filters.parse({name: text})
    assert set(caught.value.details) == {name}


def test_a_period_runs_forwards() -> None:
    with pytest.raises(BadInput):
        Filters.parse({"received_from": "2026-11-02", "received_to": "2026-11-01"})


def test_an_order_that_is_no_longer_known_gives_way_to_the_folders_own() -> None:
    folder = FolderDef("a", "A", Relation.OWNER, order=Order(Sort.DUE))
    assert ListSettings({"a": "-owner"}).order(folder) == Order(Sort.OWNER, descending=True)
    assert ListSettings({"a": "price"}).order(folder) == Order(Sort.DUE)
    assert ListSettings({}).order(folder) == Order(Sort.DUE)


def test_a_folder_speaks_its_readers_language() -> None:
    folder = FolderDef("a", "В работе", Relation.OWNER, {"en": "In work"}, phases=(Phase.ACTIVE,))
    assert (folder.title_in("en"), folder.title_in("pt")) == ("In work", "В работе")
