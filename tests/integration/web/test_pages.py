"""Every page, whole and as a fragment, with data in it; and what each says when there is none."""

from __future__ import annotations

import re

import pytest

from hotline.web.render import TEMPLATES, make_environment
from tests.integration.web.conftest import CALLER, KEY, Site, card_fields, ended_call

PAGES = [
    "/",
    "/journal",
    "/journal?folder=mine",
    "/journal?q=Иванова",
    "/calls",
    "/directory",
    "/directory?q=201",
    "/appeals/new",
]


async def register(site: Site, login: str = "anna") -> str:
    """Register an appeal; return its address."""
    async with site.logged_in(login) as browser:
        answer = await browser.send("POST", "/appeals", form=card_fields(), Idempotency_Key=f"key-of-{login}")
        assert answer.status == 303, answer.text
        return answer.headers["Location"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_and_its_fragment(site: Site, path: str) -> None:
    async with site.logged_in() as browser:
        page, fragment = await browser.get(path), await browser.fragment(path)
    assert (page.status, fragment.status) == (200, 200), page.text
    assert page.text.startswith("<!doctype html>")
    assert '<main id="work"' in page.text
    assert "<!doctype" not in fragment.text
    assert "<title>" in fragment.text
    assert "HX-Request" in page.headers["Vary"]
