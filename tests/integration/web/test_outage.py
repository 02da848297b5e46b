"""The database is away: pages say so in words, the process stays alive, and nobody is logged out by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port

from hotline.db import Database
from hotline.staff.service import StaffService
from hotline.web.app import make_app
from tests.integration.web.conftest import MONITORING_TOKEN, Site
from tests.integration.web.wiring import HASHER


@pytest.fixture(params=["port", "socket"])
async def dark(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """The same application over a database that nobody answers for: on a port, or where its socket was."""
    place = f"127.0.0.1:{unused_port()}/nothing" if request.param == "port" else f"/nothing?host={tmp_path}"
    away = Database.connect(f"postgresql+asyncpg://nobody@{place}")
    staff = StaffService(away, site.clock, site.services.settings, hasher=HASHER)
    server = TestServer(make_app(replace(site.services, database=away, staff=staff)))
    await server.start_server(access_log=None)
    async with aiohttp.ClientSession(server.make_url("/"), cookies={"hotline_session": "x" * 43}) as http:
        yield http
    await server.close()
    await away.close()


async def test_a_page_says_what_is_wrong(dark: aiohttp.ClientSession) -> None:
    async with dark.get("/journal", headers={"Accept": "text/html"}) as answer:
        text = await answer.text()
    assert answer.status == 503
    assert "База данных не отвечает" in text
    assert "Повторить" in text


async def test_a_draft_is_told_to_wait_not_to_log_in(dark: aiohttp.ClientSession, site: Site) -> None:
    headers = {"Origin": site.url, "X-CSRF-Token": "x"}
    async with dark.put("/api/drafts/1", json={"rev": 0, "fields": {}}, headers=headers) as answer:
        body = await answer.json()
    assert (answer.status, body["error_id"]) == (503, "database-unavailable")


async def test_the_login_page_stays_and_says_it(dark: aiohttp.ClientSession, site: Site) -> None:
    form = {"login": "anna", "password": "secret"}
    async with dark.post("/login", data=form, headers={"Origin": site.url, "Accept": "text/html"}) as answer:
        text = await answer.text()
    assert answer.status == 503
    assert "База данных не отвечает" in text
    assert 'value="anna"' in text
    assert "secret" not in text


async def test_the_process_is_alive_and_status_names_the_database(dark: aiohttp.ClientSession) -> None:
    async with dark.get("/health") as health:
        assert health.status == 200
    async with dark.get("/status", headers={"Authorization": f"Bearer {MONITORING_TOKEN}"}) as status:
        body = await status.json()
    assert status.status == 503
    assert body["database"]["ok"] is False
