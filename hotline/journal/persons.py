"""The register of persons: search while the citizen is speaking, who calls from a number, whom a card names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, NotFound
from hotline.journal import queries, visibility
from hotline.journal.dossier_read import living_id
from hotline.journal.list_pages import known
from hotline.journal.model import AppealRow, PersonRow, PersonsFound, PersonSnapshot
from hotline.journal.names import Names, named
from hotline.journal.person_access import shown
from hotline.journal.person_model import PhoneOwners
from hotline.journal.personquery import PersonQuery, after
from hotline.journal.restricted import keeps
from hotline.journal.tables import AppealRecord, is_open
from hotline.journal.tables_person import PersonPhoneRow
from hotline.journal.tables_person import PersonRow as PersonTable
from hotline.staff.audit import audit
from hotline.staff.model import User
from hotline.staff.rules import fold
from hotline.staff.sight import Reach

LIMIT = 10
"""At most so many results are shown (S001-045)."""
BY_PHONE = 5
"""At most so many people are offered for a calling number (domain 2.9)."""

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


class Persons:
    """Reads the register; every search and every view of a dossier goes into the audit trail (domain 3.4)."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def search(self, user: User, query: PersonQuery, typed: str = "") -> PersonsFound:
        """Return at most 10 people, by name; ``more`` asks to narrow the search (S001-044…S001-046).

        When the words as they stand find fewer, their other readings fill the list up (:meth:`PersonQuery.others`).

        :param typed: the one field's text that ``query`` was read from.
        :raises BadInput: nothing was asked.
        """
        others = query.others(typed)
        if query.empty and not others:
            raise BadInput(
                "fill in at least one field", error_id="empty-search", details={"q": "fill in at least one field"}
            )
        async with self._db.begin() as session:
            rows = [] if query.empty else list((await session.execute(search_statement(user, query))).all())
            if len(rows) < LIMIT and others:
                rows += (await session.execute(other_statement(user, others, [row.id for row in rows]))).all()
            found = await _shown(session, user, rows[:LIMIT])
            audit(
                session,
                "search",
                ("person", ""),
                user_id=user.id,
                at=self._clock.now(),
                details={"found": min(len(rows), LIMIT), "by": _asked(query)},
            )
        return PersonsFound(found, len(rows) > LIMIT, query.warnings)

    async def by_phone(self, e164: str | None, user: User | None = None) -> tuple[PersonRow, ...]:
        """Return at most 5 people known by a number; nobody for short, internal and withheld numbers (DAY-11)."""
        return (await self.owners(e164, user)).rows

    async def owners(self, e164: str | None, user: User | None = None) -> PhoneOwners:
        """Return who is known by a number; ``shared`` when more than 5 people are: a clinic's exchange (DAY-11).

        Only those whom ``user`` may find (domain 2.8); ``None`` is the program itself. How many share the number is
        counted among all.
        """
        if not e164 or not e164.startswith("+"):
            return PhoneOwners()
        owners = select(PersonPhoneRow.person_id).where(PersonPhoneRow.e164 == e164, ~PersonPhoneRow.is_wrong)
        everybody = (
            select(PersonTable.is_dead)
            .where(PersonTable.id.in_(owners), PersonTable.merged_into_id.is_(None))
            .limit(BY_PHONE + 1)
        )
        limits = visibility.persons(user) if user is not None else None
        statement = _people(user).where(PersonTable.id.in_(owners), PersonTable.merged_into_id.is_(None))
        statement = statement.limit(known(BY_PHONE + 1))
        if limits is not None:
            statement = statement.where(limits)
        async with self._db.begin() as session:
            rows = await _shown(session, user, (await session.execute(statement)).all())
            dead = list(await session.scalars(everybody)) if rows else []
        return PhoneOwners(rows[:BY_PHONE], shared=len(dead) > BY_PHONE, sole=dead == [False])

    async def get(self, user: User, person_id: int) -> PersonRow:
        """Return one person.

        :raises NotFound: there is none whom this user may look at.
        """
        async with self._db.begin() as session:
            limits = visibility.dossiers(user)
            statement = _people(user).where(PersonTable.id == person_id, *([] if limits is None else [limits]))
            row = (await session.execute(statement)).one_or_none()
            if row is None:
                raise NotFound("there is no such person", error_id="no-such-person")
            found = await _shown(session, user, [row])
            audit(session, "view", ("person", person_id), user_id=user.id, at=self._clock.now())
        return found[0]

    async def appeals(self, user: User, person_id: int, *, show_all: bool = False) -> tuple[AppealRow, ...]:
        """Return the person's open appeals, or with ``show_all`` all that the user's organisation ever had.

        At most 100, newest first (S000-19, S000-20).
        """
        async with self._db.begin() as session:
            return await queries.of_person(session, user, person_id, show_all=show_all, now=self._clock.now())


