"""Files of cards over HTTP: real uploads, a real disk, a scanner that speaks clamd's protocol (S000-63, S001-064)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from sqlalchemy import text

from hotline.journal.antivirus import Antivirus
from hotline.journal.attachment_rules import Scan
from tests.integration.web.conftest import Answer, Browser, Site, card_fields

PDF = b"%PDF-1.4\n% a document\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
EICAR = b"harmless, but the scanner below knows it: EICAR"


async def put(browser: Browser, owner: str, name: str, content: bytes, **headers: str) -> Answer:
    """Send a file as the page does."""
    sent = {
        "Accept": "application/json",
        "Origin": browser.site.url,
        "X-CSRF-Token": browser.csrf,
        "Content-Type": "application/octet-stream",
        "X-File-Name": quote(name, safe=""),
        **headers,
    }
    path = f"/api/attachments?{owner}"
    async with browser.http.post(path, headers=sent, data=BytesIO(content)) as response:
        return Answer(response.status, response.headers, await response.read())


async def new_draft(browser: Browser, extension: str = "101") -> int:
    user = await browser.site.services.staff.by_extension(extension)
    assert user is not None
    return (await browser.site.services.drafts.create_or_get(user)).id


def office(*names: str) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as container:
        for name in names:
            container.writestr(name, "x")
    return buffer.getvalue()


@asynccontextmanager
async def clamd(folder: Path, *, answers: bool = True) -> AsyncIterator[str]:
    """A scanner: reads ``INSTREAM`` as clamd does and finds EICAR."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(size)
        if answers:
            writer.write(b"stream: Eicar-Test FOUND\0" if b"EICAR" in content else b"stream: OK\0")
            await writer.drain()
        writer.close()

    path = folder / "clamd.ctl"
    async with await asyncio.start_unix_server(serve, path):
        yield f"unix:{path}"


REFUSED = {
    "empty": ("a.pdf", b"", "empty-file"),
    "huge": ("a.pdf", PDF + bytes(1024 * 1024), "file-too-large"),
    "program called a document": ("счёт.pdf", b"MZ\x90\0", "file-type"),
    "page": ("a.txt", b"<html><script>alert(1)</script>", "file-type"),
    "document behind a page": ("a.pdf", b"<script></script>%PDF-1.4", "file-type"),
    "archive": ("a.docx", office("a.exe"), "file-type"),
    "macros": ("a.docx", office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "file-type"),
    "broken container": ("a.docx", b"PK\x03\x04" + bytes(100), "file-type"),
}


async def test_what_is_refused_leaves_nothing_behind(site: Site) -> None:
    """S000-63: each file has its own clear error; the disk and the list stay as they were."""
    async with site.logged_in() as anna:
        draft = await new_draft(anna)
        for name, (file, content, error) in REFUSED.items():
            answer = await put(anna, f"draft={draft}", file, content)
            assert (name, answer.status, answer.json()["error_id"]) == (name, 400, error)
        assert "Файлов пока нет" in (await anna.fragment(f"/attachments?draft={draft}")).text
        assert (await put(anna, "draft=999999", "a.pdf", PDF)).status == 404
        assert (await put(anna, "", "a.pdf", PDF)).status == 400
        assert (await put(anna, f"draft={draft}", "a.pdf", PDF, **{"X-CSRF-Token": "x"})).status == 403
        odd = await put(anna, f"draft={draft}", "a.pdf", PDF, **{"X-File-Name": "%ff%fe"})
        assert odd.status == 400
    files = site.services.settings.attachment_dir
    assert [path for path in files.rglob("*") if path.is_file()] == []


async def test_files_go_along_with_the_card(site: Site) -> None:
    """S000-64: added to a draft under a harmless name, there after saving, read by who may, each reading audited."""
    async with site.logged_in() as anna, site.logged_in("boris") as boris:
        draft = await new_draft(anna)
        tricky = await put(anna, f"draft={draft}", "../../счёт\u202egpj.exe", PDF)
        assert tricky.status == 201, tricky.text
        assert tricky.json()["name"] == "счётgpj.exe.pdf"
        same = (await put(anna, f"draft={draft}", "копия.pdf", PDF)).json()
        assert (await boris.fragment(f"/attachments?draft={draft}")).status == 404
        saved = await anna.api("POST", "/appeals", card_fields(draft_id=str(draft)), Idempotency_Key="k")
        appeal = saved.json()["id"]

        shown = (await boris.fragment(f"/attachments?appeal={appeal}")).text
        assert "копия.pdf" in shown
        assert "attachments#remove" not in shown  # he may read, not change
        copy = await boris.get(f"/attachments/{same['id']}")
        assert copy.body == PDF
        assert copy.headers["Content-Disposition"].startswith("attachment; ")
        assert copy.headers["Content-Disposition"].endswith(quote("копия.pdf"))
        assert copy.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in copy.headers["Content-Security-Policy"]
        look = await boris.get(f"/attachments/{same['id']}/view")
        assert look.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert look.headers["Content-Type"] == "application/pdf"
        assert "sandbox" in look.headers["Content-Security-Policy"]
        assert (await boris.api("POST", f"/api/attachments/{same['id']}/remove", {"version": 1})).status == 403
    async with site.services.database.begin() as session:
        seen = await session.scalars(
            text("SELECT action FROM audit_event WHERE entity = 'appeal' AND details->>'event' = 'file' ORDER BY id")
        )
        assert list(seen) == ["export", "view"]
    contents = [path for path in site.services.settings.attachment_dir.rglob("*") if path.is_file()]
    assert len(contents) == 1  # the same content twice is one file


