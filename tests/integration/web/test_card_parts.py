"""What surrounds a card, over HTTP: lock, duplicates, links, answers, organisations, favourites, «112», drafts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.scoring.ratings import RatingKeeper
from hotline.web.open_alarms import OpenAlarms
from tests.integration.web.conftest import BORN, CALLER, KEY, Browser, Site, card_fields, ended_call


async def save(browser: Browser, key: str, **fields: str) -> int:
    answer = await browser.api("POST", "/appeals", card_fields(**fields), Idempotency_Key=key)
    assert answer.status == 200, answer.text
    appeal_id: int = answer.json()["id"]
    return appeal_id


async def test_one_edits_others_read(site: Site) -> None:
    """Domain 2.7: a second editor is told who has it, live; an administrator takes over; a lost page lapses in 60 s."""
    async with site.logged_in() as anna, site.logged_in("admin") as admin, anna.events() as told:
        await told.next("snapshot")
        appeal = await save(anna, "k")
        path = f"/api/appeals/{appeal}/lock"
        assert (await anna.api("POST", path, {"tab": "a"})).json()["mine"] is True
        assert (await told.next("lock"))["by"] == "Аннина И."
        second = (await admin.api("POST", path, {"tab": "b"})).json()
        assert (second["mine"], second["by"], second["may_take"]) == (False, "Аннина И.", True)
        assert "Редактирует Аннина И." in (await admin.fragment(f"/appeals/{appeal}/extras")).text
        assert (await admin.api("POST", path, {"tab": "b", "insists": True})).json()["mine"] is True
        assert (await told.next("lock"))["by"] == "Админов И."
        lost = (await anna.api("POST", path, {"tab": "a", "insists": True})).json()
        assert (lost["mine"], lost["may_take"]) == (False, False)
        site.clock.advance(timedelta(seconds=60))
        assert (await anna.api("POST", path, {"tab": "a"})).json()["mine"] is True
        await anna.send("POST", f"/api/appeals/{appeal}/unlock", form={"tab": "a", "csrf_token": anna.csrf})
        assert "Редактирует" not in (await admin.fragment(f"/appeals/{appeal}/extras")).text


async def test_two_editors_lose_nothing(site: Site) -> None:
    """Domain 2.7: the later save is refused with both texts of every field that differs."""
    async with site.logged_in() as anna, site.logged_in("admin") as admin:
        appeal = await save(anna, "k", type="1", topic="1.01")
        base = card_fields(type="1", topic="1.01")
        first = await admin.api("POST", f"/appeals/{appeal}", base | {"version": "1", "complaint_info": "с сайта"})
        assert first.status == 200, first.text
        late = await anna.api("POST", f"/appeals/{appeal}", base | {"version": "1", "complaint_info": "со слов"})
        assert late.status == 409
        assert late.json()["details"]["fields"]["complaint_info"] == ["со слов", "с сайта"]


async def test_a_repeated_matter_is_asked_about(site: Site) -> None:
    """DAY-23: the same person and topic within 30 days; link it, or add the call to the one that is there."""
    person = {"applicant_birth_date": BORN.isoformat()}
    async with site.logged_in() as anna:
        first = await save(anna, "one", **person)
        ask = card_fields(duplicates_seen="ask", **person)
        asked = await anna.api("POST", "/appeals", ask, Idempotency_Key="two")
        assert (asked.status, asked.json()["error_id"]) == (409, "possible-duplicate")
        (found,) = asked.json()["details"]["duplicates"]
        assert (found["id"], found["likeness"]) == (first, "topic")
        warned = await anna.api("POST", "/appeals", card_fields(**person), Idempotency_Key="three")
        assert len(warned.json()["warnings"]) == 1  # who does not ask is warned afterwards
        both = f"ask {first} {warned.json()['id']}"
        linked = ask | {"duplicates_seen": both, "links": f"{first}:repeat"}
        second = (await anna.api("POST", "/appeals", linked, Idempotency_Key="four")).json()["id"]
        assert '<span class="badge">повторное' in (await anna.fragment(f"/appeals/{second}/extras")).text
        assert "зарегистрировано позже" in (await anna.fragment(f"/appeals/{first}/extras")).text
        assert (await anna.api("POST", "/appeals", card_fields(topic="2.02", duplicates_seen="ask", **person),
                               Idempotency_Key="five")).status == 200  # fmt: skip
        site.clock.advance(timedelta(days=31))
        async with site.logged_in() as later:
            fresh = await later.api("POST", "/appeals", ask, Idempotency_Key="six")
            assert fresh.status == 200, fresh.text


async def test_a_call_is_added_to_the_appeal_that_is_there(site: Site) -> None:
    """DAY-23: the call, what was typed and the files go over; the card is gone."""
    site.ring()
    async with site.logged_in() as anna:
        appeal = await save(anna, "one")
        await anna.get(f"/calls/{KEY}/card")
        user = await site.services.staff.by_extension("101")
        assert user is not None
        draft = await site.services.drafts.create_or_get(user, KEY)
        await site.services.calls.record(ended_call())
        await site.services.drafts.save(user, draft.id, 0, draft.fields | {"content": "звонит снова"})
        done = await anna.api("POST", f"/api/appeals/{appeal}/append-call", {"draft_id": draft.id})
        assert done.status == 200, done.text
        found = await site.services.appeals.get(user, appeal)
        assert [(call.key, call.relation) for call in found.calls] == [(KEY, "about")]
        assert found.history[-1].comment == "звонит снова"
        assert (await anna.api("POST", f"/api/appeals/{appeal}/append-call", {"draft_id": draft.id})).status == 404


async def test_the_same_letter_is_asked_about(site: Site) -> None:
    """DAY-25: number, date and sender."""
    letter = {"channel": "K07", "written_no": "15-к", "written_date": "2026-11-18", "source_org": "Минздрав"}
    async with site.logged_in("vera") as vera:
        await save(vera, "one", **letter, applicant_last_name="Другая", topic="2.02")
        asked = await vera.api("POST", "/appeals", card_fields(duplicates_seen="ask", **letter), Idempotency_Key="two")
        assert asked.json()["details"]["duplicates"][0]["likeness"] == "letter"
        other = letter | {"source_org": "Прокуратура"}
        assert (await vera.api("POST", "/appeals", card_fields(duplicates_seen="ask", **other),
                               Idempotency_Key="three")).status == 200  # fmt: skip


async def test_the_complaint_block(site: Site) -> None:
    """S000-34, S000-59…62: for complaints only; money and date guarded; kept when the type changes and comes back."""
    block = {
        "court_initiator": "applicant", "court_decision": "взыскать", "refund_date": "2026-11-01",
        "refund_sum": "1 500,5", "refund_org": "Пример-Мед", "justified": "partly", "complaint_info": "что было",
    }  # fmt: skip
    complaint = card_fields(type="1", topic="1.01", **block)
    async with site.logged_in() as anna:
        bad = complaint | {"refund_sum": "-5", "refund_date": "2030-01-01", "court_initiator": "я"}
        refused = await anna.api("POST", "/appeals", bad, Idempotency_Key="x")
        assert set(refused.json()["details"]) == {"refund_sum", "refund_date", "court_initiator"}
        appeal = (await anna.api("POST", "/appeals", complaint, Idempotency_Key="k")).json()["id"]
        ignored = await save(anna, "c", **block)
        user = await site.services.staff.by_extension("101")
        assert user is not None
        stored = (await site.services.appeals.get(user, appeal)).fields
        assert {name: stored[name] for name in block} == block | {"refund_sum": "1500.50"}
        assert (await site.services.appeals.get(user, ignored)).fields["refund_sum"] == ""


async def test_a_missing_organisation_is_added(site: Site) -> None:
    """S000-41, S000-42: like names are shown first; the new one can be chosen at once."""
    async with site.logged_in() as anna:
        like = await anna.api("POST", "/api/organisations", {"kind": "federal", "name": "территориальный  ФОНД"})
        assert (like.status, like.json()["error_id"]) == (409, "like-organisation")
        assert like.json()["details"]["like"][0]["name"] == "Территориальный фонд"
        assert (await anna.api("POST", "/api/organisations", {"kind": "tfoms", "name": "Фонд № 2"})).status == 400
        made = await anna.api("POST", "/api/organisations", {"kind": "federal", "name": "Росздравнадзор"})
        assert made.status == 201, made.text
        assert "Росздравнадзор" in (await anna.fragment("/organisations?q=здравнад")).text
        appeal = await save(anna, "k", source_org="Росздравнадзор", source_org_id=str(made.json()["id"]))
        assert appeal
        wrong = card_fields(source_org="Росздравнадзор", source_org_id="999999")
        assert (await anna.api("POST", "/appeals", wrong, Idempotency_Key="w")).json()["details"].keys() == {
            "source_org"
        }


async def test_answers_are_filled_in_and_remembered(site: Site) -> None:
    """S001-052…054, DAY-39: variables, the people of the next level, the text as it was when it was given."""
    async with site.logged_in() as anna:
        shown = (await anna.fragment("/scripts?topic=2.01")).text
        assert "Территориальный фонд" in shown
        assert "{пункты}" in shown  # nobody knows it: a blank
        assert "Верина" in shown
        assert "Борисов" not in shown  # the matrix does not let her forward to him
        appeal = await save(anna, "k", script_uses="SC03@1 NOPE@1")
        assert f'hx-get="/appeals/{appeal}/extras"' in (await anna.get(f"/appeals/{appeal}")).text
        extras = (await anna.fragment(f"/appeals/{appeal}/extras")).text
        assert "Оформление, получение полиса" in extras
        assert "версия 1" in extras
        bad = await anna.api("POST", "/appeals", card_fields(script_uses="x"), Idempotency_Key="b")
        assert bad.status == 400


async def test_favourites_and_the_last_topic(site: Site) -> None:
    """DAY-03: nine at most, each once, and the topic of the last card; S000-44: topics by code or by their words."""
    async with site.logged_in() as anna:
        chosen = await anna.api("PUT", "/api/favourites", {"topics": ["2.02", "1.01"]})
        assert [one["code"] for one in chosen.json()["topics"]] == ["2.02", "1.01"]
        for wrong in (["2.02", "2.02"], ["нет"], [f"2.{number:02}" for number in range(1, 11)]):
            assert (await anna.api("PUT", "/api/favourites", {"topics": wrong})).status == 400
        await save(anna, "k", topic="2.03")
        card = (await anna.get("/appeals/new")).text
        assert card.index('data-code="2.02"') < card.index('data-code="1.01"')
        assert 'data-favourites-target="last" data-code="2.03"' in card
        by_title = (await anna.fragment("/topics?type=2&sort=title")).text
        by_code = (await anna.fragment("/topics?type=2")).text
        assert by_code.index('"2.01"') < by_code.index('"2.02"')
        assert by_title != by_code


async def test_threat_to_life(site: Site) -> None:
    """DAY-31: the words at once, the supervisor told without the citizen's data, the operator told that he knows."""
    async with site.logged_in() as anna, site.logged_in("boss") as boss, boss.events() as watch, anna.events() as own:
        await watch.next("snapshot")
        await own.next("snapshot")
        raised = (await anna.api("POST", "/api/emergencies", {"call_key": KEY})).json()
        assert raised["script"].startswith("Я слышу")
        assert raised["disposition"] == "D13"
        alarm = await watch.next("emergency")
        assert (alarm["by"], alarm["extension"], alarm["call_key"]) == ("Аннина И.", "101", KEY)
        assert CALLER not in str(alarm)
        again = (await anna.api("POST", "/api/emergencies", {"call_key": KEY})).json()
        assert again["id"] == raised["id"]
        assert (await anna.api("POST", f"/api/emergencies/{raised['id']}/seen", {})).status == 403
        await boss.api("POST", f"/api/emergencies/{raised['id']}/seen", {})
        while not (news := await own.next("emergency"))["seen_by"]:
            pass
        assert news["seen_by"] == "Главный И."


