"""Statements of the search in the register, kept as texts by the shape of the question (ADR 0029).

Which fields are filled decides the text of a statement; what stands in them is put in when it is asked. Building the
statement took longer than PostgreSQL needs to find one person among three million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, any_, func, or_, select, union
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal import visibility
from hotline.journal.list_pages import known
from hotline.journal.personquery import PersonQuery, after
from hotline.journal.ready import Ready, late
from hotline.journal.restricted import keeps
from hotline.journal.tables import AppealRecord, is_open
from hotline.journal.tables_person import PersonPhoneRow
from hotline.journal.tables_person import PersonRow as PersonTable
from hotline.staff.model import User
from hotline.staff.sight import Reach

LIMIT = 10
"""At most so many results are shown (S001-045)."""
_PHONES = func.array(
    select(PersonPhoneRow.e164)
    .where(PersonPhoneRow.person_id == PersonTable.id, ~PersonPhoneRow.is_wrong)
    .order_by(PersonPhoneRow.id)
    .scalar_subquery()
)
_OPEN_APPEALS = (
    select(func.count())
    .select_from(AppealRecord)
    .where(or_(AppealRecord.applicant_id == PersonTable.id, AppealRecord.insured_id == PersonTable.id), is_open())
    .scalar_subquery()
)
_SHOWN = (
    PersonTable.id,
    PersonTable.last_name,
    PersonTable.first_name,
    PersonTable.patronymic,
    PersonTable.birth_date,
    PersonTable.sex,
    PersonTable.enp,
    PersonTable.snils,
    PersonTable.policy,
    PersonTable.address,
    PersonTable.insurer_id,
)
"""What a row of a search shows; a dossier has three times as many columns."""
_ORDER = (PersonTable.s_sur, PersonTable.s_nam, PersonTable.s_pat, PersonTable.birth_date, PersonTable.id)
_NUMBERS = ("enp", "snils", "policy", "phone")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a question asks by, without what it asks: all that the text of its statement depends on but its reader."""

    last_name: bool
    first_name: bool
    patronymic: bool
    beginnings: bool
    """The surname has three letters or more and the name two: the index of both beginnings leads there."""
    day: bool
    """One day of birth, and no longer period."""
    born_from: bool
    born_before: bool
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, query: PersonQuery) -> Shape:
        """Return the shape of a question."""
        return cls(
            bool(query.last_name),
            bool(query.first_name),
            bool(query.patronymic),
            len(query.last_name) >= 3 and len(query.first_name) >= 2,
            query.born_from is not None and query.born_before == query.born_from + timedelta(days=1),
            query.born_from is not None,
            query.born_before is not None,
            tuple(name for name in _NUMBERS if getattr(query, name) is not None),
        )


async def found(session: AsyncSession, ready: Ready, user: User, query: PersonQuery) -> list[Row[Any]]:
    """Return people by a question; one more than is shown tells whether there are more."""
    shape = Shape.of(query)
    key = ("person", user, shape)
    return list(await ready.rows(session, key, lambda: _statement(user, shape), _values(query)))


@dataclass(frozen=True, slots=True)
class Readings:
    """Other readings of a question that cost about the same."""

    queries: tuple[PersonQuery, ...]
    likely: bool
    """False: asked only when nobody was found."""


def by_effort(queries: Sequence[PersonQuery]) -> list[Readings]:
    """Return other readings in the order in which they are asked.

    A surname leads an index; a name with a patronymic leads to everybody of these initials (a hundred thousand of three
    million). A surname with a patronymic leads nowhere: all of that beginning are walked, for something that few type.
    """
    groups: tuple[list[PersonQuery], ...] = ([], [], [])
    for query in queries:
        if query.last_name and query.patronymic and not query.first_name:
            groups[2].append(query)
        else:
            groups[bool(query.first_name and not query.last_name)].append(query)
    return [Readings(tuple(group), at < 2) for at, group in enumerate(groups) if group]


async def found_otherwise(
    session: AsyncSession, ready: Ready, user: User, queries: Sequence[PersonQuery], but: list[int]
) -> list[Row[Any]]:
    """Return people by other readings of a question, without some: each reading walks its own index and stops early."""
    shapes = tuple(map(Shape.of, queries))
    values: dict[str, Any] = {"but": but}
    for at, query in enumerate(queries):
        values |= _values(query, f"{at}_")
    key = ("person otherwise", user, shapes)
    return list(await ready.rows(session, key, lambda: _union(user, shapes), values))


