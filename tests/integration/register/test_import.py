"""The register comes into the database: new, changed, unchanged, missing; killed, cancelled, locked (issue 4)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from hotline.clock import FakeClock, SystemClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import Conflict, Forbidden, HotlineError
from hotline.journal.identifiers import enp_check_digit
from hotline.journal.personquery import PersonQuery
from hotline.journal.persons import Persons
from hotline.journal.tables_person import PersonPhoneRow, PersonRow, RegisterEntryRow
from hotline.register import files
from hotline.register.model import Batch, State
from hotline.register.runner import ImportRunner
from hotline.register.service import MAX_PIECE, Register, Start
from hotline.register.tables import RegisterBatchRow, RegisterStagingRow
from hotline.register.work import Worker, worker_database
from hotline.staff.model import User
from hotline.staff.service import StaffService
from hotline.staff.tables import AuditEventRow

HEAD = "Фамилия;Имя;Отчество;Дата рождения;ЕНП;СНИЛС;Телефон;Дата смерти;СМО"


def enp(number: int) -> str:
    first = f"77{number:013}"
    return first + enp_check_digit(first)


def line(number: int, *, last: str = "ИВАНОВА", phone: str = "", dead: str = "", snils: str = "", key: str = "") -> str:
    return f"{last};АННА;ПЕТРОВНА;29.02.1980;{key or enp(number)};{snils};{phone};{dead};"


class Office:
    """An administrator with files."""

    def __init__(self, db: Database, url: str, folder: Path, admin: User) -> None:
        self.db, self.url, self.folder, self.admin = db, url, folder, admin
        self.clock = FakeClock(SystemClock().now())
        self.register = Register(db, self.clock, folder / "spool")

    async def send(self, lines: Sequence[str] | bytes, **how: object) -> int:
        """Upload a file and let it wait."""
        content = lines if isinstance(lines, bytes) else "\r\n".join([HEAD, *lines]).encode("cp1251")
        batch_id = await self.register.begin_upload(self.admin, "C:\\файлы\\реестр.csv", len(content))
        for start in range(0, len(content), MAX_PIECE):
            await self.register.upload(self.admin, batch_id, start, content[start : start + MAX_PIECE])
        batch = await self.register.finish_upload(self.admin, batch_id)
        assert batch.layout is not None
        await self.register.start(self.admin, batch_id, replace(Start(batch.layout.columns), **how))  # type: ignore[arg-type]
        return batch_id

    async def work(self) -> None:
        async with worker_database(self.url) as db:
            assert await Worker(db, self.clock, Settings().zone).run()

    async def take(self, lines: Sequence[str] | bytes, **how: object) -> Batch:
        batch_id = await self.send(lines, **how)
        await self.work()
        return await self.register.batch(self.admin, batch_id)

    async def person(self, number: int) -> PersonRow:
        async with self.db.begin() as session:
            return (await session.scalars(select(PersonRow).where(PersonRow.enp == enp(number)))).one()

    async def found(self, typed: str) -> list[str]:
        rows = await Persons(self.db, self.clock).search(self.admin, PersonQuery.from_text(typed))
        return [row.full_name for row in rows.rows]


@pytest.fixture
async def office(demo_db: Database, demo_db_url: str, tmp_path: Path) -> Office:
    staff = StaffService(demo_db, SystemClock(), Settings())
    async with demo_db.begin() as session:
        user_id = await session.scalar(text("SELECT user_id FROM staff_user_role WHERE role_code = 'admin' LIMIT 1"))
    admin = await staff.user(int(user_id or 0))
    assert admin is not None
    return Office(demo_db, demo_db_url, tmp_path, admin)


async def test_a_file_is_merged_and_its_changes_after_it(office: Office) -> None:
    """New people are found at once; a newer file changes what it changes and touches nothing else."""
    first = await office.take([line(1, phone="8 928 000-11-22"), line(2, last="ЁЛКИН"), line(3)])
    assert (first.state, first.added, first.changed, first.rows_rejected) == (State.DONE, 3, 0, 0)
    assert first.file_name == "реестр.csv"
    assert await office.found("елкин анна 1980") == ["Ёлкин Анна Петровна"]
    assert await office.found("+79280001122") == ["Иванова Анна Петровна"]
    assert list((office.folder / "spool").iterdir()) == []  # personal data do not lie about
    async with office.db.begin() as session:
        await session.execute(update(PersonRow).where(PersonRow.enp == enp(1)).values(notes="n", address="typed"))

    second = await office.take([line(1, phone="8 928 000-11-22"), line(2, last="БЕРЁЗКИН"), line(4, dead="01.02.2026")])
    assert (second.added, second.changed, second.unchanged) == (1, 1, 1)
    assert (await office.person(1)).address == "typed"
    assert (await office.person(2)).version == 2
    dead = await office.person(4)
    assert (dead.is_dead, dead.died_on) == (True, date(2026, 2, 1))


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    """Idempotent by SHA-256: refused unless asked for, and then without an effect."""
    lines = [line(number) for number in range(20)]
    await office.take(lines)
    with pytest.raises(Conflict) as refused:
        await office.send(lines)
    assert refused.value.error_id == "same-file"
    again = await office.take(lines, again=True)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 20)


async def test_who_is_who(office: Office) -> None:
    """DAY-26: the same ENP or SNILS is the same person; another ENP with the same SNILS is not taken for him."""
    async with office.db.begin() as session:
        called = PersonRow(last_name="Иванова", snils="11223344595", source="call")
        other = PersonRow(last_name="Другая", snils="00101998900", enp=enp(50), source="call")
        session.add_all([called, other])
        await session.flush()
        called_id, other_id = called.id, other.id
    batch = await office.take([line(1, snils="112-233-445 95"), line(2, snils="00101998900"), line(50, last="ДРУГАЯ")])
    assert (batch.added, batch.changed) == (1, 2)
    assert (await office.person(1)).id == called_id
    assert (await office.person(50)).id == other_id
    assert (await office.person(2)).id not in {called_id, other_id}


async def test_bad_rows_are_told_and_the_rest_is_taken(office: Office) -> None:
    lines = [
        line(1),
        line(2).replace("29.02", "31.02"),
        line(1, last="ВТОРАЯ"),
        line(3, key="=cmd|calc"),
        "а;б",
        line(4),
    ]
    batch = await office.take(lines)
    assert (batch.added, batch.rows_rejected, batch.rows_read) == (3, 3, 7)
    issues = [(one.row_no, one.column, one.reason) for one in await office.register.issues(office.admin, batch.id)]
    assert sorted(issues) == [
        (3, "Дата рождения", "no such day"),
        (4, "", "the same person as in row 2"),
        (5, "ЕНП", "must have 16 digits"),
        (6, "", "wrong number of columns"),
    ]
    report = b"".join([piece async for piece in office.register.report(office.admin, batch.id, str)]).decode()
    assert report.startswith("\ufeffRow;Column;What is wrong;Taken over\r\n3;Дата рождения;no such day;no\r\n")
    assert "cmd" not in report


async def test_a_formula_in_a_heading_is_text_in_the_report(office: Office) -> None:
    content = '"=HYPERLINK(1)";Имя;ЕНП;Фамилия\r\n;Анна;1;Иванова'.encode()
    batch_id = await office.register.begin_upload(office.admin, "a.csv", len(content))
    await office.register.upload(office.admin, batch_id, 0, content)
    await office.register.finish_upload(office.admin, batch_id)
    await office.register.start(office.admin, batch_id, Start(("snils", "first_name", "enp", "last_name")))
    await office.work()
    report = b"".join([piece async for piece in office.register.report(office.admin, batch_id, str)]).decode()
    assert ";ЕНП;" in report
    content = content.replace(b"\n;", b"\n12;")
    batch_id = await office.register.begin_upload(office.admin, "a.csv", len(content))
    await office.register.upload(office.admin, batch_id, 0, content)
    await office.register.finish_upload(office.admin, batch_id)
    await office.register.start(office.admin, batch_id, Start(("snils", "first_name", "enp", "last_name")))
    await office.work()
    report = b"".join([piece async for piece in office.register.report(office.admin, batch_id, str)]).decode()
    assert ";'=HYPERLINK(1);" in report


async def test_a_full_file_closes_whom_it_misses_but_not_too_many(office: Office) -> None:
    await office.take([line(number) for number in range(100)])
    cut = await office.take([line(number) for number in range(50)], full_file=True)
    assert (cut.state, cut.problem, cut.missing, cut.closed) == (State.DONE, "too-many-missing", 50, 0)
    assert (await office.person(99)).valid_to is None

    full = await office.take([line(number) for number in range(97)], full_file=True)
    assert (full.missing, full.closed, full.problem) == (3, 3, "")
    closed = await office.person(99)
    assert (closed.valid_to, closed.insured_status) == (
        office.clock.now().astimezone(Settings().zone).date(),
        "unknown",
    )

    back = await office.take([line(number) for number in range(100)], full_file=True, again=True)
    assert (back.changed, back.unchanged) == (3, 97)
    assert ((await office.person(99)).valid_to, (await office.person(99)).insured_status) == (None, "own")


async def test_other_registers_are_not_touched_by_a_full_file(office: Office) -> None:
    await office.take([line(1), line(2)], scope="north")
    await office.take([line(3)], scope="south", full_file=True)
    async with office.db.begin() as session:
        assert await session.scalar(select(func.count()).where(RegisterEntryRow.closed_on.is_not(None))) == 0


async def test_a_killed_import_goes_on_where_it_was(office: Office) -> None:
    """kill -9 while it reads and again while it merges: every row once, none lost."""
    rows = 16_000
    batch_id = await office.send([line(number, phone=f"8928{number:07}") for number in range(rows)])
    kills = 0
    stages: list[Callable[[Batch], bool]] = [lambda one: one.position > 0, lambda one: one.merged_to > 0]
    for reached in stages:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *("-m", "hotline", "register", "work"),
            env={**os.environ, "HOTLINE_DATABASE_URL": office.url},
        )  # fmt: skip
        async with asyncio.timeout(60):
            while process.returncode is None and not reached(
                batch := await office.register.batch(office.admin, batch_id)
            ):
                pass  # each look is a round trip to the database
        if batch.state not in {State.DONE}:
            process.send_signal(signal.SIGKILL)
            kills += 1
        await process.wait()
    assert kills == 2
    before = await office.register.batch(office.admin, batch_id)
    assert before.state in {State.LOADING, State.MERGING}
    await office.work()
    batch = await office.register.batch(office.admin, batch_id)
    assert (batch.state, batch.added, batch.changed, batch.rows_rejected) == (State.DONE, rows, 0, 0)
    async with office.db.begin() as session:
        people = await session.scalar(
            select(func.count()).where(PersonRow.enp.like("77%"), PersonRow.source == "register")
        )
        phones = await session.scalar(select(func.count()).where(PersonPhoneRow.e164.like("+7928%")))
        staged = await session.scalar(select(func.count()).select_from(RegisterStagingRow))
    assert people is not None
    assert (people >= rows, phones, staged) == (True, rows, 0)


async def test_the_service_starts_another_worker_after_a_killed_one(office: Office) -> None:
    """Pause and resume without anybody's help: the runner watches over the worker process."""
    runner = ImportRunner(office.register.unfinished, office.url, "Europe/Moscow", again_s=0.1)
    batch_id = await office.send([line(number) for number in range(6000)])
    runner.start()
    try:
        async with asyncio.timeout(60):
            while (first := runner.worker) is None:
                await office.register.unfinished()  # lets the runner look as well
            while not (await office.register.batch(office.admin, batch_id)).position:
                pass  # each look is a round trip to the database
            first.kill()
            while (batch := await office.register.batch(office.admin, batch_id)).state is not State.DONE:
                pass
    finally:
        await runner.close()
    assert first.returncode == -signal.SIGKILL
    assert (batch.added, batch.rows_rejected) == (6000, 0)


