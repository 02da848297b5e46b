"""What pages ask most, against ``SELECT 1``: the statements themselves, and the whole use case (sizes: ``filled``).

``through the service`` is the use case as a page calls it, beside ``SELECT 1`` by the same way.
"""

from __future__ import annotations

import asyncio
import statistics
from datetime import date, timedelta
from functools import partial

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.journal.personquery import PersonQuery
from hotline.journal.persons import Persons
from hotline.journal.queries import JournalQueries
from hotline.staff.model import User
from hotline.staff.service import StaffService
from tests.bench.filled import FIRST_ENP, HOUR_S, PERSONS, STEMS, Filled, filled
from tests.bench.lists import COUNTS, LIST
from tests.bench.persons import DATE, EXACT, NAME
from tests.bench.report import Row
from tests.bench.statements import SETS, Case, compare, timed, watched


def run() -> list[Row]:
    """Fill a database, or take the kept one, and measure.

    :raises TimeoutError: it takes more than an hour; the latest line on stderr says what.
    """
    return asyncio.run(_bounded())


async def _bounded() -> list[Row]:
    async with asyncio.timeout(HOUR_S), filled() as ground:
        return await _measure(ground)


def _cases(user: User, operator: User, persons: Persons, lists: JournalQueries) -> list[Case]:
    def born(n: int) -> date:
        return date(1935, 1, 1) + timedelta(days=n * 487 % 30_000)

    def day(n: int) -> PersonQuery:
        return PersonQuery(born_from=born(n), born_before=born(n) + timedelta(days=1))

    def phone(n: int) -> PersonQuery:
        return PersonQuery(phone=f"+79{(1 + n * 3331 % PERSONS) * 7919 % 10**9:09}")

    def initials(n: int) -> PersonQuery:
        return PersonQuery.from_text(f"{STEMS[n % 40]} {'ИМОА'[n % 4]} {'ОПИА'[n // 8 % 4]}")

    return [
        Case("ENP", lambda n: persons.search(user, PersonQuery(enp=str(FIRST_ENP + n * 3331 % PERSONS))), *EXACT),
        Case("phone", lambda n: persons.search(user, phone(n)), *EXACT),
        Case("birth date", lambda n: persons.search(user, day(n)), *DATE),
        Case("'Иван% И% О%'", lambda n: persons.search(user, initials(n)), *NAME),
        Case("surname alone", lambda n: persons.search(user, PersonQuery.from_text(STEMS[n % 40])), *NAME),
        Case("folder counts", lambda _: lists.folders(operator), *COUNTS),
        Case("journal page, all", lambda _: lists.appeals(operator, "all"), *LIST),
        Case("journal page, mine", lambda _: lists.appeals(operator, "mine"), *LIST),
        Case("journal page, overdue", lambda _: lists.appeals(operator, "overdue"), *LIST),
        Case("calls page", lambda _: lists.calls(user), *LIST),
    ]


async def _measure(ground: Filled) -> list[Row]:
    clock = SystemClock()
    staff = StaffService(ground.database, clock, Settings())
    user = await staff.by_extension("101")
    operator = await staff.user(await ground.bare.fetchval("SELECT min(id) FROM staff_user WHERE login LIKE 'bench-%'"))
    if user is None or operator is None:
        raise AssertionError("the people are gone")
    rows: list[Row] = []
    async with watched(ground.url) as seen:
        for case in _cases(user, operator, Persons(seen.database, clock), JournalQueries(seen.database, clock)):
            rows += await compare(case, ground.bare, await seen.sets(case))
            rows.append(await _through_the_service(case, seen.database))
    return rows


async def _through_the_service(case: Case, database: Database) -> Row:
    ours = [await timed(partial(case.run, number)) for number in range(SETS // 3)]
    least = [await timed(database.ping) for _ in range(SETS // 3)]
    return Row(f"{case.what}, p50 through the service", statistics.median(ours) * 1e6, statistics.median(least) * 1e6)
