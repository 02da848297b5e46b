"""What was not recorded: the page, its export, the mark in the list, who may see them, and the trace."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.archive.tables import RecordingRow
from tests.integration.web.conftest import KEY, NOW, Site, ended_call

WHOLE, SHORT, NEVER, INTERNAL = KEY, "pbx1-1763622000.2", "pbx1-1763622000.3", "pbx1-1763622000.4"


async def hear(site: Site, key: str, *, late_s: float = 0) -> None:
    """A recording in the archive that begins so much after the talk."""
    async with site.services.database.begin() as session:
        session.add(
            RecordingRow(
                call_key=key, asterisk="pbx1", recorded_at=NOW + timedelta(seconds=25 + late_s), seconds=120 - late_s,
                stored_at=NOW, format="wav", file=f"{key}.wav", size=1, sha256="0" * 64, peaks=[],
            )
        )  # fmt: skip


@pytest.fixture
async def talked(site: Site) -> Site:
    """Three calls of two minutes: recorded whole, without the first half minute, and not at all; all are over."""
    for key in (WHOLE, SHORT, NEVER):
        call = replace(ended_call(key=key), legs=(), recorded=key != NEVER, caller="=cmd")
        await site.services.calls.record(call)
    await hear(site, WHOLE)
    await hear(site, SHORT, late_s=30)
    site.clock.advance(timedelta(minutes=5))
    return site


async def test_the_page_shows_the_calls_of_a_day_that_miss_something(talked: Site) -> None:
    async with talked.logged_in("boss") as boss:
        today = (await boss.fragment("/calls/gaps")).text
        before = (await boss.fragment("/calls/gaps?day=2026-11-19")).text
        listed = (await boss.fragment("/calls")).text
    assert "Пробелы в записях" in today
    assert "3 разговора · записано 58,33 % · 2 с пробелами · всего не хватает 2:30" in today.replace("\xa0", " ")
    assert today.index(">2:00<") < today.index(">0:30<")  # the largest first
    assert f"/recordings/{SHORT}/player" in today
    assert f"/recordings/{NEVER}/player" not in today
    assert f"/recordings/{WHOLE}/player" not in today
    assert "В этот день разговоров не было" in before
    assert (listed.count('href="/calls/gaps?day=2026-11-20"'), listed.count("Пробел 0:30")) == (2, 1)


async def test_a_call_that_has_just_ended_is_no_gap_yet(site: Site) -> None:
    await site.services.calls.record(ended_call())
    site.clock.advance(timedelta(seconds=145 + 60))
    async with site.logged_in("boss") as boss:
        assert "В этот день разговоров не было" in (await boss.fragment("/calls/gaps")).text
        assert "Пробел" not in (await boss.fragment("/calls")).text.replace("Пробелы в записях", "")
        await hear(site, KEY)
        assert "Всё записано" in (await boss.fragment("/calls/gaps")).text


async def test_the_export_has_them_all_and_no_formulas(talked: Site) -> None:
    async with talked.logged_in("admin") as admin, talked.logged_in("boss") as boss:
        answer = await admin.get("/calls/gaps?day=2026-11-20&format=csv")
        masked = await boss.get("/calls/gaps?day=2026-11-20&format=csv")
    assert "cmd" not in masked.body.decode()  # domain 3.4: a supervisor gets no numbers, in a file as on the page
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="recording-gaps-2026-11-20.csv"'
    heading, *rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig")), delimiter=";")
    assert heading[0] == "Ключ звонка"
    assert [(row[0], row[1], row[3], row[4], *row[5:]) for row in rows] == [
        (NEVER, "2026-11-20 10:00:00", "'=cmd", "Аннина И.", "120,0", "0,0", "120,0"),
        (SHORT, "2026-11-20 10:00:00", "'=cmd", "Аннина И.", "120,0", "90,0", "30,0"),
    ]


async def test_operators_neither_open_it_nor_see_marks(talked: Site) -> None:
    async with talked.logged_in() as anna:
        assert (await anna.get("/calls/gaps")).status == 403
        assert (await anna.get("/calls/gaps?format=csv")).status == 403
        assert "/calls/gaps" not in (await anna.fragment("/calls")).text


@pytest.mark.parametrize("query", ["day=yesterday", "day=2026-11-21", "day=1999-12-31", "day=2026-02-30", "format=xls"])
async def test_bad_input_is_said(site: Site, query: str) -> None:
    async with site.logged_in("boss") as boss:
        assert (await boss.get(f"/calls/gaps?{query}")).status == 400


async def test_every_look_is_noted(talked: Site) -> None:
    async with talked.logged_in("boss") as boss:
        await boss.get("/calls/gaps")
        await boss.get("/calls/gaps?format=csv")
    async with talked.services.database.begin() as session:
        statement = "SELECT action, ip, details FROM audit_event WHERE entity = 'recording-gaps' ORDER BY id"
        noted = [tuple(row) for row in await session.execute(text(statement))]
    assert noted == [(action, "127.0.0.1", {"gaps": 2}) for action in ("view", "export")]
