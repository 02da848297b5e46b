"""Accounts for a load, made in the database of a stand or of an installation that is being tried out."""

from __future__ import annotations

import secrets

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.load.session import Person
from hotline.staff.model import NewUser
from hotline.staff.service import StaffService


async def hire(db: Database, count: int, *, first_extension: int, organisation: str = "00") -> list[Person]:
    """Create ``count`` level-1 operators (``load110`` …) with passwords made up here; return them.

    :raises Conflict: a login or an internal number is taken.
    """
    staff = StaffService(db, SystemClock(), Settings())
    people = []
    for number in range(first_extension, first_extension + count):
        person = Person(f"load{number}", secrets.token_urlsafe(12))
        await staff.create_user(
            NewUser(
                login=person.login,
                password=person.password,
                last_name=f"Нагрузкина-{number}",
                first_name="Яна",
                organisation_code=organisation,
                roles=("op1",),
                extension=str(number),
            )
        )
        people.append(person)
    return people
