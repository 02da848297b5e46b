"""The registration card: from the ring to the journal, and along with a transferred call."""

from __future__ import annotations

import re

import pytest

from hotline.cti.model import CallEventKind, ConsultEnded, ConsultOffered, Direction
from tests.integration.web.conftest import KEY, NOW, Browser, Site, card_fields, ended_call, event

CARD = f"/calls/{KEY}/card"


def draft_of(text: str) -> int:
    found = re.search(r'data-card-draft-value="/api/drafts/(\d+)"', text)
    assert found is not None, text
    return int(found[1])


def value_of(text: str, name: str) -> str:
    found = re.search(rf'<input[^>]*\sname="{name}"[^>]*>', text)
    assert found is not None, name
    value = re.search(r'\svalue="([^"]*)"', found[0])
    return value[1] if value else ""


def selected_in(text: str, name: str) -> str:
    select = re.search(rf'<select[^>]*\sname="{name}".*?</select>', text, re.DOTALL)
    assert select is not None, name
    option = re.search(r'<option value="([^"]*)"[^>]*\sselected', select[0])
    return option[1] if option else ""


async def autosave(browser: Browser, draft: int, rev: int, **fields: str) -> tuple[int, dict[str, object]]:
    answer = await browser.api("PUT", f"/api/drafts/{draft}", {"rev": rev, "call_key": KEY, "fields": fields})
    return answer.status, answer.json()


async def test_the_card_opens_on_ring_filled_in(site: Site) -> None:
    """Number, time, queue, type and channel by role, the persons known by the number (S000-29, S001-039, DAY-11)."""
    site.ring()
    async with site.logged_in() as browser:
        text = (await browser.fragment(CARD)).text
    assert "+7 928 000-11-22" in text
    assert "hotline" in text
    assert 'data-controller="live-time"' in text
    assert value_of(text, "applicant_phone") == "+79280001122"
    assert selected_in(text, "type") == "2"
    assert selected_in(text, "channel") == "K01"
    assert selected_in(text, "source") == "I01"
    assert value_of(text, "applicant_last_name") == "Иванова"
    assert value_of(text, "applicant_birth_date") == "04.05.1961"
    assert value_of(text, "applicant_person_id") == ""  # shown, never attached without a confirmation
    assert value_of(text, "unconfirmed") != ""
    assert "Из регистра, не подтверждено" in text


async def test_unconfirmed_data_of_the_register_attach_nobody(site: Site) -> None:
    """The card is refused until somebody has confirmed or cleared them; a reload shows them so again (DAY-11)."""
    site.ring()
    async with site.logged_in() as browser:
        text = (await browser.fragment(CARD)).text
        draft, person = draft_of(text), value_of(text, "unconfirmed")
        form = card_fields(draft_id=str(draft), call_key=KEY, applicant_last_name="Иванова", unconfirmed=person)
        refused = await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="one")
        await autosave(browser, draft, 0, **form)
        again = (await browser.fragment(CARD)).text
        await autosave(browser, draft, 1, **form | {"unconfirmed": "", "applicant_last_name": ""})
        cleared = (await browser.fragment(CARD)).text
        form |= {"unconfirmed": "", "applicant_person_id": person}
        saved = await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="two")
    assert (refused.status, list(refused.json()["details"])) == (400, ["applicant_last_name"])
    assert value_of(again, "unconfirmed") == person
    assert (value_of(cleared, "unconfirmed"), value_of(cleared, "applicant_last_name")) == ("", "")
    assert "Иванова Мария Петровна" in cleared  # still to be chosen by hand
    assert saved.status == 200, saved.text


async def test_the_card_of_a_call_is_made_once(site: Site) -> None:
    site.ring()
    async with site.logged_in() as browser:
        first = draft_of((await browser.fragment(CARD)).text)
        assert draft_of((await browser.fragment(CARD)).text) == first


async def test_the_card_of_a_live_call_is_not_for_others(site: Site) -> None:
    site.ring("101")
    async with site.logged_in("boris") as other:
        answer = await other.fragment(CARD)
    assert answer.status == 403


