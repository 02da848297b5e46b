"""R-09, DAY-42, DAY-43: the page of statistics, the calls behind its figures, its files, and the proof."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from hotline.cti.model import Outcome, Segment, SegmentKind, SegmentResult
from hotline.cti.ratings import Rating
from hotline.queue.lines_model import Queue
from hotline.scoring.ratings import write
from hotline.staff.tables import AuditEventRow
from hotline.stats import service
from hotline.web.lines_forms import fields_of
from tests.integration.web.conftest import KEY, NOW, Site, ended_call

DAY = "from=2026-11-20&to=2026-11-20"
ABANDONED = "pbx1-1763622000.2"
EARLIER = "pbx1-1763622000.3"


async def fill(site: Site) -> None:
    """An answered call, an abandoned one whose queue has a dangerous name, and one of the day before."""
    call = ended_call()
    wait = Segment(SegmentKind.WAIT, NOW, NOW + timedelta(seconds=15), "hotline", "101", None, SegmentResult.ANSWERED)
    talk = Segment(SegmentKind.TALK, NOW + timedelta(seconds=15), NOW + timedelta(seconds=75), "hotline", "101")
    gone = Segment(SegmentKind.WAIT, NOW, NOW + timedelta(seconds=40), "=cmd|'/c'!A1", result=SegmentResult.ABANDONED)
    await site.services.calls.record(replace(call, segments=(wait, talk)))
    await site.services.calls.record(
        replace(
            ended_call(key=ABANDONED), legs=(), operator=None, answered_at=None, queue="=cmd|'/c'!A1",
            outcome=Outcome.ABANDONED_QUEUE, segments=(gone,),
        )
    )  # fmt: skip
    before = NOW - timedelta(days=1)
    late = replace(wait, started_at=before, ended_at=before + timedelta(seconds=15))
    await site.services.calls.record(replace(ended_call(key=EARLIER), started_at=before, segments=(late,)))
    site.clock.advance(timedelta(minutes=5))


async def test_the_table_its_calls_and_its_files(site: Site) -> None:
    await fill(site)
    async with site.logged_in("boss") as boss:
        text = (await boss.fragment(f"/statistics?{DAY}&by=queue&col=offered&col=answered&col=service_level")).text
        behind = (
            await boss.fragment(f"/statistics/calls?{DAY}&by=queue&figure=abandoned&key=%3Dcmd%7C%27%2Fc%27%21A1")
        ).text
        table = await boss.send("GET", f"/statistics?{DAY}&by=queue&format=csv")
        book = await boss.send("GET", f"/statistics?{DAY}&by=queue&format=xlsx")
        empty = (await boss.fragment("/statistics?from=2026-10-01&to=2026-10-02")).text
        wrong = await boss.send("GET", "/statistics?from=2026-11-20&to=2026-11-19")
        nobody = await boss.send("GET", f"/statistics/calls?{DAY}&figure=talk_s")
    assert "50,0 %" in text  # one of two was answered, and in time
    assert "Раньше" in text
    assert (ABANDONED in behind, KEY in behind, EARLIER in behind) == (True, False, False)
    rows = list(csv.reader(io.StringIO(table.body.decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows] == ["Очередь", "'=cmd|'/c'!A1", "hotline", "Итого"]
    assert rows[0].index("Поступило") == 2
    assert [row[2] for row in rows[1:]] == ["1", "1", "2"]
    sheet = load_workbook(io.BytesIO(book.body)).active
    assert sheet is not None
    assert [cell.value for cell in next(iter(sheet.columns))] == [row[0] for row in rows]
    assert "За этот период звонков нет" in empty
    assert (wrong.status, nobody.status) == (400, 400)


async def test_what_citizens_said_stands_beside_their_calls(site: Site) -> None:
    """DAY-37, R-14: CSAT and NPS by queue, operator and day; calls stand behind the low answers."""
    await fill(site)
    said = ((KEY, 2, 9), (EARLIER, 5, None), (ABANDONED, None, None))
    for key, score, recommends in said:
        await write(site.services.database, "pbx1", Rating(key, site.clock.now(), score, recommends))
    columns = "col=asked&col=rated&col=low&col=score_mean&col=csat&col=nps"
    days = "from=2026-11-19&to=2026-11-20"
    async with site.logged_in("boss") as boss:
        tables = {
            by: (await boss.send("GET", f"/statistics?{days}&by={by}&{columns}&format=csv")).body.decode("utf-8-sig")
            for by in ("day", "operator")
        }
        text = (await boss.fragment(f"/statistics?{days}&by=queue&{columns}")).text
        behind = (await boss.fragment(f"/statistics/calls?{days}&by=queue&figure=low")).text
    day, operator = (list(csv.reader(io.StringIO(table), delimiter=";")) for table in tables.values())
    assert day[0][1:] == ["Спросили об оценке", "Поставили оценку", "Поставили 1 или 2", "Средняя из 5",
                          "Довольны (CSAT), %", "Индекс NPS"]  # fmt: skip
    assert day[1:] == [
        ["19.11.2026", "1", "1", "0", "5,0", "100,0", ""],
        ["20.11.2026", "2", "1", "1", "2,0", "0,0", "100,0"],
        ["Итого", "3", "2", "1", "3,5", "50,0", "100,0"],
    ]
    assert operator[1:] == [["Аннина И.", "2", "2", "1", "3,5", "50,0", "100,0"], ["Итого", *day[-1][1:]]]
    assert "50,0 %" in text
    assert (KEY in behind, EARLIER in behind, ABANDONED in behind) == (True, False, False)


async def test_who_looked_at_calls_and_who_took_a_table_is_in_the_audit_trail(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DAY-43, domain 3.4: each page of citizens' calls and each export; keyset pages lead through all of them."""
    await fill(site)
    monkeypatch.setattr(service, "BEHIND", 1)
    async with site.logged_in("boss") as boss:
        first = (await boss.fragment("/statistics/calls?from=2026-11-19&to=2026-11-20&figure=offered")).text
        (address,) = re.findall(r'href="(/statistics/calls[^"]*after=[^"]*)"', first)
        second = (await boss.fragment(address.replace("&amp;", "&"))).text
        await boss.send("GET", f"/statistics?{DAY}&by=queue&col=offered&format=csv")
    assert (EARLIER in first, KEY in first) == (True, False)
    assert (EARLIER in second, KEY in second or ABANDONED in second) == (False, True)
    async with site.services.database.begin() as session:
        told = select(AuditEventRow).where(AuditEventRow.entity == "statistics").order_by(AuditEventRow.id)
        rows = (await session.scalars(told)).all()
    seen, further, given = ((row.action, row.details) for row in rows)
    asked = {"by": "day", "queue": "", "figure": "offered", "key": "", "rows": 1}
    assert [row.user_id for row in rows] == [rows[0].user_id] * 3
    assert (seen[0], seen[1] | asked | {"further": False}) == ("view", seen[1])
    assert (further[0], further[1] | asked | {"further": True}) == ("view", further[1])
    assert (given[0], given[1]["format"], given[1]["columns"], given[1]["rows"]) == ("export", "csv", ["offered"], 2)
    assert given[1]["from"].startswith("2026-11-20T00:00:00")


