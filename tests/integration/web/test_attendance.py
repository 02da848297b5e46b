"""S001A-08, S001A-13, S001A-14: planning shifts, what the log of states makes of them, files, who sees whom."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from openpyxl import Workbook, load_workbook
from sqlalchemy import select, text

from hotline.queue.tables import AgentStateLogRow
from hotline.staff.model import NewUser, User
from hotline.staff.tables import AuditEventRow, OrganisationRow, UserRow
from tests.integration.web.conftest import NOW, PASSWORD, Answer, Browser, Site

TODAY = "2026-11-20"  # a Friday; it is ten o'clock in Moscow
MONDAY = "2026-11-16"
NEXT = "2026-11-23"
NINE = {"starts": "09:00", "ends": "18:00", "kind": "day", "break_min": "60"}


async def ids(site: Site) -> dict[str, int]:
    """Login → id."""
    async with site.services.database.begin() as session:
        return {row.login: row.id for row in await session.execute(select(UserRow.login, UserRow.id))}


async def plan(browser: Browser, person: int, *days: str, seen: int = 0, **fields: str) -> Answer:
    """Plan days of a person as his page does."""
    form = {"day": days[0], **NINE, **fields}
    form |= {f"on_{day}": "1" for day in days} | {f"seen_{day}": str(seen) for day in days}
    return await browser.send("POST", f"/attendance/people/{person}/plan", form=form)


def moscow(clock: str, day: str = TODAY) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo("Europe/Moscow")).astimezone(
        UTC
    )


async def worked(site: Site, person: int, *lines: tuple[str, str, str | None], reason: str = "P02") -> None:
    """Write lines of the log: state, from, to (Moscow, today)."""
    async with site.services.database.begin() as session:
        for state, start, end in lines:
            session.add(
                AgentStateLogRow(
                    user_id=person, extension="101", state=state, reason=reason if state == "pause" else None,
                    call_key=None, from_at=moscow(start), to_at=moscow(end) if end else None,
                )
            )  # fmt: skip


async def file_of(browser: Browser, body: bytes, *, apply: bool = False) -> Answer:
    """Send a file as the page does."""
    address = "/attendance/import/apply" if apply else "/attendance/import"
    headers = {
        "Origin": browser.site.url, "X-CSRF-Token": browser.csrf, "Accept": "text/html", "HX-Request": "true",
        "Content-Type": "application/octet-stream",
    }  # fmt: skip
    async with browser.http.post(address, data=body, headers=headers) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def test_days_are_planned_changed_and_taken_back(site: Site) -> None:
    """S001A-13, S001A-14: templates, ticked days, two planners, overlaps, undo, the trail."""
    anna = (await ids(site))["anna"]
    async with site.logged_in("boss") as boss:
        night = {"title": "Ночь <20>", "starts": "20:00", "ends": "08:00", "kind": "night", "break_min": "45"}
        assert (await boss.send("POST", "/attendance/templates", form=night)).status == 303
        tools = (await boss.fragment("/attendance/plan")).text
        wrong = await boss.send("POST", "/attendance/templates", form={**night, "starts": "25:00", "title": "Кривая"})
        template = next(iter(await site.services.planning.templates(await user(site, "boss"))))
        assert (await plan(boss, anna, MONDAY, "2026-11-18", template=str(template.id))).status == 303
        week = (await boss.fragment(f"/attendance?day={TODAY}")).text
        stale = await plan(boss, anna, MONDAY, starts="10:30")
        clash = await plan(boss, anna, "2026-11-17", starts="07:00")
        nothing = await boss.send("POST", f"/attendance/people/{anna}/plan", form={"day": MONDAY, **NINE})
        beside = await plan(boss, anna, "2026-11-17", starts="08:00", ends="12:00")
        change = (await site.services.roster.changes(await user(site, "boss")))[-1].id
        undone = await boss.send("POST", f"/attendance/changes/{change}/undo", form={})
        again = await boss.send("POST", f"/attendance/changes/{change}/undo", form={})
    assert "Ночь &lt;20&gt;" in tools
    assert (wrong.status, "Кривая" in wrong.text, "не время суток" in wrong.text) == (400, True, True)
    assert week.count("20:00–08:00") >= 2
    assert (stale.status, 'value="10:30"' in stale.text, "20:00–08:00" in stale.text) == (409, True, True)
    assert (clash.status, "пересеклись" in clash.text) == (409, True)
    assert (nothing.status, beside.status, undone.status, again.status) == (400, 303, 303, 404)
    async with site.services.database.begin() as session:
        left = (await session.execute(text("SELECT day FROM shift"))).scalars().all()
        trail = (await session.scalars(select(AuditEventRow).where(AuditEventRow.entity == "roster"))).all()
    assert left == [date(2026, 11, 17)]
    assert [one.details["event"] for one in sorted(trail, key=lambda one: one.id)] == ["set", "set", "undo"]


async def test_what_the_log_says_of_a_day(site: Site) -> None:
    """S001A-08: late, a break over, who is missing now (also on the board), a dead service, and the files of it."""
    people = await ids(site)
    async with site.services.database.begin() as session:
        await session.execute(text("UPDATE staff_user SET last_name = '=cmd|''x''!A1' WHERE login = 'vera'"))
    await worked(
        site, people["anna"], ("ready", "09:20", "09:25"), ("talking", "09:25", "09:30"), ("pause", "09:30", "09:50"),
        ("ready", "09:50", None),
    )  # fmt: skip
    await worked(site, people["vera"], ("ready", "09:00", "09:30"), ("offline", "09:30", None))
    async with site.services.database.begin() as session:
        stuck = moscow("12:00", "2026-11-19")
        session.add(AgentStateLogRow(user_id=people["boss"], extension="301", state="ready", from_at=stuck, to_at=None))
    async with site.logged_in("boss") as boss:
        for login in ("anna", "boris", "vera"):
            assert (await plan(boss, people[login], TODAY, break_min="15")).status == 303
        day = (await boss.fragment(f"/attendance?view=day&day={TODAY}")).text
        missing = (await boss.fragment("/attendance/missing")).text
        board = (await boss.fragment("/board")).text
        person = (await boss.fragment(f"/attendance/people/{people['anna']}?day={TODAY}")).text
        table = await boss.get(f"/attendance/export?view=day&day={TODAY}&format=csv")
        book = await boss.get(f"/attendance/export?day={TODAY}&format=xlsx")
        long = await boss.get(f"/attendance/export?day={TODAY}&to=2027-01-20&format=csv")
    assert "опоздание 20 мин" in day
    assert "перерывы сверх нормы на 5 мин" in day
    assert "attendance-mark-pause" in day
    assert 'hx-get="/attendance/missing"' in board
    assert ("Борисов" in missing, "не пришёл" in missing, "cmd" in missing, "ушёл" in missing) == (True,) * 4
    assert "Аннина" not in missing
    assert "09:20–09:30" in person  # two lines of the log that say the same are one stretch
    assert "Пауза: Обед" in person
    rows = {row["Сотрудник"]: row for row in csv.DictReader(io.StringIO(table.body.decode("utf-8-sig")), delimiter=";")}
    anna = next(row for name, row in rows.items() if name.startswith("Аннина"))
    assert (anna["Опоздание, мин"], anna["Перерывы, мин"], anna["Перерывы сверх нормы, мин"]) == ("20", "20", "5")
    assert (anna["Отработано, мин"], anna["Первая готовность"], anna["Ушёл"]) == ("20", "20.11.2026 09:20", "")
    assert any(name.startswith("'=cmd") for name in rows)
    sheet = load_workbook(io.BytesIO(book.body)).active
    assert sheet is not None
    found = {(row[0].value, row[3].value): row for row in sheet.iter_rows(min_row=2)}
    boss_day = next(row for (name, when), row in found.items() if str(name).startswith("Главный"))
    assert (boss_day[10].value, boss_day[20].value) == (720, "нет")  # twelve hours at most, and said to be doubtful
    assert long.status == 400
    async with site.services.database.begin() as session:
        trail = (await session.scalars(select(AuditEventRow).where(AuditEventRow.entity == "attendance"))).all()
    assert [one.action for one in trail] == ["export", "export"]


async def test_an_absence_excuses_and_is_taken_back(site: Site) -> None:
    """S001A-13: who is on leave is not missing; wrong days are named; nobody is away twice."""
    boris = (await ids(site))["boris"]
    address = f"/attendance/people/{boris}/absences"
    leave = {"day": TODAY, "reason": "leave", "first_day": TODAY, "last_day": NEXT}
    async with site.logged_in("boss") as boss:
        await plan(boss, boris, TODAY)
        before = (await boss.fragment("/attendance/missing")).text
        wrong = await boss.send("POST", address, form={**leave, "last_day": MONDAY})
        added = await boss.send("POST", address, form=leave)
        twice = await boss.send("POST", address, form={**leave, "reason": "sick"})
        excused = (await boss.fragment("/attendance/missing")).text
        week = (await boss.fragment(f"/attendance?day={TODAY}")).text
        async with site.services.database.begin() as session:
            absence = (await session.execute(text("SELECT id FROM absence"))).scalar_one()
        closed = await boss.send("POST", f"/attendance/absences/{absence}/close", form={"day": TODAY, "version": "1"})
        gone = await boss.send("POST", f"/attendance/absences/{absence}/close", form={"day": TODAY, "version": "1"})
        after = (await boss.fragment("/attendance/missing")).text
    assert ("Борисов" in before, "Борисов" in excused, "Борисов" in after) == (True, False, True)
    assert (wrong.status, added.status, twice.status, closed.status, gone.status) == (400, 303, 409, 303, 404)
    assert "раньше первого дня" in wrong.text
    assert "отпуск" in week


async def test_a_week_is_copied_as_it_was_shown(site: Site) -> None:
    """S001A-13: planned days and days of absence stay; another count than the one that was shown is refused."""
    people = await ids(site)
    copy = {"source": TODAY, "target": "2026-11-24", "team": ""}  # any day of a week names it
    async with site.logged_in("boss") as boss:
        await plan(boss, people["anna"], MONDAY, "2026-11-17")
        await plan(boss, people["boris"], MONDAY)
        await plan(boss, people["anna"], NEXT, starts="12:00")
        leave = {"day": NEXT, "reason": "sick", "first_day": NEXT, "last_day": NEXT}
        await boss.send("POST", f"/attendance/people/{people['boris']}/absences", form=leave)
        shown = await boss.send("POST", "/attendance/copy", form=copy)
        other = await boss.send("POST", "/attendance/copy", form={**copy, "expected": "3"})
        same = await boss.send("POST", "/attendance/copy", form={**copy, "target": TODAY})
        done = await boss.send("POST", "/attendance/copy", form={**copy, "expected": "1"})
        week = (await boss.fragment(f"/attendance?day={NEXT}")).text
    assert (shown.status, "1 смена" in shown.text, "2 дня" in shown.text) == (200, True, True)
    assert (other.status, same.status, done.status) == (409, 400, 303)
    assert (week.count("12:00–18:00"), week.count("09:00–18:00")) == (2, 2)  # each in its cell and in its label


async def test_a_file_is_looked_at_before_it_is_taken(site: Site) -> None:
    """S001A-13: CSV and XLSX, rows that cannot be taken, damage; nothing changes before somebody says so."""
    table = "Внутренний номер;Дата;Начало;Конец;Перерыв\n101;24.11.2026;9:00;18:00;60\n999;24.11.2026;9;18;0\n"
    table += "101;25.11.2026;x;18:00;0\n102;24.11.2026;20:00;08:00;45\n102;25.11.2026;07:00;12:00;0\n"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Логин", "Дата", "Начало", "Конец"], ["anna", date(2026, 11, 26), time(9), time(15, 30)]):
        sheet.append(row)
    workbook = io.BytesIO()
    book.save(workbook)
    async with site.logged_in("boss") as boss:
        looked = await file_of(boss, table.encode("cp1251"))
        untouched = (await boss.fragment(f"/attendance?day={NEXT}")).text
        taken = await file_of(boss, table.encode("cp1251"), apply=True)
        again = await file_of(boss, table.encode("cp1251"))
        excel = await file_of(boss, workbook.getvalue(), apply=True)
        week = (await boss.fragment(f"/attendance?day={NEXT}")).text
        damaged = await file_of(boss, b"PK\x03\x04 not a workbook")
        strange = await file_of(boss, "Имя;Телефон\n1;2\n".encode())
    assert "Новых 2" in looked.text
    assert "отклонено 3" in looked.text
    assert "не время суток" in looked.text
    assert "пересекается с другой сменой" in looked.text
    assert "09:00–18:00" not in untouched
    assert (taken.status, "новых 2" in taken.text) == (200, True)
    assert "без изменений 2" in again.text
    assert (excel.status, "09:00–15:30" in week, "20:00–08:00" in week) == (200, True, True)
    assert (damaged.status, strange.status) == (400, 400)


async def test_everybody_sees_as_far_as_his_organisation(site: Site) -> None:
    """Domain 2.8: a supervisor of an insurer sees and plans his people only; an operator sees himself."""
    async with site.services.database.begin() as session:
        session.add(
            OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО", time_zone="Asia/Omsk")
        )
    for login, role, extension in (("smo.boss", "supervisor", "401"), ("smo.op", "sp1", "402")):
        await site.services.staff.create_user(
            NewUser(login, PASSWORD, "Страховой", login, "07001", (role,), "", extension)
        )
    people = await ids(site)
    async with site.logged_in("smo.boss") as boss:
        week = (await boss.fragment("/attendance")).text
        foreign = await boss.get(f"/attendance/people/{people['anna']}")
        refused = await plan(boss, people["anna"], TODAY)
        own = await plan(boss, people["smo.op"], TODAY, starts="12:00", ends="20:00")
    assert ("Страховой" in week, "Аннина" in week) == (True, False)
    assert (foreign.status, refused.status, own.status) == (404, 404, 303)
    async with site.services.database.begin() as session:
        begins = (await session.execute(text("SELECT starts_at FROM shift"))).scalar_one()
    assert begins == NOW - timedelta(hours=1)  # noon of Omsk
    async with site.logged_in("boss") as boss:
        week = (await boss.fragment("/attendance")).text
        team = (await boss.fragment(f"/attendance?team={await team_of(site, '07001')}")).text
        missing = (await boss.fragment("/attendance/missing")).text
    assert ("Страховой" in week, "Аннина" in week, "Аннина" in team) == (True, True, False)
    assert "Страховой" in missing
    async with site.logged_in("smo.op") as operator:
        mine = await operator.get("/attendance/mine")
        closed = await operator.get("/attendance")
    assert (mine.status, "12:00–20:00" in mine.text, closed.status) == (200, True, 403)


async def user(site: Site, login: str) -> User:
    found = await site.services.staff.by_extension({"boss": "301"}[login])
    assert found is not None
    return found


async def team_of(site: Site, code: str) -> int:
    async with site.services.database.begin() as session:
        return (await session.execute(select(OrganisationRow.id).where(OrganisationRow.code == code))).scalar_one()
