"""Lists, counters and the search of the journal on many appeals, against ``SELECT 1`` (sizes: ``filled``).

Every folder of every role in each of its orders, its first page and one a hundred pages on; the long lists also a
hundred thousand rows deep; filters; the search by one field. Some of them once more beside an import of the register.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.journal.listing import DueFilter, Filters, Order, Sort
from hotline.journal.queries import JournalQueries
from hotline.journal.question import understand
from hotline.staff.model import User
from hotline.staff.service import StaffService
from tests.bench.filled import APPEALS, HOUR_S, STEMS, Filled, filled
from tests.bench.persons import beside_an_import
from tests.bench.report import Row
from tests.bench.statements import ONLY, Case, Targets, compare, wanted, watched

LIST: tuple[Targets, Targets] = ((3, 8), (4, 15))
COUNTS: tuple[Targets, Targets] = ((2, 6), (3, 10))
PAGES = 100
"""How many pages lie before a deep one."""
BESIDE = re.compile(r"^counters|, (all|mine|overdue), by (due|registered)$|searches (a number|a telephone|a name|by)")
"""What is measured once more beside an import."""
DEEP = 100_000
"""How many rows lie before a very deep one."""

People = Sequence[User]


def run() -> list[Row]:
    """Fill a database, or take the kept one, and measure.

    :raises TimeoutError: it takes more than an hour.
    """
    return asyncio.run(_bounded())


async def _bounded() -> list[Row]:
    async with asyncio.timeout(HOUR_S), filled() as ground:
        return await _measure(ground)


async def _measure(ground: Filled) -> list[Row]:
    staff = StaffService(ground.database, SystemClock(), Settings())
    people = {
        role: [user for row in await ground.bare.fetch(_HOLDERS, role) if (user := await staff.user(row[0]))]
        for role in ("op1", "op2", "sp2", "admin")
    }
    total = await ground.bare.fetchval("SELECT count(*) FROM appeal")
    rows = [Row("appeals", float(total), None, "")]
    async with watched(ground.url) as seen:
        lists = JournalQueries(seen.database, SystemClock())
        await lists.folders(people["admin"][0])  # the folders of the profile
        found = [
            *_counters(lists, people),
            *await _folders(lists, people),
            *await _endless(lists, people["admin"], ground.bare),
            *_filtered(lists, people),
            *_searched(lists, people),
        ]
        for case in wanted(found):
            rows += await compare(case, ground.bare, await seen.sets(case))
        again = [case for case in found if BESIDE.search(case.what) and wanted([case], prefix="beside an import: ")]
        beside = [(case, await seen.sets(case)) for case in again]
    return rows + (await beside_an_import(ground, beside) if beside else [])


_HOLDERS = """
SELECT user_id FROM staff_user_role JOIN staff_user u ON u.id = user_id WHERE role_code = $1
ORDER BY u.login LIKE 'bench-%' DESC, user_id LIMIT 30
"""


def _counters(lists: JournalQueries, people: dict[str, list[User]]) -> list[Case]:
    def count(who: People) -> Callable[[int], Awaitable[object]]:
        return lambda n: lists.folders(who[n % len(who)])

    return [Case(f"counters of {role}", count(who), *COUNTS) for role, who in people.items()]


def _page(
    lists: JournalQueries, what: str, who: People, code: str, *, after: str | None = None, **options: Any
) -> Case:
    async def read(n: int) -> object:
        return await lists.appeals(who[n % len(who)], code, after=after, **options)

    return Case(what, read, *LIST)


async def _folders(lists: JournalQueries, people: dict[str, list[User]]) -> list[Case]:
    """Return the first page of each folder in each order, and one a hundred pages on where there is one."""
    found = []
    for role, who in people.items():
        for folder in (one.definition for one in await lists.folders(who[0])):
            for by in sorted(folder.orders(who[0], Filters())):
                order = Order(by, descending=by is Sort.REGISTERED)
                found.append(_page(lists, f"{role}, {folder.code}, by {by}", who, folder.code, order=order))
                what = f"{role}, {folder.code}, by {by}, page 101"
                after = await _far(lists, who[0], folder.code, order) if re.search(ONLY, what) else None
                if after:
                    found.append(_page(lists, what, who[:1], folder.code, order=order, after=after))
    return found


async def _far(lists: JournalQueries, user: User, code: str, order: Order) -> str | None:
    """Return the cursor behind a hundred pages; ``None`` when the list is shorter."""
    after = None
    for _ in range(PAGES * 50 // 1000):
        after = (await lists.appeals(user, code, order=order, after=after, limit=1000)).after
        if after is None:
            return None
    return after


async def _endless(lists: JournalQueries, boss: People, bare: asyncpg.Connection[Any]) -> list[Case]:
    """Return pages of every appeal that a hundred thousand others precede."""
    deep = min(DEEP, APPEALS // 2)
    keys = {"registered": "id", "applicant": "applicant_key, id", "topic": "topic_code, id"}
    found = []
    for by, key in keys.items():
        after = str(await bare.fetchval(f"SELECT id FROM appeal ORDER BY {key} OFFSET {deep} LIMIT 1"))
        found.append(
            _page(lists, f"every appeal, by {by}, {deep} rows on", boss, "mine", order=Order(Sort(by)), after=after)
        )
    return found


def _filtered(lists: JournalQueries, people: dict[str, list[User]]) -> list[Case]:
    today = SystemClock().now().date()
    ago = today - timedelta(days=min(400, APPEALS // 2880 // 2))
    month = Filters(received_from=ago - timedelta(days=30), received_to=ago)
    boss, operators = people["admin"], people["op1"]
    owner = operators[0].id
    narrow = {
        "a month": month,
        "a day": Filters(received_from=ago, received_to=ago),
        "a topic": Filters(topic="2.01"),
        "a type": Filters(type="1"),
        "a channel": Filters(channel="K01"),
        "a status": Filters(status="in_work"),
        "an employee": Filters(owner=owner),
        "an organisation": Filters(organisation=operators[0].organisation.id),
        "soon due": Filters(due=DueFilter.SOON),
        "with calls": Filters(calls=True),
        "without calls": Filters(calls=False),
        "a month and a topic": Filters(received_from=month.received_from, received_to=ago, topic="2.01"),
        "an employee and a topic": Filters(owner=owner, topic="2.01"),
    }
    found = []
    for what, filters in narrow.items():
        found.append(_page(lists, f"every appeal of {what}", boss, "mine", filters=filters))
        found.append(_page(lists, f"open ones of {what}", boss, "all", filters=filters))
        found.append(_page(lists, f"operator's own of {what}", operators, "mine", filters=filters))
    by_due = Order(Sort.DUE)
    found.append(_page(lists, "every appeal of a month, by due", boss, "mine", filters=month, order=by_due))
    found.append(_page(lists, "every one of an employee, by due", boss, "mine", filters=narrow["an employee"],
                       order=by_due))  # fmt: skip
    return found


def _searched(lists: JournalQueries, people: dict[str, list[User]]) -> list[Case]:
    def search(what: str, who: People, *typed: str) -> Case:
        questions = [understand(one) for one in typed]

        async def find(n: int) -> object:
            return await lists.search.find(who[n % len(who)], questions[n % len(questions)])

        return Case(what, find)

    found = []
    for role in ("admin", "op1", "sp2"):
        who = people[role]
        found += [
            search(f"{role} searches a number", who, "00-0101", "00-1509", "00-2011"),
            search(f"{role} searches a telephone", who, "+7 900 079 1900", "+7 900 158 3800"),
            search(f"{role} searches by the last four digits", who, "4512", "7919", "0042"),
            search(f"{role} searches by the last seven digits", who, "1234512", "0007919", "3000042"),
            search(f"{role} searches a name", who, *STEMS[:10]),
            search(f"{role} searches a rare word", who, "ровабвский", "роввгдский", "ровежзский"),
            search(f"{role} searches a word of every fourth text", who, "поликлиники", "прививками", "операций"),
            search(f"{role} searches two words", who, "утеря полиса", "жалобы хирургу"),
            search(f"{role} searches an unfinished word", who, "ровабвс", "роввгд"),
            search(f"{role} searches what is nowhere", who, "щщщввв", "ъъъыыы"),
        ]
    return found