@lru_cache(maxsize=300)
def people(user: User | None) -> Select[Any]:
    """Return the columns of rows of people; ``kept``: an appeal keeps their telephones from ``user`` (S003-110).

    Kept for each reader with his rights, because making it takes longer than the search.
    """
    columns = (*_SHOWN, _PHONES.label("phones"), _OPEN_APPEALS.label("open_appeals"), keeps(user).label("kept"))
    return select(*columns).order_by(*_ORDER)


def _statement(user: User, shape: Shape) -> Select[Any]:
    statement = people(user).where(*_alive(user, shape, "")).limit(known(LIMIT + 1))
    return statement.order_by(None) if "enp" in shape.numbers else statement  # there is one of them at most


def _union(user: User, shapes: Iterable[Shape]) -> Select[Any]:
    parts = []
    for at, shape in enumerate(shapes):
        part = select(PersonTable.id).where(*_alive(user, shape, f"{at}_"))
        ordered = part.order_by(*_ORDER).limit(known(LIMIT + 1))
        parts.append(select(ordered.subquery().c.id))
    ids = union(*parts).subquery()
    seen = any_(late("but", ARRAY(BigInteger)))
    statement = people(user).join(ids, ids.c.id == PersonTable.id).where(~(PersonTable.id == seen))
    return statement.limit(known(LIMIT + 1))


def _values(query: PersonQuery, prefix: str = "") -> dict[str, Any]:
    """Return what is put into a statement of this question's shape."""
    values = {
        "last_name": query.last_name,
        "first_name": query.first_name,
        "patronymic": query.patronymic,
        "after_last_name": after(query.last_name),
        "after_first_name": after(query.first_name),
        "after_patronymic": after(query.patronymic),
        "beginnings": query.last_name[:3] + query.first_name[:2],
        "initials": query.first_name[:1] + query.patronymic[:1],
        "born_from": query.born_from,
        "born_before": query.born_before,
        **{name: getattr(query, name) for name in _NUMBERS},
    }
    return {prefix + name: value for name, value in values.items()}


def _alive(user: User, shape: Shape, prefix: str) -> list[ColumnElement[bool]]:
    limits = _limits(user, shape, prefix)
    merged = PersonTable.merged_into_id.is_(None)
    return [merged, *_conditions(shape, prefix), *([] if limits is None else [limits])]


def _conditions(shape: Shape, prefix: str) -> Iterable[ColumnElement[bool]]:
    for column, name, asked in (
        (PersonTable.s_sur, "last_name", shape.last_name),
        (PersonTable.s_nam, "first_name", shape.first_name),
        (PersonTable.s_pat, "patronymic", shape.patronymic),
    ):
        if asked:
            # Explicit ranges: a bound LIKE falls back to reading the whole index under a generic plan.
            yield column >= late(f"{prefix}{name}")
            yield column < late(f"{prefix}after_{name}")
    if shape.beginnings:
        yield PersonTable.s_two == late(f"{prefix}beginnings")
    elif shape.first_name and shape.patronymic:
        yield PersonTable.s_ini == late(f"{prefix}initials")
    if shape.day:
        # Of a bound range PostgreSQL cannot know that it is one day; it would walk all names in order instead.
        yield PersonTable.birth_date == late(f"{prefix}born_from")
    else:
        if shape.born_from:
            yield PersonTable.birth_date >= late(f"{prefix}born_from")
        if shape.born_before:
            yield PersonTable.birth_date < late(f"{prefix}born_before")
    for name in shape.numbers:
        value = late(f"{prefix}{name}")
        if name == "phone":
            yield PersonTable.id.in_(select(PersonPhoneRow.person_id).where(PersonPhoneRow.e164 == value))
        else:
            yield getattr(PersonTable, name) == value


def _limits(user: User, shape: Shape, prefix: str) -> ColumnElement[bool] | None:
    """Insurers see their own insured; others only by ENP, or by full name and day of birth (domain 2.8)."""
    own = visibility.persons(user)
    if own is None or user.sight.persons is Reach.NONE:
        return own
    if "enp" in shape.numbers:
        return None
    if not shape.day:
        return own
    return or_(
        own,
        and_(
            PersonTable.s_sur == late(f"{prefix}last_name"),
            PersonTable.s_nam == late(f"{prefix}first_name"),
            PersonTable.s_pat == late(f"{prefix}patronymic"),
        ),
    )
