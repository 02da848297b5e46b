"""The register of persons: search while the citizen is speaking, who calls from a number, whom a card names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
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
from hotline.journal.person_access import shown as shown_to
from hotline.journal.person_model import PhoneOwners
from hotline.journal.person_search import LIMIT, by_effort, found, found_otherwise, people
from hotline.journal.personquery import PersonQuery
from hotline.journal.ready import Ready
from hotline.journal.tables_person import PersonPhoneRow
from hotline.journal.tables_person import PersonRow as PersonTable
from hotline.staff.audit import audit, audit_now
from hotline.staff.model import User
from hotline.staff.rules import fold

BY_PHONE = 5
"""At most so many people are offered for a calling number (domain 2.9)."""


class Persons:
    """Reads the register; every search and every view of a dossier goes into the audit trail (domain 3.4)."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._ready = Ready()

    async def search(self, user: User, query: PersonQuery, typed: str = "") -> PersonsFound:
        """Return at most 10 people, by name; ``more`` asks to narrow the search (S001-044…S001-046).

        When the words as they stand find fewer, their other readings fill the list up (:meth:`PersonQuery.others`),
        those that an index answers at once before those that cost a walk, unlikely ones only when there is nobody else.

        :param typed: the one field's text that ``query`` was read from.
        :raises BadInput: nothing was asked.
        """
        others = query.others(typed)
        if query.empty and not others:
            raise BadInput(
                "fill in at least one field", error_id="empty-search", details={"q": "fill in at least one field"}
            )
        async with self._db.read() as session:
            rows = [] if query.empty else await found(session, self._ready, user, query)
            for readings in by_effort(others):
                if len(rows) < LIMIT and (readings.likely or not rows):
                    rows += await found_otherwise(session, self._ready, user, readings.queries, [r.id for r in rows])
            shown = await _shown(session, user, rows[:LIMIT])
            # Before anybody sees it. There is nothing else to be kept with it, so it needs no transaction.
            await audit_now(
                session,
                "search",
                ("person", ""),
                user_id=user.id,
                at=self._clock.now(),
                details={"found": len(shown), "by": _asked(query)},
            )
        return PersonsFound(shown, len(rows) > LIMIT, query.warnings)

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
        statement = people(user).where(PersonTable.id.in_(owners), PersonTable.merged_into_id.is_(None))
        statement = statement.limit(known(BY_PHONE + 1))
        if limits is not None:
            statement = statement.where(limits)
        async with self._db.read() as session:
            rows = await _shown(session, user, (await session.execute(statement)).all())
            dead = list(await session.scalars(everybody)) if rows else []
        return PhoneOwners(rows[:BY_PHONE], shared=len(dead) > BY_PHONE, sole=dead == [False])

    async def get(self, user: User, person_id: int) -> PersonRow:
        """Return one person.

        :raises NotFound: there is none whom this user may look at.
        """
        async with self._db.begin() as session:
            limits = visibility.dossiers(user)
            statement = people(user).where(PersonTable.id == person_id, *([] if limits is None else [limits]))
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


async def matching(
    session: AsyncSession, user: User, condition: ColumnElement[bool], limit: int
) -> tuple[PersonRow, ...]:
    """Return living dossiers by a condition of the register's own."""
    statement = people(user).where(PersonTable.merged_into_id.is_(None), condition).limit(limit)
    limits = visibility.persons(user)
    if limits is not None:
        statement = statement.where(limits)
    return await _shown(session, user, (await session.execute(statement)).all())


async def _shown(session: AsyncSession, user: User | None, rows: Sequence[Row[Any]]) -> tuple[PersonRow, ...]:
    """Return people of a list as ``user`` may see them."""
    if not rows:
        return ()
    people = await named(session, lambda names: [_row(row, names) for row in rows])
    return tuple(shown_to(user, one, contacts=not row.kept) for one, row in zip(people, rows, strict=True))


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
