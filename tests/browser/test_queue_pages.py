"""The pages of queues in a real browser: axe-core finds nothing in either theme, and no mouse is needed (WCAG 2.2 AA).

DAY-34 (board, wallboard, goals), DAY-14 (call-backs), R-09 (statistics), S001-012 (lines, places). One house for all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from hotline.callbacks.service import Callbacks
from hotline.clock import SystemClock
from hotline.config import Settings
from hotline.cti.model import Outcome, Segment, SegmentKind, SegmentResult
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.calls import CallJournal
from hotline.journal.outbox import Outbox
from hotline.queue.tables_lines import DistributionRuleRow
from tests.browser.axe import violations
from tests.browser.conftest import OpenDesk
from tests.browser.desk import Desk
from tests.browser.test_accessibility import tab_to, visit
from tests.house import House
from tests.integration.web.conftest import CALLER, KEY, ended_call

pytestmark = [pytest.mark.calls, pytest.mark.browser]

AGO = timedelta(minutes=20)


async def fill(database: Database) -> None:
    """A second queue with a skill, an answered call, and one whom nobody answered."""
    clock, now = SystemClock(), datetime.now(UTC)
    async with database.begin() as session:
        for kind, code, body in (
            ("skill", "tt", {"title": "Татарский язык", "kind": "language"}),
            ("queue", "tatar", {"title": "Татарская", "skills": ["tt"]}),
            ("queue", "second", {"title": "Вторая", "levels": [{"after_s": 0, "place": 10}]}),
        ):
            session.add(DistributionRuleRow(kind=kind, code=code, version=1, changed_at=now, body=body))
    start = now - AGO
    answered, over = start + timedelta(seconds=9), start + timedelta(minutes=3)
    wait = Segment(SegmentKind.WAIT, start, answered, "hotline", "101", None, SegmentResult.ANSWERED)
    talk = Segment(SegmentKind.TALK, answered, over, "hotline", "101")
    call = replace(ended_call(), started_at=start, queued_at=start, answered_at=answered, ended_at=over)
    calls = CallJournal(database, clock)
    await calls.record(replace(call, segments=(wait, talk)))
    lost = replace(call, key=f"{KEY}7", answered_at=None, operator=None, legs=(), outcome=Outcome.ABANDONED_QUEUE)
    gone = replace(wait, ended_at=answered, extension=None, result=SegmentResult.ABANDONED)
    await calls.record(replace(lost, caller=CALLER, ended_at=answered, segments=(gone,)))
    await Callbacks(database, clock, Settings().zone, Outbox(database, Bus())).look([CALLER])


async def the_board(desk: Desk) -> list[str]:
    """Choose a state, open the menu of a card and leave it: by the keyboard."""
    page = desk.page
    await page.goto(f"{desk.url}/board")
    chip = page.locator("[data-state-chip=offline]")
    await expect(chip).to_be_visible()
    await tab_to(page, "[data-state-chip=offline]")
    await page.keyboard.press("Space")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".board-card").first).to_be_visible()
    await tab_to(page, ".board-card .board-menu summary")
    await page.keyboard.press("Enter")
    await expect(page.locator(".board-menu[open]")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".board-menu[open] .dropdown-item").first).to_be_focused()
    found = await violations(page, "/board, cards, a menu open")
    await page.keyboard.press("Escape")
    await expect(page.locator(".board-menu[open]")).to_have_count(0)
    return found


async def places_and_goals(desk: Desk) -> list[str]:
    """Change somebody's place and a goal: by the keyboard, Ctrl+Enter saves."""
    page = desk.page
    await page.goto(f"{desk.url}/admin/queue")
    await expect(page.locator("[data-places-target=save]")).to_be_disabled()
    await tab_to(page, "[data-name=penalty]")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("7")
    await expect(page.locator("[data-places-target=count]")).to_have_text("изменено: 1")
    found = await violations(page, "/admin/queue, a changed row")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".queue-history .admin-history li")).to_have_count(1)
    await page.goto(f"{desk.url}/admin/goals/hotline")
    await tab_to(page, "#admin-percent")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("75")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".goals")).to_contain_text("75 % за 20 с")
    return found + await violations(page, "/admin/goals")


async def questions(desk: Desk) -> list[str]:
    """Ask what way a call would go, open a call-back, and count by hour: by the keyboard."""
    page = desk.page
    await page.goto(f"{desk.url}/admin/lines")
    await tab_to(page, "#way-dialled")
    await page.keyboard.type("88001234567")
    await page.keyboard.press("Enter")
    await expect(page.locator("#line-way li").first).to_be_visible()
    found = await violations(page, "/admin/lines, the way of a call")
    await page.goto(f"{desk.url}/callbacks")
    await tab_to(page, ".callback-table .row-link")
    found += await violations(page, "/callbacks")
    await page.keyboard.press("Enter")
    await expect(page.locator("#work form[action$='/close']")).to_be_visible()
    found += await violations(page, "a call-back")
    today = datetime.now(Settings().zone)  # days of statistics are those of the organisation (DAY-42)
    await page.goto(f"{desk.url}/statistics?from={today - timedelta(days=2):%Y-%m-%d}&to={today:%Y-%m-%d}")
    await tab_to(page, "select[name=by]")
    await page.keyboard.press("ArrowDown")
    await tab_to(page, ".stats-filters button[type=submit]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**by=hour**")
    await expect(page.locator(".stats-table tbody tr").first).to_be_visible()
    return found + await violations(page, "/statistics by hour")


async def test_no_page_of_queues_shuts_anybody_out(house: House, open_desk: OpenDesk, demo_db: Database) -> None:
    await fill(demo_db)
    boss = await open_desk("sup301")
    page = boss.page
    await page.context.add_init_script("addEventListener('pointerdown', () => { window.clicked = true }, true)")
    found = await the_board(boss)
    found += await places_and_goals(boss)
    found += await questions(boss)
    for path, ready in (
        ("/admin/queue?queue=tatar", ".admin-queue"),
        ("/admin/goals/hotline", "#admin-percent"),
        ("/admin/lines/queue/second", "#admin-title"),
        ("/admin/lines/hours/new", "#admin-title"),
        ("/admin/alarms", ".alarm-rule"),
    ):
        found += await visit(boss, path, ready)
    assert not await page.evaluate("window.clicked === true")
    await page.goto(f"{boss.url}/wallboard")
    await expect(page.locator(".wall-queue").first).to_be_visible()
    found += await violations(page, "/wallboard")
    assert found == [], "\n".join(found)
