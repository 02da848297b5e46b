"""Use cases of dossiers: look, edit, telephones, twins (domain 2.9, S002-23, DAY-26)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal import dossier_read, identifiers, persons, queries_calls, visibility
from hotline.journal.card_form import storable
from hotline.journal.dossier_model import Dossier, DossierEvent, DossierFile, DossierForm, Twin
from hotline.journal.model import CallRow
from hotline.journal.outbox import Outbox, put_person
from hotline.journal.person_model import PersonChanged
from hotline.journal.personquery import policy_key
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.rules import fold

CALLS = 20
TWINS = 5
_LIMITS = {"address": 1000, "address_fact": 1000, "notes": 2000, "email": 254}
_OLDEST = date(1880, 1, 1)


class Dossiers:
    """The door to dossiers. Every look and every change goes into the audit trail."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._outbox = outbox

    async def get(self, user: User, person_id: int) -> Dossier:
        """Return a dossier; of a merged one, that with ``merged_into_id`` set: the page leads on.

        :raises NotFound: there is none.
        :raises Forbidden: the user may see no dossiers.
        """
        _require(user, Right.PERSON_VIEW)
        async with self._db.begin() as session:
            dossier = await dossier_read.load(session, user, person_id)
            if dossier.merged_into_id is not None:
                return replace(dossier, merged_into_id=await dossier_read.living_id(session, person_id))
            audit(session, "view", ("person", person_id), user_id=user.id, at=self._clock.now())
        return dossier

    async def calls(self, user: User, person_id: int) -> tuple[CallRow, ...]:
        """Return the latest calls of his appeals and from his numbers that ``user`` may see."""
        async with self._db.begin() as session:
            page = await queries_calls.calls(session, user, person=person_id, after=None, limit=CALLS)
        return page.rows

    async def version(self, user: User, person_id: int) -> int | None:
        """Return the version of a dossier without looking at it; ``None`` when it is not ``user``'s to see."""
        limits = visibility.dossiers(user)
        statement = select(PersonRow.version).where(PersonRow.id == person_id, *([] if limits is None else [limits]))
        async with self._db.begin() as session:
            found: int | None = await session.scalar(statement)
        return found

    async def of_appeal(self, appeal_id: int) -> tuple[int, ...]:
        """Return whose dossiers an appeal stands in: the applicant's and the insured person's."""
        statement = select(AppealRecord.applicant_id, AppealRecord.insured_id).where(AppealRecord.id == appeal_id)
        async with self._db.begin() as session:
            found = (await session.execute(statement)).one_or_none()
        return tuple({one for one in found or () if one is not None})

    async def of_call(self, key: str, among: Iterable[int]) -> tuple[int, ...]:
        """Return which of some people have a call in their dossiers."""
        async with self._db.begin() as session:
            return await queries_calls.people_of(session, key, among)

    async def files(self, user: User, person_id: int) -> tuple[DossierFile, ...]:
        """Return the files of his appeals that ``user`` may see."""
        async with self._db.begin() as session:
            return await dossier_read.files(session, user, person_id)

    async def history(self, user: User, person_id: int) -> tuple[DossierEvent, ...]:
        """Return what was done to the dossier, newest first."""
        async with self._db.begin() as session:
            return await dossier_read.events(session, person_id)

    async def twins(self, user: User, person_id: int) -> tuple[Twin, ...]:
        """Return other dossiers that may be the same person: the same SNILS, or name and birth date (DAY-26)."""
        async with self._db.begin() as session:
            row = await session.get(PersonRow, person_id)
            if row is None:
                return ()
            ways = []
            if row.snils:
                ways.append((PersonRow.snils == row.snils, True))
            if row.birth_date is not None:
                ways.append((dossier_read.same_name(row), False))
            found: dict[int, Twin] = {}
            for condition, sure in ways:
                for one in await persons.matching(session, user, condition, TWINS + 1):
                    if one.id != person_id:
                        found.setdefault(one.id, Twin(one, sure))
        return tuple(found.values())[:TWINS]

    async def edit(self, user: User, person_id: int, form: DossierForm, version: int) -> Dossier:
        """Change a dossier.

        :raises BadInput: ``details`` maps every wrong field to what is wrong with it.
        :raises Conflict: ``stale-person`` with ``details["fields"]`` (name → yours, stored); ``same-enp`` with the
            ``person_id`` that has the number; ``person-merged``.
        """
        _require(user, Right.PERSON_EDIT)
        now = self._clock.now()
        try:
            async with self._db.begin() as session:
                row = await _alive(session, person_id)
                stored = form_of(row)
                if row.version != version:
                    raise Conflict(
                        "somebody else changed this dossier",
                        error_id="stale-person",
                        details={"version": row.version, "fields": _difference(form, stored)},
                    )
                values = _checked(form, now.astimezone(user.organisation.zone(self._zone)).date())
                await _require_free_enp(session, values["enp"], person_id)
                changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
                if changed:
                    for name in changed:
                        setattr(row, name, values[name])
                    row.version += 1
                    self._note(session, user, person_id, {"what": "edit", "fields": changed})
                    await session.flush()
                dossier = await dossier_read.load(session, user, person_id)
        except IntegrityError as error:
            raise Conflict("another dossier has this ENP", error_id="same-enp") from error
        await self._outbox.relay()
        return dossier

    async def add_phone(self, user: User, person_id: int, number: str) -> Dossier:
        """Add a telephone number, or confirm one that is there already.

        :raises BadInput: it is no number.
        """
        _require(user, Right.PERSON_EDIT)
        e164 = identifiers.phone(number)
        if e164 is None or not e164.startswith("+"):
            raise BadInput("not a telephone number", error_id="bad-person", details={"phone": "not a telephone number"})
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await _alive(session, person_id)
            values = insert(PersonPhoneRow).values(
                person_id=person_id, e164=e164, raw=storable(number)[:50], kind=kind_of(e164), last_confirmed_at=now
            )
            await session.execute(
                values.on_conflict_do_update(
                    index_elements=["e164", "person_id"], set_={"is_wrong": False, "last_confirmed_at": now}
                )
            )
            row.version += 1
            self._note(session, user, person_id, {"what": "phone", "fields": ["phone"]})
            await session.flush()
            dossier = await dossier_read.load(session, user, person_id)
        await self._outbox.relay()
        return dossier

    async def mark_phone(self, user: User, person_id: int, phone_id: int, *, wrong: bool) -> Dossier:
        """Say that a number is wrong, or belongs to somebody else; or that it is right after all (S001-098).

        A wrong number finds nobody any more when it calls.
        """
        _require(user, Right.PERSON_EDIT)
        async with self._db.begin() as session:
            row = await _alive(session, person_id)
            phone = await session.get(PersonPhoneRow, phone_id, with_for_update=True)
            if phone is None or phone.person_id != person_id:
                raise NotFound("there is no such telephone", error_id="no-such-phone")
            phone.is_wrong = wrong
            if not wrong:
                phone.last_confirmed_at = self._clock.now()
            row.version += 1
            self._note(session, user, person_id, {"what": "phone", "fields": ["wrong" if wrong else "confirmed"]})
            await session.flush()
            dossier = await dossier_read.load(session, user, person_id)
        await self._outbox.relay()
        return dossier

    def _note(self, session: AsyncSession, user: User, person_id: int, details: dict[str, Any]) -> None:
        now = self._clock.now()
        audit(session, "change", ("person", person_id), user_id=user.id, at=now, details=details)
        put_person(session, PersonChanged(person_id, now))


