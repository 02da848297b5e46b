"""How many statements a page costs: the number must not grow with the rows, nor by accident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from tests.integration.web.conftest import Browser, Site, card_fields, ended_call

# The session is one of them.
PAGES = {
    "/journal": 5,  # session, the user's own orders and lists, counts of folders, rows, drafts
    "/journal?q=Иванова": 4,  # no drafts while searching
    "/calls": 3,  # the third reads how the calls sounded
    "/directory": 4,  # session, colleagues, favourites among them, organisations and contacts
}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements sent to PostgreSQL meanwhile, transactions' own ones left out."""
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def count(browser: Browser, path: str) -> list[str]:
    with statements() as seen:
        assert (await browser.fragment(path)).status == 200
    return seen


@pytest.mark.parametrize("path", sorted(PAGES))
async def test_the_statements_of_a_page(site: Site, path: str) -> None:
    async with site.logged_in() as anna:
        await anna.send("POST", "/appeals", form=card_fields(content="first"), Idempotency_Key="first")
        await count(anna, path)  # folders, titles and the choices of filters are remembered for a while
        few = await count(anna, path)
        for number in range(5):
            await anna.send("POST", "/appeals", form=card_fields(content=f"{number}"), Idempotency_Key=str(number))
            call = replace(ended_call(), key=f"pbx1-176362200{number}.1")
            await site.services.calls.record(replace(call, legs=()))
        many = await count(anna, path)
    assert len(many) == len(few) == PAGES[path], "\n".join(many)


async def test_the_shell_adds_one_statement(site: Site) -> None:
    async with site.logged_in() as anna:
        await anna.get("/calls")  # the profile's folders are read once a minute
        fragment = len(await count(anna, "/calls"))
        with statements() as seen:
            await anna.get("/calls")
    assert len(seen) == fragment + 1  # the folders' counts