def search_statement(user: User, query: PersonQuery) -> Select[Any]:
    """Return the statement of a search; one row more than is shown tells whether there are more."""
    statement = _people(user).where(PersonTable.merged_into_id.is_(None), *_conditions(query)).limit(known(LIMIT + 1))
    if query.enp is not None:
        statement = statement.order_by(None)  # there is one of them at most
    limits = _limits(user, query)
    return statement if limits is None else statement.where(limits)


def other_statement(user: User, queries_: Iterable[PersonQuery], but: list[int]) -> Select[Any]:
    """Return the statement for other readings: each walks its own index and stops early."""
    parts = []
    for query in queries_:
        part = select(PersonTable.id).where(PersonTable.merged_into_id.is_(None), *_conditions(query))
        limits = _limits(user, query)
        ordered = (part if limits is None else part.where(limits)).order_by(*_ORDER).limit(known(LIMIT + 1))
        parts.append(select(ordered.subquery().c.id))
    found = union(*parts).subquery()
    statement = _people(user).join(found, found.c.id == PersonTable.id)
    return statement.where(PersonTable.id.not_in(but)).limit(known(LIMIT + 1))


async def matching(
    session: AsyncSession, user: User, condition: ColumnElement[bool], limit: int
) -> tuple[PersonRow, ...]:
    """Return living dossiers by a condition of the register's own."""
    statement = _people(user).where(PersonTable.merged_into_id.is_(None), condition).limit(limit)
    limits = visibility.persons(user)
    if limits is not None:
        statement = statement.where(limits)
    return await _shown(session, user, (await session.execute(statement)).all())


async def _shown(session: AsyncSession, user: User | None, rows: Sequence[Row[Any]]) -> tuple[PersonRow, ...]:
    """Return people of a list as ``user`` may see them."""
    if not rows:
        return ()
    people = await named(session, lambda names: [_row(row, names) for row in rows])
    return tuple(shown(user, one, contacts=not row.kept) for one, row in zip(people, rows, strict=True))


@lru_cache(maxsize=300)
def _people(user: User | None) -> Select[Any]:
    """Return the columns of rows of people; ``kept``: an appeal keeps their telephones from ``user`` (S003-110).

    Kept for each reader with his rights, because making it takes longer than the search.
    """
    columns = (*_SHOWN, _PHONES.label("phones"), _OPEN_APPEALS.label("open_appeals"), keeps(user).label("kept"))
    return select(*columns).order_by(*_ORDER)


def _conditions(query: PersonQuery) -> Iterable[ColumnElement[bool]]:
    for column, prefix in (
        (PersonTable.s_sur, query.last_name),
        (PersonTable.s_nam, query.first_name),
        (PersonTable.s_pat, query.patronymic),
    ):
        if prefix:
            # Explicit ranges: a bound LIKE falls back to reading the whole index under a generic plan.
            yield column >= prefix
            yield column < after(prefix)
    if len(query.last_name) >= 3 and len(query.first_name) >= 2:
        yield PersonTable.s_two == query.last_name[:3] + query.first_name[:2]
    elif query.first_name and query.patronymic:
        yield PersonTable.s_ini == query.first_name[0] + query.patronymic[0]
    yield from _born(query)
    for number, value in (
        (PersonTable.enp, query.enp),
        (PersonTable.snils, query.snils),
        (PersonTable.policy, query.policy),
    ):
        if value is not None:
            yield number == value
    if query.phone is not None:
        yield PersonTable.id.in_(select(PersonPhoneRow.person_id).where(PersonPhoneRow.e164 == query.phone))


def _born(query: PersonQuery) -> Iterable[ColumnElement[bool]]:
    if query.born_from is not None and query.born_before == query.born_from + timedelta(days=1):
        # Of a bound range PostgreSQL cannot know that it is one day; it would walk all names in order instead.
        yield PersonTable.birth_date == query.born_from
        return
    if query.born_from is not None:
        yield PersonTable.birth_date >= query.born_from
    if query.born_before is not None:
        yield PersonTable.birth_date < query.born_before


