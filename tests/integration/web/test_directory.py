"""The telephone directory: search, favourites, editing, import and export (S001-024, S001-034, S001-035, S001-061)."""

from __future__ import annotations

import re
from io import BytesIO

from openpyxl import load_workbook
from sqlalchemy import select

from hotline.staff.tables import AuditEventRow
from tests.integration.web.conftest import Answer, Browser, Site

CONTACT = {
    "name": "Приёмная врача Ёлкина",
    "organisation": "Клиника",
    "number": "8 861 200-11-22",
    "hours": "8-20",
    "note": "педиатр",
}
FILE = """Имя;Организация;Телефон;Примечание
Приёмная врача Ёлкина;Клиника;112;новый номер
Скорая;;103;
Без номера;;;
"""


async def add(browser: Browser, **changes: str) -> Answer:
    return await browser.send("POST", "/directory/contacts", form={**CONTACT, **changes})


async def find(browser: Browser, q: str) -> str:
    answer = await browser.send("POST", "/directory", form={"q": q}, HX_Request="true")
    assert answer.headers["HX-Push-Url"] == "/directory"  # a name stands in no address (DAY-29)
    return answer.text


async def send_file(browser: Browser, path: str, data: bytes) -> Answer:
    url = browser.site.url
    headers = {"Origin": url, "X-CSRF-Token": browser.csrf, "Content-Type": "application/octet-stream"}
    async with browser.http.post(path, data=data, headers={**headers, "Accept": "application/json"}) as response:
        return Answer(response.status, response.headers, await response.read())


async def test_one_field_finds_colleagues_and_contacts(site: Site) -> None:
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna:
        assert (await add(admin)).status == 303
        for typed in ("елкина", "tkrbyf", "клиника врача", "2001122", "педиатр"):
            assert "Приёмная врача Ёлкина" in await find(anna, typed), typed
        for typed in ("борисов", ",jhbcjd", "102"):
            assert "Борисов" in await find(anna, typed), typed
        assert "Никто не найден" in await find(anna, "ыыы")
        shown = await find(anna, "ёлкина")
    assert 'data-dial="8 861 200-11-22"' in shown
    assert "/directory/contacts/" not in shown  # only who may edit dictionaries


async def test_favourites_stand_on_top_for_their_owner_only(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        await add(admin)
    async with site.logged_in("anna") as anna, site.logged_in("boris") as boris:
        rows = (await anna.fragment("/directory")).text
        ref = re.search(r'data-favourite="contact-(\d+)"', rows)
        assert ref is not None
        form = {"kind": "contact", "ref": ref[1], "on": "1"}
        kept = (await anna.send("POST", "/directory/favourites", form=form)).text
        assert "Избранное" in kept
        assert kept.index("Приёмная") < kept.index("Борисов")
        assert "Избранное" not in (await boris.fragment("/directory")).text
        put_back = (await anna.send("POST", "/directory/favourites", form={**form, "on": ""})).text
        assert "Избранное" not in put_back
        wrong = await anna.send("POST", "/directory/favourites", form={"kind": "x", "ref": "1", "on": "1"})
    assert wrong.status == 400


async def test_a_contact_is_changed_by_one_at_a_time_and_nothing_typed_is_lost(site: Site) -> None:
    async with site.logged_in("admin") as admin, site.logged_in("anna") as anna:
        await add(admin)
        address = re.search(r"/directory/contacts/\d+", await find(admin, "ёлкина"))
        assert address is not None
        wrong = await add(admin, name="", number="завтра", note="длинно " * 100)
        first = await admin.send("POST", address[0], form={**CONTACT, "number": "103", "version": "1"})
        second = await admin.send("POST", address[0], form={**CONTACT, "number": "104", "version": "1"})
        refused = await anna.send("POST", address[0], form={**CONTACT, "version": "2"})
        closed = await admin.send("POST", address[0], form={"version": "2", "close": "1"})
        assert (await admin.get(address[0])).status == 404
        assert "Ёлкина" not in await find(admin, "ёлкина")
    assert (wrong.status, first.status, second.status, refused.status, closed.status) == (400, 303, 409, 403, 303)
    assert "не похоже на номер" in wrong.text or "завтра" in wrong.text
    assert 'value="104"' in second.text
    assert "103" in second.text


async def test_an_import_shows_first_and_tells_the_rejected_rows(site: Site) -> None:
    async with site.logged_in("admin") as admin:
        await add(admin)
        seen = await send_file(admin, "/directory/import", FILE.encode())
        assert "Скорая" not in await find(admin, "скорая")
        done = await send_file(admin, "/directory/import/apply", FILE.encode("cp1251"))
        again = await send_file(admin, "/directory/import", FILE.encode())
        shown = await find(admin, "приемная")
        damaged = await send_file(admin, "/directory/import", b"PK\x03\x04 broken")
        nameless = await send_file(admin, "/directory/import", b"a;b\n1;2\n")
        table = await admin.get("/directory/export?format=csv")
        book = await admin.get("/directory/export?format=xlsx")
    assert "Новых 1, изменится 1, без изменений 0; отклонено 1." in seen.text
    assert "Импортировано: новых 1, изменено 1" in done.text
    assert "Новых 0, изменится 0, без изменений 2; отклонено 1." in again.text
    assert "новый номер" in shown
    assert (damaged.status, damaged.json()["error_id"]) == (400, "bad-contact-file")
    assert (nameless.status, nameless.json()["error_id"]) == (400, "no-contact-columns")
    assert "Скорая;;103" in table.body.decode("utf-8-sig")
    sheet = load_workbook(BytesIO(book.body)).active
    assert sheet is not None
    assert sheet.max_row == 3
    async with site.services.database.begin() as session:
        actions = set(
            (await session.scalars(select(AuditEventRow.action).where(AuditEventRow.entity == "contact"))).all()
        )
    assert actions == {"change", "import", "export"}