async def test_searches_and_cards_go_on_beside_a_locked_row(office: Office) -> None:
    """Somebody holds a dossier for a while: the import waits for it, searches do not, nothing is lost."""
    await office.take([line(1), line(2)])
    batch_id = await office.send([line(1, last="НОВАЯ"), line(2, last="НОВАЯ")])
    async with office.db.begin() as session:
        await session.execute(select(PersonRow).where(PersonRow.enp == enp(1)).with_for_update())
        work = asyncio.create_task(office.work())
        async with asyncio.timeout(20):
            while (await office.register.batch(office.admin, batch_id)).state is not State.MERGING:
                pass  # each look is a round trip to the database
            assert await office.found(enp(1)) == ["Иванова Анна Петровна"]
    async with asyncio.timeout(30):
        await work
    assert (await office.register.batch(office.admin, batch_id)).changed == 2


async def test_an_enp_taken_meanwhile_costs_one_row(office: Office) -> None:
    await office.take([line(number) for number in range(10)])
    async with office.db.begin() as session:
        # An administrator corrected somebody's ENP, and then gave the old one to another person.
        await session.execute(update(PersonRow).where(PersonRow.enp == enp(3)).values(enp=enp(77)))
        session.add(PersonRow(last_name="Новый", enp=enp(3), source="manual"))
    batch = await office.take([line(number, last="ПЕТРОВА") for number in range(10)])
    assert (batch.state, batch.changed, batch.rows_rejected) == (State.DONE, 9, 1)
    (issue,) = await office.register.issues(office.admin, batch.id)
    assert (issue.row_no, issue.reason) == (5, "somebody else has this ENP")


