"""Demonstration data: an invented fund, its people and insured persons. Loading it again changes nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock, SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.journal.identifiers import enp_check_digit
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.staff.model import NewUser
from hotline.staff.service import StaffService
from hotline.staff.tables import OrganisationRow, UserRow

DEMO_PASSWORD = "demonstration"  # noqa: S105 - printed on the screen by `make run`; never for real data
_FIRST_BIRTHDAY = date(1936, 3, 1)
_BIRTHDAYS_APART = timedelta(days=151)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """An account of the demonstration."""

    login: str
    password: str
    name: str
    roles: tuple[str, ...]
    extension: str | None


async def load_demo(
    db: Database,
    name: str = "oms",
    *,
    clock: Clock | None = None,
    password: str = DEMO_PASSWORD,
    hasher: PasswordHasher | None = None,
) -> tuple[DemoLogin, ...]:
    """Load the demo people of a profile, which must be loaded already; return the accounts.

    Accounts that exist keep their passwords.
    """
    clock = clock or SystemClock()
    data = tomllib.loads((files("hotline.profiles") / name / "demo.toml").read_text(encoding="utf-8"))
    async with db.begin() as session:
        organisations = await _organisations(session, data["organisation"])
        existing = set(await session.scalars(select(UserRow.login)))
    staff = StaffService(db, clock, Settings(), hasher=hasher)
    logins = []
    for entry in data["user"]:
        new = NewUser(
            login=entry["login"],
            password=password,
            last_name=entry["last_name"],
            first_name=entry["first_name"],
            patronymic=entry["patronymic"],
            organisation_code=entry["organisation"],
            roles=tuple(entry["roles"]),
            extension=entry["extension"],
        )
        if new.login not in existing:
            await staff.create_user(new)
        logins.append(DemoLogin(new.login, password, f"{new.last_name} {new.first_name}", new.roles, new.extension))
    insurer = next(organisations[entry["code"]] for entry in data["organisation"] if entry["kind"] == "smo")
    async with db.begin() as session:
        await _persons(session, data["persons"], insurer, clock.now())
    return tuple(logins)


async def _organisations(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for entry in entries:
        values = {key: value for key, value in entry.items() if key != "parent"}
        values["parent_id"] = ids.get(entry.get("parent", ""))
        await session.execute(insert(OrganisationRow).values(**values).on_conflict_do_nothing(index_elements=["code"]))
        found = await session.scalar(select(OrganisationRow.id).where(OrganisationRow.code == entry["code"]))
        assert found is not None  # noqa: S101 - inserted just now or there before
        ids[entry["code"]] = found
    return ids


async def _persons(session: AsyncSession, names: Mapping[str, Any], insurer_id: int, now: datetime) -> None:
    people = list(demo_persons(names))
    known = set(await session.scalars(select(PersonRow.enp).where(PersonRow.enp.in_([who["enp"] for who in people]))))
    for number, who in enumerate(people):
        if who["enp"] in known:
            continue
        # Every third one is insured elsewhere, so that an insurer's limits can be seen.
        row = PersonRow(**who, insurer_id=None if number % 3 == 2 else insurer_id, source="register", created_at=now)
        session.add(row)
        await session.flush()
        session.add_all(
            PersonPhoneRow(person_id=row.id, e164=phone, raw=phone, kind="mobile") for phone in demo_phones(number)
        )


def demo_persons(names: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield columns of invented persons; the same ones every time."""
    for number in range(names["count"]):
        sex = "f" if number % 2 else "m"
        kind = "female" if number % 2 else "male"
        turn = number // 2
        first15 = f"9900000000{number + 1:05d}"
        surnames, first, patronymics = (names[f"{part}_{kind}"] for part in ("surnames", "names", "patronymics"))
        yield {
            "last_name": surnames[turn % len(surnames)],
            "first_name": first[turn % len(first)],
            "patronymic": patronymics[turn % len(patronymics)],
            "birth_date": _FIRST_BIRTHDAY + number * _BIRTHDAYS_APART,
            "sex": sex,
            "enp": first15 + enp_check_digit(first15),
            "address": f"г. Примерск, ул. Образцовая, д. {turn % 40 + 1}, кв. {number + 1}",
            "insured_status": "own",
        }


def demo_phones(number: int) -> tuple[str, ...]:
    """Return the telephone numbers of the ``number``-th person: his own, and for a couple one that they share."""
    own = f"+7000555{number:04d}"
    return (own, f"+7000556{number // 2:04d}") if number < 20 else (own,)
