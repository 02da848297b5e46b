"""Search in the register on many people, idle and beside an import, against ``SELECT 1`` (sizes: ``filled``).

``import`` is what a worker process of its own reads, checks and merges meanwhile, rows that are new.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.journal.personquery import PersonQuery
from hotline.journal.persons import Persons
from hotline.register import files
from hotline.register.service import Register, Start
from hotline.staff.model import User
from hotline.staff.service import StaffService
from tests.bench.filled import FIRST_ENP, HOUR_S, PERSONS, STEMS, Filled, filled, say
from tests.bench.report import Row
from tests.bench.statements import Case, Statements, Targets, compare, wanted, watched

IMPORTED = min(PERSONS // 10, 60_000)
IMPORTED_ENP = 8_000_000_000_000_000
_IMPORTED = f"SELECT id FROM person WHERE enp >= '{IMPORTED_ENP}' AND enp < '{IMPORTED_ENP + 10**14}'"
_AS_BEFORE = (
    # Nothing refers to these people, and looking who was merged into each of them would read the whole register.
    "SET session_replication_role = replica",
    f"DELETE FROM register_entry WHERE person_id IN ({_IMPORTED})",
    f"DELETE FROM person_phone WHERE person_id IN ({_IMPORTED})",
    f"DELETE FROM person WHERE id IN ({_IMPORTED})",
    "RESET session_replication_role",
)
"""In a kept database the rows of the latest import are there already; they are to be new again."""
NAMES = ("Иван", "Мария", "Олег", "Анна", "Ольга", "Залим", "Фатима", "Галина")
FATHERS = ("Иванович", "Петровна", "Ильич", "Юрьевна", "Хасановна")
EXACT: tuple[Targets, Targets] = ((1.5, 3), (2, 6))
NAME: tuple[Targets, Targets] = ((2.2, 10), (3.5, 15))
DATE: tuple[Targets, Targets] = ((3, 8), (4, 15))


def run() -> list[Row]:
    """Fill a database, or take the kept one, and measure.

    :raises TimeoutError: it takes more than an hour.
    """
    return asyncio.run(_bounded())


async def _bounded() -> list[Row]:
    async with asyncio.timeout(HOUR_S), filled() as ground:
        return await _measure(ground)


def _stem(n: int) -> str:
    return STEMS[n % len(STEMS)]


def _day(n: int) -> str:
    return f"{1 + n % 28:02}.{1 + n % 12:02}.{1940 + n % 60}"


def cases(persons: Persons, user: User, insurer: User) -> list[Case]:
    """Return searches as an operator types them."""

    def case(
        what: str, typed: Callable[[int], str], wanted: tuple[Targets, Targets] | None = None, who: User = user
    ) -> Case:
        async def search(n: int) -> object:
            return await persons.search(who, PersonQuery.from_text(typed(n)), typed(n))

        return Case(what, search, *(wanted or (None, None)))

    def full(n: int) -> str:
        return f"{_stem(n)}ов {NAMES[n % 8]} {FATHERS[n % 5]}"

    return [
        case("ENP", lambda n: str(FIRST_ENP + n * 7919 % PERSONS), EXACT),
        case("phone", lambda n: f"+79{(1 + n * 7919 % PERSONS) * 7919 % 10**9:09}", EXACT),
        case("surname", _stem, NAME),
        case("whole surname", lambda n: f"{_stem(n)}ова", NAME),
        case("'ива ив 1980'", lambda n: f"{_stem(n)[:3]} {NAMES[n % 8][:2]} {1940 + n % 60}", NAME),
        case("'Иван% И% О%'", lambda n: f"{_stem(n)} {NAMES[n % 8][0]} {NAMES[(n + 3) % 8][0]}", NAME),
        case("'и и о'", lambda n: f"{_stem(n)[:2]} {NAMES[n % 8][0]} {FATHERS[n % 5][0]}", NAME),
        case("full name", full, NAME),
        case("full name and birth date", lambda n: f"{full(n)} {_day(n)}", DATE),
        case("birth date", _day, DATE),
        case("name and birth date", lambda n: f"{NAMES[n % 8]} {_day(n)}", DATE),
        case("surname, by an insurer", _stem, NAME, insurer),
        case("'Иван% И% О%', by an insurer", lambda n: f"{_stem(n)} {NAMES[n % 8][0]} {NAMES[(n + 3) % 8][0]}", NAME,
             insurer),
        case("birth date, by an insurer", _day, DATE, insurer),
        case("name before surname", lambda n: f"{NAMES[n % 8]} {_stem(n)}"),
        case("name and patronymic", lambda n: f"{NAMES[n % 8]} {FATHERS[n % 5]}"),
        case("nobody", lambda n: f"{_stem(n)}щщ {NAMES[n % 8]}"),
    ]  # fmt: skip


async def _measure(ground: Filled) -> list[Row]:
    clock = SystemClock()
    staff = StaffService(ground.database, clock, Settings())
    user = await staff.by_extension("101")
    insurers = "SELECT user_id FROM staff_user_role WHERE role_code = 'sp2' ORDER BY 1 DESC LIMIT 1"
    insurer = await staff.user(await ground.bare.fetchval(insurers))
    if user is None or insurer is None:
        raise AssertionError("the demo people are gone")
    async with watched(ground.url) as seen:
        asked = wanted(cases(Persons(seen.database, clock), user, insurer))
        searches = [(case, await seen.sets(case)) for case in asked]
    rows: list[Row] = []
    for case, sets in searches:
        rows += await compare(case, ground.bare, sets, where=f"{PERSONS // 1000}k persons: ")
    return rows + await beside_an_import(ground, searches)


async def beside_an_import(ground: Filled, searches: list[tuple[Case, list[Statements]]]) -> list[Row]:
    """Measure cases once more while a worker process reads and merges a file of the register.

    :raises AssertionError: the import fails, or rows of it are missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        for statement in _AS_BEFORE:
            await ground.bare.execute(statement)
        path = Path(folder) / "register.csv"
        _write(path)
        layout = files.examine(path)
        register = Register(ground.database, SystemClock(), Path(folder))
        batch_id = await register.take_file(path, layout)
        await register.start(None, batch_id, Start(layout.columns, again=True))
        began = time.perf_counter()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hotline", "register", "work", env={**os.environ, "HOTLINE_DATABASE_URL": ground.url}
        )
        rows: list[Row] = []
        for case, sets in searches:
            if worker.returncode is None:
                say(f"{case.what}, beside an import")
                rows += await compare(case, ground.bare, sets, where="beside an import: ", best_of=1)
        if await worker.wait() != 0:
            raise AssertionError("the import failed")
        seconds = time.perf_counter() - began
        done = next(one for one in await register.batches(None, 5) if one.id == batch_id)
        if done.added + done.changed + done.unchanged + done.rows_rejected != IMPORTED:
            raise AssertionError(f"rows are missing: {done}")
    return [*rows, Row("import, rows a second, measured beside", IMPORTED / seconds, None, "rows")]


def _write(path: Path) -> None:
    chance = random.Random(1)
    first = IMPORTED_ENP + chance.randrange(10**12)
    with path.open("w", encoding="cp1251") as file:
        file.write("Фамилия;Имя;Отчество;Дата рождения;ЕНП;Телефон;Адрес\n")
        for number in range(IMPORTED):
            file.write(
                f"{chance.choice(STEMS).upper()}ОВА;АННА;ИВАНОВНА;{1 + number % 28:02}.{1 + number % 12:02}."
                f"{1930 + number % 90};{first + number};8928{number:07};ул. Мира, {number}\n"
            )