async def test_an_open_alarm_meets_who_logs_in_later(site: Site) -> None:
    """DAY-31: in his first message, until somebody has confirmed it; after a restart too; to nobody else."""
    async with site.logged_in() as anna, site.logged_in("boss") as boss:
        async with boss.events() as watch:
            await watch.next("snapshot")
            raised = (await anna.api("POST", "/api/emergencies", {"call_key": KEY})).json()
            await watch.next("emergency")
        async with boss.events() as later, anna.events() as own:
            assert [one["id"] for one in (await later.next("snapshot"))["emergencies"]] == [raised["id"]]
            assert (await own.next("snapshot"))["emergencies"] == []
            restarted = OpenAlarms()  # what a new process reads at its start
            assert [one.id for one in restarted.load(await site.services.card.emergencies.open())] == [raised["id"]]
            await boss.api("POST", f"/api/emergencies/{raised['id']}/seen", {})
            while not (await later.next("emergency"))["seen_by"]:
                pass
        async with boss.events() as last:
            assert (await last.next("snapshot"))["emergencies"] == []


async def test_a_repeat_caller_is_marked(site: Site) -> None:
    """DAY-24: three calls in seven days, with who spoke last."""
    site.ring()
    for number in (1, 2):
        call = replace(ended_call("102"), key=f"pbx1-176362100{number}.1", legs=())
        await site.services.calls.record(call)
    async with site.logged_in() as anna:
        card = (await anna.get(f"/calls/{KEY}/card")).text
        assert "3 звонка за 7 дней" in card
        assert "Борисов И." in card