async def test_a_draft_is_kept_and_restored(site: Site) -> None:
    site.ring()
    async with site.logged_in() as browser:
        draft = draft_of((await browser.fragment(CARD)).text)
        saved = await autosave(browser, draft, 0, **card_fields(content="Не успела"))
    async with site.logged_in() as another_computer:
        text = (await another_computer.fragment(CARD)).text
        journal = (await another_computer.fragment("/journal")).text
    assert saved[0] == 200
    assert saved[1]["rev"] == 1
    assert 'data-card-rev-value="1"' in text
    assert "Не успела" in text
    assert "Незавершённые карточки" in journal
    assert f"/appeals/new?draft={draft}" in journal


async def test_an_unfinished_card_of_a_call_opens_with_its_call(site: Site) -> None:
    site.ring()
    async with site.logged_in() as browser:
        draft = draft_of((await browser.fragment(CARD)).text)
        answer = await browser.get(f"/appeals/new?draft={draft}")
    assert (answer.status, answer.headers["Location"]) == (303, CARD)


async def test_a_stale_draft_is_a_conflict_and_loses_nothing(site: Site) -> None:
    site.ring()
    async with site.logged_in() as browser:
        draft = draft_of((await browser.fragment(CARD)).text)
        await autosave(browser, draft, 0, content="первая вкладка")
        status, body = await autosave(browser, draft, 0, content="вторая вкладка")
    assert (status, body["error_id"]) == (409, "stale-draft")
    details = body["details"]
    assert isinstance(details, dict)
    assert details["rev"] == 1
    assert details["fields"]["content"] == "первая вкладка"


@pytest.mark.parametrize(
    "fields",
    [{"content": "я" * 100_000}, {"content": "\x00"}, {f"f{n}": "x" for n in range(300)}],
    ids=["too long", "zero", "too many"],
)
async def test_a_draft_that_cannot_be_kept_is_refused(site: Site, fields: dict[str, str]) -> None:
    async with site.logged_in() as browser:
        draft = draft_of((await browser.fragment("/appeals/new")).text)
        answer = await browser.api("PUT", f"/api/drafts/{draft}", {"rev": 0, "fields": fields})
    assert answer.status == 400


async def test_nobody_writes_into_anothers_draft(site: Site) -> None:
    async with site.logged_in("anna") as anna, site.logged_in("boris") as boris:
        draft = draft_of((await anna.fragment("/appeals/new")).text)
        status, body = await autosave(boris, draft, 0, content="чужое")
    assert (status, body["error_id"]) == (404, "no-such-draft")


async def test_saving_gives_number_and_status(site: Site) -> None:
    site.ring()
    async with site.logged_in() as browser:
        draft = draft_of((await browser.fragment(CARD)).text)
        form = card_fields(draft_id=str(draft), call_key=KEY)
        answer = await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="one")
        again = await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="one")
    assert answer.status == 200, answer.text
    body = answer.json()
    assert (body["number"], body["status"]) == ("07-20112026-00001", "В работе")
    assert body["due_at"] == "2026-11-21T07:00:00.000Z"  # oral: 24 hours (S000-65)
    assert again.json()["id"] == body["id"]


async def test_what_is_missing_is_named_by_field(site: Site) -> None:
    async with site.logged_in() as browser:
        answer = await browser.send(
            "POST", "/appeals", form={"type": "2"}, accept="application/json", Idempotency_Key="one"
        )
    assert answer.status == 400
    details = answer.json()["details"]
    assert {"topic", "channel", "content"} <= set(details)
    assert all(re.search("[а-я]", str(text)) for text in details.values()), details


async def test_a_browser_without_scripts_gets_its_card_back(site: Site) -> None:
    async with site.logged_in() as browser:
        draft = draft_of((await browser.fragment("/appeals/new")).text)
        form = card_fields(draft_id=str(draft), content="", applicant_last_name="Особенная")
        answer = await browser.send("POST", "/appeals", form=form)
        good = await browser.send("POST", "/appeals", form={**form, "content": "Теперь есть"})
    assert answer.status == 400
    assert "Карточка заполнена не полностью" in answer.text
    assert 'value="Особенная"' in answer.text
    assert good.status == 303