LONG = "from=2026-01-01&to=2026-11-20"


async def test_a_long_period_is_counted_in_the_background_and_taken_later(site: Site) -> None:
    """Issue 5, statistics of long periods: offered, asked for, watched, kept, taken as page and file; audited."""
    await fill(site)
    async with site.logged_in("boss") as boss, site.logged_in("admin") as admin:
        offered = (await boss.fragment(f"/statistics?{LONG}&by=queue")).text
        assert f"/statistics/reports?{LONG}&by=queue".replace("&", "&amp;") in offered
        refused = await boss.api("GET", f"/statistics?{LONG}&format=csv")
        asked = [await boss.api("POST", f"/statistics/reports?{LONG}&by=queue&col=offered") for _ in range(2)]
        assert [one.status for one in asked] == [202, 202]
        assert asked[0].json() == asked[1].json(), "asked twice, counted once"
        url = f"/statistics/reports/{asked[0].json()['id']}"
        waiting, early = (await boss.fragment(url)).text, await boss.api("GET", f"{url}?format=csv")
        await site.services.reports.count(asked[0].json()["id"])
        ready, state = (await boss.fragment(url)).text, (await boss.api("GET", url)).json()
        table = await boss.send("GET", f"{url}?format=csv")
        kept = (await boss.fragment("/statistics/reports")).text
        others = await admin.fragment(url)
    assert (refused.status, refused.json()["error_id"], early.status) == (400, "long-period", 200)
    assert ("<progress" in waiting, "hx-trigger" in waiting) == (True, True)
    assert ("<progress" in ready, "hx-trigger" in ready, "hotline" in ready) == (False, False, True)
    assert (state["state"], state["percent"]) == ("done", 100)
    rows = list(csv.reader(io.StringIO(table.body.decode("utf-8-sig")), delimiter=";"))
    assert [row[1] for row in rows[1:]] == ["1", "2", "3"]
    assert (url in kept, others.status) == (True, 404)
    async with site.services.database.begin() as session:
        told = select(AuditEventRow.details).where(AuditEventRow.entity == "statistics")
        (given,) = (await session.scalars(told)).all()
    assert (given["report"], given["rows"], given["format"]) == (asked[0].json()["id"], 2, "csv")
    site.clock.advance(timedelta(days=31))
    assert await site.services.reports.purge() == 1


async def test_queues_have_their_names(site: Site) -> None:
    """R-09, S001-012: rows and the choice say what people call a queue; the key of a row stays its code."""
    await fill(site)
    form = {**fields_of(Queue("Горячая линия ОМС")), "version": "0"}
    async with site.logged_in("boss") as boss:
        assert (await boss.api("POST", "/admin/lines/queue/hotline", form)).status == 200
        page = (await boss.fragment(f"/statistics?{DAY}&by=queue&queue=hotline")).text
    assert '<option value="hotline" selected>Горячая линия ОМС</option>' in page
    assert '<th scope="row">Горячая линия ОМС</th>' in page
    assert "key=hotline" in page


async def test_an_operator_has_no_statistics(site: Site) -> None:
    async with site.logged_in("anna") as anna:
        for path in ("/statistics", "/statistics/calls?figure=offered", "/statistics/check", "/statistics/reports"):
            assert (await anna.send("GET", path)).status == 403


async def test_the_proof_is_shown(site: Site) -> None:
    await fill(site)
    async with site.logged_in("boss") as boss:
        never = (await boss.fragment("/statistics/check")).text
        await site.services.stats_check.run(NOW - timedelta(days=2), NOW + timedelta(days=1))
        after = (await boss.fragment("/statistics/check")).text
    assert "Сверок ещё не было" in never
    assert "Журналы станции начинаются" in after  # there are no logs here: nothing is proved, and it is said