async def test_unfinished_cards_change_hands(site: Site) -> None:
    """DAY-21: given to a colleague of the same organisation who registers appeals; gone from one's own."""
    async with site.logged_in() as anna, site.logged_in("boris") as boris:
        user = await site.services.staff.by_extension("101")
        colleague = await site.services.staff.by_extension("102")
        boss = await site.services.staff.by_extension("301")
        assert user is not None
        assert colleague is not None
        assert boss is not None
        draft = await site.services.drafts.create_or_get(user)
        await site.services.drafts.save(user, draft.id, 0, draft.fields | {"content": "начато"})
        assert "начато" in (await anna.get("/drafts")).text
        path = f"/api/drafts/{draft.id}/give"
        assert (await anna.api("POST", path, {"to_user_id": boss.id})).status == 403
        assert (await anna.api("POST", path, {"to_user_id": user.id})).status == 400
        assert (await anna.api("POST", path, {"to_user_id": colleague.id})).json()["to"] == "Борисов И."
        assert (await anna.api("POST", path, {"to_user_id": colleague.id})).status == 404
        theirs = (await boris.get("/drafts")).text
        assert "начато" in theirs
        assert "Аннина И." in theirs


async def test_links_are_added_by_number_and_taken_off(site: Site) -> None:
    """S001-058: with version, in the history of the appeal; nothing to itself, nothing twice."""
    async with site.logged_in() as anna:
        first, second = await save(anna, "one"), await save(anna, "two", topic="2.02")
        number = (await anna.get(f"/appeals/{first}")).text.split('id="appeal-number">')[1].split("<")[0].split()[-1]
        body = {"version": 1, "number": number, "kind": "dissatisfied"}
        done = await anna.api("POST", f"/api/appeals/{second}/links", body)
        assert done.json()["version"] == 2
        assert (await anna.api("POST", f"/api/appeals/{second}/links", body)).status == 409
        wrong = body | {"version": 2, "number": "07-нет"}
        assert (await anna.api("POST", f"/api/appeals/{second}/links", wrong)).status == 400
        extras = (await anna.fragment(f"/appeals/{second}/extras")).text
        assert '<span class="badge">недоволен результатом' in extras
        link = extras.split('data-link="')[1].split('"')[0]
        gone = await anna.api("POST", f"/api/links/{link}/remove", {"appeal_id": second, "version": 2})
        assert gone.status == 200, gone.text
        assert "data-link=" not in (await anna.fragment(f"/appeals/{second}/extras")).text


async def test_a_threat_to_life_is_remembered_when_the_service_died_before_asterisk_heard_of_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DAY-31: nobody asks that citizen how it was, whenever the service was killed."""
    told: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr(site.services.cti["pbx1"].control, "never_rate", told.put)
    site.ring("101")
    site.ring("102", key="pbx1-1763622000.9")
    async with site.logged_in() as anna:
        await anna.api("POST", "/api/emergencies", {"call_key": KEY})
    assert told.empty(), "nobody listened when it was raised"
    keeper = RatingKeeper(site.services.database, site.bus, site.clock, site.services.cti)
    keeper.start()
    async with asyncio.timeout(10):
        assert await told.get() == KEY
    await keeper.close()
    assert told.empty()
