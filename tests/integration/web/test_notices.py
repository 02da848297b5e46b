"""The bell: counts, list, marks of reading and the live push; no personal data in any of them (DAY-29, domain 2.11)."""

from __future__ import annotations

from hotline.journal.notice_model import NoticeKind
from hotline.journal.notices import About, notify
from hotline.journal.outbox import Outbox
from tests.integration.web.conftest import NOW, PASSWORD, Browser, Site, card_fields


async def registered(browser: Browser) -> tuple[int, str]:
    """Register an appeal; return its id and number."""
    answer = await browser.send(
        "POST", "/appeals", form=card_fields(), accept="application/json", Idempotency_Key="notice"
    )
    saved = answer.json()
    return saved["id"], saved["number"]


async def tell(site: Site, login: str, kind: NoticeKind, about: About) -> int:
    """Write a notice as a use case would: in its transaction, relayed after it."""
    user = (await site.services.staff.log_in(login, PASSWORD, ip="127.0.0.1")).user
    async with site.services.database.begin() as session:
        told = await notify(session, [user.id, None, user.id], kind, about, NOW)
    await Outbox(site.services.database, site.bus).relay()
    return len(told)


async def test_the_bell_counts_shows_and_forgets(site: Site) -> None:
    async with site.logged_in() as anna, site.logged_in("boris") as boris, anna.events() as stream:
        await stream.next("snapshot")
        appeal_id, number = await registered(anna)
        assert (await anna.api("GET", "/api/notifications")).json() == {"unread": 0}
        about = About(appeal_id, number, key=f"{appeal_id}:due")
        assert await tell(site, "anna", NoticeKind.OVERDUE, about) == 1
        assert await stream.next("notice.new") == {
            "kind": "overdue", "number": number, "appeal_id": appeal_id, "unread": 1,
        }  # fmt: skip
        assert await tell(site, "anna", NoticeKind.OVERDUE, about) == 0  # the same one again
        counts = About(counts={"overdue": 2, "open": 5})
        await tell(site, "anna", NoticeKind.DIGEST, counts)

        menu = (await anna.fragment("/notifications?menu=1")).text
        whole = (await anna.get("/notifications")).text
        for shown in (menu, whole):
            assert number in shown
            assert "Срок ответа прошёл" in shown
            assert "2 просрочено · 5 в работе" in shown
            assert "Иванова" not in shown

        notice_id = menu.split("/notifications/")[2].split("/open")[0]  # the older of the two
        assert (await boris.send("POST", f"/notifications/{notice_id}/open", form={})).status == 404
        opened = await anna.send("POST", f"/notifications/{notice_id}/open", form={})
        assert (opened.status, opened.headers["Location"]) == (303, f"/appeals/{appeal_id}")
        assert (await anna.api("GET", "/api/notifications")).json() == {"unread": 1}
        emptied = await anna.send("POST", "/notifications/read-all", form={"menu": "1"}, HX_Request="true")
        assert "Всё прочитано" not in emptied.text
        assert (await anna.api("GET", "/api/notifications")).json() == {"unread": 0}
        assert "Уведомлений нет" in (await boris.get("/notifications")).text


async def test_pages_of_the_list(site: Site) -> None:
    async with site.logged_in() as anna:
        for number in range(51):
            await tell(site, "anna", NoticeKind.DIGEST, About(key=str(number), counts={"open": number}))
        first = (await anna.fragment("/notifications")).text
        assert first.count("data-notice") - first.count("data-notice-list") == 50
        before = first.split("/notifications?before=")[1].split('"')[0]
        second = (await anna.fragment(f"/notifications?before={before}")).text
        assert "0 в работе" in second
        assert (await anna.get("/notifications?before=x")).status == 400