def form_of(row: PersonRow | Dossier) -> DossierForm:
    """Return a dossier as its form shows it."""
    born = row.birth_date
    texts = {name: getattr(row, name) or "" for name in DossierForm.__slots__ if name != "birth_date"}
    return DossierForm(birth_date=born.strftime("%d.%m.%Y") if born else "", **texts)


def kind_of(e164: str) -> str:
    """Tell a mobile number of Russia from others (numbering plan: codes 9xx)."""
    return "mobile" if e164.startswith("+79") else "other"


async def _alive(session: AsyncSession, person_id: int) -> PersonRow:
    row = await session.get(PersonRow, person_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("there is no such person", error_id="no-such-person")
    if row.merged_into_id is not None:
        raise Conflict("this dossier was merged", error_id="person-merged", details={"into": row.merged_into_id})
    return row


async def _require_free_enp(session: AsyncSession, enp: str | None, person_id: int) -> None:
    if enp is None:
        return
    # The same lock as cards take: see persons.lock_enps.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"enp:{enp}", 0))))
    other = await session.scalar(
        select(PersonRow.id).where(
            PersonRow.enp == enp, PersonRow.merged_into_id.is_(None), PersonRow.id != person_id
        )
    )  # fmt: skip
    if other is not None:
        raise Conflict("another dossier has this ENP", error_id="same-enp", details={"person_id": other})


def _checked(form: DossierForm, today: date) -> dict[str, Any]:
    texts = {name: _trimmed(name, text) for name, text in asdict(form).items()}
    errors = {
        name: f"at most {limit} characters"
        for name, text in texts.items()
        if len(text) > (limit := _LIMITS.get(name, 100))
    }
    if not fold(texts["last_name"]):
        errors["last_name"] = "required"
    if texts["sex"] not in {"m", "f", "u"}:
        errors["sex"] = "unknown"
    if texts["email"] and ("@" not in texts["email"][1:-1] or " " in texts["email"]):
        errors["email"] = "not an e-mail address"
    born, problem = _birth_date(texts["birth_date"], today)
    if problem:
        errors["birth_date"] = problem
    enp, snils = identifiers.enp(texts["enp"]), identifiers.snils(texts["snils"])
    numbers = {
        "enp": enp.value if enp else None,
        "snils": snils.value if snils else None,
        "policy": policy_key(texts["policy"]) if texts["policy"] else None,
    }
    wrong = {"enp": "must have 16 digits", "snils": "must have 11 digits", "policy": "not a policy number"}
    errors |= {name: wrong[name] for name, value in numbers.items() if texts[name] and value is None}
    if errors:
        raise BadInput("the dossier cannot be saved yet", error_id="bad-person", details=errors)
    return {**texts, **numbers, "birth_date": born}


def _trimmed(name: str, text: str) -> str:
    return storable(text).strip() if name == "notes" else " ".join(storable(text).split())


def _birth_date(text: str, today: date) -> tuple[date | None, str]:
    if not text:
        return None, ""
    born = identifiers.birth_date(text)
    if born is None:
        return None, "not a date"
    if born > today:
        return None, "must not be in the future"
    return born, "too long ago" if born < _OLDEST else ""


def _difference(yours: DossierForm, stored: DossierForm) -> dict[str, list[str]]:
    mine, theirs = asdict(yours), asdict(stored)
    return {name: [mine[name], theirs[name]] for name in mine if mine[name] != theirs[name]}


def _require(user: User, right: str) -> None:
    if not user.may(right):
        raise Forbidden("this user may not do that", details={"needs": [right]})