def _limits(user: User, query: PersonQuery) -> ColumnElement[bool] | None:
    """Insurers see their own insured; others only by ENP, or by full name and day of birth (domain 2.8)."""
    own = visibility.persons(user)
    if own is None or user.sight.persons is Reach.NONE:
        return own
    if query.enp is not None:
        return None
    if query.born_from is None or query.born_before is None or (query.born_before - query.born_from).days != 1:
        return own
    return or_(
        own,
        and_(
            PersonTable.s_sur == query.last_name,
            PersonTable.s_nam == query.first_name,
            PersonTable.s_pat == query.patronymic,
        ),
    )


def _asked(query: PersonQuery) -> list[str]:
    """Name the filled fields, without their contents: the audit trail is no second register."""
    return [name for name in PersonQuery.__slots__ if getattr(query, name)]


def _row(row: Row[Any], names: Names) -> PersonRow:
    return PersonRow(
        id=row.id,
        last_name=row.last_name,
        first_name=row.first_name,
        patronymic=row.patronymic,
        birth_date=row.birth_date,
        sex=row.sex,
        enp=row.enp,
        snils=row.snils,
        policy=row.policy,
        phones=tuple(row.phones),
        address=row.address,
        insurer=None if row.insurer_id is None else names.organisations[row.insurer_id],
        open_appeals=row.open_appeals,
    )


async def lock_enps(session: AsyncSession, people: Iterable[PersonSnapshot]) -> None:
    """Let cards that name the same new person take turns: the second one then finds the first one's row.

    To be called before :func:`remember`, for everybody on the card at once: sorted locks cannot deadlock.
    """
    for enp in sorted({who.enp for who in people if who.enp}):
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"enp:{enp}", 0))))


async def remember(session: AsyncSession, who: PersonSnapshot, now: datetime) -> int | None:
    """Return the dossier of somebody named on a card, made when there is none; ``None`` when he cannot be told apart.

    An attached dossier stays, or the one that it was merged into. Else the same ENP or SNILS is the same person
    (DAY-26); else the same name with the same day of birth or the same telephone. A name alone is nobody in particular.
    A new telephone number joins the dossier.
    """
    person_id = await living_id(session, who.person_id) if who.person_id else await _known(session, who)
    if person_id is None:
        if not who.last_name or not (who.enp or who.birth_date or who.phone.startswith("+")):
            return None
        person = PersonTable(
            last_name=who.last_name,
            first_name=who.first_name,
            patronymic=who.patronymic,
            birth_date=who.birth_date,
            enp=who.enp or None,
            snils=who.snils or None,
            policy=who.policy or None,
            address=who.address,
            email=who.email,
            source="call",
            created_at=now,
        )
        session.add(person)
        await session.flush()
        person_id = person.id
    if who.phone.startswith("+"):
        await session.execute(
            insert(PersonPhoneRow)
            .values(person_id=person_id, e164=who.phone, raw=who.phone, last_confirmed_at=now)
            .on_conflict_do_update(
                index_elements=["e164", "person_id"], set_={"last_confirmed_at": now, "is_wrong": False}
            )
        )
    return person_id


async def _known(session: AsyncSession, who: PersonSnapshot) -> int | None:
    alive = PersonTable.merged_into_id.is_(None)
    if who.enp:
        found = await session.scalar(select(PersonTable.id).where(PersonTable.enp == who.enp, alive))
        if found is not None:
            return found
    if who.snils and (same := await _by_snils(session, who)) is not None:
        return same
    if not who.last_name:
        return None
    same_name = and_(
        alive,
        PersonTable.s_sur == fold(who.last_name),
        PersonTable.s_nam == fold(who.first_name),
        PersonTable.s_pat == fold(who.patronymic),
    )
    if who.enp:
        # The same name with another ENP is a namesake.
        same_name = and_(same_name, PersonTable.enp.is_(None))
    proof: ColumnElement[bool]
    if who.birth_date is not None:
        proof = PersonTable.birth_date == who.birth_date
    elif who.phone.startswith("+"):
        proof = PersonTable.id.in_(select(PersonPhoneRow.person_id).where(PersonPhoneRow.e164 == who.phone))
    else:
        return None
    return await session.scalar(select(PersonTable.id).where(same_name, proof).order_by(PersonTable.id).limit(1))


async def _by_snils(session: AsyncSession, who: PersonSnapshot) -> int | None:
    """The same SNILS is the same person, unless the ENPs or the surnames say that somebody misread a digit."""
    statement = select(PersonTable.id).where(
        PersonTable.snils == who.snils, PersonTable.snils.is_not(None), PersonTable.merged_into_id.is_(None)
    )
    if who.enp:
        statement = statement.where(PersonTable.enp.is_(None))
    if who.last_name:
        statement = statement.where(PersonTable.s_sur == fold(who.last_name))
    return await session.scalar(statement.order_by(PersonTable.id).limit(1))
