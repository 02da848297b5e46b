"""A saved appeal changes and changes hands through its page; what somebody else wrote meanwhile is shown, not lost."""

from __future__ import annotations

import re

import pytest

from hotline.staff.model import User
from tests.integration.web.conftest import Answer, Browser, Site, card_fields


async def saved(browser: Browser, **changes: str) -> int:
    """Register an appeal and return its id."""
    answer = await browser.send(
        "POST", "/appeals", form=card_fields(**changes), accept="application/json", Idempotency_Key="once"
    )
    assert answer.status == 200, answer.text
    number: int = answer.json()["id"]
    return number


def version_of(page: Answer) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None, page.text
    return found[1]


def recipient(page: Answer, name: str) -> str:
    found = re.search(rf'value="user:(\d+)" ?> <span class="move-target-name">{name}', page.text)
    assert found is not None, page.text
    return found[1]


async def someone(site: Site) -> User:
    """Anna, as the services know her."""
    user = await site.services.staff.by_extension("101")
    assert user is not None
    return user


async def test_an_appeal_is_edited_in_its_own_form(site: Site) -> None:
    async with site.logged_in() as anna:
        number = await saved(anna, title="Заголовок", measures="Рассказала порядок")
        form = await anna.get(f"/appeals/{number}/edit")
        fields = card_fields(version=version_of(form), content="Как заменить полис?", measures="Рассказала порядок")
        plain = await anna.send("POST", f"/appeals/{number}", form=fields)
        page = await anna.get(f"/appeals/{number}")
        again = await anna.get(f"/appeals/{number}/edit")
    assert "Рассказала порядок</textarea>" in form.text
    assert (plain.status, plain.headers["Location"]) == (303, f"/appeals/{number}")
    assert "Как заменить полис?" in page.text
    assert version_of(again) == "2"
    appeal = await site.services.appeals.get(await someone(site), number)
    assert appeal.fields["title"] == "Заголовок"  # the form does not show it, and does not empty it


async def test_two_editors_the_later_one_sees_what_the_other_wrote(site: Site) -> None:
    async with site.logged_in("anna") as anna, site.logged_in("admin") as admin:
        number = await saved(anna)
        version = version_of(await anna.get(f"/appeals/{number}/edit"))
        await admin.send("POST", f"/appeals/{number}", form=card_fields(version=version, content="Исправлено"))
        late = await anna.send(
            "POST",
            f"/appeals/{number}",
            form=card_fields(version=version, content="Моё", measures="Ответ дан"),
            accept="application/json",
        )
        kept = await anna.send(
            "POST",
            f"/appeals/{number}",
            form=card_fields(version=str(late.json()["details"]["version"]), content="Моё"),
            accept="application/json",
        )
    assert (late.status, late.json()["error_id"]) == (409, "stale-appeal")
    assert late.json()["details"]["fields"] == {"content": ["Моё", "Исправлено"], "measures": ["Ответ дан", ""]}
    assert (kept.status, kept.json()["version"]) == (200, 3)


async def test_an_appeal_goes_from_hand_to_hand(site: Site) -> None:
    async with site.logged_in("anna") as anna, site.logged_in("vera") as vera:
        number = await saved(anna)
        page = await anna.fragment(f"/appeals/{number}/moves/forward?dialog=1")
        assert "Борисов" not in page.text  # level 1 to level 1 is not in the matrix
        form = {"version": version_of(page), "to_user_id": recipient(page, "Верина"), "comment": "По теме"}
        sent = await anna.send("POST", f"/appeals/{number}/forward", form=form)
        waiting = await anna.get(f"/appeals/{number}")
        offered = await vera.get(f"/appeals/{number}")
        silent = await vera.send(
            "POST", f"/appeals/{number}/decline", form={"version": version_of(offered)}, accept="application/json"
        )
        declined = await vera.send(
            "POST", f"/appeals/{number}/decline", form={"version": version_of(offered), "comment": "Не наша тема"}
        )
        back = await anna.get(f"/appeals/{number}")
        again = await anna.fragment(f"/appeals/{number}/moves/forward?dialog=1")
        await anna.send("POST", f"/appeals/{number}/forward", form=form | {"version": version_of(again)})
        offered = await vera.get(f"/appeals/{number}")
        taken = await vera.send("POST", f"/appeals/{number}/accept", form={"version": version_of(offered)})
        late = await anna.send(
            "POST", f"/appeals/{number}/recall", form={"version": version_of(offered)}, accept="application/json"
        )
        locked = await anna.get(f"/appeals/{number}/edit", Accept="application/json")
        owned = await vera.get(f"/appeals/{number}/edit")
    assert [answer.status for answer in (sent, declined, taken)] == [303, 303, 303]
    assert "Передано: Верина" in waiting.text
    assert "/recall" in waiting.text
    assert "/accept" in offered.text
    assert (silent.status, silent.json()["error_id"]) == (400, "comment-required")
    assert "Не наша тема" in back.text
    assert (late.status, late.json()["error_id"]) == (409, "stale-appeal")
    assert (locked.status, locked.json()["error_id"]) == (403, "appeal-locked")
    assert owned.status == 200


@pytest.mark.parametrize(
    ("path", "form", "status", "error_id"),
    [
        ("", {"content": "без версии"}, 400, "bad-input"),
        ("", {"version": "eins"}, 400, "bad-input"),
        ("/forward", {"version": "1"}, 400, "bad-input"),
        ("/forward", {"version": "1", "to_user_id": "999999999999999999"}, 400, "bad-input"),
        ("/forward", {"version": "1", "to_user_id": "٣"}, 400, "bad-input"),
        ("/accept", {"version": "1"}, 409, "illegal-move"),
        ("/recall", {"version": "1", "comment": "я" * 2001}, 400, "bad-input"),
    ],
)
async def test_a_bad_form_changes_nothing(
    site: Site, path: str, form: dict[str, str], status: int, error_id: str
) -> None:
    async with site.logged_in() as anna:
        number = await saved(anna)
        answer = await anna.send("POST", f"/appeals/{number}{path}", form=form, accept="application/json")
        page = await anna.get(f"/appeals/{number}/edit")
    assert (answer.status, answer.json()["error_id"]) == (status, error_id), answer.text
    assert version_of(page) == "1"


async def test_scripts_of_a_topic_and_by_word(site: Site) -> None:
    async with site.logged_in() as anna:
        topic = await anna.fragment("/scripts?topic=2.01")
        word = await anna.fragment("/scripts?topic=2.01&q=новорожд")
        nothing = await anna.fragment("/scripts?q=абракадабра")
    assert topic.text.index("Оформление, получение полиса") < topic.text.index("Приветствие")
    assert "Полис новорождённого" in word.text
    assert "Оформление, получение полиса" not in word.text
    assert "data-body" not in nothing.text