async def test_taken_off_and_brought_back(site: Site) -> None:
    """S000-64: soft deletion with undo; a second window with an old version is told so."""
    async with site.logged_in() as anna:
        draft = await new_draft(anna)
        one = (await put(anna, f"draft={draft}", "a.png", PNG)).json()
        path = f"/api/attachments/{one['id']}"
        gone = await anna.api("POST", f"{path}/remove", {"version": 1})
        assert (gone.json()["deleted"], gone.json()["version"]) == (True, 2)
        assert (await anna.get(f"/attachments/{one['id']}")).status == 404
        stale = await anna.api("POST", f"{path}/restore", {"version": 1})
        assert (stale.status, stale.json()["error_id"]) == (409, "stale-file")
        assert (await anna.api("POST", f"{path}/restore", {"version": 2})).json()["deleted"] is False
        assert (await anna.get(f"/attachments/{one['id']}/view")).headers["Content-Type"] == "image/png"


async def test_level_two_writes_down_number_and_date(site: Site) -> None:
    """S001-064: a new card of OP2 is not saved until every file has its document's number and date."""
    async with site.logged_in("vera") as vera:
        draft = await new_draft(vera, "201")
        one = (await put(vera, f"draft={draft}", "a.pdf", PDF)).json()
        refused = await vera.api("POST", "/appeals", card_fields(draft_id=str(draft)), Idempotency_Key="k")
        assert refused.status == 400
        assert set(refused.json()["details"]) == {f"attachment_{one['id']}_doc_no", f"attachment_{one['id']}_doc_date"}
        path = f"/api/attachments/{one['id']}"
        late = await vera.api("POST", path, {"version": 1, "doc_no": "15-к", "doc_date": "2030-01-01"})
        assert set(late.json()["details"]) == {"doc_date"}
        good = await vera.api("POST", path, {"version": 1, "doc_no": "15-к", "doc_date": "2026-11-19"})
        assert good.json()["doc_date"] == "2026-11-19"
        saved = await vera.api("POST", "/appeals", card_fields(draft_id=str(draft)), Idempotency_Key="k")
        assert saved.status == 200, saved.text


@pytest.mark.parametrize("answers", [True, False])
async def test_a_scanner_decides_who_gets_a_file(site: Site, tmp_path: Path, answers: bool) -> None:
    """S000-63: infected files are shown and given to nobody; without the scanner's answer a file waits."""
    its = site.services.card.attachments
    async with clamd(tmp_path, answers=answers) as address, site.logged_in() as anna:
        its._antivirus = Antivirus(address, within_s=5)
        draft = await new_draft(anna)
        clean = (await put(anna, f"draft={draft}", "a.pdf", PDF)).json()
        infected = (await put(anna, f"draft={draft}", "b.txt", EICAR)).json()
        expected = (Scan.CLEAN, Scan.INFECTED) if answers else (Scan.WAITING, Scan.WAITING)
        assert (clean["scan"], infected["scan"]) == expected
        assert (await anna.get(f"/attachments/{clean['id']}")).status == (200 if answers else 503)
        assert (await anna.get(f"/attachments/{infected['id']}")).status == (403 if answers else 503)
        shown = (await anna.fragment(f"/attachments?draft={draft}")).text
        assert ("найден вирус" if answers else "ждёт проверки") in shown
        its._antivirus = Antivirus("")


async def test_a_draft_takes_its_files_along_when_it_goes(site: Site) -> None:
    """S000-63: files survive with their draft and are purged with it; contents go a day later."""
    async with site.logged_in() as anna:
        draft = await new_draft(anna)
        await put(anna, f"draft={draft}", "a.pdf", PDF)
        attachments = site.services.card.attachments
        assert await attachments.purge() == 0
        assert "a.pdf" in (await anna.fragment(f"/attachments?draft={draft}")).text
        assert (await anna.api("POST", f"/api/drafts/{draft}/discard", {})).status == 204
        assert await attachments.purge() == 0  # the content is young
        for path in site.services.settings.attachment_dir.rglob("*"):
            if path.is_file():
                os.utime(path, (0, 0))
        assert await attachments.purge() == 1
    assert [path for path in site.services.settings.attachment_dir.rglob("*") if path.is_file()] == []