async def test_the_card_of_a_finished_call_plays_its_recording(site: Site) -> None:
    await site.services.calls.record(ended_call(recorded=True))
    async with site.logged_in() as browser:
        text = (await browser.fragment(CARD)).text
    assert f'href="/recordings/{KEY}/player"' in text
    assert "0:20" in text


async def test_the_history_of_an_attached_person(site: Site) -> None:
    async with site.logged_in() as browser:
        form = card_fields(applicant_person_id="1")
        await browser.send("POST", "/appeals", form=form, Idempotency_Key="one")
        some = (await browser.fragment("/persons/history?applicant_person_id=1&insured_person_id=")).text
        nobody = (await browser.fragment("/persons/history?applicant_person_id=&insured_person_id=x")).text
    assert "07-20112026-00001" in some
    assert "Прикрепите" in nobody


async def offer(site: Site, card: str | None) -> ConsultOffered:
    """Anna asks Vera; the card goes along."""
    fact = ConsultOffered("pbx1", site.ring("101"), "101", "201", card, NOW)
    site.bus.publish(fact)
    await site.bus.drain()
    return fact


def over(status: str) -> ConsultEnded:
    return ConsultEnded("pbx1", KEY, "101", "201", status, "", NOW)


async def test_the_colleague_reads_the_card_while_he_is_asked(site: Site) -> None:
    site.ring("101")
    async with site.logged_in("anna") as anna, site.logged_in("vera") as vera:
        draft = draft_of((await anna.fragment(CARD)).text)
        await autosave(anna, draft, 0, **card_fields(content="Сложный вопрос"))
        await offer(site, f"draft-{draft}")
        site.ring("201")
        text = (await vera.fragment(CARD)).text
    assert "Сложный вопрос" in text
    assert "Аннина Имя" in text
    assert "fieldset disabled" in text
    assert "data-card-draft-value" not in text


async def test_the_card_becomes_his_with_the_citizen(site: Site) -> None:
    site.ring("101")
    async with site.logged_in("anna") as anna, site.logged_in("vera") as vera, vera.events() as events:
        draft = draft_of((await anna.fragment(CARD)).text)
        await autosave(anna, draft, 0, **card_fields(content="Сложный вопрос"))
        await offer(site, f"draft-{draft}")
        site.bus.publish(over("done"))
        told = await events.next("card.handed")
        site.ring("201")
        text = (await vera.fragment(CARD)).text
        mine_no_more = await autosave(anna, draft, 1, content="поздно")
    assert told == {"call_key": KEY, "card_id": f"draft-{draft}", "moved": True, "reason": "", "to": "201"}
    assert draft_of(text) == draft
    assert "Сложный вопрос" in text
    assert "Карточку вместе со звонком передал сотрудник: Аннина Имя" in text
    assert mine_no_more[0] == 404


async def test_the_card_stays_when_the_colleague_is_not_taken(site: Site) -> None:
    site.ring("101")
    async with site.logged_in("anna") as anna:
        draft = draft_of((await anna.fragment(CARD)).text)
        await offer(site, f"draft-{draft}")
        site.bus.publish(over("cancelled"))
        site.bus.publish(over("done"))  # a late report must not hand over what is not offered any more
        await site.bus.drain()
        assert draft_of((await anna.fragment(CARD)).text) == draft


async def test_the_matrix_may_keep_the_record_while_the_call_goes(site: Site) -> None:
    """OP1 may not forward to OP1 (S000-46): the telephone has moved, the card has not, and both are told."""
    site.ring("101")
    async with site.logged_in("anna") as anna, anna.events() as events:
        draft = draft_of((await anna.fragment(CARD)).text)
        call = site.ring("101")
        site.bus.publish(ConsultOffered("pbx1", call, "101", "102", f"draft-{draft}", NOW))
        site.bus.publish(ConsultEnded("pbx1", KEY, "101", "102", "done", "", NOW))
        told = await events.next("card.handed")
    assert told["moved"] is False
    assert told["reason"] == "matrix"