async def test_cancelling_and_wrong_uploads(office: Office) -> None:
    batch_id = await office.send([line(1)])
    await office.register.cancel(office.admin, batch_id)
    await office.work()
    assert (await office.register.batch(office.admin, batch_id)).state is State.CANCELLED
    with pytest.raises(Conflict):
        await office.register.cancel(office.admin, batch_id)

    batch_id = await office.register.begin_upload(office.admin, "a.csv", 10)
    for offset, piece, error in (
        (5, b"x", "upload-gap"),
        (0, b"x" * 11, "upload-mismatch"),
        (0, b"", "upload-mismatch"),
    ):
        with pytest.raises(HotlineError) as refused:
            await office.register.upload(office.admin, batch_id, offset, piece)
        assert refused.value.error_id == error
    assert await office.register.upload(office.admin, batch_id, 0, b"Ab;C\n1;2\n3") == 10
    with pytest.raises(HotlineError):
        await office.register.upload(office.admin, batch_id, 10, b"x")


@pytest.mark.parametrize(("content", "problem"), [(b"\0\1" * 500, "unknown-format"), (b"PK\3\4....", "damaged-file")])
async def test_an_unreadable_upload_is_marked_and_deleted(office: Office, content: bytes, problem: str) -> None:
    with pytest.raises(HotlineError):
        await office.send(content)
    (batch, *_) = await office.register.batches(office.admin)
    assert (batch.state, batch.problem) == (State.FAILED, problem)
    assert list((office.folder / "spool").iterdir()) == []


