"""A page of a list of appeals: which columns it shows, in which order they are read, where the next page begins.

A page has codes; their titles are kept by :mod:`hotline.journal.names`, so that no list joins dictionaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Label,
    Row,
    Select,
    asc,
    desc,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from hotline.journal import cursors
from hotline.journal.listing import Order, Sort
from hotline.journal.tables import AppealRecord, AppealWorkerRow
from hotline.staff.tables import UserRow

_PLACES = (
    select(
        UserRow.id,
        func.row_number().over(order_by=(UserRow.last_name, UserRow.first_name, UserRow.id)).label("place"),
    )
    .order_by("place")
    .subquery("places")
)
"""Employees by name: a few hundred names are compared once, a hundred thousand appeals by a number."""
_SHOWN = (
    "id", "number", "appeal_at", "due_at", "phase", "version", "applicant_name", "applicant_snapshot", "status_code",
    "type_code", "topic_code", "channel_code", "responsible_org_id", "owner_id", "restricted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A table that has what lists are ordered and narrowed by, under the same names."""

    columns: ReadOnlyColumnCollection[str, Any]
    id: ColumnElement[int]
    """The appeal's."""


APPEALS = Source(AppealRecord.__table__.c, AppealRecord.__table__.c.id)
WORK = Source(AppealWorkerRow.__table__.c, AppealWorkerRow.__table__.c.appeal_id)
"""What somebody has worked with (ADR 0033)."""


def phone_of(table: Any) -> ColumnElement[str]:
    """Return the applicant's telephone as the index has it."""
    # Written into the statement: a bound key would hide the expression from the planner.
    found: ColumnElement[str] = table.applicant_snapshot.op("->>")(literal("phone", literal_execute=True))
    return found


def listed(
    conditions: Sequence[ColumnElement[bool]],
    order: Order,
    *,
    after: str | None,
    limit: int,
    scattered: bool = False,
    narrow: bool = False,
    source: Source = APPEALS,
) -> Select[*tuple[Any, ...]]:
    """Return a page of appeals by conditions: at most ``limit`` rows beyond the cursor ``after``.

    :param scattered: open ones of many employees, so that an order by employee is read from one after the other.
    :param narrow: the conditions and the order are all in one index: find the ids there, then the rows.
    :param source: where the ids are found, and what ``conditions`` speak of.
    :raises BadInput: ``after`` is no cursor.
    """
    if scattered and order.by is Sort.OWNER:
        return _filled(_by_employee(conditions, order, after, limit), order)
    keys = _keys(order.by, source)
    # The names of the employees are sorted with nothing but ids beside them: that needs no more than an index.
    few = narrow or order.by is Sort.OWNER or source is not APPEALS
    shown = select(source.id.label("id")) if few else titled(AppealRecord)
    statement = _joined(shown, order.by, source).where(*conditions)
    if after:
        place = tuple_(*_anchor(order.by, after))
        statement = statement.where(tuple_(*keys) < place if order.descending else tuple_(*keys) > place)
    ordered = [key.desc() if order.descending else key.asc() for key in keys]
    cut = statement.order_by(*ordered).limit(known(limit))
    return _filled(cut.add_columns(*_labels(order.by, source)), order) if few else cut


def _by_employee(
    conditions: Sequence[ColumnElement[bool]], order: Order, after: str | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """Return ids in the order of employees: of each only what fits on the page, until the page is full."""
    turn = desc if order.descending else asc
    people = _PLACES.c
    his = select(AppealRecord.id).where(AppealRecord.owner_id == people.id, *conditions)
    starts = []
    if after:
        place, last = _anchor(order.by, after)
        keys = tuple_(people.place, AppealRecord.id)
        his = his.where(keys < tuple_(place, last) if order.descending else keys > tuple_(place, last))
        starts = [people.place <= place if order.descending else people.place >= place]
    found = his.order_by(turn(AppealRecord.id)).limit(known(limit)).correlate(_PLACES).lateral("his")
    return (
        select(found.c.id, people.place.label("key_0"), found.c.id.label("key_1"))
        .select_from(_PLACES.join(found, true()))
        .where(*starts)
        .order_by(turn(people.place), turn(found.c.id))
        .limit(known(limit))
    )


def _filled(cut: Select[*tuple[Any, ...]], order: Order) -> Select[*tuple[Any, ...]]:
    """Return the rows of a page of which only ids and keys were found."""
    ids = cut.subquery("cut")
    keys = [ids.c[label.name] for label in _labels(order.by)]
    rows = titled(AppealRecord).join(ids, ids.c.id == AppealRecord.id)
    return rows.order_by(*(key.desc() if order.descending else key for key in keys))


def _labels(by: Sort, source: Source = APPEALS) -> list[Label[Any]]:
    return [key.label(f"key_{at}") for at, key in enumerate(_keys(by, source))]


def known(limit: int) -> ColumnElement[int]:
    """Return a limit that stands in the statement.

    Of a bound one a generic plan assumes a tenth of the rows, and sorts all instead of reading the first from an index.
    """
    return literal_column(str(int(limit)), Integer)


def cursor_of(row: Row[Any], order: Order) -> str:
    """Return the cursor of the page after ``row``: ids and moments only, never a name (DAY-29)."""
    moments = {Sort.DUE: row.due_at, Sort.RECEIVED: row.appeal_at}
    return cursors.encode(row.id, moments.get(order.by))


def titled(appeal: Any) -> Select[*tuple[Any, ...]]:
    """Return the columns of the lists' rows for an appeal's table or a cut of it.

    Codes, not titles: ``names`` has these. Joining six dictionaries took half of the time of a page.
    """
    plain = (getattr(appeal, name) for name in _SHOWN if name != "applicant_snapshot")
    return select(*plain, phone_of(appeal).label("phone"))


def _keys(by: Sort, source: Source = APPEALS) -> list[ColumnElement[Any]]:
    table = source.columns
    first: dict[Sort, list[ColumnElement[Any]]] = {
        Sort.REGISTERED: [],
        Sort.RECEIVED: [table.appeal_at],
        Sort.DUE: [table.due_at],
        Sort.APPLICANT: [table.applicant_key],
        Sort.TOPIC: [table.topic_code],
        Sort.STATUS: [table.status_code],
        # Not the bare place: of that the planner knows that employees come in its order, and looks through all of the
        # list once for each of them, in the hope that the page is full after the first few.
        Sort.OWNER: [_PLACES.c.place + literal(0, literal_execute=True)],
    }
    return [*first[by], source.id]


def _joined(statement: Select[Any], by: Sort, source: Source = APPEALS) -> Select[Any]:
    if by is Sort.OWNER:
        return statement.join(_PLACES, _PLACES.c.id == source.columns.owner_id)
    return statement


def _anchor(by: Sort, after: str) -> list[Any]:
    """Return the place of a cursor. Names stay in the database: the cursor says only whose they are (DAY-29)."""
    if by is Sort.REGISTERED:
        return [cursors.decode_id(after)]
    if by in {Sort.RECEIVED, Sort.DUE}:
        return list(cursors.decode(after))
    row_id = cursors.decode_id(after)
    return [
        *(
            _joined(select(key).select_from(AppealRecord), by).where(AppealRecord.id == row_id).correlate(None)
            .scalar_subquery()
            for key in _keys(by)[:-1]
        ),
        row_id,
    ]  # fmt: skip
