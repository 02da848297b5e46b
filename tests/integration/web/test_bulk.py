"""The administrator's review over HTTP (S000-76…S000-78, S000-06, DAY-38): buttons, preview, run, returns, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.journal.lifecycle_model import MoveForm
from tests.integration.web.conftest import PASSWORD, Browser, Site, card_fields


async def letter(browser: Browser, key: str) -> dict[str, Any]:
    """Register a letter; return id and version."""
    fields = card_fields(channel="K07", written_no=key, written_date="2026-11-19")
    answer = await browser.send("POST", "/appeals", form=fields, accept="application/json", Idempotency_Key=key)
    assert answer.status in {200, 201}, answer.text
    return {"version": 1, **answer.json()}


async def run(browser: Browser, action: str, *rows: tuple[int, int], **given: str) -> list[dict[str, Any]]:
    answer = await browser.api("POST", "/api/appeals/bulk", {"action": action, "rows": list(rows), **given})
    assert answer.status == 200, answer.text
    return list(answer.json()["results"])


async def test_the_list_offers_the_actions_to_the_administrator_only(site: Site) -> None:
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        await letter(vera, "1")
        assert "data-bulk-action-param" not in (await vera.fragment("/journal?folder=all")).text
        page = (await admin.fragment("/journal?folder=all")).text
    for action in ("approve", "return", "extend", "reassign", "delete", "restore"):
        assert f'data-bulk-action-param="{action}"' in page
    assert "В срок" in page  # S000-06: the colour has a word and an icon
    assert "urgency-green" in page


async def test_a_preview_says_what_happens_to_each(site: Site) -> None:
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        first, second = await letter(vera, "1"), await letter(vera, "2")
        await run(admin, "delete", (second["id"], second["version"]), comment="Ошибка")
        ids = f"{first['id']},{second['id']}"
        extend = (await admin.send("POST", "/journal/bulk", form={"action": "extend", "ids": ids})).text
        whole = (await admin.send("POST", "/journal/bulk", form={"action": "delete", "all": "1", "folder": "all"})).text
        assign = (await admin.send("POST", "/journal/bulk", form={"action": "reassign", "ids": ids})).text
    assert "срок станет 19.01.2027" in extend  # 20 December and 30 days
    assert "невозможно в его нынешнем состоянии" in extend
    assert extend.count('data-possible="1"') == 1
    assert "Продлить срок: 1" in extend
    assert whole.count('data-bulk-target="row"') == 1
    assert "Аннина Имя" in assign


async def test_each_row_is_answered_and_a_deletion_can_be_taken_back(site: Site) -> None:
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        first, second = await letter(vera, "1"), await letter(vera, "2")
        rows = [(first["id"], first["version"]), (second["id"], 77), (999_999, 1)]
        refused = await run(admin, "delete", *rows)
        assert [one["error_id"] for one in refused] == ["comment-required", "stale-appeal", "no-such-appeal"]
        done = await run(admin, "delete", *rows, comment="Ошибка ввода")
        assert [(one["done"], one["error_id"]) for one in done] == [
            ("delete", ""), ("", "stale-appeal"), ("", "no-such-appeal"),
        ]  # fmt: skip
        assert done[1]["message"] == "Это обращение уже изменил кто-то другой."
        (back,) = await run(admin, "restore", (first["id"], done[0]["version"]))
        assert (back["done"], back["word"]) == ("restore", "восстановлено")
        (longer,) = await run(
            admin, "extend", (first["id"], back["version"]), comment="Ждём ответа", due_on="2027-01-31"
        )
        assert longer["word"] == "срок продлён"
        assert "31.01.2027" in (await admin.get(f"/appeals/{first['id']}")).text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/journal/bulk", {"action": "burn", "ids": "1"}, 400),
        ("/journal/bulk", {"action": "delete", "ids": "one"}, 400),
        ("/journal/bulk", {"action": "delete", "ids": ""}, 400),
        ("/api/appeals/bulk", {"action": "delete", "rows": [[1, 1]] * 51}, 400),
        ("/api/appeals/bulk", {"action": "extend", "rows": [[1, 1]], "due_on": "soon"}, 400),
        ("/api/appeals/bulk", {"action": "reassign", "rows": [[1, 1]], "to_user_id": "x"}, 400),
        ("/api/appeals/bulk", {"action": "delete", "rows": [[1, 1]], "comment": "x" * 2001}, 400),
        ("/api/appeals/bulk", {"action": "delete", "rows": "all"}, 400),
    ],
)
async def test_bad_input_is_refused_whole(shared_site: Site, path: str, body: dict[str, Any], status: int) -> None:
    async with shared_site.logged_in("admin") as admin:
        answer = await admin.send("POST", path, json=body, accept="application/json")
    assert answer.status == status, answer.text


async def test_returns_are_counted_by_employee(site: Site) -> None:
    """Domain 2.9."""
    async with site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        assert "Нечего показать" in (await admin.get("/review/returns")).text
        appeal = await letter(vera, "1")
        user = (await site.services.staff.log_in("vera", PASSWORD, ip="127.0.0.1")).user
        form = MoveForm("Ответ", "R02", "Разъяснено", written_close_date=site.clock.now().date())
        closed = await site.services.appeals.fire(user, appeal["id"], "close", appeal["version"], form)
        (back,) = await run(admin, "return", (closed.id, closed.version), comment="Нет подписи")
        assert back["done"] == "return"
        page = (await admin.get("/review/returns?days=7")).text
        assert "Верина И." in page
        assert "100 %" in page.replace("\xa0", " ")
        assert (await admin.get("/review/returns?days=8")).status == 400
        assert (await vera.get("/review/returns")).status == 403
