"""The life of an appeal over HTTP: buttons, dialogs with exactly the fields that are asked, and what is refused."""

from __future__ import annotations

import re

import pytest

from tests.integration.web.conftest import Answer, Browser, Site, card_fields
from tests.integration.web.test_appeals import saved, version_of

COMPLAINT = {"type": "1", "topic": "1.01"}


def buttons(page: Answer) -> set[str]:
    """The moves that the page of an appeal offers."""
    return set(re.findall(r'data-move="(\w+)"', page.text))


def fields(dialog: Answer) -> list[str]:
    """The fields of a dialog, in their order."""
    return re.findall(r'data-move-field="(\w+)"', dialog.text)


async def ask(browser: Browser, number: int, trigger: str) -> Answer:
    return await browser.fragment(f"/appeals/{number}/moves/{trigger}?dialog=1")


async def fire(browser: Browser, number: int, trigger: str, **form: str) -> Answer:
    """Make a move with the version that the dialog shows."""
    version = version_of(await ask(browser, number, trigger))
    return await browser.send(
        "POST", f"/appeals/{number}/moves/{trigger}", form={"version": version, **form}, accept="application/json"
    )


async def status(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    text: str = answer.json()["status"]
    return text


async def test_the_life_of_a_complaint_through_four_people(site: Site) -> None:
    """T2, T4, T5, T8, T11, T12: S000-45, S000-50, S000-66…S000-70, S000-75, S000-79, S001-060, S001-088, S001-089."""
    async with site.logged_in("anna") as anna, site.logged_in("vera") as vera, site.logged_in("admin") as admin:
        number = await saved(anna, **COMPLAINT)
        assert buttons(await anna.get(f"/appeals/{number}")) == {"forward"}  # Q10: level 1 closes no complaint
        closing = await anna.send(
            "POST", f"/appeals/{number}/moves/close", form={"version": "1"}, accept="application/json"
        )
        assert (closing.status, closing.json()["error_id"]) == (409, "not-for-such-appeals")
        dialog = await ask(anna, number, "forward")
        assert fields(dialog) == ["to", "comment"]
        vera_id = re.search(r'value="user:(\d+)" ?> <span class="move-target-name">Верина', dialog.text)
        assert vera_id
        assert "Любой: оператор 2 уровня" in dialog.text
        forwarded = await fire(anna, number, "forward", to=f"user:{vera_id[1]}", comment="По теме")
        assert await status(forwarded) == "Входящее обращение"
        assert buttons(await anna.get(f"/appeals/{number}")) == {"recall"}  # S000-50
        assert buttons(await vera.get(f"/appeals/{number}")) == {"accept", "decline"}
        await vera.send("POST", f"/appeals/{number}/moves/accept", form={"version": "2"}, accept="application/json")
        assert {"close", "defer", "ask_extension"} <= buttons(await vera.get(f"/appeals/{number}"))
        dialog = await ask(vera, number, "close")
        assert fields(dialog)[:3] == ["result", "measures", "justified"]
        assert "written_close_date" not in fields(dialog)  # S000-67: of letters only
        empty = await fire(vera, number, "close")
        assert (empty.status, empty.json()["error_id"]) == (400, "move-incomplete")
        assert set(empty.json()["details"]) == {"result", "measures", "justified"}
        done = {"result": "R03", "measures": "Меры приняты", "justified": "yes"}
        assert await status(await fire(vera, number, "close", **done)) == "На рассмотрении"
        page = await vera.get(f"/appeals/{number}")
        assert buttons(page) == set()
        assert "Меры приняты, права восстановлены" in page.text  # S000-68
        silent = await fire(admin, number, "return")
        assert (silent.status, set(silent.json()["details"])) == (400, {"comment"})
        assert (
            await status(await fire(admin, number, "return", comment="Нет ответа на второй вопрос")) == "На доработке"
        )
        page = await vera.get(f"/appeals/{number}")
        assert "appeal-tab-remarks" in page.text  # S000-70
        assert "Нет ответа на второй вопрос" in page.text
        assert await status(await fire(vera, number, "close", **done)) == "На рассмотрении"
        version = version_of(await admin.get(f"/appeals/{number}"))
        final = await admin.send(
            "POST", f"/appeals/{number}/moves/final_close", form={"version": version}, accept="application/json"
        )
        assert await status(final) == "Закрыто"
        page = await anna.get(f"/appeals/{number}")
    history = re.findall(r'appeal-history-what">([^<]+)<', page.text)  # S000-79
    assert history == [
        "Зарегистрировано",
        "Передано на рассмотрение",
        "Принято в работу",
        "Закрыто, отправлено на рассмотрение",
        "Возвращено на доработку",
        "Закрыто, отправлено на рассмотрение",
        "Закрыто окончательно",
    ]


async def test_forwarding_to_a_level_the_first_who_accepts_has_it(site: Site) -> None:
    """Domain 2.4: a person or a group, so that nobody's absence blocks it; S000-07, S000-08."""
    async with site.logged_in("anna") as anna, site.logged_in("vera") as vera:
        number = await saved(anna)
        group = re.search(r'value="(group:op2:\d+)"', (await ask(anna, number, "forward")).text)
        assert group
        sent = await fire(anna, number, "forward", to=group[1])
        assert await status(sent) == "Входящее обращение"
        waiting = await anna.get(f"/appeals/{number}")
        assert "любой: оператор 2 уровня, ТФОМС" in waiting.text
        assert str(number) in (await vera.get("/journal?folder=incoming")).text
        taken = await vera.send(
            "POST", f"/appeals/{number}/moves/accept", form={"version": "2"}, accept="application/json"
        )
        late = await vera.send(
            "POST", f"/appeals/{number}/moves/accept", form={"version": "2"}, accept="application/json"
        )
    assert await status(taken) == "В работе"
    assert (late.status, late.json()["error_id"]) == (409, "stale-appeal")


async def test_a_consultation_is_closed_by_who_gave_it(site: Site) -> None:
    """T3, Q7, DAY-02: the result is chosen already, and what the card says of the measures counts."""
    async with site.logged_in("anna") as anna:
        number = await saved(anna, measures="Рассказала порядок")
        dialog = await ask(anna, number, "close")
        assert (
            '<option value="R01" data-fields="result measures" data-button="Закрыть обращение" selected>' in dialog.text
        )
        assert "R06" not in dialog.text  # a deferral is not for level 1
        closed = await fire(anna, number, "close", result="R01")
        page = await anna.get(f"/appeals/{number}")
    assert await status(closed) == "Дана консультация"
    assert "Рассказала порядок" in page.text


@pytest.mark.parametrize(
    ("trigger", "form", "status", "details"),
    [
        ("forward", {"to": "user:x"}, 400, {"to"}),
        ("forward", {"to": "group:op2:999999999999"}, 400, {"to"}),
        ("forward", {"to": "group:нет:1"}, 400, {"to"}),
        ("close", {"result": "R99", "measures": "x"}, 400, {"result"}),
        ("close", {"result": "R14", "measures": "x", "link": "00-нет"}, 400, {"link"}),
        ("close", {"result": "R08", "measures": "x"}, 400, {"organisation", "notice"}),
        ("close", {"written_close_date": "вчера"}, 400, {"written_close_date"}),
        ("close", {"comment": "я" * 2001}, 400, {"comment"}),
        ("explode", {}, 409, set()),
    ],
)
async def test_a_bad_move_changes_nothing(
    site: Site, trigger: str, form: dict[str, str], status: int, details: set[str]
) -> None:
    async with site.logged_in() as anna:
        number = await saved(anna)
        answer = await anna.send(
            "POST", f"/appeals/{number}/moves/{trigger}", form={"version": "1", **form}, accept="application/json"
        )
        after = await ask(anna, number, "forward")
    assert answer.status == status, answer.text
    if status == 400:
        assert set(answer.json()["details"]) == details
    assert version_of(after) == "1"


async def test_a_consultation_is_registered_and_closed_by_one_key(site: Site) -> None:
    """T3, DAY-02: both or neither; a complaint is not closed so (Q10), and the card stays a card."""
    async with site.logged_in() as anna:
        unanswered = await anna.send(
            "POST", "/appeals", form=card_fields(finish="1"), accept="application/json", Idempotency_Key="a"
        )
        complaint = await anna.send(
            "POST",
            "/appeals",
            form=card_fields(finish="1", measures="Ответ", **COMPLAINT),
            accept="application/json",
            Idempotency_Key="b",
        )
        none = await anna.get("/journal?folder=mine")
        done = await anna.send(
            "POST",
            "/appeals",
            form=card_fields(finish="1", measures="Рассказала порядок"),
            accept="application/json",
            Idempotency_Key="c",
        )
    assert (unanswered.status, unanswered.json()["details"].keys()) == (400, {"measures"})
    assert (complaint.status, complaint.json()["error_id"]) == (409, "not-for-such-appeals")
    assert "/appeals/1" not in none.text
    assert (done.status, done.json()["status"]) == (200, "Дана консультация")
    assert done.json()["number"].endswith("-00001")  # what was refused took no number