@pytest.mark.parametrize("card", [None, "", "nonsense", "draft-999999"])
async def test_a_call_without_a_card_is_handed_over_all_the_same(site: Site, card: str | None) -> None:
    async with site.logged_in("vera") as vera, vera.events() as events:
        await offer(site, card)
        site.bus.publish(over("done"))
        told = await events.next("card.handed")
    assert told["moved"] is False


async def test_an_ended_call_is_forgotten(site: Site) -> None:
    fact = await offer(site, "draft-1")
    site.bus.publish(event(CallEventKind.ENDED, fact.call))
    await site.bus.drain()
    async with site.logged_in("vera") as vera:
        assert (await vera.fragment(CARD)).status == 403


async def test_control_of_a_call_needs_a_live_call_of_ones_own(site: Site) -> None:
    site.ring("102")
    async with site.logged_in("anna") as anna:
        gone = await anna.api("POST", "/api/calls/pbx1-1.1/hangup")
        foreign = await anna.api("POST", f"/api/calls/{KEY}/consult", {"extension": "201"})
    assert (gone.status, gone.json()["error_id"]) == (404, "no-such-call")
    assert foreign.status == 403


async def test_a_call_about_an_appeal_opens_that_appeal(site: Site) -> None:
    """No second card; another matter of the same talk gets one, which stays the call's card then (domain 2.1)."""
    async with site.logged_in() as browser:
        saved = await browser.send("POST", "/appeals", form=card_fields(), accept="application/json")
        number = saved.json()["id"]
        live = site.ring("101")
        call = site.services.cti["pbx1"].tracker.live_calls()[0]
        call.direction, call.operator, call.card_id = Direction.OUT, "101", f"appeal-{number}"
        opened = await browser.fragment(CARD)
        page = (await browser.fragment(opened.headers["Location"])).text
        elsewhere = (await browser.fragment(f"/appeals/{number}?call=pbx1-1.1")).text
        another = (await browser.fragment(f"{CARD}?new=1")).text
        again = await browser.fragment(CARD)
    assert (opened.status, opened.headers["Location"]) == (303, f"/appeals/{number}?call={live.key}")
    assert "Вы звоните по этому обращению" in page
    assert "Вы звоните" not in elsewhere
    assert draft_of(another) == draft_of(again.text)


async def test_a_card_on_paper_becomes_the_draft_of_its_call(site: Site) -> None:
    """DAY-20: also when nobody could write the call down; made once; the call of somebody else is not taken."""
    unknown = "pbx1-1.7"
    async with site.logged_in() as browser, site.logged_in("boris") as other:
        blank = (await browser.fragment("/appeals/paper")).text
        made = await browser.api("POST", "/api/drafts", {"call_key": unknown})
        again = await browser.api("POST", "/api/drafts", {"call_key": unknown})
        opened = (await browser.fragment(f"/calls/{unknown}/card")).text
        site.ring()
        foreign = await other.api("POST", "/api/drafts", {"call_key": KEY})
        nothing = await other.api("POST", "/api/drafts", {"call_key": " "})
        elsewhere = await other.fragment(f"/calls/{unknown}/card")
        form, key = card_fields(call_key=unknown), f"paper-{unknown}"
        saved = [
            await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key=key)
            for _ in range(2)
        ]
    assert 'data-card-draft-value="paper"' in blank
    assert 'data-code="2.01" data-type="2"' in blank
    assert "attachments#paste" not in blank
    assert (made.status, made.json()) == (200, again.json())
    assert draft_of(opened) == made.json()["id"]
    assert (foreign.status, nothing.status, elsewhere.status) == (403, 400, 404)
    assert saved[0].json()["id"] == saved[1].json()["id"]
