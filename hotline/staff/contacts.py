"""Use cases of the telephone directory beyond colleagues: external contacts, organisations, favourites (S001-034)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    cast,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.staff.audit import audit
from hotline.staff.contact_model import FIELDS, Contact, ContactFields, Kind
from hotline.staff.model import User
from hotline.staff.rules import fold
from hotline.staff.tables import OrganisationRow, search_key
from hotline.staff.tables_contact import ContactRow, DirectoryFavouriteRow

SHOWN = 100
WORDS = 8


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import does, or did."""

    new: int
    changed: int
    same: int


class Contacts:
    """External contacts, and what users keep on top."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def search(self, user: User, words: Sequence[Sequence[str]], limit: int = SHOWN) -> tuple[Contact, ...]:
        """Return organisations with a telephone and open contacts, the user's favourites first.

        :param words: for each word that must fit, its readings (as typed, on the other keyboard layout).
        """
        every = union_all(_contacts(), _organisations()).subquery("every")
        favourite = (
            select(literal(1))
            .where(
                DirectoryFavouriteRow.user_id == user.id,
                DirectoryFavouriteRow.kind == every.c.kind,
                DirectoryFavouriteRow.ref == every.c.id,
            )
            .exists()
        )
        key: ColumnElement[str] = literal_column(
            search_key("every.name || ' ' || every.organisation || ' ' || every.note")
        )
        digits: ColumnElement[str] = func.regexp_replace(every.c.number, r"\D", "", "g")
        statement = select(every, favourite.label("favourite"))
        for readings in words[:WORDS]:
            parts = [func.strpos(key, fold(reading)) > 0 for reading in readings if fold(reading)]
            parts += [
                func.strpos(digits, reading) > 0 for reading in readings if reading.isascii() and reading.isdigit()
            ]
            if parts:
                statement = statement.where(or_(*parts))
        statement = statement.order_by(favourite.desc(), every.c.name, every.c.organisation, every.c.id).limit(limit)
        async with self._db.begin() as session:
            return tuple(_contact(row) for row in await session.execute(statement))

    async def favourites(self, user: User, kind: Kind) -> frozenset[int]:
        """Return the ids of a kind that the user keeps on top."""
        statement = select(DirectoryFavouriteRow.ref).where(
            DirectoryFavouriteRow.user_id == user.id, DirectoryFavouriteRow.kind == kind.value
        )
        async with self._db.begin() as session:
            return frozenset(await session.scalars(statement))

    async def keep_on_top(self, user: User, kind: Kind, ref: int, *, on: bool) -> None:
        """Put a line on top, or back. Doing it twice changes nothing."""
        row = {"user_id": user.id, "kind": kind.value, "ref": ref}
        async with self._db.begin() as session:
            if on:
                await session.execute(insert(DirectoryFavouriteRow).values(row).on_conflict_do_nothing())
            else:
                await session.execute(delete(DirectoryFavouriteRow).filter_by(**row))

    async def get(self, contact_id: int) -> Contact:
        """Return an external contact.

        :raises NotFound: there is none, or it was closed.
        """
        async with self._db.begin() as session:
            row = await session.get(ContactRow, contact_id)
            if row is None or row.closed_at is not None:
                raise NotFound("there is no such contact", error_id="no-such-contact")
            return Contact(Kind.CONTACT, row.id, _fields(row), version=row.version)

    async def every(self) -> tuple[Contact, ...]:
        """Return all open contacts, by name."""
        statement = select(ContactRow).where(ContactRow.closed_at.is_(None)).order_by(ContactRow.name, ContactRow.id)
        async with self._db.begin() as session:
            rows = await session.scalars(statement)
            return tuple(Contact(Kind.CONTACT, row.id, _fields(row), version=row.version) for row in rows)

    async def add(self, user: User, fields: ContactFields) -> Contact:
        """Add a contact.

        :raises BadInput: ``details`` names the wrong fields.
        """
        _check(fields)
        async with self._db.begin() as session:
            row = await self._insert(session, user, fields)
            return Contact(Kind.CONTACT, row.id, fields)

    async def change(self, user: User, contact_id: int, fields: ContactFields, version: int) -> Contact:
        """Change a contact.

        :raises BadInput: ``details`` names the wrong fields.
        :raises NotFound: it was closed.
        :raises Conflict: somebody changed it since ``version``; ``details["fields"]`` has name → yours, stored.
        """
        _check(fields)
        async with self._db.begin() as session:
            row = await _locked(session, contact_id)
            if row.version != version:
                raise _stale(fields, row)
            changed = self._write(session, user, row, fields)
            return Contact(Kind.CONTACT, contact_id, fields, version=version + changed)

    async def close(self, user: User, contact_id: int, version: int) -> None:
        """Take a contact out of the directory; its row stays.

        :raises NotFound, Conflict: as :meth:`change`.
        """
        async with self._db.begin() as session:
            row = await _locked(session, contact_id)
            if row.version != version:
                raise _stale(_fields(row), row)
            row.closed_at, row.version = self._clock.now(), version + 1
            self._audit(session, user, contact_id, {"closed": True})

    async def take(self, user: User, rows: Sequence[ContactFields], *, apply: bool) -> Imported:
        """Import contacts: the same name and organisation change the number, hours and note; others are new.

        :param apply: False only counts: the preview.
        """
        new = changed = same = 0
        async with self._db.begin() as session:
            stored: dict[tuple[str, str], ContactRow] = {}
            there = select(ContactRow).where(ContactRow.closed_at.is_(None)).order_by(ContactRow.id)
            for row in await session.scalars(there.with_for_update()):
                stored.setdefault(_fields(row).key, row)
            for fields in rows:
                known = stored.get(fields.key)
                if known is None:
                    new += 1
                    if apply:
                        await self._insert(session, user, fields, quietly=True)
                elif _fields(known) == fields:
                    same += 1
                else:
                    changed += 1
                    if apply:
                        self._write(session, user, known, fields)
            if apply:
                counts = {"new": new, "changed": changed, "same": same}
                audit(session, "import", ("contact", ""), user_id=user.id, at=self._clock.now(), details=counts)
        return Imported(new, changed, same)

    async def exported(self, user: User, count: int, ip: str) -> None:
        """Write down that the contacts were given out."""
        async with self._db.begin() as session:
            at = self._clock.now()
            audit(session, "export", ("contact", ""), user_id=user.id, at=at, ip=ip, details={"rows": count})

    async def _insert(
        self, session: AsyncSession, user: User, fields: ContactFields, *, quietly: bool = False
    ) -> ContactRow:
        row = ContactRow(**asdict(fields), version=1, updated_at=self._clock.now(), updated_by_id=user.id)
        session.add(row)
        await session.flush()
        if not quietly:
            self._audit(session, user, row.id, {"fields": list(FIELDS)})
        return row

    def _write(self, session: AsyncSession, user: User, row: ContactRow, fields: ContactFields) -> bool:
        changed = [name for name in FIELDS if getattr(row, name) != getattr(fields, name)]
        if not changed:
            return False
        for name in changed:
            setattr(row, name, getattr(fields, name))
        row.version, row.updated_at, row.updated_by_id = row.version + 1, self._clock.now(), user.id
        self._audit(session, user, row.id, {"fields": changed})
        return True

    def _audit(self, session: AsyncSession, user: User, contact_id: int, details: dict[str, object]) -> None:
        audit(session, "change", ("contact", contact_id), user_id=user.id, at=self._clock.now(), details=details)


def _contacts() -> Select[*tuple[Any, ...]]:
    columns = (ContactRow.name, ContactRow.organisation, ContactRow.number, ContactRow.hours, ContactRow.note)
    return select(literal(Kind.CONTACT.value).label("kind"), ContactRow.id, *columns, ContactRow.version).where(
        ContactRow.closed_at.is_(None)
    )


def _organisations() -> Select[*tuple[Any, ...]]:
    return select(
        literal(Kind.ORGANISATION.value),
        cast(OrganisationRow.id, BigInteger),
        OrganisationRow.name,
        OrganisationRow.short_name,
        OrganisationRow.phone,
        literal(""),
        literal(""),
        literal(1),
    ).where(OrganisationRow.active, OrganisationRow.phone.is_not(None), OrganisationRow.phone != "")


def _contact(row: Any) -> Contact:
    fields = ContactFields(**{name: getattr(row, name) or "" for name in FIELDS})
    return Contact(Kind(row.kind), row.id, fields, favourite=row.favourite, version=row.version)


def _fields(row: ContactRow) -> ContactFields:
    return ContactFields(**{name: getattr(row, name) for name in FIELDS})


async def _locked(session: AsyncSession, contact_id: int) -> ContactRow:
    row = await session.get(ContactRow, contact_id, with_for_update=True)
    if row is None or row.closed_at is not None:
        raise NotFound("there is no such contact", error_id="no-such-contact")
    return row


def _check(fields: ContactFields) -> None:
    if problems := fields.problems():
        raise BadInput("the contact is not complete", error_id="bad-contact", details=problems)


def _stale(fields: ContactFields, row: ContactRow) -> Conflict:
    different = {
        name: [getattr(fields, name), getattr(row, name)]
        for name in FIELDS
        if getattr(fields, name) != getattr(row, name)
    }
    return Conflict(
        "somebody else changed this contact",
        error_id="stale-contact",
        details={"version": row.version, "fields": different},
    )