async def test_a_file_of_rubbish_stops_early(office: Office) -> None:
    batch = await office.take(["1;2;3;4;5;6;7;8;9"] * 10_000)
    assert (batch.state, batch.problem, batch.added) == (State.FAILED, "no-usable-row", 0)
    assert batch.rows_rejected < 10_000
    assert len(await office.register.issues(office.admin, batch.id)) == 20


async def test_only_who_may_import_and_every_start_is_in_the_trail(office: Office) -> None:
    operator = replace(office.admin, permissions=office.admin.permissions - {"register.import"})
    for work in (office.register.batches(operator), office.register.begin_upload(operator, "a", 1)):
        with pytest.raises(Forbidden):
            await work
    batch = await office.take([line(1)])
    async with office.db.begin() as session:
        entries = (
            await session.scalars(
                select(AuditEventRow)
                .where(AuditEventRow.entity == "register", AuditEventRow.entity_id == str(batch.id))
                .order_by(AuditEventRow.id)
            )
        ).all()
    assert [entry.details.get("started", entry.details.get("added")) for entry in entries] == [True, 1]


async def test_a_forgotten_upload_is_deleted_after_a_week(office: Office) -> None:
    """Personal data do not lie about (152-ФЗ, domain 3.4)."""
    batch_id = await office.register.begin_upload(office.admin, "a.csv", 10)
    await office.register.upload(office.admin, batch_id, 0, b"Ab;C\n1;2\n3")
    assert await office.register.purge() == 0
    office.clock.advance(timedelta(days=8))
    assert await office.register.purge() == 1
    assert list((office.folder / "spool").iterdir()) == []
    assert (await office.register.batch(office.admin, batch_id)).state is State.CANCELLED


async def test_one_worker_at_a_time(office: Office) -> None:
    await office.send([line(1)])
    async with worker_database(office.url) as one, worker_database(office.url) as two:
        done = await asyncio.gather(*(Worker(db, office.clock, Settings().zone).run() for db in (one, two)))
    assert True in done
    async with office.db.begin() as session:
        assert (await session.scalars(select(RegisterBatchRow.added))).all() == [1]


async def test_the_command_line_imports_a_file_where_it_lies(office: Office) -> None:
    path = office.folder / "register.csv"
    path.write_text("\n".join([HEAD, line(1), line(2)]), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *("-m", "hotline", "register", "import", str(path)),
        env={**os.environ, "HOTLINE_DATABASE_URL": office.url}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, out
    assert "2 added" in out.decode()
    assert path.exists()
    assert files.sha256_of(path)
    assert (await office.person(2)).last_name == "Иванова"
